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


# Both take the lock of the truth of rules: whoever comes second counts from what the first has written.
def _of_rules(changes: str) -> str:
    claims = f"""
    SELECT claim.technique_id, changed.sign FROM (
      SELECT rule_id, sum(sign) AS sign FROM ({changes}) AS every WHERE {_PROVES} GROUP BY 1 HAVING sum(sign) <> 0
    ) AS changed JOIN rule_technique AS claim USING (rule_id)"""
    return f"""
  PERFORM pg_advisory_xact_lock(4708);
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
  PERFORM pg_advisory_xact_lock(4708);
{_proven(claims)}"""


_COUNTING = {"rollup_rule": _of_rules, "rule_technique": _of_claims}

REBUILD = f"""
CREATE FUNCTION rollup_rule_counts_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4708);
  DELETE FROM rollup_rule_count;
  DELETE FROM rollup_technique_proven;
  INSERT INTO rollup_rule_count ({_ALIKE}, rules)
  SELECT {_ALIKE}, count(*) FROM rollup_rule WHERE present GROUP BY {_ALIKE};
  INSERT INTO rollup_technique_proven (technique_id, claims)
  SELECT claim.technique_id, count(*) FROM rollup_rule AS rule JOIN rule_technique AS claim USING (rule_id)
  WHERE {_PROVES} AND claim.technique_id IS NOT NULL GROUP BY 1;
END $$;
"""

# Of a rule that is deleted, its row and its claims are gone together before either is counted: so the row goes first.
DELETED = """
CREATE FUNCTION rollup_rule_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM rollup_rule WHERE rule_id = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER detection_rule_counts_delete BEFORE DELETE ON detection_rule
  FOR EACH ROW EXECUTE FUNCTION rollup_rule_deleted();
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
            # Of the triggers of one table "counts" fires before "truth", which may change what a claim proves.
            name = f"{table}_counts_{operation}"
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
                f"BEGIN\n{counting(changes)}  RETURN NULL;\nEND $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} AFTER {operation.upper()} ON {table} "
                f"REFERENCING {_TABLES[operation]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    op.execute(DELETED)
    op.execute("SELECT rollup_rule_counts_rebuild()")


def downgrade() -> None:
    op.execute("DROP TRIGGER detection_rule_counts_delete ON detection_rule")
    op.execute("DROP FUNCTION rollup_rule_deleted()")
    for table in _COUNTING:
        for operation in _CHANGES:
            op.execute(f"DROP TRIGGER {table}_counts_{operation} ON {table}")
            op.execute(f"DROP FUNCTION {table}_counts_{operation}()")
    op.execute("DROP FUNCTION rollup_rule_counts_rebuild()")
    op.drop_table("rollup_technique_proven")
    op.drop_table("rollup_rule_count")
