"""The CSV that VECTR exports of an assessment: one row a test case.

Columns: the header row that VECTR reads and writes (SecurityRiskAdvisors/VECTR, import and export of CSV), as its
importer's public examples have it. Of the two spellings of a time the epoch (milliseconds) is taken, because its zone
is certain. `Variant` is the test case's name, `Method` the technique's; there is no column with an id and none with
the platform.
"""

from collections.abc import Sequence
from dataclasses import replace

from data.sources.test_imports import csv_table
from data.sources.test_imports.records import Table
from domain.errors import BadInput

_MARKS = {"Variant", "MitreID"}
_MAPPING = {
    "title": ("Variant",),
    "technique": ("MitreID",),
    "procedure": ("Command", "Objective"),
    "environment": ("TargetAssets",),
    "campaign": ("Campaign",),
    "status": ("Status",),
    "executed_at": ("Start Time Epoch", "Start Time"),
    "outcome": ("Outcome",),
    "alerted": ("Alert Triggered",),
    "logged": ("Activity Logged",),
    "tools": ("DetectingTools",),
    "detected_at": ("Detection Time Epoch", "Detection Time"),
    "red_notes": ("Objective",),
    "blue_notes": ("Outcome Notes",),
}


def is_vectr(columns: Sequence[str]) -> bool:
    return set(columns) >= _MARKS


def parse(content: bytes) -> Table:
    return of(csv_table.parse(content))


def of(table: Table) -> Table:
    """A table that was read already, as one of VECTR."""
    if not is_vectr(table.columns):
        raise BadInput(f"This is not an export of VECTR: the columns {' and '.join(sorted(_MARKS))} are missing.")
    mapping = {
        field: column
        for field, columns in _MAPPING.items()
        if (column := next((one for one in columns if one in table.columns), None)) is not None
    }
    if mapping.get("procedure") == mapping.get("red_notes"):
        mapping.pop("red_notes", None)
    return replace(table, kind="vectr", mapping=mapping)
