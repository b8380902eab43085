"""The connection to PostgreSQL: one engine a process, and the unit of work every change goes through."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from domain.errors import Duplicate, Unavailable

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_SECONDS = 3
_POOL_TIMEOUT_SECONDS = 5
# A request that holds a connection longer than this is lost: fail it rather than let everybody wait behind it.
_STATEMENT_TIMEOUT_MS = 30_000
_UNIQUE_VIOLATION = "23505"
# Options of the connections a thread keeps for its questions, two for each that answers requests or asks ahead: the
# server closes one that has been quiet for so long, because it keeps its memory, and the next question opens another.
CLOSED_WHEN_QUIET = "-c idle_session_timeout=10min"


@dataclass(slots=True)
class _State:
    engine: Engine | None = None


_state = _State()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, as the audit log names them."""

    name: str
    id: UUID | None = None
    ip: str | None = None
    request_id: str | None = None


SYSTEM = Actor(name="Aegis")


def psycopg_url(database_url: str) -> str:
    """`postgres://` and `postgresql://` as SQLAlchemy wants them for psycopg 3."""
    url = make_url(database_url.replace("postgres://", "postgresql://", 1))
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq_url(database_url: str) -> str:
    """The same database as psql, ADBC and plain psycopg name it."""
    url = make_url(database_url.replace("postgres://", "postgresql://", 1))
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def configure(database_url: str, *, pool_size: int = 5, application_name: str = "aegis") -> Engine:
    """Set the process's database. Connections are opened when first needed; calling it again replaces the engine."""
    dispose()
    made = create_engine(
        psycopg_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_SECONDS, "application_name": application_name},
    )

    @event.listens_for(made, "connect")
    def _settle(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET TIME ZONE 'UTC'; SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")
        connection.commit()

    _state.engine = made
    return made


def engine() -> Engine:
    if _state.engine is None:
        raise RuntimeError("data.database.configure() has not been called in this process.")
    return _state.engine


def url() -> str:
    """The libpq URL of the configured database, for readers that bring their own driver."""
    return libpq_url(engine().url.render_as_string(hide_password=False))


def dispose() -> None:
    if _state.engine is not None:
        _state.engine.dispose()
        _state.engine = None


@contextmanager
def unit_of_work(*, statement_timeout_ms: int | None = None) -> Iterator[Session]:
    """A session that commits when the block ends and rolls back when it raises: all of it or nothing.

    Raises Duplicate when somebody has made the same thing since it was looked for: two who act at the same moment.
    Jobs that change a lot at once ask for more time a statement than a page may take.
    Generations, rollups and the audit chain are kept by the database's own triggers in the same transaction.
    """
    with _reachable(), _made_once(), Session(engine(), expire_on_commit=False) as session, session.begin():
        limit(session, statement_ms=statement_timeout_ms)
        yield session


def limit(
    session: Session, *, statement_ms: int | None = None, lock_ms: int | None = None, jit: bool | None = None
) -> None:
    """For the rest of the transaction: the longest a statement takes and waits for a lock, and whether plans are
    compiled, which costs more than it brings where one statement is long because it is wide. None: as it is."""
    settings = {
        "statement_timeout": statement_ms and str(statement_ms),
        "lock_timeout": lock_ms and str(lock_ms),
        "jit": None if jit is None else str(jit),
    }
    for name, value in settings.items():
        if value is not None:
            session.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


@contextmanager
def reading() -> Iterator[Session]:
    """A session for looking something up; whatever it changed is rolled back."""
    with _reachable(), Session(engine(), expire_on_commit=False) as session:
        try:
            yield session
        finally:
            session.rollback()


@contextmanager
def _made_once() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", "") != _UNIQUE_VIOLATION:
            raise
        log.warning("Made by somebody else at the same moment: %s", str(error.orig).partition("\n")[0])
        raise Duplicate("This is there already; reload the page to see it.") from error


@contextmanager
def _reachable() -> Iterator[None]:
    """A lost or refused connection becomes the one error everybody knows what to do with."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        state = getattr(error.orig, "sqlstate", None)
        if state is None or state.startswith(("08", "57P")):
            raise Unavailable("The database does not answer just now. Nothing was changed; try again.") from error
        raise
