"""Generations of what pages show besides tests, rules and techniques: runs of sources, and layers laid over the heatmap.

Revision ID: 2026_11_23_2110
Revises: 2026_11_23_2025
"""

from alembic import op

revision = "2026_11_23_2110"
down_revision = "2026_11_23_2025"
branch_labels = None
depends_on = None

# Progress and heartbeats of a run are written several times a second and shown on no kept page.
TRIGGERS = {
    "sync_run": ("sources", "INSERT OR DELETE OR UPDATE OF state OR TRUNCATE"),
    "source": ("sources", "INSERT OR DELETE OR UPDATE OR TRUNCATE"),
    "navigator_overlay": ("overlays", "INSERT OR DELETE OR UPDATE OR TRUNCATE"),
}


def upgrade() -> None:
    op.execute("INSERT INTO data_generation (topic) VALUES ('sources'), ('overlays')")
    for table, (topic, events) in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER {table}_generation AFTER {events} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION bump_generation('{topic}')"
        )


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER {table}_generation ON {table}")
    op.execute("DELETE FROM data_generation WHERE topic IN ('sources', 'overlays')")
