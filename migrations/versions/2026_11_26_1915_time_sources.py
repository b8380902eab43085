"""Which file of the evidence a time was taken from.

Revision ID: 2026_11_26_1915
Revises: 2026_11_26_1905
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_1915"
down_revision = "2026_11_26_1905"
branch_labels = None
depends_on = None

_TABLES = ("test_round", "observation")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("taken_from", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "taken_from")
