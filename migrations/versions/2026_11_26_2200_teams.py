"""People belong to teams, by which coverage and times are divided; tests are found by who evaluated them.

Revision ID: 2026_11_26_2200
Revises: 2026_11_26_2150
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2200"
down_revision = "2026_11_26_2150"
branch_labels = None
depends_on = None

_INDEX = "ix_security_test_blue_submitted_by"


def upgrade() -> None:
    op.add_column("user_account", sa.Column("team", sa.Text(), server_default=sa.text("''"), nullable=False))
    # Answers about tests hold the names of people and of their teams.
    op.execute(
        "CREATE TRIGGER user_account_generation AFTER UPDATE OF team, display_name ON user_account "
        "FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('tests')"
    )
    op.create_index(
        _INDEX, "security_test", ["blue_submitted_by"], postgresql_where=sa.text("blue_submitted_by IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="security_test")
    op.execute("DROP TRIGGER user_account_generation ON user_account")
    op.drop_column("user_account", "team")
