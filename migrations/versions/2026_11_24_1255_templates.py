"""Test templates with their versions, adversary profiles, and which version of a template a test was made from.

Revision ID: 2026_11_24_1255
Revises: 2026_11_23_2110
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_1255"
down_revision = "2026_11_23_2110"
branch_labels = None
depends_on = None

_NO_TEXT = sa.text("''")
_NO_TEXTS = sa.text("'{}'::text[]")
_TABLES = ("test_template", "adversary")


def upgrade() -> None:
    op.create_table(
        "test_template",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("procedure_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default=_NO_TEXT, nullable=False),
        sa.Column("claimed_technique", sa.Text(), nullable=False),
        sa.Column("technique_id", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("platforms", postgresql.ARRAY(sa.Text()), server_default=_NO_TEXTS, nullable=False),
        sa.Column("named_platforms", postgresql.ARRAY(sa.Text()), server_default=_NO_TEXTS, nullable=False),
        sa.Column("tools", postgresql.ARRAY(sa.Text()), server_default=_NO_TEXTS, nullable=False),
        sa.Column("elevation_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("author", sa.Text(), server_default=_NO_TEXT, nullable=False),
        sa.Column("licence", sa.Text(), server_default=_NO_TEXT, nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "resolution IN ('direct', 'revoked_by', 'known_successor', 'not_placed')",
            name="ck_test_template_resolution",
        ),
        sa.ForeignKeyConstraint(["technique_id"], ["technique.id"], name="fk_test_template_technique_id"),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name="fk_test_template_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_test_template"),
        sa.UniqueConstraint("procedure_key", name="uq_test_template_procedure_key"),
        sa.UniqueConstraint("source", "source_id", name="uq_test_template_source_source_id"),
    )
    op.create_index("ix_test_template_technique", "test_template", ["technique_id"])
    op.create_index("ix_test_template_claimed", "test_template", ["claimed_technique"])
    op.create_index("ix_test_template_words", "test_template", ["words"], postgresql_using="gin")
    op.create_table(
        "template_version",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default=_NO_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["test_template.id"], name="fk_template_version_template_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name="fk_template_version_made_by"),
        sa.PrimaryKeyConstraint("template_id", "version", name="pk_template_version"),
    )
    op.create_table(
        "adversary",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default=_NO_TEXT, nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_adversary"),
        sa.UniqueConstraint("source", "source_id", name="uq_adversary_source_source_id"),
    )
    op.create_table(
        "adversary_step",
        sa.Column("adversary_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("template_source_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["adversary_id"], ["adversary.id"], name="fk_adversary_step_adversary_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("adversary_id", "position", name="pk_adversary_step"),
    )
    op.add_column("security_test", sa.Column("template_version", sa.Integer(), nullable=True))
    op.create_index(
        "ix_security_test_template",
        "security_test",
        ["template_id"],
        postgresql_where=sa.text("template_id IS NOT NULL"),
    )
    # nothing made tests from templates before: what a row names is none, and the check has nothing to look up
    op.execute("UPDATE security_test SET template_id = NULL WHERE template_id IS NOT NULL")
    op.create_foreign_key(
        "fk_security_test_template_id",
        "security_test",
        "test_template",
        ["template_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.execute("INSERT INTO data_generation (topic) VALUES ('templates')")
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_generation AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('templates')"
        )


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TRIGGER {table}_generation ON {table}")
    op.execute("DELETE FROM data_generation WHERE topic = 'templates'")
    op.drop_constraint("fk_security_test_template_id", "security_test", type_="foreignkey")
    op.drop_index("ix_security_test_template", table_name="security_test")
    op.drop_column("security_test", "template_version")
    for table in ("adversary_step", "adversary", "template_version", "test_template"):
        op.drop_table(table)
