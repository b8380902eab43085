"""What a screen reads at once: one row a technique and platform, rules without a place, and words of rule titles.

Revision ID: 2026_11_23_2000
Revises: 2026_11_23_1930
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2000"
down_revision = "2026_11_23_1930"
branch_labels = None
depends_on = None

COUNTERS = (
    "draft",
    "red_executing",
    "blue_evaluating",
    "in_review",
    "validated",
    "rejected",
    "cancelled",
    "executed",
    "evaluated",
    "not_applicable",
    "prevented",
    "partly_prevented",
    "not_prevented",
    "alerted",
    "logged",
    "missed",
    "blocked_outcome",
    "alerted_outcome",
    "logged_outcome",
    "missed_outcome",
)
RESULTS = tuple((p, d) for p in ("full", "partial", "none") for d in ("alerted", "logged", "missed"))
MIX = tuple(f"{prevention}_{detection}" for prevention, detection in RESULTS)

_CODE = """CASE rows.prevention WHEN 'full' THEN 0 WHEN 'partial' THEN 3 ELSE 6 END
           + CASE rows.detection WHEN 'alerted' THEN 0 WHEN 'logged' THEN 1 ELSE 2 END"""
_FRACTIONS = ",\n      ".join(
    f"count(*) FILTER (WHERE result = {code})::double precision / count(*) AS {name}" for code, name in enumerate(MIX)
)
_MEANS = ", ".join(f"avg({name})" for name in MIX)
_SUMS = ", ".join(f"sum(rows.{name})::integer AS {name}" for name in COUNTERS)
_COUNTED = ", ".join(f"counted.{name}" for name in COUNTERS)
_SHOWN = ", ".join(f"coalesce(evidence.{name}, 0)" for name in MIX)
_IN_SCOPE = """rows.technique_id = ANY (techniques)
        AND NOT EXISTS (
          SELECT 1 FROM scope_decision AS decided
          WHERE decided.domain = technique.domain AND decided.kind = 'platform'
            AND decided.ref = rows.platform AND NOT decided.in_scope)"""

# `technique_evidence` is the one definition of what a technique's latest tests say: a result's share of a procedure is
# its share of the platforms, its share of the technique the mean over procedures. It is kept for all platforms in scope
# together (platform '') and for each apart; of any other set of platforms it is computed when asked.
SUMMARIES = f"""
CREATE FUNCTION technique_evidence(techniques uuid[], among text[], apart boolean)
RETURNS TABLE (technique_id uuid, platform text, procedures integer,
  {", ".join(f"{name} double precision" for name in MIX)}, newest_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT technique_id, platform, count(*)::integer, {_MEANS}, max(newest_at)
  FROM (
    SELECT technique_id, CASE WHEN apart THEN platform ELSE '' END AS platform,
      {_FRACTIONS},
      max(at) AS newest_at
    FROM (
      SELECT rows.technique_id, rows.platform, rows.procedure_key,
        coalesce(rows.executed_at, rows.validated_at) AS at,
        {_CODE} AS result
      FROM rollup_procedure_latest AS rows JOIN technique ON technique.id = rows.technique_id
      WHERE (among IS NULL OR rows.platform = ANY (among)) AND {_IN_SCOPE}
    ) AS results
    GROUP BY 1, 2, procedure_key
  ) AS of_procedures
  GROUP BY 1, 2
$$;

CREATE FUNCTION technique_summaries(techniques uuid[], apart boolean) RETURNS SETOF rollup_technique
LANGUAGE sql STABLE AS $$
  WITH counted AS (
    SELECT rows.technique_id, CASE WHEN apart THEN rows.platform ELSE '' END AS platform, {_SUMS}
    FROM rollup_technique_month AS rows JOIN technique ON technique.id = rows.technique_id
    WHERE {_IN_SCOPE}
    GROUP BY 1, 2
  )
  SELECT counted.technique_id, counted.platform, {_COUNTED},
    coalesce(evidence.procedures, 0), {_SHOWN}, evidence.newest_at
  FROM counted LEFT JOIN technique_evidence(techniques, NULL, apart) AS evidence USING (technique_id, platform)
$$;

CREATE FUNCTION rollup_summaries_refresh(techniques uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(techniques) = 0 THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(4704);
  DELETE FROM rollup_technique WHERE technique_id = ANY (techniques);
  INSERT INTO rollup_technique SELECT * FROM technique_summaries(techniques, false);
  INSERT INTO rollup_technique SELECT * FROM technique_summaries(techniques, true);
END $$;

CREATE FUNCTION rollup_summaries_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_summaries_refresh(ARRAY(SELECT DISTINCT technique_id FROM new_rows));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_summaries_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_summaries_refresh(
    ARRAY(SELECT technique_id FROM old_rows UNION SELECT technique_id FROM new_rows));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_summaries_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_summaries_refresh(ARRAY(SELECT DISTINCT technique_id FROM old_rows));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_summaries_scoped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_summaries_refresh(ARRAY(SELECT id FROM technique));
  RETURN NULL;
END $$;

-- Triggers of one table fire in the order of their names: "summaries" after the "rollup" of what they sum up.
CREATE TRIGGER security_test_summaries_insert AFTER INSERT ON security_test
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_summaries_inserted();
CREATE TRIGGER security_test_summaries_update AFTER UPDATE ON security_test
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_summaries_updated();
CREATE TRIGGER security_test_summaries_delete AFTER DELETE ON security_test
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_summaries_deleted();
CREATE TRIGGER scope_decision_summaries AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON scope_decision
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_summaries_scoped();

ALTER FUNCTION rollup_tests_rebuild() RENAME TO rollup_test_rows_rebuild;
CREATE FUNCTION rollup_tests_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_test_rows_rebuild();
  PERFORM rollup_summaries_refresh(ARRAY(SELECT id FROM technique));
END $$;
"""


_RECOUNT_UNPLACED = """
  INSERT INTO rollup_rules_not_placed (claimed_id, source, rules)
  SELECT claim.claimed_id, rule.source, count(*)
  FROM rule_technique AS claim JOIN detection_rule AS rule ON rule.id = claim.rule_id
  WHERE claim.resolution = 'not_placed' AND rule.enabled AND rule.removed_at IS NULL AND {which}
  GROUP BY 1, 2;
"""


def _unplaced(claims: str) -> str:
    touched = f"({claims})"
    return f"""
  IF NOT EXISTS {touched} THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(4705);
  DELETE FROM rollup_rules_not_placed WHERE claimed_id IN {touched};
{_RECOUNT_UNPLACED.format(which=f"claim.claimed_id IN {touched}")}
  RETURN NULL;
"""


_OF_CLAIMS = "SELECT claimed_id FROM {table} WHERE resolution = 'not_placed'"
_OF_RULES = """SELECT claim.claimed_id FROM rule_technique AS claim
    JOIN new_rows AS n ON n.id = claim.rule_id JOIN old_rows AS o ON o.id = n.id
    WHERE claim.resolution = 'not_placed'
      AND (n.enabled, n.removed_at IS NULL, n.source) IS DISTINCT FROM (o.enabled, o.removed_at IS NULL, o.source)"""
_NEW, _OLD = _OF_CLAIMS.format(table="new_rows"), _OF_CLAIMS.format(table="old_rows")

UNPLACED = f"""
CREATE FUNCTION rollup_unplaced_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_unplaced(_NEW)} END $$;
CREATE FUNCTION rollup_unplaced_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_unplaced(_OLD + " UNION " + _NEW)} END $$;
CREATE FUNCTION rollup_unplaced_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_unplaced(_OLD)} END $$;
CREATE FUNCTION rollup_unplaced_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_unplaced(_OF_RULES)} END $$;

CREATE TRIGGER rule_technique_unplaced_insert AFTER INSERT ON rule_technique
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_unplaced_inserted();
CREATE TRIGGER rule_technique_unplaced_update AFTER UPDATE ON rule_technique
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_unplaced_updated();
CREATE TRIGGER rule_technique_unplaced_delete AFTER DELETE ON rule_technique
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_unplaced_deleted();
CREATE TRIGGER detection_rule_unplaced_update AFTER UPDATE ON detection_rule
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_unplaced_rules();

ALTER FUNCTION rollup_rules_rebuild() RENAME TO rollup_rule_rows_rebuild;
CREATE FUNCTION rollup_rules_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_rows_rebuild();
  DELETE FROM rollup_rules_not_placed;
{_RECOUNT_UNPLACED.format(which="true")}
END $$;
"""


def upgrade() -> None:
    op.create_table(
        "rollup_technique",
        sa.Column("technique_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTERS),
        sa.Column("procedures", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in MIX),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["technique_id"], ["technique.id"], name="fk_rollup_technique_technique_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technique_id", "platform", name="pk_rollup_technique"),
    )
    op.create_index("ix_rollup_technique_platform", "rollup_technique", ["platform"])
    op.create_table(
        "rollup_rules_not_placed",
        sa.Column("claimed_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("claimed_id", "source", name="pk_rollup_rules_not_placed"),
    )
    op.execute(SUMMARIES)
    op.execute(UNPLACED)
    op.create_index(
        "ix_rule_technique_not_placed",
        "rule_technique",
        ["claimed_id", "rule_id"],
        postgresql_where=sa.text("resolution = 'not_placed'"),
    )
    op.create_index(
        "ix_security_test_validated",
        "security_test",
        ["validated_at"],
        postgresql_where=sa.text("state = 'validated'"),
    )
    op.create_index(
        "ix_detection_rule_title_words",
        "detection_rule",
        [sa.text("to_tsvector('simple'::regconfig, title)")],
        postgresql_using="gin",
    )
    op.execute("SELECT rollup_summaries_refresh(ARRAY(SELECT id FROM technique))")
    op.execute(_RECOUNT_UNPLACED.format(which="true"))


def downgrade() -> None:
    op.drop_index("ix_detection_rule_title_words", table_name="detection_rule")
    op.drop_index("ix_security_test_validated", table_name="security_test")
    op.drop_index("ix_rule_technique_not_placed", table_name="rule_technique")
    for table, operations in (
        ("security_test_summaries", ("insert", "update", "delete")),
        ("rule_technique_unplaced", ("insert", "update", "delete")),
        ("detection_rule_unplaced", ("update",)),
    ):
        for operation in operations:
            op.execute(f"DROP TRIGGER {table}_{operation} ON {table.rsplit('_', 1)[0]}")
    op.execute("DROP TRIGGER scope_decision_summaries ON scope_decision")
    for name in ("inserted", "updated", "deleted", "scoped"):
        op.execute(f"DROP FUNCTION rollup_summaries_{name}()")
    for name in ("inserted", "updated", "deleted", "rules"):
        op.execute(f"DROP FUNCTION rollup_unplaced_{name}()")
    op.execute("DROP FUNCTION rollup_tests_rebuild()")
    op.execute("ALTER FUNCTION rollup_test_rows_rebuild() RENAME TO rollup_tests_rebuild")
    op.execute("DROP FUNCTION rollup_rules_rebuild()")
    op.execute("ALTER FUNCTION rollup_rule_rows_rebuild() RENAME TO rollup_rules_rebuild")
    op.execute("DROP FUNCTION rollup_summaries_refresh(uuid[])")
    op.execute("DROP FUNCTION technique_summaries(uuid[], boolean)")
    op.execute("DROP FUNCTION technique_evidence(uuid[], text[], boolean)")
    op.drop_table("rollup_rules_not_placed")
    op.drop_index("ix_rollup_technique_platform", table_name="rollup_technique")
    op.drop_table("rollup_technique")
