"""Open remediations are counted by technique from their index alone.

Revision ID: 2026_11_27_0230
Revises: 2026_11_26_2200
"""

from alembic import op
from sqlalchemy import text

revision = "2026_11_27_0230"
down_revision = "2026_11_26_2200"
branch_labels = None
depends_on = None

_NAME, _TABLE, _COLUMNS = "ix_security_test_remediation", "security_test", ["remediation_state", "remediation_due_on"]
_WHERE = "remediation_state IS NOT NULL"


def upgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, _COLUMNS, postgresql_include=["technique_id"], postgresql_where=text(_WHERE))


def downgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, _COLUMNS, postgresql_where=text(_WHERE))
