"""Bringing the database to the newest schema, patiently: other hosts migrate too, and servers may be just starting."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy.exc
import structlog

from data import database, migrate
from domain.errors import AegisError, Unavailable

if TYPE_CHECKING:
    from app.instance import Instance

_PATIENCE_SECONDS = 90.0
# connection exceptions, starting up or shutting down, lock not available, deadlock, too many connections
_PASSING = ("08", "57P", "55P03", "40P01", "53300")


class SchemaOutdated(AegisError):
    code = "schema_outdated"
    status = 503


class SchemaNewer(AegisError):
    code = "schema_newer"
    status = 503


class SchemaDiffers(AegisError):
    code = "schema_differs"
    status = 500


def is_current() -> bool:
    """Whether the database is at this version's schema. Raises SchemaNewer when it is past it."""
    found = migrate.current(database.engine())
    if found and not migrate.knows(found):
        raise SchemaNewer(
            f"A newer version of Aegis has made this database (schema {found}). Run that version, or restore a backup "
            "from before it."
        )
    return found == migrate.head()


def upgrade(*, patience: float = _PATIENCE_SECONDS, say: Callable[[str], None] | None = None) -> bool:
    """Migrate to the newest schema, trying again for `patience` seconds; whether there was anything to do.

    Raises SchemaNewer when this version is too old for it, Unavailable when the database never answered, and the
    migration's own error when it is not a passing one.
    """
    log = structlog.get_logger("aegis.schema")
    deadline, pause = time.monotonic() + patience, 0.2
    while True:
        try:
            if is_current():
                return False
            migrate.upgrade(database.engine())
        except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError) as error:
            if not _passing(error):
                raise
            if time.monotonic() + pause > deadline:
                raise Unavailable(f"The database could not be migrated: {_reason(error)}") from error
            log.warning("migration waits", reason=_reason(error), seconds=pause)
            if say:
                say(f"The database is not ready ({_reason(error)}); trying again.")
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        else:
            return True


def require_models() -> None:
    """Raises SchemaDiffers when the tables and the models are not the same."""
    if found := migrate.differences(database.engine()):
        raise SchemaDiffers("The tables differ from the models: " + "; ".join(map(str, found)))


def require_current(instance: "Instance") -> None:
    """An embedded database is migrated; one elsewhere is somebody's decision."""
    if instance.embedded_database:
        upgrade()
        return
    try:
        current = is_current()
    except sqlalchemy.exc.OperationalError as error:
        raise Unavailable(f"The database does not answer: {_reason(error)}") from error
    if not current:
        raise SchemaOutdated("The database is not at this version's schema; run ./aegis migrate first.")


def _passing(error: sqlalchemy.exc.DBAPIError) -> bool:
    cause = error.orig
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is None or state.startswith(_PASSING)


def _reason(error: sqlalchemy.exc.DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
