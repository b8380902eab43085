"""One run at a time for each source, held by a database connection: a killed process lets go by dying."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from data.database import engine

_SPACE = 4712


@contextmanager
def held(source: str) -> Iterator[bool]:
    """Try to hold the source for the block; yields whether that worked. Never waits."""
    parameters = {"space": _SPACE, "source": source}
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:space, hashtext(:source))"), parameters).scalar()
        try:
            yield bool(taken)
        finally:
            if taken and not connection.closed:
                connection.execute(text("SELECT pg_advisory_unlock(:space, hashtext(:source))"), parameters)
