"""A connection a thread keeps for the short questions every request asks: who is this, and has the data changed?

Plain psycopg with prepared statements: these two questions are most of the cost of a cached answer, and going through
the ORM would triple it.
"""

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from data import database
from domain.errors import Unavailable

_local = threading.local()


def ask(statement: str, parameters: Mapping[str, object] | None = None) -> list[TupleRow]:
    """Rows of one short statement, committed at once. Raises Unavailable when the database does not answer."""
    try:
        return _ask(statement, parameters)
    except psycopg.OperationalError:
        _forget()
    try:
        return _ask(statement, parameters)  # the connection may only have been an old one
    except psycopg.OperationalError as error:
        _forget()
        raise Unavailable("The database does not answer just now. Try again in a moment.") from error


def _ask(statement: str, parameters: Mapping[str, object] | None) -> list[TupleRow]:
    return _connection().execute(statement, parameters, prepare=True).fetchall()


def _connection() -> psycopg.Connection[TupleRow]:
    engine = database.engine()
    if getattr(_local, "engine", None) is not engine:
        _forget()
        _local.connection = psycopg.connect(
            database.url(),
            autocommit=True,
            connect_timeout=3,
            application_name="aegis lane",
            options=database.CLOSED_WHEN_QUIET,
        )
        _local.engine = engine
    connection: psycopg.Connection[Any] = _local.connection
    return connection


def _forget() -> None:
    connection = getattr(_local, "connection", None)
    _local.engine = _local.connection = None
    if connection is not None:
        connection.close()
