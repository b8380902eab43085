"""Tests by state, side by side, and the queue of one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from pages.components import states, words
from pages.components.parts import Cell, Part, cell, column, day_cell, listing, moment_cell
from pages.components.status import TEST_STATE, link
from pages.components.tests_table import PRIORITY, row


class Board(Part):
    """`columns`: {state, name, total, href, cards}; one node, whatever is on it. Drawn by `assets/tests-board.js`."""

    _names = ("columns",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`total` in words; `href` leads to all of them in the table; `rows` as the database has them."""

    state: str
    total: str
    href: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A part of the queue. `due`: whether its day matters more than its age."""

    key: str
    total: int
    rows: Sequence[Mapping[str, Any]]


# What a part of the queue is called, and what there is to do.
PARTS: Mapping[str, tuple[str, str]] = {
    "execute": ("You are executing", "Finish and submit red's side."),
    "start": ("Yours to execute", "Assigned to you and not started."),
    "evaluate": ("Yours to evaluate", "Red is done; say what the defence saw."),
    "evaluate_open": ("To evaluate, nobody assigned", "Whoever takes it first."),
    "approve": ("Wait for your validation", "Approve or reject your side."),
    "override": ("In review", "For the leads; an override needs a reason."),
    "redo": ("Rejected, yours to do again", "The note says what is missing."),
    "remediate": ("Gaps you close", "Your open remediations, the earliest due first."),
    "drafts": ("Your drafts", "Planned by you and not started."),
}


def render_board(columns: Sequence[Column]) -> Board:
    return Board(
        columns=[
            {
                "state": one.state,
                "name": TEST_STATE[one.state],
                "total": one.total,
                "href": one.href,
                "cards": [row(test) for test in one.rows],
            }
            for one in columns
        ]
    )


def render_queue(parts: Sequence[Waiting]) -> list[Component]:
    full = [part for part in parts if part.total]
    if not full:
        text = "Nothing waits for you: no test is assigned to you, and none waits for your decision."
        return [states.empty("Your queue is empty", text, [link("All tests", "/tests", "button is-quiet")])]
    return [_part(part) for part in full]


def _part(part: Waiting) -> html.Section:
    name, what = PARTS[part.key]
    shown = len(part.rows)
    more = f" The first {shown} are shown." if part.total > shown else ""
    count = f"{words.number(part.total)}{'+' if part.total >= 1000 else ''}"
    due = part.key == "remediate"
    columns = [
        column("Number", "num"),
        column("Test"),
        column("Technique", "mono"),
        column("Platform"),
        column("Priority"),
        column("Red"),
        column("Blue"),
        column("Due" if due else "Waiting since", "when"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(str(one["number"]), href=f"/test/{one['number']}", order=one["number"]),
            cell(one["title"], href=f"/test/{one['number']}"),
            cell(one["attack_id"], href=f"/technique/{one['attack_id']}", hover=one["technique_name"]),
            one["platform"],
            cell(PRIORITY[one["priority"]], order=one["priority"]),
            one["red_name"] or "",
            one["blue_name"] or "",
            day_cell(one["remediation_due_on"]) if due else moment_cell(one["updated_at"]),
        ]
        for one in part.rows
    ]
    return html.Section(
        [
            html.Header([html.H2(f"{name} ({count})"), html.P(what + more)]),
            listing(columns, rows, caption=name, noun="tests", file=f"queue-{part.key}"),
        ],
        className="section",
    )
