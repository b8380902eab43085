"""Indexes of the table of tests: its orders, its filters, what is not finished, and the words of titles.

Revision ID: 2026_11_24_1340
Revises: 2026_11_24_1310
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_1340"
down_revision = "2026_11_24_1310"
branch_labels = None
depends_on = None

_INDEXES = (
    "ix_security_test_updated",
    "ix_security_test_order_executed",
    "ix_security_test_priority",
    "ix_security_test_facets",
    "ix_security_test_open",
    "ix_security_test_remediation",
    "ix_security_test_created_by",
    "ix_security_test_title_words",
)


def upgrade() -> None:
    op.create_index("ix_security_test_updated", "security_test", ["updated_at", "number"])
    op.create_index(
        "ix_security_test_order_executed", "security_test", [sa.text("coalesce(executed_at, '-infinity')"), "number"]
    )
    op.create_index("ix_security_test_priority", "security_test", ["priority", "number"])
    # Few values each and almost no repetition in the index: any set of these filters is answered by skipping in it.
    op.create_index(
        "ix_security_test_facets",
        "security_test",
        ["platform", "state", sa.text("coalesce(outcome, '')"), "priority", "technique_id"],
    )
    op.create_index(
        "ix_security_test_open",
        "security_test",
        ["number"],
        postgresql_include=[
            "state", "platform", "priority", "technique_id", "red_assignee", "blue_assignee", "created_by",
            "campaign_id", "updated_at", "executed_at",
        ],
        postgresql_where=sa.text("state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review')"),
    )  # fmt: skip
    op.create_index(
        "ix_security_test_remediation",
        "security_test",
        ["remediation_state", "remediation_due_on"],
        postgresql_where=sa.text("remediation_state IS NOT NULL"),
    )
    op.create_index("ix_security_test_created_by", "security_test", ["created_by"])
    op.create_index(
        "ix_security_test_title_words",
        "security_test",
        [sa.text("to_tsvector('simple'::regconfig, title)")],
        postgresql_using="gin",
    )


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, table_name="security_test")
