"""Targets of the demo organisation are marked, so that they leave with it.

Revision ID: 2026_11_26_2125
Revises: 2026_11_26_2120
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2125"
down_revision = "2026_11_26_2120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_level", sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("service_level", "is_demo")
