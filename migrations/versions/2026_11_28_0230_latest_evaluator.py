"""The latest test of a procedure carries who evaluated it and in which round.

Coverage by team, person and defence tool looked every latest test up among all tests for these two.

Revision ID: 2026_11_28_0230
Revises: 2026_11_27_1030
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_0230"
down_revision = "2026_11_27_1030"
branch_labels = None
depends_on = None

_TABLE = "rollup_procedure_latest"
_COUNTERS = {
    "draft": "state = 'draft'",
    "red_executing": "state = 'red_executing'",
    "blue_evaluating": "state = 'blue_evaluating'",
    "in_review": "state = 'in_review'",
    "validated": "state = 'validated'",
    "rejected": "state = 'rejected'",
    "cancelled": "state = 'cancelled'",
    "executed": "executed_at IS NOT NULL",
    "evaluated": "state = 'validated' AND NOT not_applicable",
    "not_applicable": "state = 'validated' AND not_applicable",
    "prevented": "state = 'validated' AND NOT not_applicable AND prevention = 'full'",
    "partly_prevented": "state = 'validated' AND NOT not_applicable AND prevention = 'partial'",
    "not_prevented": "state = 'validated' AND NOT not_applicable AND prevention = 'none'",
    "alerted": "state = 'validated' AND NOT not_applicable AND detection = 'alerted'",
    "logged": "state = 'validated' AND NOT not_applicable AND detection = 'logged'",
    "missed": "state = 'validated' AND NOT not_applicable AND detection = 'missed'",
    "blocked_outcome": "state = 'validated' AND NOT not_applicable AND outcome = 'blocked'",
    "alerted_outcome": "state = 'validated' AND NOT not_applicable AND outcome = 'alerted'",
    "logged_outcome": "state = 'validated' AND NOT not_applicable AND outcome = 'logged'",
    "missed_outcome": "state = 'validated' AND NOT not_applicable AND outcome = 'missed'",
}
_NAMES = ", ".join(_COUNTERS)
_COUNTS = ",\n    ".join(f"coalesce(sum(sign) FILTER (WHERE {condition}), 0)" for condition in _COUNTERS.values())
_ADD = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in _COUNTERS)
_ALL_ZERO = " AND ".join(f"kept.{name} = 0" for name in _COUNTERS)
_MONTH = "date_trunc('month', coalesce(executed_at, created_at) AT TIME ZONE 'UTC')::date"
_CHANGED = "technique_id, platform, state, executed_at, created_at, not_applicable, prevention, detection, outcome"
_NEW = f"SELECT {_CHANGED}, 1 AS sign FROM new_rows"
_OLD = f"SELECT {_CHANGED}, -1 AS sign FROM old_rows"
_KEYS = "SELECT technique_id, procedure_key, platform FROM {table} WHERE state = 'validated'"
_KEY = "technique_id, procedure_key, platform"


def _functions(*, carried: bool) -> str:
    """The four that write the latest test of a procedure, with what a row carries of it."""
    of_row = ["test_id", "prevention", "detection", "executed_at", "validated_at"]
    of_test = ["id", *of_row[1:]]
    if carried:
        of_row += ["evaluated_by", "round"]
        of_test += ["blue_submitted_by", "round"]
    row, test = ", ".join(of_row), ", ".join(of_test)
    newest = ", ".join(f"newest.{name}" for name in of_test)
    taken_over = ", ".join(f"{name} = excluded.{name}" for name in of_row)

    def delta(rows: str) -> str:
        return f"""
  INSERT INTO rollup_technique_month AS kept (technique_id, platform, month, {_NAMES})
  SELECT technique_id, platform, {_MONTH},
    {_COUNTS}
  FROM ({rows}) AS changed
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (technique_id, platform, month) DO UPDATE SET {_ADD};
"""

    def lock(keys: str) -> str:
        return f"""
  PERFORM pg_advisory_xact_lock(4702, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM ({keys}) AS touched ORDER BY 1) AS techniques;
"""

    def latest(keys: str) -> str:
        return f"""{lock(keys)}
  DELETE FROM rollup_procedure_latest AS kept USING ({keys}) AS touched
    WHERE (kept.technique_id, kept.procedure_key, kept.platform)
        = (touched.technique_id, touched.procedure_key, touched.platform);
  INSERT INTO rollup_procedure_latest ({_KEY}, {row})
  SELECT touched.technique_id, touched.procedure_key, touched.platform, {newest}
  FROM (SELECT DISTINCT {_KEY} FROM ({keys}) AS k) AS touched
  CROSS JOIN LATERAL (
    SELECT {test} FROM security_test AS t
    WHERE t.state = 'validated' AND NOT t.not_applicable
      AND t.technique_id = touched.technique_id AND t.procedure_key = touched.procedure_key
      AND t.platform = touched.platform
    ORDER BY t.validated_at DESC, t.id DESC LIMIT 1) AS newest;
"""

    old, new = _KEYS.format(table="old_rows"), _KEYS.format(table="new_rows")
    return f"""
CREATE OR REPLACE FUNCTION rollup_tests_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{delta(_NEW)}{lock(new)}
  INSERT INTO rollup_procedure_latest AS kept ({_KEY}, {row})
  SELECT DISTINCT ON ({_KEY}) {_KEY}, {test}
  FROM new_rows WHERE state = 'validated' AND NOT not_applicable
  ORDER BY {_KEY}, validated_at DESC, id DESC
  ON CONFLICT ({_KEY}) DO UPDATE SET {taken_over}
    WHERE (excluded.validated_at, excluded.test_id) > (kept.validated_at, kept.test_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION rollup_tests_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{delta(_OLD + " UNION ALL " + _NEW)}
{latest(old + " UNION " + new)}
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION rollup_tests_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{delta(_OLD)}
  DELETE FROM rollup_technique_month AS kept
    USING (SELECT DISTINCT technique_id FROM old_rows) AS gone
    WHERE kept.technique_id = gone.technique_id AND {_ALL_ZERO};
{latest(old)}
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION rollup_test_rows_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE security_test IN SHARE MODE;
  DELETE FROM rollup_technique_month;
  DELETE FROM rollup_procedure_latest;
{delta(f"SELECT {_CHANGED}, 1 AS sign FROM security_test")}
  INSERT INTO rollup_procedure_latest ({_KEY}, {row})
  SELECT DISTINCT ON ({_KEY}) {_KEY}, {test}
  FROM security_test WHERE state = 'validated' AND NOT not_applicable
  ORDER BY {_KEY}, validated_at DESC, id DESC;
END $$;
"""


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("evaluated_by", sa.Uuid(), nullable=True))
    op.add_column(_TABLE, sa.Column("round", sa.Integer(), nullable=True))
    # a row whose test is gone, by a change with triggers off, would stop the migration: it counts nothing
    op.execute(f"DELETE FROM {_TABLE} AS kept WHERE NOT EXISTS (SELECT FROM security_test WHERE id = kept.test_id)")
    op.execute(
        f"UPDATE {_TABLE} AS kept SET evaluated_by = test.blue_submitted_by, round = test.round"
        " FROM security_test AS test WHERE test.id = kept.test_id"
    )
    op.alter_column(_TABLE, "round", nullable=False)
    op.execute(_functions(carried=True))


def downgrade() -> None:
    op.execute(_functions(carried=False))
    op.drop_column(_TABLE, "round")
    op.drop_column(_TABLE, "evaluated_by")
