"""Enabled rules by technique and source, with their summed value, instead of by level and status too.

Every answer about the map summed nine rows a technique and source to two numbers.

Revision ID: 2026_11_28_0900
Revises: 2026_11_28_0510
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_0900"
down_revision = "2026_11_28_0510"
branch_labels = None
depends_on = None

# As `domain/score.py` has them: LEVEL_VALUE times MATURITY_VALUE.
VALUE = """
CREATE FUNCTION rule_value(level text, status text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE level WHEN 'critical' THEN 1.0 WHEN 'high' THEN 0.9 WHEN 'medium' THEN 0.7 WHEN 'low' THEN 0.4
           WHEN 'informational' THEN 0.2 ELSE 0.5 END
       * CASE WHEN status IN ('stable', 'production') THEN 1.0 WHEN status IN ('test', 'beta') THEN 0.8
           WHEN status IN ('deprecated', 'unsupported') THEN 0.0 ELSE 0.5 END
$$
"""
_COUNTED = """
  INSERT INTO rollup_technique_rules (technique_id, source, rules, value)
  SELECT claim.technique_id, rule.source, count(*), sum(rule_value(rule.level, rule.status))
  FROM (SELECT DISTINCT technique_id, rule_id FROM rule_technique WHERE {which}) AS claim
  JOIN detection_rule AS rule ON rule.id = claim.rule_id AND rule.enabled AND rule.removed_at IS NULL
  GROUP BY 1, 2;
"""
_COUNTED_BEFORE = """
  INSERT INTO rollup_technique_rules (technique_id, source, level, status, rules)
  SELECT claim.technique_id, rule.source, coalesce(rule.level, ''), coalesce(rule.status, ''),
         count(DISTINCT rule.id)
  FROM rule_technique AS claim JOIN detection_rule AS rule ON rule.id = claim.rule_id
  WHERE rule.enabled AND rule.removed_at IS NULL AND {which}
  GROUP BY 1, 2, 3, 4;
"""
RECOUNT = f"""
CREATE FUNCTION rollup_rules_recount(techniques uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4703, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM unnest(techniques) AS technique_id ORDER BY 1) AS touched;
  DELETE FROM rollup_technique_rules WHERE technique_id = ANY (techniques);
{_COUNTED.format(which="technique_id = ANY (techniques)")}
END $$
"""
# Trigger -> the techniques whose rules have changed.
_TOUCHED = {
    "rollup_claims_inserted": "SELECT technique_id FROM new_rows",
    "rollup_claims_updated": "SELECT technique_id FROM old_rows UNION SELECT technique_id FROM new_rows",
    "rollup_claims_deleted": "SELECT technique_id FROM old_rows",
    "rollup_rules_updated": """SELECT claim.technique_id FROM rule_technique AS claim
    JOIN new_rows AS n ON n.id = claim.rule_id JOIN old_rows AS o ON o.id = n.id
    WHERE claim.technique_id IS NOT NULL AND (n.enabled, n.removed_at IS NULL, n.level, n.status, n.source)
      IS DISTINCT FROM (o.enabled, o.removed_at IS NULL, o.level, o.status, o.source)""",
}


def _recounting(techniques: str) -> str:
    return f"""
  PERFORM rollup_rules_recount(
    ARRAY(SELECT DISTINCT technique_id FROM ({techniques}) AS touched WHERE technique_id IS NOT NULL));
  RETURN NULL;
"""


def _recounting_before(techniques: str) -> str:
    touched = f"({techniques})"
    return f"""
  PERFORM pg_advisory_xact_lock(4703, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM {touched} AS t WHERE technique_id IS NOT NULL ORDER BY 1) AS techniques;
  DELETE FROM rollup_technique_rules WHERE technique_id IN {touched};
{_COUNTED_BEFORE.format(which=f"claim.technique_id IN {touched}")}
  RETURN NULL;
"""


def _define(name: str, returns: str, body: str) -> None:
    op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN {body} END $$")


def _define_rebuild(counted: str) -> None:
    body = f"""
  LOCK TABLE rule_technique, detection_rule IN SHARE MODE;
  DELETE FROM rollup_technique_rules;
{counted}"""
    _define("rollup_rule_rows_rebuild", "void", body)


def upgrade() -> None:
    op.execute("DELETE FROM rollup_technique_rules")
    op.drop_constraint("pk_rollup_technique_rules", "rollup_technique_rules")
    op.drop_column("rollup_technique_rules", "level")
    op.drop_column("rollup_technique_rules", "status")
    op.add_column("rollup_technique_rules", sa.Column("value", sa.Numeric(), nullable=False))
    op.create_primary_key("pk_rollup_technique_rules", "rollup_technique_rules", ["technique_id", "source"])
    op.execute(VALUE)
    op.execute(RECOUNT)
    for name, techniques in _TOUCHED.items():
        _define(name, "trigger", _recounting(techniques))
    _define_rebuild(_COUNTED.format(which="technique_id IS NOT NULL"))
    op.execute("SELECT rollup_rule_rows_rebuild()")
    op.execute("ANALYZE rollup_technique_rules")


def downgrade() -> None:
    op.execute("DELETE FROM rollup_technique_rules")
    op.drop_constraint("pk_rollup_technique_rules", "rollup_technique_rules")
    op.drop_column("rollup_technique_rules", "value")
    op.add_column("rollup_technique_rules", sa.Column("level", sa.Text(), nullable=False))
    op.add_column("rollup_technique_rules", sa.Column("status", sa.Text(), nullable=False))
    op.create_primary_key(
        "pk_rollup_technique_rules", "rollup_technique_rules", ["technique_id", "source", "level", "status"]
    )
    for name, techniques in _TOUCHED.items():
        _define(name, "trigger", _recounting_before(techniques))
    _define_rebuild(_COUNTED_BEFORE.format(which="claim.technique_id IS NOT NULL"))
    op.execute("DROP FUNCTION rollup_rules_recount(uuid[])")
    op.execute("DROP FUNCTION rule_value(text, text)")
    op.execute("SELECT rollup_rule_rows_rebuild()")
    op.execute("ANALYZE rollup_technique_rules")
