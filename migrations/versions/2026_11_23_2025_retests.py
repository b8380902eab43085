"""An index of retests by the test they repeat: deleting a test has to find them.

Revision ID: 2026_11_23_2025
Revises: 2026_11_23_2000
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2025"
down_revision = "2026_11_23_2000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_security_test_retest_of",
        "security_test",
        ["retest_of_id"],
        postgresql_where=sa.text("retest_of_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_security_test_retest_of", table_name="security_test")
