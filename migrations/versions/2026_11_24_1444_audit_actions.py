"""The audit log by action, and by all actions that begin alike.

Revision ID: 2026_11_24_1444
Revises: 2026_11_24_1442
"""

from alembic import op

revision = "2026_11_24_1444"
down_revision = "2026_11_24_1442"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_audit_log_action", "audit_log", ["action", "seq"], postgresql_ops={"action": "text_pattern_ops"}
    )


def downgrade() -> None:
    op.drop_index("ix_audit_log_action", table_name="audit_log")
