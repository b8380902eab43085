"""Inserted tests are compared with the latest one that is kept, instead of looking it up among all tests.

The look-up went by whatever index the planner thought cheap; in a database without statistics that was the one of the
time of validation, read from its end for every inserted test: 8,000 in one statement took 50 seconds, 40,000 did not end.

Revision ID: 2026_11_26_1930
Revises: 2026_11_26_1915
"""

from alembic import op

revision = "2026_11_26_1930"
down_revision = "2026_11_26_1915"
branch_labels = None
depends_on = None

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
_COUNTS = ",\n    ".join(f"count(*) FILTER (WHERE {condition})" for condition in _COUNTERS.values())
_ADD = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in _COUNTERS)

_COUNT = f"""
  INSERT INTO rollup_technique_month AS kept (technique_id, platform, month, {_NAMES})
  SELECT technique_id, platform, date_trunc('month', coalesce(executed_at, created_at) AT TIME ZONE 'UTC')::date,
    {_COUNTS}
  FROM new_rows GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (technique_id, platform, month) DO UPDATE SET {_ADD};
"""
_LOCK = """
  PERFORM pg_advisory_xact_lock(4702, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM new_rows WHERE state = 'validated' ORDER BY 1) AS techniques;
"""
_LATEST = "(technique_id, procedure_key, platform, test_id, prevention, detection, executed_at, validated_at)"
# An insert takes nothing away: the latest is the one that is kept, or one of the new.
_COMPARE = f"""
  INSERT INTO rollup_procedure_latest AS kept {_LATEST}
  SELECT DISTINCT ON (technique_id, procedure_key, platform)
    technique_id, procedure_key, platform, id, prevention, detection, executed_at, validated_at
  FROM new_rows WHERE state = 'validated' AND NOT not_applicable
  ORDER BY technique_id, procedure_key, platform, validated_at DESC, id DESC
  ON CONFLICT (technique_id, procedure_key, platform) DO UPDATE
    SET test_id = excluded.test_id, prevention = excluded.prevention, detection = excluded.detection,
        executed_at = excluded.executed_at, validated_at = excluded.validated_at
    WHERE (excluded.validated_at, excluded.test_id) > (kept.validated_at, kept.test_id);
"""
_LOOK_UP = f"""
  DELETE FROM rollup_procedure_latest AS kept USING new_rows AS n
    WHERE n.state = 'validated' AND (kept.technique_id, kept.procedure_key, kept.platform)
        = (n.technique_id, n.procedure_key, n.platform);
  INSERT INTO rollup_procedure_latest {_LATEST}
  SELECT touched.technique_id, touched.procedure_key, touched.platform,
         newest.id, newest.prevention, newest.detection, newest.executed_at, newest.validated_at
  FROM (SELECT DISTINCT technique_id, procedure_key, platform FROM new_rows WHERE state = 'validated') AS touched
  CROSS JOIN LATERAL (
    SELECT id, prevention, detection, executed_at, validated_at FROM security_test AS t
    WHERE t.state = 'validated' AND NOT t.not_applicable
      AND t.technique_id = touched.technique_id AND t.procedure_key = touched.procedure_key
      AND t.platform = touched.platform
    ORDER BY t.validated_at DESC, t.id DESC LIMIT 1) AS newest;
"""


def _inserted(latest: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION rollup_tests_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{_COUNT}{_LOCK}{latest}
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(_inserted(_COMPARE))


def downgrade() -> None:
    op.execute(_inserted(_LOOK_UP))
