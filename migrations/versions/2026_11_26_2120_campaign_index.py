"""What campaigns count and list of their tests, from one index in the order of the plan.

Revision ID: 2026_11_26_2120
Revises: 2026_11_26_2045
"""

from alembic import op
from sqlalchemy import text

revision = "2026_11_26_2120"
down_revision = "2026_11_26_2045"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_security_test_campaign", "security_test"


def upgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(
        _NAME,
        _TABLE,
        ["campaign_id", "campaign_position", "number"],
        postgresql_include=["state", "not_applicable", "executed_at", "prevention", "detection", "technique_id"],
        postgresql_where=text("campaign_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, ["campaign_id"])
