"""The orders of the list of rules, each as an index to walk along.

Revision ID: 2026_11_26_2135
Revises: 2026_11_26_2130
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2135"
down_revision = "2026_11_26_2130"
branch_labels = None
depends_on = None

ORDERS = {
    "title": "title",
    "level": "level DESC",
    "change": "changed_on DESC NULLS LAST",
    "fired": "fired DESC",
    "last": "last_fired_at DESC NULLS LAST",
}


def upgrade() -> None:
    for name, order in ORDERS.items():
        op.create_index(
            f"ix_rollup_rule_by_{name}",
            "rollup_rule",
            [sa.text(order), "rule_id"],
            postgresql_where=sa.text("present"),
        )


def downgrade() -> None:
    for name in reversed(ORDERS):
        op.drop_index(f"ix_rollup_rule_by_{name}", table_name="rollup_rule")
