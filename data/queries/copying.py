"""Exports that the database itself writes, by COPY, and that leave in blocks as they come, whatever their size."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from data import database
from domain.csv_text import STARTS
from domain.errors import Unavailable

_BLOCK = 64 * 1024
_SETTINGS = "-c TimeZone=UTC -c jit=off -c statement_timeout=0"
_PLACEHOLDER = re.compile(r"\$(\d+)")

Connection = psycopg.Connection[Any]


def connect() -> Connection:
    """A connection for one export. Raises Unavailable."""
    try:
        return psycopg.connect(
            database.url(), autocommit=True, connect_timeout=3, application_name="aegis export", options=_SETTINGS
        )
    except psycopg.OperationalError as error:
        raise Unavailable("The database does not answer just now. Try again in a moment.") from error


def filled(connection: Connection, text: str, parameters: Sequence[object]) -> str:
    """`text` with its `$1, $2, ...` as literals quoted by the driver: COPY takes no parameters."""
    values = [sql.Literal(value).as_string(connection) for value in parameters]
    return _PLACEHOLDER.sub(lambda found: values[int(found[1]) - 1], text)


def blocks(connection: Connection, statement: str, head: bytes = b"") -> Iterator[bytes]:
    """`head` before the database has answered, then what it copies; the connection is closed at the end."""
    with connection:
        if head:
            yield head
        kept = bytearray()
        with connection.cursor() as cursor, cursor.copy(statement) as copied:
            for part in copied:
                kept += part
                if len(kept) >= _BLOCK:
                    yield bytes(kept)
                    kept.clear()
        yield bytes(kept)


def spreadsheet_safe(text: str) -> str:
    """SQL of a text that no spreadsheet takes for a formula."""
    starts = ", ".join(f"E'\\x{ord(one):02x}'" for one in STARTS)
    return f"CASE WHEN left({text}, 1) IN ({starts}) THEN '''' || {text} ELSE {text} END"
