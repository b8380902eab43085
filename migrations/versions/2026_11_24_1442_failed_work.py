"""Indexes of what failed: actions on tests and events that could not be told, for the list of failed work.

Revision ID: 2026_11_24_1442
Revises: 2026_11_24_1340
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_1442"
down_revision = "2026_11_24_1340"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_workflow_action_failed", "workflow_action", ["finished_at"], postgresql_where=sa.text("state = 'failed'")
    )
    op.create_index(
        "ix_outbox_event_failed", "outbox_event", ["failed_at"], postgresql_where=sa.text("failed_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_event_failed", table_name="outbox_event")
    op.drop_index("ix_workflow_action_failed", table_name="workflow_action")
