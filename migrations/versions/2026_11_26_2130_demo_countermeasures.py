"""Countermeasures can belong to the demo organisation, so that they leave with it.

Revision ID: 2026_11_26_2130
Revises: 2026_11_26_2125
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2130"
down_revision = "2026_11_26_2125"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("countermeasure", sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("countermeasure", "is_demo")
