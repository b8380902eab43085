"""The tests of a view as CSV, as they come: written by the database in blocks, whatever their number."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from data import database
from data.queries.tests_filter import conditions
from data.queries.tests_table import ROW_OF, ordered
from domain.csv_text import STARTS
from domain.errors import Unavailable
from domain.tests_view import TestsView

_BLOCK = 64 * 1024
_SETTINGS = "-c TimeZone=UTC -c jit=off -c statement_timeout=0"
_PLACEHOLDER = re.compile(r"\$(\d+)")


def _safe(text: str) -> str:
    """SQL of a text that no spreadsheet takes for a formula."""
    starts = ", ".join(f"E'\\x{ord(one):02x}'" for one in STARTS)
    return f"CASE WHEN left({text}, 1) IN ({starts}) THEN '''' || {text} ELSE {text} END"


# Column of the page -> name in the file and expression; moments in UTC.
_COLUMNS = {
    "number": ("number", "s.number"),
    "title": ("title", _safe("s.title")),
    "technique": ("technique", "technique.attack_id"),
    "state": ("state", "s.state"),
    "outcome": ("outcome", "CASE WHEN s.not_applicable THEN 'not_applicable' ELSE s.outcome END"),
    "platform": ("platform", _safe("s.platform")),
    "priority": ("priority", "s.priority"),
    "red": ("red", _safe("red.display_name")),
    "blue": ("blue", _safe("blue.display_name")),
    "executed": ("executed_at", "s.executed_at"),
    "updated": ("changed_at", "s.updated_at"),
    "campaign": ("campaign", _safe("campaign.name")),
    "creator": ("created_by", _safe("creator.display_name")),
    "created": ("created_at", "s.created_at"),
    "remediation": ("remediation", "s.remediation_state"),
    "due": ("remediation_due_on", "s.remediation_due_on"),
    "environment": ("environment", _safe("s.environment")),
    "round": ("round", "s.round"),
}
USUAL = tuple(_COLUMNS)


def stream(view: TestsView, columns: Sequence[str] = ()) -> Iterator[bytes]:
    """UTF-8 with a mark; the first line is there before the database has answered.

    `columns` are keys of the page, all of them when none is given. Raises Unavailable.
    """
    shown = [one for one in ("number", *columns) if one in _COLUMNS] if columns else list(USUAL)
    shown = list(dict.fromkeys(shown))
    try:
        connection = psycopg.connect(
            database.url(), autocommit=True, connect_timeout=3, application_name="aegis csv", options=_SETTINGS
        )
    except psycopg.OperationalError as error:
        raise Unavailable("The database does not answer just now. Try again in a moment.") from error
    return _stream(connection, view, shown)


def _stream(connection: psycopg.Connection[Any], view: TestsView, shown: Sequence[str]) -> Iterator[bytes]:
    with connection:
        yield ("\ufeff" + ",".join(_COLUMNS[one][0] for one in shown) + "\n").encode()
        kept = bytearray()
        with connection.cursor() as cursor, cursor.copy(statement(connection, view, shown)) as copied:
            for part in copied:
                kept += part
                if len(kept) >= _BLOCK:
                    yield bytes(kept)
                    kept.clear()
        yield bytes(kept)


def statement(connection: psycopg.Connection[Any], view: TestsView, shown: Sequence[str] = USUAL) -> str:
    """What the database is asked. COPY takes no parameters: the values stand in its text, quoted by the driver."""
    asked = conditions(view)
    values = [sql.Literal(value).as_string(connection) for value in asked.parameters]
    where = _PLACEHOLDER.sub(lambda found: values[int(found[1]) - 1], asked.text)
    expressions = ", ".join(_COLUMNS[one][1] for one in shown)
    return f"""COPY (SELECT {expressions} FROM security_test AS s {ROW_OF} WHERE {where}
ORDER BY {ordered(view)}) TO STDOUT (FORMAT csv)"""
