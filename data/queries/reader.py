"""Reading for screens: SQL in, Polars frames or plain rows out, over one ADBC connection a thread keeps.

ADBC's own objects are used and not its DB-API: that loads pyarrow and pandas, 100 MB of a web process, for nothing.

Statements aggregate in the database and take `$1, $2, ...`; a parameter is text, a number or a date, never None, and a
list of texts goes as `joined(...)` and comes out as `split('$1')` says.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import adbc_driver_postgresql
import polars as pl
import psycopg
from adbc_driver_manager import AdbcConnection, AdbcStatement, OperationalError
from adbc_driver_manager import Error as AdbcError
from sqlalchemy import Engine
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
    _local.kept = None


def _frame(statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    if on_statement is not None:
        on_statement(statement)
    try:
        return _answer(statement, parameters)
    except pl.exceptions.ComputeError:  # rows were on their way: Polars hands on the words alone
        _answer("SELECT 1", ())  # says whether the database is there
        forget()
        raise


def _answer(statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    with AdbcStatement(_connection()) as sent:
        sent.set_sql_query(statement)
        sent.prepare()
        if parameters:
            sent.bind_stream(pl.DataFrame([pl.Series(str(at), [_plain(one)]) for at, one in enumerate(parameters)]))
        stream, _rows = sent.execute_query()
        return pl.DataFrame(stream)


def _plain(value: Parameter) -> Parameter:
    """A word of an enumeration as text: Polars would send the whole enumeration."""
    return str(value) if isinstance(value, str) else value


def _frame_of(session: Session, statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    if on_statement is not None:
        on_statement(statement)
    session.flush()
    with psycopg.RawCursor(driver(session)) as cursor:
        cursor.execute(statement, parameters or None)
        schema = {one.name: _TYPES.get(one.type_code) for one in cursor.description or ()}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row", infer_schema_length=None)


def _connection() -> AdbcConnection:
    engine = database.engine()
    kept: _Kept | None = getattr(_local, "kept", None)
    if kept is None or kept.engine is not engine:
        forget()
        kept = _local.kept = _Kept(engine, database.url())
    return kept.connection


class _Kept:
    """A connection a thread keeps, closed with the thread: ADBC's own objects do not close themselves."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        options = f"options={quote(_SETTINGS)}&application_name=aegis+reader&connect_timeout=3".replace("+", "%20")
        self._served = adbc_driver_postgresql.connect(f"{url}{'&' if '?' in url else '?'}{options}")
        self.connection = AdbcConnection(self._served)

    def __del__(self) -> None:
        for one in (getattr(self, "connection", None), getattr(self, "_served", None)):
            if one is not None:
                with suppress(AdbcError):  # it was lost already: closing is all there is left to do
                    one.close()


def _is_lost(error: AdbcError) -> bool:
    """A connection that broke has no SQLSTATE at all, or one of these classes."""
    return isinstance(error, OperationalError) and (not error.sqlstate or error.sqlstate.startswith(_LOST))
