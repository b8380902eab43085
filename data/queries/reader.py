"""Reading for screens: SQL in, Polars frames or plain rows out, over one ADBC connection a thread keeps.

Statements aggregate in the database and take `$1, $2, ...`; a parameter is text, a number or a date, never None, and a
list of texts goes as `joined(...)` and comes out as `split('$1')` says.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager import OperationalError
from sqlalchemy.orm import Session

from data import cache, database
from data.bulk import driver
from domain.errors import Unavailable

Parameter = str | int | float | bool | date | datetime
Row = dict[str, Any]

# Called with the text of each statement sent; tests count with it.
on_statement: Callable[[str], None] | None = None

# A screen's statement is short: compiling it takes longer than running it, and one that hangs is given up.
_SETTINGS = "-c TimeZone=UTC -c jit=off -c statement_timeout=30000"
_SEPARATOR = "\x1f"  # "unit separator": stands in no name
_LOST = ("08", "57P")  # SQLSTATE classes of a lost connection
# PostgreSQL's numbers of the types that statements answer with; of others the values decide.
_TYPES: dict[int, pl.DataType] = {
    16: pl.Boolean(),
    20: pl.Int64(),
    21: pl.Int16(),
    23: pl.Int32(),
    25: pl.String(),
    700: pl.Float32(),
    701: pl.Float64(),
    1082: pl.Date(),
    1184: pl.Datetime("us", "UTC"),
}

_local = threading.local()


def frame(statement: str, *parameters: Parameter) -> pl.DataFrame:
    """The answer as a frame. Raises Unavailable when the database does not answer."""
    session = getattr(_local, "session", None)
    if session is not None:
        return _frame_of(session, statement, parameters)
    try:
        return _frame(statement, parameters)
    except AdbcError as error:
        forget()  # a statement that failed may leave a transaction open, in which nothing else would be answered
        if not _is_lost(error):
            raise
    try:
        return _frame(statement, parameters)  # the connection may only have been an old one
    except AdbcError as error:
        forget()
        if not _is_lost(error):
            raise
        raise Unavailable("The database does not answer just now. Try again in a moment.") from error


def rows(statement: str, *parameters: Parameter) -> list[Row]:
    """The answer as one dict a row; for answers of at most a few hundred rows."""
    return frame(statement, *parameters).to_dicts()


@contextmanager
def within(session: Session) -> Iterator[None]:
    """For the block this thread reads in the transaction of `session`, what it has not committed included.

    Every query works there as it does anywhere; nothing of it is kept in the cache.
    """
    before = getattr(_local, "session", None)
    _local.session = session
    try:
        with cache.bypassed():
            yield
    finally:
        _local.session = before


def joined(texts: Iterable[str]) -> str:
    """Several texts as one parameter."""
    return _SEPARATOR.join(texts)


def split(placeholder: str) -> str:
    """SQL of the text[] that `joined` packed into `placeholder`; of '' an empty array."""
    return f"string_to_array({placeholder}, E'\\x1f')"


def forget() -> None:
    """Close this thread's connection; the next question opens another."""
    connection = getattr(_local, "connection", None)
    _local.engine = _local.connection = None
    if connection is not None:
        try:
            connection.close()
        except AdbcError:  # it was lost already: closing is all there is left to do
            return


def _frame(statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    if on_statement is not None:
        on_statement(statement)
    with _connection().cursor() as cursor:
        cursor.execute(statement, parameters or None)
        found = pl.from_arrow(cursor.fetch_arrow_table())
    assert isinstance(found, pl.DataFrame)  # noqa: S101 - a table becomes a frame
    return found


def _frame_of(session: Session, statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    if on_statement is not None:
        on_statement(statement)
    session.flush()
    with psycopg.RawCursor(driver(session)) as cursor:
        cursor.execute(statement, parameters or None)
        schema = {one.name: _TYPES.get(one.type_code) for one in cursor.description or ()}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row", infer_schema_length=None)


def _connection() -> Any:
    engine = database.engine()
    if getattr(_local, "engine", None) is not engine:
        forget()
        url = database.url()
        options = f"options={quote(_SETTINGS)}&application_name=aegis+reader&connect_timeout=3".replace("+", "%20")
        _local.connection = adbc.connect(f"{url}{'&' if '?' in url else '?'}{options}", autocommit=True)
        _local.engine = engine
    return _local.connection


def _is_lost(error: AdbcError) -> bool:
    """A connection that broke has no SQLSTATE at all, or one of these classes."""
    return isinstance(error, OperationalError) and (not error.sqlstate or error.sqlstate.startswith(_LOST))
