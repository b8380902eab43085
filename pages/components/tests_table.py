"""The table of tests: its columns, its rows, and what stands around the grid (drawn by `assets/tests-table.js`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pages.components.parts import Part, iso
from pages.components.status import TEST_STATE

PRIORITY = {1: "High", 2: "Normal", 3: "Low"}
OUTCOME = {"blocked": "Blocked", "alerted": "Alerted", "logged": "Logged only", "missed": "Missed"}
REMEDIATION = {"open": "Open", "in_progress": "In progress", "done": "Done", "risk_accepted": "Risk accepted"}


class TestsTable(Part):
    """Around the grid: which rows are shown, what can be done to those chosen, and their progress.

    `count` is {total, many, order} of what matches; `asked` is what somebody wants done: {kind, ids, ...};
    `done` says how it stands: {batch, done, refused, all}.
    """

    __test__ = False
    _names = ("grid", "actions", "people", "block", "heights", "count", "asked", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`show` names the way a cell is drawn (`TestsTable` knows them); `sort` the order that the header asks for."""

    key: str
    name: str
    width: int
    show: str = "Plain"
    sort: str = ""
    usual: bool = True
    grows: bool = False

    def definition(self, sorted_by: str) -> dict[str, Any]:
        """For the grid. `sorted_by` is the order as the address says it."""
        made: dict[str, Any] = {
            "colId": self.key,
            "field": self.key,
            "headerName": self.name,
            "width": self.width,
            "initialHide": not self.usual,
            "cellRenderer": f"Test{self.show}",
        }
        if self.sort:
            made["sortable"] = True
            order = sorted_by.removeprefix("-") or "number"
            if order == self.sort:
                made["sort"] = "desc" if sorted_by.startswith("-") != FALLS[self.sort] else "asc"
        if self.grows:
            made |= {"flex": 1, "minWidth": 200}
        if self.key == "number":
            made |= {"pinned": "left", "lockVisible": True}
        return made


FALLS: Mapping[str, bool] = {"number": True, "updated": True, "executed": True, "technique": False, "priority": False}

COLUMNS = (
    Column(key="number", name="Number", width=94, show="Number", sort="number"),
    Column(key="title", name="Test", width=280, show="Title", grows=True),
    Column(key="technique", name="Technique", width=108, show="Technique", sort="technique"),
    Column(key="state", name="State", width=106, show="State"),
    Column(key="outcome", name="Outcome", width=124, show="Outcome"),
    Column(key="platform", name="Platform", width=96),
    Column(key="priority", name="Priority", width=80, sort="priority"),
    Column(key="red", name="Red", width=112),
    Column(key="blue", name="Blue", width=112),
    Column(key="executed", name="Executed", width=108, show="When", sort="executed"),
    Column(key="updated", name="Changed", width=124, show="When", sort="updated", usual=False),
    Column(key="campaign", name="Campaign", width=180, show="Campaign", usual=False),
    Column(key="creator", name="Created by", width=140, usual=False),
    Column(key="created", name="Created", width=124, show="When", usual=False),
    Column(key="remediation", name="Remediation", width=170, usual=False),
    Column(key="environment", name="Environment", width=120, usual=False),
    Column(key="round", name="Round", width=80, usual=False),
)


def row(found: Mapping[str, Any]) -> dict[str, Any]:
    """One test as the grid gets it: texts by column, with the glyphs and addresses that go with them."""
    remediation = REMEDIATION.get(found["remediation_state"] or "", "")
    due = found["remediation_due_on"]
    if remediation and due and found["remediation_state"] in ("open", "in_progress"):
        remediation = f"{remediation}, due {due.day} {due:%b %Y}"
    return {
        "id": found["id"],
        "number": found["number"],
        "version": found["version"],
        "title": found["title"],
        "technique": found["attack_id"],
        "technique_name": found["technique_name"],
        "state": TEST_STATE[found["state"]],
        "state_key": found["state"],
        "outcome": "Not applicable" if found["not_applicable"] else OUTCOME.get(found["outcome"] or "", ""),
        "mark": found["outcome"] or "",
        "platform": found["platform"],
        "priority": PRIORITY[found["priority"]],
        "red": found["red_name"] or "",
        "blue": found["blue_name"] or "",
        "executed": _moment(found["executed_at"]),
        "updated": _moment(found["updated_at"]),
        "created": _moment(found["created_at"]),
        "creator": found["creator_name"] or "",
        "campaign": found["campaign_name"] or "",
        "campaign_id": found["campaign_id"] or "",
        "remediation": remediation,
        "environment": found["environment"],
        "round": found["round"],
    }


def _moment(at: Any) -> str | None:
    return None if at is None else iso(at)
