"""The tests of a view as CSV, as they come: written by the database in blocks, whatever their number."""

from collections.abc import Iterator, Sequence

from data.queries import copying
from data.queries.copying import spreadsheet_safe as _safe
from data.queries.tests_filter import conditions
from data.queries.tests_table import ROW_OF, ordered
from domain.tests_view import TestsView

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
    connection = copying.connect()
    head = ("\ufeff" + ",".join(_COLUMNS[one][0] for one in shown) + "\n").encode()
    return copying.blocks(connection, statement(connection, view, shown), head)


def statement(connection: copying.Connection, view: TestsView, shown: Sequence[str] = USUAL) -> str:
    """What the database is asked, with the values of the view in its text."""
    asked = conditions(view)
    where = copying.filled(connection, asked.text, asked.parameters)
    expressions = ", ".join(_COLUMNS[one][1] for one in shown)
    return f"""COPY (SELECT {expressions} FROM security_test AS s {ROW_OF} WHERE {where}
ORDER BY {ordered(view)}) TO STDOUT (FORMAT csv)"""
