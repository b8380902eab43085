"""What the list of rules reads: one narrow row a rule with its truth, kept by triggers.

Revision ID: 2026_11_26_1940
Revises: 2026_11_26_1935
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1940"
down_revision = "2026_11_26_1935"
branch_labels = None
depends_on = None

# As in domain/rule_truth.py; a test holds the two together.
PRODUCTS = {
    "windows": ("Windows",),
    "linux": ("Linux",),
    "macos": ("macOS",),
    "aws": ("IaaS",),
    "gcp": ("IaaS",),
    "azure": ("IaaS", "Identity Provider"),
    "m365": ("Office Suite", "Identity Provider"),
    "o365": ("Office Suite", "Identity Provider"),
    "google_workspace": ("Office Suite", "Identity Provider"),
    "gworkspace": ("Office Suite", "Identity Provider"),
    "okta": ("Identity Provider",),
    "onelogin": ("Identity Provider",),
    "github": ("SaaS",),
    "bitbucket": ("SaaS",),
    "kubernetes": ("Containers",),
}
_VALUES = ", ".join(
    "('{}', ARRAY[{}])".format(product, ", ".join(f"'{one}'" for one in platforms))
    for product, platforms in PRODUCTS.items()
)
_COLUMNS = "source, title, status, level, enabled, present, product, category, service, changed_on, truth, fired, last_fired_at"
_SET = ", ".join(f"{name.strip()} = excluded.{name.strip()}" for name in _COLUMNS.split(","))
_HELD = ", ".join(f"kept.{name.strip()}" for name in _COLUMNS.split(","))
_NEW = ", ".join(f"excluded.{name.strip()}" for name in _COLUMNS.split(","))
_KEY = "coalesce({0}.product, ''), coalesce({0}.category, ''), coalesce({0}.service, '')"

# `rule_rows` is the one definition of a rule's row, for the triggers and for whoever checks them.
FUNCTIONS = f"""
CREATE FUNCTION rule_platforms(product text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN count(*) = count(known.platforms) THEN array_agg(DISTINCT platform) FILTER (WHERE platform <> '') END
  FROM unnest(string_to_array(product, ',')) AS named (name)
  LEFT JOIN (VALUES {_VALUES}) AS known (product, platforms) ON known.product = trim(named.name)
  LEFT JOIN LATERAL unnest(known.platforms) AS platform ON true
$$;

CREATE FUNCTION rule_rows(rules uuid[]) RETURNS SETOF rollup_rule LANGUAGE sql STABLE AS $$
  WITH covers AS MATERIALIZED (
    SELECT product, rule_platforms(product) AS platforms
    FROM (SELECT DISTINCT coalesce(product, '') AS product FROM detection_rule WHERE id = ANY (rules)) AS products
  ), fired AS MATERIALIZED (
    SELECT seen.rule_id, count(DISTINCT test.id)::integer AS tests,
      max(coalesce(seen.detected_at, test.executed_at, test.validated_at)) AS last_at
    FROM observation AS seen
    JOIN security_test AS test ON test.id = seen.test_id AND test.round = seen.round
    WHERE seen.rule_id = ANY (rules) AND seen.detection = 'alerted'
      AND test.state = 'validated' AND NOT test.not_applicable
    GROUP BY 1
  )
  SELECT rule.id, rule.source, rule.title, coalesce(rule.status, ''),
    coalesce(array_position(ARRAY['informational', 'low', 'medium', 'high', 'critical'], rule.level), 0)::smallint,
    rule.enabled, rule.removed_at IS NULL, coalesce(rule.product, ''), coalesce(rule.category, ''),
    coalesce(rule.service, ''), coalesce(rule.changed_on, rule.written_on),
    CASE WHEN fired.tests > 0 THEN 'proven' WHEN NOT logs.collected THEN 'no_data'
      WHEN EXISTS (
        SELECT FROM rule_technique AS claim JOIN rollup_technique_tested AS tested USING (technique_id)
        WHERE claim.rule_id = rule.id AND (covers.platforms IS NULL OR tested.platform = ANY (covers.platforms))
      ) THEN 'silent' ELSE 'untested' END,
    coalesce(fired.tests, 0), fired.last_at
  FROM detection_rule AS rule
  JOIN covers ON covers.product = coalesce(rule.product, '')
  LEFT JOIN fired ON fired.rule_id = rule.id
  LEFT JOIN log_source AS logs ON (logs.product, logs.category, logs.service) = ({_KEY.format("rule")})
  WHERE rule.id = ANY (rules)
$$;

-- What is read is read after the lock, so that of two writers the second sees what the first wrote.
CREATE FUNCTION rollup_rule_refresh(rules uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(rules) = 0 THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(4708);
  INSERT INTO rollup_rule AS kept (rule_id, {_COLUMNS}) SELECT * FROM rule_rows(rules)
  ON CONFLICT (rule_id) DO UPDATE SET {_SET} WHERE ({_HELD}) IS DISTINCT FROM ({_NEW});
END $$;

-- On which platforms techniques have a validated test; the rules of those where that changed.
CREATE FUNCTION rollup_tested_refresh(techniques uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  moved uuid[];
BEGIN
  WITH gone AS (
    DELETE FROM rollup_technique_tested AS kept WHERE kept.technique_id = ANY (techniques) AND NOT EXISTS (
      SELECT FROM rollup_procedure_latest AS latest
      WHERE (latest.technique_id, latest.platform) = (kept.technique_id, kept.platform))
    RETURNING kept.technique_id
  ), come AS (
    INSERT INTO rollup_technique_tested (technique_id, platform)
    SELECT DISTINCT technique_id, platform FROM rollup_procedure_latest WHERE technique_id = ANY (techniques)
    ON CONFLICT DO NOTHING
    RETURNING technique_id
  )
  SELECT array_agg(technique_id) INTO moved FROM (TABLE gone UNION TABLE come) AS changed;
  IF moved IS NOT NULL THEN
    PERFORM rollup_rule_refresh(ARRAY(SELECT DISTINCT rule_id FROM rule_technique WHERE technique_id = ANY (moved)));
  END IF;
END $$;

CREATE FUNCTION rollup_truth_test_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_tested_refresh(ARRAY(SELECT DISTINCT technique_id FROM new_rows WHERE state = 'validated'));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_test_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_tested_refresh(ARRAY(
    SELECT technique_id FROM old_rows WHERE state = 'validated'
    UNION SELECT technique_id FROM new_rows WHERE state = 'validated'));
  PERFORM rollup_rule_refresh(ARRAY(
    SELECT DISTINCT seen.rule_id FROM new_rows AS now JOIN old_rows AS before USING (id)
    JOIN observation AS seen ON seen.test_id = now.id AND seen.rule_id IS NOT NULL
    WHERE (now.state = 'validated', now.not_applicable, now.round, now.executed_at)
      IS DISTINCT FROM (before.state = 'validated', before.not_applicable, before.round, before.executed_at)));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_test_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_tested_refresh(ARRAY(SELECT DISTINCT technique_id FROM old_rows WHERE state = 'validated'));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_refresh(ARRAY(SELECT DISTINCT rule_id FROM new_rows WHERE rule_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_refresh(ARRAY(
    SELECT rule_id FROM old_rows WHERE rule_id IS NOT NULL
    UNION SELECT rule_id FROM new_rows WHERE rule_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_refresh(ARRAY(SELECT DISTINCT rule_id FROM old_rows WHERE rule_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_refresh(ARRAY(SELECT id FROM new_rows));
  RETURN NULL;
END $$;
CREATE FUNCTION rollup_truth_logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_rule_refresh(ARRAY(
    SELECT rule_id FROM rollup_rule WHERE (product, category, service) IN (
      SELECT logs.product, logs.category, logs.service FROM (
        SELECT coalesce(NEW.product, OLD.product) AS product, coalesce(NEW.category, OLD.category) AS category,
          coalesce(NEW.service, OLD.service) AS service) AS logs)));
  RETURN NULL;
END $$;

CREATE FUNCTION rollup_truth_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4708);
  DELETE FROM rollup_technique_tested;
  DELETE FROM rollup_rule;
  INSERT INTO rollup_technique_tested SELECT DISTINCT technique_id, platform FROM rollup_procedure_latest;
  INSERT INTO rollup_rule SELECT * FROM rule_rows(ARRAY(SELECT id FROM detection_rule));
END $$;
"""
_TABLES = {"insert": "NEW TABLE AS new_rows", "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows"}
_TABLES |= {"delete": "OLD TABLE AS old_rows"}
# Triggers of one table fire in the order of their names: "truth" after the "rollup" and "summaries" it reads.
TRIGGERS = (
    ("security_test", "insert", "rollup_truth_test_inserted"),
    ("security_test", "update", "rollup_truth_test_updated"),
    ("security_test", "delete", "rollup_truth_test_deleted"),
    ("observation", "insert", "rollup_truth_inserted"),
    ("observation", "update", "rollup_truth_updated"),
    ("observation", "delete", "rollup_truth_deleted"),
    ("rule_technique", "insert", "rollup_truth_inserted"),
    ("rule_technique", "update", "rollup_truth_updated"),
    ("rule_technique", "delete", "rollup_truth_deleted"),
    ("detection_rule", "insert", "rollup_truth_rules"),
    ("detection_rule", "update", "rollup_truth_rules"),
)


def upgrade() -> None:
    op.create_table(
        "rollup_technique_tested",
        sa.Column("technique_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technique_id"], ["technique.id"], name="fk_rollup_technique_tested_technique_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technique_id", "platform", name="pk_rollup_technique_tested"),
    )
    op.create_table(
        "rollup_rule",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("truth", sa.Text(), nullable=False),
        sa.Column("fired", sa.Integer(), nullable=False),
        sa.Column("last_fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("truth IN ('proven', 'silent', 'untested', 'no_data')", name="ck_rollup_rule_truth"),
        sa.ForeignKeyConstraint(["rule_id"], ["detection_rule.id"], name="fk_rollup_rule_rule_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id", name="pk_rollup_rule"),
    )
    op.create_index(
        "ix_rollup_rule_words",
        "rollup_rule",
        [sa.text("to_tsvector('simple'::regconfig, title)")],
        postgresql_using="gin",
    )
    op.create_index("ix_rollup_rule_counting", "rollup_rule", ["present", "source", "enabled", "truth"])
    op.create_index("ix_rollup_rule_logs", "rollup_rule", ["product", "category", "service"])
    op.execute(FUNCTIONS)
    for table, operation, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {table}_truth_{operation} AFTER {operation.upper()} ON {table} "
            f"REFERENCING {_TABLES[operation]} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(
        "CREATE TRIGGER log_source_truth AFTER INSERT OR UPDATE OR DELETE ON log_source "
        "FOR EACH ROW EXECUTE FUNCTION rollup_truth_logs()"
    )
    op.execute("SELECT rollup_truth_rebuild()")


def downgrade() -> None:
    op.execute("DROP TRIGGER log_source_truth ON log_source")
    for table, operation, _function in TRIGGERS:
        op.execute(f"DROP TRIGGER {table}_truth_{operation} ON {table}")
    for name in ("test_inserted", "test_updated", "test_deleted", "inserted", "updated", "deleted", "rules", "logs"):
        op.execute(f"DROP FUNCTION rollup_truth_{name}()")
    op.execute("DROP FUNCTION rollup_truth_rebuild()")
    op.execute("DROP FUNCTION rollup_tested_refresh(uuid[])")
    op.execute("DROP FUNCTION rollup_rule_refresh(uuid[])")
    op.execute("DROP FUNCTION rule_rows(uuid[])")
    op.execute("DROP FUNCTION rule_platforms(text)")
    op.drop_table("rollup_rule")
    op.drop_table("rollup_technique_tested")
