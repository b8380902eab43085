"""Answers that a worker finds out and keeps; evidence has a generation of its own.

Revision ID: 2026_11_26_2150
Revises: 2026_11_26_2135
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_2150"
down_revision = "2026_11_26_2135"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generations", JSONB(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_kept_answer"),
    )
    op.execute("INSERT INTO data_generation (topic) VALUES ('evidence')")
    op.execute(
        "CREATE TRIGGER evidence_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON evidence "
        "FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('evidence')"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER evidence_generation ON evidence")
    op.execute("DELETE FROM data_generation WHERE topic = 'evidence'")
    op.drop_table("kept_answer")
