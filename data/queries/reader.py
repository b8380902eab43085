"""Reading for screens: SQL in, Polars frames or plain rows out, over one ADBC connection a thread keeps.

ADBC's own objects are used and not its DB-API: that loads pyarrow and pandas, 100 MB of a web process, for nothing.

Statements aggregate in the database and take `$1, $2, ...`; a parameter is text, a number or a date, never None, and a
list of texts goes as `joined(...)` and comes out as `split('$1')` says. One that is `Prepared` is planned once.
"""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import adbc_driver_postgresql
import polars as pl
import psycopg
from adbc_driver_manager import AdbcConnection, AdbcStatement, OperationalError
from adbc_driver_manager import Error as AdbcError
from adbc_driver_postgresql import StatementOptions
from psycopg.sql import Literal
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
_SETTINGS = "-c TimeZone=UTC -c jit=off -c statement_timeout=30000 -c standard_conforming_strings=on"
_SEPARATOR = "\x1f"  # "unit separator": stands in no name
_LOST = ("08", "57P")  # SQLSTATE classes of a lost connection
_OUTDATED = "0A000"  # a prepared statement whose tables have changed since, by a migration
_PREPARED_MAX = 50  # a connection; the last used stay
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
# Of a parameter; a bool is an int, too.
_TYPE_OF = {str: "text", bool: "boolean", int: "bigint", float: "double precision", date: "date"}

_local = threading.local()


class Prepared(str):
    """A statement that each connection plans once instead of every time, which takes a fifth of what short ones take.

    For those alone whose best plan is the same whatever they are asked with: no long lists, no filters left out by ''.
    """

    __slots__ = ()


def frame(statement: str, *parameters: Parameter) -> pl.DataFrame:
    """The answer as a frame. Raises Unavailable when the database does not answer."""
    session = getattr(_local, "session", None)
    if session is not None:
        return _frame_of(session, statement, parameters)
    try:
        return _frame(statement, parameters)
    except AdbcError as error:
        forget()  # a statement that failed may leave a transaction open, in which nothing else would be answered
        if not _is_lost(error) and error.sqlstate != _OUTDATED:
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


def in_transaction() -> bool:
    """Whether this thread reads in the transaction of a session."""
    return getattr(_local, "session", None) is not None


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
    return _kept().answer(statement, [_plain(one) for one in parameters])


def _plain(value: Parameter) -> Parameter:
    """A text, also of an enumeration, without what PostgreSQL knows no text with: nothing could be found by it."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value


def _frame_of(session: Session, statement: str, parameters: tuple[Parameter, ...]) -> pl.DataFrame:
    if on_statement is not None:
        on_statement(statement)
    parameters = tuple(map(_plain, parameters))
    session.flush()
    with psycopg.RawCursor(driver(session)) as cursor:
        cursor.execute(statement, parameters or None)
        schema = {one.name: _TYPES.get(one.type_code) for one in cursor.description or ()}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row", infer_schema_length=None)


def _kept() -> "_Kept":
    engine = database.engine()
    kept: _Kept | None = getattr(_local, "kept", None)
    if kept is None or kept.engine is not engine:
        forget()
        kept = _local.kept = _Kept(engine, database.url())
    return kept


class _Kept:
    """A connection a thread keeps, closed with the thread: ADBC's own objects do not close themselves."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        settings = quote(f"{_SETTINGS} {database.CLOSED_WHEN_QUIET}")
        options = f"options={settings}&application_name=aegis%20reader&connect_timeout=3"
        self._served = adbc_driver_postgresql.connect(f"{url}{'&' if '?' in url else '?'}{options}")
        self._connection = AdbcConnection(self._served)
        self._prepared: OrderedDict[tuple[str, tuple[str, ...]], str] = OrderedDict()  # -> name, the last used last
        self._names = itertools.count()

    def answer(self, statement: str, parameters: Sequence[Parameter]) -> pl.DataFrame:
        with AdbcStatement(self._connection) as sent:
            if isinstance(statement, Prepared):
                sent.set_options(**{StatementOptions.USE_COPY.value: "false"})  # EXECUTE cannot be copied
                given = _listed([Literal(one).as_string(None) for one in parameters])
                sent.set_sql_query(f"EXECUTE {self._prepare(statement, tuple(map(_type, parameters)))} {given}")
            else:
                sent.set_sql_query(statement)
                sent.prepare()
                if parameters:
                    columns = [pl.Series(str(at), [one]) for at, one in enumerate(parameters)]
                    sent.bind_stream(pl.DataFrame(columns))
            stream, _rows = sent.execute_query()
            return pl.DataFrame(stream)

    def _prepare(self, statement: str, types: tuple[str, ...]) -> str:
        key = (statement, types)
        name = self._prepared.get(key)
        if name is None:
            name = f"asked_{next(self._names)}"
            self._do(f"PREPARE {name} {_listed(types)} AS {statement}")
            self._prepared[key] = name
            if len(self._prepared) > _PREPARED_MAX:
                self._do(f"DEALLOCATE {self._prepared.popitem(last=False)[1]}")
        self._prepared.move_to_end(key)
        return name

    def _do(self, command: str) -> None:
        with AdbcStatement(self._connection) as sent:
            sent.set_sql_query(command)
            sent.execute_update()

    def __del__(self) -> None:
        for one in (getattr(self, "_connection", None), getattr(self, "_served", None)):
            if one is not None:
                with suppress(AdbcError):  # it was lost already: closing is all there is left to do
                    one.close()


def _listed(words: Sequence[str]) -> str:
    """In parentheses, which PostgreSQL does not take empty."""
    return f"({', '.join(words)})" if words else ""


def _type(value: Parameter) -> str:
    """PostgreSQL's type of a parameter."""
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    return next(name for kind, name in _TYPE_OF.items() if isinstance(value, kind))


def _is_lost(error: AdbcError) -> bool:
    """A connection that broke has no SQLSTATE at all, or one of these classes."""
    return isinstance(error, OperationalError) and (not error.sqlstate or error.sqlstate.startswith(_LOST))
