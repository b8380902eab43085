"""What PurpleOps exports of an assessment: `export.json`, `export.csv`, or the zip that holds both.

Fields: CyberCX-STA/PurpleOps, `TestCase.to_json` and `blueprints/assessment_export.py`; releases before 2024 write
headings (`Mitre ID`) in place of the names of fields (`mitreid`). Times name no zone; those that it stamps itself are
UTC. Hosts and tools may carry a description after a bar. Ratings, severities and the evidence in the zip are not read.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from data.sources.base import Limits
from data.sources.test_imports import csv_table
from data.sources.test_imports.records import Table, json_of, words
from data.unpack import Opener, open_file
from domain.errors import BadInput, TooLarge
from domain.test_imports.fields import MAX_BYTES, MAX_COLUMNS, MAX_ROWS

EXPORT = "export.json"
ZIP = b"PK"
_MARKS = ({"mitreid", "tactic", "name"}, {"Mitre ID", "Tactic", "Name"})
_MAPPING = {
    "external_id": ("id",),
    "title": ("name", "Name"),
    "technique": ("mitreid", "Mitre ID"),
    "procedure": ("actions", "Actions"),
    "environment": ("targets", "Target(s)"),
    "campaign": ("assessmentid",),
    "status": ("state", "State"),
    "executed_at": ("starttime", "Start Time"),
    "prevention": ("prevented", "Prevented"),
    "alerted": ("alerted", "Alerted"),
    "logged": ("logged", "Logged"),
    "tools": ("controls", "Control(s)"),
    "detected_at": ("detecttime", "Detection Time"),
    "red_notes": ("rednotes", "Red Notes"),
    "blue_notes": ("bluenotes", "Observations"),
}
_OPENER = Opener(
    "PurpleOps",
    f"a zip with {EXPORT}",
    Limits(sent=MAX_BYTES, unpacked=MAX_BYTES, document=MAX_BYTES, documents=1),
    lambda path: path.rpartition("/")[2] == EXPORT,
)


def is_purpleops(columns: Sequence[str]) -> bool:
    return any(set(columns) >= marks for marks in _MARKS)


def parse(content: bytes) -> Table:
    if content.startswith(ZIP):
        content = open_file(io.BytesIO(content), "The file", _OPENER).documents[0].content
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b"{")):
        return _of_records(json_of(content))
    return of(csv_table.parse(content))


def of(table: Table) -> Table:
    """A table that was read already, as one of PurpleOps."""
    if not is_purpleops(table.columns):
        raise BadInput("This is not an export of PurpleOps: its test cases have a mitreid, a tactic and a name.")
    mapping = {
        field: column
        for field, columns in _MAPPING.items()
        if (column := next((one for one in columns if one in table.columns), None)) is not None
    }
    return replace(table, kind="purpleops", mapping=mapping)


def _of_records(value: Any) -> Table:
    if not isinstance(value, list) or not value:
        raise BadInput("This is not an export of PurpleOps, which is a list of test cases.")
    if len(value) > MAX_ROWS:
        raise TooLarge(f"The file holds {len(value):,} tests, and {MAX_ROWS:,} are the limit.")
    columns = list(dict.fromkeys(key for one in value if isinstance(one, dict) for key in one))
    if len(columns) > MAX_COLUMNS:
        raise TooLarge(f"The test cases have {len(columns):,} fields, and {MAX_COLUMNS} are the limit.")
    rows = [(number, _cells(one, columns)) for number, one in enumerate(value, start=1)]
    return of(Table("purpleops", columns, rows, {}))


def _cells(one: Any, columns: Sequence[str]) -> Sequence[str] | str:
    if not isinstance(one, Mapping):
        return "It is not a test case."
    return [_cell(one.get(column)) for column in columns]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(words(one).partition("|")[0] for one in value)
    return words(value)
