"""How many rules are alike, and which techniques have a proven one, kept by triggers.

With 200,000 rules and 250,000 claims both were counted anew whenever a test was written.

Revision ID: 2026_11_28_0510
Revises: 2026_11_28_0230
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_0510"
down_revision = "2026_11_28_0230"
branch_labels = None
depends_on = None

_ALIKE = "source, status, product, category, service, enabled, truth"
_CHANGES = {
    "insert": "SELECT new_rows.*, 1 AS sign FROM new_rows",
    "update": "SELECT old_rows.*, -1 AS sign FROM old_rows UNION ALL SELECT new_rows.*, 1 AS sign FROM new_rows",
    "delete": "SELECT old_rows.*, -1 AS sign FROM old_rows",
}
_TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
_PROVES = "truth = 'proven' AND enabled AND present"


def _proven(claims: str) -> str:
    return f"""
  INSERT INTO rollup_technique_proven AS kept (technique_id, claims)
  SELECT technique_id, sum(sign) FROM ({claims}) AS claim
  WHERE technique_id IS NOT NULL GROUP BY 1 HAVING sum(sign) <> 0 ORDER BY 1
  ON CONFLICT (technique_id) DO UPDATE SET claims = kept.claims + excluded.claims;
  DELETE FROM rollup_technique_proven WHERE claims = 0;
"""


# Whoever writes takes the lock of the truth of rules: the second counts from what the first has written.
_LOCK = "PERFORM pg_advisory_xact_lock(4708);"
_PROVEN_CLAIMS = f"""
  SELECT claim.technique_id, count(*) FROM rollup_rule AS rule JOIN rule_technique AS claim USING (rule_id)
  WHERE {_PROVES} AND claim.technique_id IS NOT NULL"""


def _of_rules(changes: str) -> str:
    claims = f"""
    SELECT claim.technique_id, changed.sign FROM (
      SELECT rule_id, sum(sign) AS sign FROM ({changes}) AS every WHERE {_PROVES} GROUP BY 1 HAVING sum(sign) <> 0
    ) AS changed JOIN rule_technique AS claim USING (rule_id)"""
    return f"""
  {_LOCK}
  INSERT INTO rollup_rule_count AS kept ({_ALIKE}, rules)
  SELECT {_ALIKE}, sum(sign) FROM ({changes}) AS changed
  WHERE present GROUP BY {_ALIKE} HAVING sum(sign) <> 0 ORDER BY {_ALIKE}
  ON CONFLICT ({_ALIKE}) DO UPDATE SET rules = kept.rules + excluded.rules;
  DELETE FROM rollup_rule_count WHERE rules = 0;
{_proven(claims)}"""


def _of_claims(changes: str) -> str:
    claims = f"""
    SELECT changed.technique_id, changed.sign FROM ({changes}) AS changed
    JOIN rollup_rule AS rule USING (rule_id) WHERE {_PROVES}"""
    return f"""
  {_LOCK}
{_proven(claims)}"""


# A rule that is deleted takes its row and its claims along before either is counted: those techniques are counted anew.
_OF_DELETED_RULES = f"""
  DECLARE
    lost uuid[] := ARRAY(SELECT DISTINCT technique_id FROM old_rows WHERE technique_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM rollup_rule AS rule WHERE rule.rule_id = old_rows.rule_id));
  BEGIN
    IF cardinality(lost) > 0 THEN
      DELETE FROM rollup_technique_proven WHERE technique_id = ANY (lost);
      INSERT INTO rollup_technique_proven (technique_id, claims){_PROVEN_CLAIMS}
        AND claim.technique_id = ANY (lost) GROUP BY 1;
    END IF;
  END;
"""
_COUNTING = {"rollup_rule": _of_rules, "rule_technique": _of_claims}

REBUILD = f"""
CREATE FUNCTION rollup_rule_counts_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  {_LOCK}
  DELETE FROM rollup_rule_count;
  DELETE FROM rollup_technique_proven;
  INSERT INTO rollup_rule_count ({_ALIKE}, rules)
  SELECT {_ALIKE}, count(*) FROM rollup_rule WHERE present GROUP BY {_ALIKE};
  INSERT INTO rollup_technique_proven (technique_id, claims){_PROVEN_CLAIMS} GROUP BY 1;
END $$;
"""


def upgrade() -> None:
    op.create_table(
        "rollup_rule_count",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("source", "status", "product", "category", "service")
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("truth", sa.Text(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*_ALIKE.split(", "), name="pk_rollup_rule_count"),
    )
    op.create_table(
        "rollup_technique_proven",
        sa.Column("technique_id", sa.Uuid(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technique_id"], ["technique.id"], name="fk_rollup_technique_proven_technique_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technique_id", name="pk_rollup_technique_proven"),
    )
    op.execute(REBUILD)
    for table, counting in _COUNTING.items():
        for operation, changes in _CHANGES.items():
            # Of the triggers of one table "summed" fires after "rollup", so that locks are taken in one order, and before
            # "truth", which may change what a claim proves.
            name = f"{table}_summed_{operation}"
            body = counting(changes)
            if (table, operation) == ("rule_technique", "delete"):
                body += _OF_DELETED_RULES
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}  RETURN NULL;\nEND $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} AFTER {operation.upper()} ON {table} "
                f"REFERENCING {_TABLES[operation]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    op.execute("SELECT rollup_rule_counts_rebuild()")


def downgrade() -> None:
    for table in _COUNTING:
        for operation in _CHANGES:
            op.execute(f"DROP TRIGGER {table}_summed_{operation} ON {table}")
            op.execute(f"DROP FUNCTION {table}_summed_{operation}()")
    op.execute("DROP FUNCTION rollup_rule_counts_rebuild()")
    op.drop_table("rollup_technique_proven")
    op.drop_table("rollup_rule_count")
