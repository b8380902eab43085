"""What waits for a lead's approval is found in its order, and not among all that is unfinished.

Revision ID: 2026_11_27_1030
Revises: 2026_11_27_0230
"""

from alembic import op
from sqlalchemy import text

revision = "2026_11_27_1030"
down_revision = "2026_11_27_0230"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_security_test_in_review", "security_test"


def upgrade() -> None:
    op.create_index(
        _NAME,
        _TABLE,
        ["priority", "updated_at", "number"],
        postgresql_include=["red_approved_by", "red_submitted_by", "blue_approved_by", "blue_submitted_by"],
        postgresql_where=text("state = 'in_review'"),
    )


def downgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
