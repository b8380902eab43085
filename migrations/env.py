"""Alembic's entry. The connection is handed in by `data/migrate.py`; every migration runs in its own transaction."""

from alembic import context
from sqlalchemy import Connection, text

from data.models import Base

# A migration that waits behind a long query blocks everybody who comes after it: give up early, the caller tries again.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "120s"
# Two hosts may start a release at once; the second waits here and then finds nothing to do.
ADVISORY_LOCK = 4_702_111_905


def run(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_type=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


run(context.config.attributes["connection"])
