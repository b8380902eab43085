"""What a snapshot needs so that its figures can be worked out again: platforms out of scope, platforms tested.

Revision ID: 2026_11_26_2040
Revises: 2026_11_26_2010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_2040"
down_revision = "2026_11_26_2010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none = sa.text("'{}'::text[]")
    op.add_column(
        "snapshot", sa.Column("platforms_out", postgresql.ARRAY(sa.Text()), server_default=none, nullable=False)
    )
    op.add_column("snapshot_technique", sa.Column("tested", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("snapshot_technique", "tested")
    op.drop_column("snapshot", "platforms_out")
