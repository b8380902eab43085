"""An audit log of some size: entries as people's work leaves them, chained by the database as always."""

import psycopg

from data import database

ENTRIES = 200_000
_FIRST = 2_000

_FILL = """
INSERT INTO audit_log (actor_id, actor_name, action, entity_type, entity_id, after)
SELECT u.id, u.username,
  (ARRAY['test.red_submitted', 'test.blue_submitted', 'test.validated', 'test.assigned'])[1 + n %% 4], 'security_test',
  t.id::text, jsonb_build_object('state', t.state, 'round', t.round)
FROM generate_series(1, %s) AS n
JOIN (SELECT id, username, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS people
  FROM user_account) AS u ON u.place = n %% u.people
JOIN (SELECT id, state, round, row_number() OVER (ORDER BY number DESC) - 1 AS place FROM security_test
  ORDER BY number DESC LIMIT 20000) AS t ON t.place = n %% 20000
ORDER BY n
"""


def fill(url: str, entries: int = ENTRIES) -> None:
    """Add what is missing of so many; for a database of the benchmark's own only."""
    with psycopg.connect(database.libpq_url(url), autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM audit_log").fetchone()
        missing = entries - (row[0] if row else 0)
        if missing <= 0:
            return
        connection.execute("SET statement_timeout = 0; SET synchronous_commit = off")
        # The chain looks up its last entry for each; the plan for that is made while the log is short, and made anew
        # after ANALYZE.
        for count in (min(missing, _FIRST), max(missing - _FIRST, 0)):
            connection.execute(_FILL, [count])
            connection.execute("VACUUM (ANALYZE) audit_log")
