"""What the database itself guarantees: the chained audit log, generations of data, and the rollups.

Revision ID: 2026_11_23_1930
Revises: 2026_11_23_1921
"""

from alembic import op

revision = "2026_11_23_1930"
down_revision = "2026_11_23_1921"
branch_labels = None
depends_on = None

# The audit log: every entry carries the SHA-256 of itself and its predecessor. The lock makes the chain one line, and the
# number is given after the lock, so that the order of numbers is the order of the chain.
AUDIT = """
CREATE FUNCTION audit_payload(entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws('|',
    entry.seq::text,
    to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    coalesce(entry.actor_id::text, '-'), to_json(entry.actor_name)::text, coalesce(host(entry.ip), '-'),
    coalesce(to_json(entry.request_id)::text, '-'), to_json(entry.action)::text,
    coalesce(to_json(entry.entity_type)::text, '-'), coalesce(to_json(entry.entity_id)::text, '-'),
    coalesce(entry.before::text, '-'), coalesce(entry.after::text, '-'))
$$;

CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_hash bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(4702111906);
  SELECT seq, hash INTO last_seq, last_hash FROM audit_log ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(last_seq, 0) + 1;
  NEW.prev_hash := coalesce(last_hash, sha256('aegis audit log'::bytea));
  NEW.hash := sha256(NEW.prev_hash || convert_to(audit_payload(NEW), 'UTF8'));
  RETURN NEW;
END $$;

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

# Generations: a trigger cannot be forgotten the way a call can, and COPY and psql go through it too.
GENERATION_TOPICS = {
    "tests": ("security_test", "observation", "test_campaign", "defence_tool", "remediation"),
    "rules": ("detection_rule", "rule_technique"),
    "techniques": (
        "technique",
        "technique_tactic",
        "tactic",
        "attack_object",
        "technique_link",
        "attack_release",
        "attack_relationship",
    ),
    "weights": ("score_weights", "scope_decision"),
}
GENERATIONS = """
CREATE FUNCTION bump_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE data_generation SET number = number + 1 WHERE topic = TG_ARGV[0];
  RETURN NULL;
END $$;
"""

# Columns of rollup_technique_month and what makes a test count in each.
COUNTERS = {
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
_NAMES = ", ".join(COUNTERS)
_COUNTS = ",\n    ".join(f"coalesce(sum(sign) FILTER (WHERE {condition}), 0)" for condition in COUNTERS.values())
_ADD = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in COUNTERS)
_ALL_ZERO = " AND ".join(f"kept.{name} = 0" for name in COUNTERS)
_MONTH = "date_trunc('month', coalesce(executed_at, created_at) AT TIME ZONE 'UTC')::date"
_CHANGED = "technique_id, platform, state, executed_at, created_at, not_applicable, prevention, detection, outcome"


def _apply_delta(rows: str) -> str:
    return f"""
  INSERT INTO rollup_technique_month AS kept (technique_id, platform, month, {_NAMES})
  SELECT technique_id, platform, {_MONTH},
    {_COUNTS}
  FROM ({rows}) AS changed
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (technique_id, platform, month) DO UPDATE SET {_ADD};
"""


def _latest(keys: str) -> str:
    """Recompute the latest validated test of every touched procedure, one technique's writers at a time."""
    return f"""
  PERFORM pg_advisory_xact_lock(4702, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM ({keys}) AS touched ORDER BY 1) AS techniques;
  DELETE FROM rollup_procedure_latest AS kept USING ({keys}) AS touched
    WHERE (kept.technique_id, kept.procedure_key, kept.platform)
        = (touched.technique_id, touched.procedure_key, touched.platform);
  INSERT INTO rollup_procedure_latest
    (technique_id, procedure_key, platform, test_id, prevention, detection, executed_at, validated_at)
  SELECT touched.technique_id, touched.procedure_key, touched.platform,
         newest.id, newest.prevention, newest.detection, newest.executed_at, newest.validated_at
  FROM (SELECT DISTINCT technique_id, procedure_key, platform FROM ({keys}) AS k) AS touched
  CROSS JOIN LATERAL (
    SELECT id, prevention, detection, executed_at, validated_at FROM security_test AS t
    WHERE t.state = 'validated' AND NOT t.not_applicable
      AND t.technique_id = touched.technique_id AND t.procedure_key = touched.procedure_key
      AND t.platform = touched.platform
    ORDER BY t.validated_at DESC, t.id DESC LIMIT 1) AS newest;
"""


_KEYS = "SELECT technique_id, procedure_key, platform FROM {table} WHERE state = 'validated'"
_NEW = f"SELECT {_CHANGED}, 1 AS sign FROM new_rows"
_OLD = f"SELECT {_CHANGED}, -1 AS sign FROM old_rows"

TEST_ROLLUPS = f"""
CREATE FUNCTION rollup_tests_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{_apply_delta(_NEW)}
{_latest(_KEYS.format(table="new_rows"))}
  RETURN NULL;
END $$;

CREATE FUNCTION rollup_tests_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{_apply_delta(_OLD + " UNION ALL " + _NEW)}
{_latest(_KEYS.format(table="old_rows") + " UNION " + _KEYS.format(table="new_rows"))}
  RETURN NULL;
END $$;

CREATE FUNCTION rollup_tests_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{_apply_delta(_OLD)}
  DELETE FROM rollup_technique_month AS kept
    USING (SELECT DISTINCT technique_id FROM old_rows) AS gone
    WHERE kept.technique_id = gone.technique_id AND {_ALL_ZERO};
{_latest(_KEYS.format(table="old_rows"))}
  RETURN NULL;
END $$;

CREATE TRIGGER security_test_rollup_insert AFTER INSERT ON security_test
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_tests_inserted();
CREATE TRIGGER security_test_rollup_update AFTER UPDATE ON security_test
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_tests_updated();
CREATE TRIGGER security_test_rollup_delete AFTER DELETE ON security_test
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_tests_deleted();

-- Bulk loads switch the triggers off and call this once; the repair job calls it when a check finds a difference.
CREATE FUNCTION rollup_tests_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE security_test IN SHARE MODE;
  DELETE FROM rollup_technique_month;
  DELETE FROM rollup_procedure_latest;
{_apply_delta(f"SELECT {_CHANGED}, 1 AS sign FROM security_test")}
  INSERT INTO rollup_procedure_latest
    (technique_id, procedure_key, platform, test_id, prevention, detection, executed_at, validated_at)
  SELECT DISTINCT ON (technique_id, procedure_key, platform)
    technique_id, procedure_key, platform, id, prevention, detection, executed_at, validated_at
  FROM security_test WHERE state = 'validated' AND NOT not_applicable
  ORDER BY technique_id, procedure_key, platform, validated_at DESC, id DESC;
END $$;
"""

_RULE_COUNTS = """
  INSERT INTO rollup_technique_rules (technique_id, source, level, status, rules)
  SELECT claim.technique_id, rule.source, coalesce(rule.level, ''), coalesce(rule.status, ''),
         count(DISTINCT rule.id)
  FROM rule_technique AS claim JOIN detection_rule AS rule ON rule.id = claim.rule_id
  WHERE rule.enabled AND rule.removed_at IS NULL AND {which}
  GROUP BY 1, 2, 3, 4;
"""


def _recount_rules(techniques: str) -> str:
    touched = f"({techniques})"
    return f"""
  PERFORM pg_advisory_xact_lock(4703, hashtext(technique_id::text))
    FROM (SELECT DISTINCT technique_id FROM {touched} AS t WHERE technique_id IS NOT NULL ORDER BY 1) AS techniques;
  DELETE FROM rollup_technique_rules WHERE technique_id IN {touched};
{_RULE_COUNTS.format(which=f"claim.technique_id IN {touched}")}
  RETURN NULL;
"""


_OF_CLAIMS_NEW = "SELECT technique_id FROM new_rows"
_OF_CLAIMS_OLD = "SELECT technique_id FROM old_rows"
_OF_RULES = """SELECT claim.technique_id FROM rule_technique AS claim
    JOIN new_rows AS n ON n.id = claim.rule_id JOIN old_rows AS o ON o.id = n.id
    WHERE claim.technique_id IS NOT NULL AND (n.enabled, n.removed_at IS NULL, n.level, n.status, n.source)
      IS DISTINCT FROM (o.enabled, o.removed_at IS NULL, o.level, o.status, o.source)"""

RULE_ROLLUPS = f"""
CREATE FUNCTION rollup_claims_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_recount_rules(_OF_CLAIMS_NEW)} END $$;
CREATE FUNCTION rollup_claims_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_recount_rules(_OF_CLAIMS_OLD + " UNION " + _OF_CLAIMS_NEW)} END $$;
CREATE FUNCTION rollup_claims_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_recount_rules(_OF_CLAIMS_OLD)} END $$;
CREATE FUNCTION rollup_rules_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_recount_rules(_OF_RULES)} END $$;

CREATE TRIGGER rule_technique_rollup_insert AFTER INSERT ON rule_technique
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_claims_inserted();
CREATE TRIGGER rule_technique_rollup_update AFTER UPDATE ON rule_technique
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_claims_updated();
CREATE TRIGGER rule_technique_rollup_delete AFTER DELETE ON rule_technique
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollup_claims_deleted();
CREATE TRIGGER detection_rule_rollup_update AFTER UPDATE ON detection_rule
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rollup_rules_updated();

CREATE FUNCTION rollup_rules_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE rule_technique, detection_rule IN SHARE MODE;
  DELETE FROM rollup_technique_rules;
{_RULE_COUNTS.format(which="claim.technique_id IS NOT NULL")}
END $$;
"""

FIRST_WEIGHTS = """
INSERT INTO score_weights (version, tests, rules, countermeasures, freshness, platforms, parameters, author_name, reason)
VALUES (1, 40, 25, 10, 15, 10,
  '{"prevented": 1.0, "partly_prevented": 0.7, "alerted": 0.9, "logged": 0.4, "missed": 0.0,
    "rule_saturation": 3.0, "half_life_days": 180, "freshness_window_days": 180}',
  'Aegis', 'The weights Aegis starts with')
"""


def upgrade() -> None:
    op.execute(AUDIT)
    op.execute(GENERATIONS)
    for topic, tables in GENERATION_TOPICS.items():
        op.execute(f"INSERT INTO data_generation (topic) VALUES ('{topic}')")
        for table in tables:
            op.execute(
                f"CREATE TRIGGER {table}_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('{topic}')"
            )
    op.execute(TEST_ROLLUPS)
    op.execute(RULE_ROLLUPS)
    op.execute(FIRST_WEIGHTS)


def downgrade() -> None:
    op.execute("DELETE FROM score_weights WHERE version = 1")
    for table, operations in (
        ("rule_technique", ("insert", "update", "delete")),
        ("detection_rule", ("update",)),
        ("security_test", ("insert", "update", "delete")),
    ):
        for operation in operations:
            op.execute(f"DROP TRIGGER {table}_rollup_{operation} ON {table}")
    for function in (
        "rollup_claims_inserted",
        "rollup_claims_updated",
        "rollup_claims_deleted",
        "rollup_rules_updated",
        "rollup_rules_rebuild",
        "rollup_tests_inserted",
        "rollup_tests_updated",
        "rollup_tests_deleted",
        "rollup_tests_rebuild",
    ):
        op.execute(f"DROP FUNCTION {function}()")
    for tables in GENERATION_TOPICS.values():
        for table in tables:
            op.execute(f"DROP TRIGGER {table}_generation ON {table}")
    op.execute("DROP FUNCTION bump_generation()")
    op.execute("DELETE FROM data_generation")
    for trigger in ("audit_log_chain", "audit_log_append_only", "audit_log_no_truncate"):
        op.execute(f"DROP TRIGGER {trigger} ON audit_log")
    op.execute("DROP FUNCTION audit_chain()")
    op.execute("DROP FUNCTION audit_refuse()")
    op.execute("DROP FUNCTION audit_payload(audit_log)")
