"""Countermeasures of D3FEND: which are in place here, which would raise the score most, and what each applies to.

The address holds the filters: `tactic`, `state` (`none`: nobody has said anything) and `q`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.countermeasures import TACTICS, UNDECIDED, CountermeasureState
from domain.roles import Permission, who_may
from pages.components import choosing, figure, filters, states, words
from pages.components.figure import MixPart
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, Mark, cell, column, listing
from pages.components.status import link

PATH = "/countermeasures"
TITLE = "Countermeasures"
NAV = Nav("Content", "Countermeasures", "countermeasures", 15, "f")
NONE = "none"
BEST = 10

MARKS: Mapping[str, Mark] = {
    CountermeasureState.IN_PLACE: "covered",
    CountermeasureState.PLANNED: "logged",
    CountermeasureState.NOT_APPLICABLE: "off",
    "": "untested",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`state` is '' where nobody has said anything; `points` is what it would add to the score, None once it stands."""

    id: str
    name: str
    definition: str
    tactic: str
    state: str
    note: str
    author: str
    decided_at: datetime | None
    techniques: int
    points: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Countermeasures:
    """`rows` are those that match `query`, `counts` all of them by state, `best` those that would add most."""

    rows: Sequence[Row]
    counts: Mapping[str, int]
    best: Sequence[Row]
    query: Mapping[str, str]
    may_decide: bool
    may_sync: bool

    @property
    def whole(self) -> int:
        return sum(self.counts.values())


def label(state: str) -> str:
    return CountermeasureState(state).label if state else UNDECIDED


def answer(data: Countermeasures) -> str:
    """The one line in the top bar."""
    if not data.whole:
        return ""
    applicable = data.whole - data.counts[CountermeasureState.NOT_APPLICABLE]
    return f"{words.number(data.counts[CountermeasureState.IN_PLACE])} of {words.number(applicable)} in place"


def layout(data: Countermeasures) -> Component:
    if not data.whole:
        return _nothing_loaded(may_sync=data.may_sync)
    fields = filter_fields(data)
    return html.Div(
        [
            html.Div(render_standing(data), id="countermeasures-standing", className="stack-small"),
            FilterLine(id="countermeasures-filters", fields=fields, value=filters.asked(fields, data.query)),
            html.Div(render_list(data), id="countermeasures-list", className="stack-small"),
        ],
        className="stack",
    )


def filter_fields(data: Countermeasures) -> list[dict[str, Any]]:
    known = [(state.value, state.label) for state in CountermeasureState]
    return [
        filters.search("q", "Search", "Name or id", filters=True),
        filters.one("tactic", "Tactic", [("", "Any tactic"), *((one, one) for one in TACTICS)], filters=True),
        filters.one("state", "State", [("", "Any state"), *known, (NONE, UNDECIDED)], filters=True),
    ]


def render_standing(data: Countermeasures) -> list[Component]:
    """What is in place, and what would help most."""
    parts = [
        MixPart(name=label(state), n=data.counts[state], mark=MARKS[state], href=f"{PATH}?state={state or NONE}")
        for state in (*CountermeasureState, "")
    ]
    shown: list[Component] = [figure.mix("Countermeasures of D3FEND, by what was decided here", parts)]
    if not data.best:
        return shown
    total = sum(one.points or 0.0 for one in data.best)
    head = html.Header(
        [
            html.H2(f"The next {len(data.best)} add {total:.1f} points to the organisation's score"),
            html.P("What each would add if it were put in place, all else as it is. Their gains add up."),
        ]
    )
    columns = [
        column("Countermeasure"),
        column("Tactic"),
        column("Adds", "num"),
        column("Techniques in scope", "num"),
        column("State"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(one.name, href=f"{PATH}/{one.id}", beside=one.id),
            one.tactic or None,
            cell(f"{one.points or 0.0:.2f}", order=one.points or 0.0),
            one.techniques,
            cell(label(one.state), mark=MARKS[one.state]),
        ]
        for one in data.best
    ]
    table = listing(columns, rows, caption="The best next countermeasures", noun="countermeasures", limit=BEST)
    return [*shown, html.Section([head, table], className="section")]


_COLUMNS = (
    column("Countermeasure"),
    column("Tactic"),
    column("Techniques", "num"),
    column("Adds", "num"),
    column("State"),
)


def render_list(data: Countermeasures) -> list[Component]:
    """What stands in `countermeasures-list`."""
    if not data.rows:
        text = "Take a filter away, or search for fewer words."
        return [states.empty("No countermeasure matches", text, [link("All of them", PATH, "button is-quiet")])]
    if not data.may_decide:
        body = [_cells(row) for row in data.rows]
        who = html.P(f"Decided by {who_may(Permission.MANAGE_COUNTERMEASURES)}.", className="hint")
        return [
            listing(_COLUMNS, body, caption=TITLE, noun="countermeasures", limit=50, file="countermeasures"),
            who,
        ]
    drawn = [{"key": row.id, "label": row.name, "cells": _cells(row), "options": _options(row)} for row in data.rows]
    chooser = choosing.chooser(
        "countermeasures-chosen",
        drawn,
        columns=[*_COLUMNS, "Is"],
        caption=TITLE,
        noun="countermeasures",
        value={},
    )
    return [decision_form("countermeasures"), chooser]


def decision_form(name: str) -> html.Div:
    """The note and the button of a decision about what is ticked; ids begin with `name`."""
    note = dcc.Input(id=f"{name}-note", maxLength=500, autoComplete="off", className="field")
    button = html.Button("Keep for those ticked", id=f"{name}-decide", type="button", className="button")
    return html.Div([labelled("Why, for whoever reads it later", note), button], className="actions")


def _options(row: Row) -> list[list[str]]:
    """What stands first is what a tick means before anything is chosen: as it is, or that it is in place."""
    first = row.state or CountermeasureState.IN_PLACE.value
    order = [first, *(one for one in (*CountermeasureState, "") if one != first)]
    return [[str(one) or NONE, label(one)] for one in order]


def _cells(row: Row) -> list[Cell]:
    said = f"{row.author}: {row.note}" if row.note else row.author or None
    return [
        cell(row.name, href=f"{PATH}/{row.id}", beside=row.id, hover=row.definition or None),
        row.tactic or None,
        row.techniques,
        None if row.points is None else cell(f"{row.points:.2f}", order=row.points),
        cell(label(row.state), mark=MARKS[row.state], beside=said),
    ]


def _nothing_loaded(*, may_sync: bool) -> Component:
    text = (
        "Sync MITRE D3FEND, from its address or from a file."
        if may_sync
        else "They appear as soon as an administrator has synced MITRE D3FEND."
    )
    actions = [link("Open sources", "/sources", "button")] if may_sync else []
    return states.empty("No countermeasures are loaded", text, actions)
