"""Reading for screens: SQL in, Polars frames or plain rows out, over one ADBC connection a thread keeps.

Statements aggregate in the database and take `$1, $2, ...`; a parameter is text, a number or a date, never None, and a
list of texts goes as `joined(...)` and comes out as `split('$1')` says.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager import OperationalError

from data import database
from domain.errors import Unavailable

Parameter = str | int | float | bool | date | datetime
Row = dict[str, Any]

# Called with the text of each statement sent; tests count with it.
on_statement: Callable[[str], None] | None = None

# A screen's statement is short: compiling it takes longer than running it, and one that hangs is given up.
_SETTINGS = "-c TimeZone=UTC -c jit=off -c statement_timeout=30000"
_SEPARATOR = "\x1f"  # "unit separator": stands in no name
_LOST = ("08", "57P")  # SQLSTATE classes of a lost connection

_local = threading.local()


def frame(statement: str, *parameters: Parameter) -> pl.DataFrame:
    """The answer as a frame. Raises Unavailable when the database does not answer."""
    try:
        return _frame(statement, parameters)
    except AdbcError as error:
        if not _is_lost(error):
            raise
        forget()
    try:
        return _frame(statement, parameters)  # the connection may only have been an old one
    except AdbcError as error:
        if not _is_lost(error):
            raise
        forget()
        raise Unavailable("The database does not answer just now. Try again in a moment.") from error


def rows(statement: str, *parameters: Parameter) -> list[Row]:
    """The answer as one dict a row; for answers of at most a few hundred rows."""
    return frame(statement, *parameters).to_dicts()


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
