"""What the answers stand on: compliance, countermeasures, threats, snapshots, rehearsals, service levels, log sources.

Revision ID: 2026_11_26_1905
Revises: 2026_11_24_1444
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1905"
down_revision = "2026_11_24_1444"
branch_labels = None
depends_on = None

# Topic -> tables whose changes move its generation; the first three are new, the others have more to watch.
NEW_TOPICS = {
    "frameworks": ("framework", "control", "control_mapping"),
    "control_decisions": ("control_decision",),
    "countermeasures": ("countermeasure", "countermeasure_technique", "countermeasure_decision"),
    "threats": ("threat_group", "technique_priority"),
    "snapshots": ("snapshot",),
}
MORE = {"rules": ("log_source",), "weights": ("service_level",)}

# A few hundred countermeasures: counting all anew is a few milliseconds, and cannot miss anything.
COUNTERMEASURES = """
CREATE FUNCTION rollup_countermeasures_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4706);
  DELETE FROM rollup_technique_countermeasures;
  INSERT INTO rollup_technique_countermeasures (technique_id, applicable, in_place)
  SELECT link.technique_id, count(DISTINCT link.countermeasure_id),
    count(DISTINCT link.countermeasure_id) FILTER (WHERE decided.state = 'in_place')
  FROM countermeasure_technique AS link
  JOIN countermeasure ON countermeasure.id = link.countermeasure_id AND countermeasure.removed_at IS NULL
  LEFT JOIN countermeasure_decision AS decided ON decided.countermeasure_id = link.countermeasure_id
  WHERE link.technique_id IS NOT NULL AND decided.state IS DISTINCT FROM 'not_applicable'
  GROUP BY 1;
END $$;

CREATE FUNCTION rollup_countermeasures_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_countermeasures_rebuild();
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.create_table(
        "attack_rehearsal",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("origin", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "input", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("bundle_key", sa.Text(), nullable=True),
        sa.Column("bundle_sha256", sa.Text(), nullable=True),
        sa.Column("from_version", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column(
            "report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "domain IN ('enterprise-attack', 'mobile-attack', 'ics-attack')", name=("ck_attack_rehearsal_domain")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'ready', 'failed', 'adopted', 'discarded')",
            name=("ck_attack_rehearsal_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_attack_rehearsal")),
    )
    op.create_index("ix_attack_rehearsal_created", "attack_rehearsal", ["created_at"], unique=False)
    op.create_table(
        "countermeasure",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("d3fend_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tactic", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("synonyms", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_countermeasure")),
        sa.UniqueConstraint("d3fend_id", name=("uq_countermeasure_d3fend_id")),
    )
    op.create_table(
        "framework",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("attack_version", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("mapping_published_on", sa.Date(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('controls', 'capabilities', 'vulnerabilities')", name=("ck_framework_kind")),
        sa.CheckConstraint("origin IN ('attack', 'mappings', 'own')", name=("ck_framework_origin")),
        sa.PrimaryKeyConstraint("id", name=("pk_framework")),
        sa.UniqueConstraint("slug", name=("uq_framework_slug")),
    )
    op.create_table(
        "log_source",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("collected", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_log_source")),
        sa.UniqueConstraint("product", "category", "service", name=("uq_log_source_product_category_service")),
    )
    op.create_table(
        "service_level",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "measure IN ('time_to_detect', 'time_to_contain', 'time_to_remediate')", name=("ck_service_level_measure")
        ),
        sa.CheckConstraint("seconds > 0", name=("ck_service_level_seconds")),
        sa.CheckConstraint("share > 0 AND share <= 1", name=("ck_service_level_share")),
        sa.PrimaryKeyConstraint("measure", name=("pk_service_level")),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("attack_version", sa.Text(), nullable=False),
        sa.Column("weights_version", sa.Integer(), nullable=False),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "controls", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "notes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('daily', 'asked', 'reconstructed')", name=("ck_snapshot_kind")),
        sa.PrimaryKeyConstraint("id", name=("pk_snapshot")),
    )
    op.create_index("ix_snapshot_taken", "snapshot", ["domain", "taken_at"], unique=False)
    op.create_index(
        "uq_snapshot_day",
        "snapshot",
        ["domain", "day"],
        unique=True,
        postgresql_where=sa.text("kind IN ('daily', 'reconstructed')"),
    )
    op.create_table(
        "technique_priority",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("attack_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("priority IN ('high', 'low')", name=("ck_technique_priority_priority")),
        sa.PrimaryKeyConstraint("id", name=("pk_technique_priority")),
        sa.UniqueConstraint("domain", "attack_id", name=("uq_technique_priority_domain_attack_id")),
    )
    op.create_table(
        "threat_group",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("attack_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_threat_group")),
        sa.UniqueConstraint("domain", "attack_id", name=("uq_threat_group_domain_attack_id")),
    )
    op.create_table(
        "control",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("framework_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("group_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("group_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_mappable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["framework_id"], ["framework.id"], name=("fk_control_framework_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_control")),
        sa.UniqueConstraint("framework_id", "code", name=("uq_control_framework_id_code")),
    )
    op.create_table(
        "countermeasure_decision",
        sa.Column("countermeasure_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('in_place', 'planned', 'not_applicable')", name=("ck_countermeasure_decision_state")
        ),
        sa.ForeignKeyConstraint(
            ["countermeasure_id"],
            ["countermeasure.id"],
            name=("fk_countermeasure_decision_countermeasure_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("countermeasure_id", name=("pk_countermeasure_decision")),
    )
    op.create_table(
        "countermeasure_technique",
        sa.Column("countermeasure_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_id", sa.Text(), nullable=False),
        sa.Column("technique_id", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("artifacts", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.CheckConstraint(
            "resolution IN ('direct', 'revoked_by', 'known_successor', 'not_placed')",
            name=("ck_countermeasure_technique_resolution"),
        ),
        sa.ForeignKeyConstraint(
            ["countermeasure_id"],
            ["countermeasure.id"],
            name=("fk_countermeasure_technique_countermeasure_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["technique_id"], ["technique.id"], name=("fk_countermeasure_technique_technique_id")),
        sa.PrimaryKeyConstraint("countermeasure_id", "claimed_id", name=("pk_countermeasure_technique")),
    )
    op.create_index("ix_countermeasure_technique_claimed", "countermeasure_technique", ["claimed_id"], unique=False)
    op.create_index(
        "ix_countermeasure_technique_technique",
        "countermeasure_technique",
        ["technique_id", "countermeasure_id"],
        unique=False,
    )
    op.create_table(
        "rollup_technique_countermeasures",
        sa.Column("technique_id", sa.Uuid(), nullable=False),
        sa.Column("applicable", sa.Integer(), nullable=False),
        sa.Column("in_place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technique_id"],
            ["technique.id"],
            name=("fk_rollup_technique_countermeasures_technique_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("technique_id", name=("pk_rollup_technique_countermeasures")),
    )
    op.create_table(
        "snapshot_technique",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("attack_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("tactics", sa.Text(), nullable=False),
        sa.Column("platforms", sa.Text(), nullable=False),
        sa.Column("in_scope", sa.Boolean(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("own_groups", sa.Integer(), nullable=False),
        sa.Column("exploited", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("relevance", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("procedures", sa.Integer(), nullable=False),
        sa.Column("newest_on", sa.Date(), nullable=True),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("not_counted_rules", sa.Integer(), nullable=False),
        sa.Column("mix", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tests", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tests_value", sa.Double(), nullable=True),
        sa.Column("rules_value", sa.Double(), nullable=False),
        sa.Column("rule_total", sa.Double(), nullable=False),
        sa.Column("freshness_value", sa.Double(), nullable=True),
        sa.Column("platforms_value", sa.Double(), nullable=True),
        sa.Column("countermeasures_value", sa.Double(), nullable=True),
        sa.Column("points", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=("fk_snapshot_technique_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "attack_id", name=("pk_snapshot_technique")),
    )
    op.create_index("ix_snapshot_technique_attack_id", "snapshot_technique", ["attack_id", "snapshot_id"], unique=False)
    op.create_table(
        "control_decision",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("control_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_name", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind <> 'risk_accepted' OR expires_on IS NOT NULL", name=("ck_control_decision_accepted_expires")
        ),
        sa.CheckConstraint("kind IN ('out_of_scope', 'risk_accepted')", name=("ck_control_decision_kind")),
        sa.ForeignKeyConstraint(
            ["control_id"], ["control.id"], name=("fk_control_decision_control_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=("pk_control_decision")),
    )
    op.create_index("ix_control_decision_control", "control_decision", ["control_id", "created_at"], unique=False)
    op.create_index(
        "uq_control_decision_standing",
        "control_decision",
        ["control_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "control_mapping",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("framework_id", sa.Uuid(), nullable=False),
        sa.Column("control_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_id", sa.Text(), nullable=False),
        sa.Column("claimed_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("technique_id", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("mapping_type", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("score_category", sa.Text(), nullable=True),
        sa.Column("score_value", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("references", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "resolution IN ('direct', 'revoked_by', 'known_successor', 'not_placed')",
            name=("ck_control_mapping_resolution"),
        ),
        sa.CheckConstraint(
            "score_category IN ('protect', 'detect', 'respond')", name=("ck_control_mapping_score_category")
        ),
        sa.CheckConstraint(
            "score_value IN ('minimal', 'partial', 'significant')", name=("ck_control_mapping_score_value")
        ),
        sa.ForeignKeyConstraint(
            ["control_id"], ["control.id"], name=("fk_control_mapping_control_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["framework_id"], ["framework.id"], name=("fk_control_mapping_framework_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["technique_id"], ["technique.id"], name=("fk_control_mapping_technique_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_control_mapping")),
    )
    op.create_index("ix_control_mapping_claimed", "control_mapping", ["claimed_id"], unique=False)
    op.create_index("ix_control_mapping_control", "control_mapping", ["control_id", "technique_id"], unique=False)
    op.create_index("ix_control_mapping_framework", "control_mapping", ["framework_id", "control_id"], unique=False)
    op.create_index("ix_control_mapping_technique", "control_mapping", ["technique_id", "control_id"], unique=False)
    op.execute(
        """UPDATE score_weights SET parameters = parameters
             || '{"own_group": 2.0, "exploitation": 0.5, "high_priority": 2.0, "low_priority": 0.5}'"""
    )
    op.execute(COUNTERMEASURES)
    for table in NEW_TOPICS["countermeasures"]:
        op.execute(
            f"CREATE TRIGGER {table}_rollup AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION rollup_countermeasures_changed()"
        )
    for topic in NEW_TOPICS:
        op.execute(f"INSERT INTO data_generation (topic) VALUES ('{topic}')")
    for topic, tables in (NEW_TOPICS | MORE).items():
        for table in tables:
            op.execute(
                f"CREATE TRIGGER {table}_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('{topic}')"
            )


def downgrade() -> None:
    op.execute(
        "UPDATE score_weights SET parameters = parameters - '{own_group,exploitation,high_priority,low_priority}'::text[]"
    )

    op.drop_index("ix_control_mapping_technique", table_name="control_mapping")
    op.drop_index("ix_control_mapping_framework", table_name="control_mapping")
    op.drop_index("ix_control_mapping_control", table_name="control_mapping")
    op.drop_index("ix_control_mapping_claimed", table_name="control_mapping")
    op.drop_table("control_mapping")
    op.drop_index(
        "uq_control_decision_standing", table_name="control_decision", postgresql_where=sa.text("withdrawn_at IS NULL")
    )
    op.drop_index("ix_control_decision_control", table_name="control_decision")
    op.drop_table("control_decision")
    op.drop_index("ix_snapshot_technique_attack_id", table_name="snapshot_technique")
    op.drop_table("snapshot_technique")
    op.drop_table("rollup_technique_countermeasures")
    op.drop_index("ix_countermeasure_technique_technique", table_name="countermeasure_technique")
    op.drop_index("ix_countermeasure_technique_claimed", table_name="countermeasure_technique")
    op.drop_table("countermeasure_technique")
    op.drop_table("countermeasure_decision")
    op.drop_table("control")
    op.drop_table("threat_group")
    op.drop_table("technique_priority")
    op.drop_index(
        "uq_snapshot_day", table_name="snapshot", postgresql_where=sa.text("kind IN ('daily', 'reconstructed')")
    )
    op.drop_index("ix_snapshot_taken", table_name="snapshot")
    op.drop_table("snapshot")
    op.drop_table("service_level")
    op.drop_table("log_source")
    op.drop_table("framework")
    op.drop_table("countermeasure")
    op.drop_index("ix_attack_rehearsal_created", table_name="attack_rehearsal")
    op.drop_table("attack_rehearsal")
    op.execute("DROP FUNCTION rollup_countermeasures_changed()")
    op.execute("DROP FUNCTION rollup_countermeasures_rebuild()")
    for topic in NEW_TOPICS:
        op.execute(f"DELETE FROM data_generation WHERE topic = '{topic}'")
