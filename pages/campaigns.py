"""Campaigns: which are planned, running and over, how far each is, and what it showed.

`?q=`, `?state=running,planned` and `?actor=G0016` narrow the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from pages.components import choosing, filters, states, words
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, Mark, cell, column, listing, moment_cell
from pages.components.status import link

PATH = "/campaigns"
TITLE = "Campaigns"
NAV = Nav("Proof", "Campaigns", "campaigns", 20, "c")

STATES: Mapping[str, tuple[str, Mark]] = {
    "planned": ("Planned", "untested"),
    "running": ("Running", "progress"),
    "finished": ("Finished", "on"),
    "cancelled": ("Cancelled", "off"),
}
_AGAIN = ("page",)  # another question starts at its first page


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Tests of a campaign; `detected` of the `evaluated` raised an alert."""

    planned: int
    executed: int
    evaluated: int
    detected: int
    unfinished: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    id: str
    name: str
    state: str
    actor_id: str
    actor: str
    starts_on: date | None
    ends_on: date | None
    run_number: int
    next_run_at: datetime | None
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaigns:
    """A page of the list: `total` match what `query` asks for, of `whole` in all. `actors` are (id, name)."""

    rows: Sequence[Row]
    total: int
    whole: int
    running: int
    page: int
    page_rows: int
    query: Mapping[str, str]
    actors: Sequence[tuple[str, str]]
    may_manage: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_rows))


def answer(data: Campaigns) -> str:
    """The one line in the top bar."""
    if data.total < data.whole:
        return f"{words.number(data.total)} of {words.plural(data.whole, 'campaign')}"
    return f"{words.plural(data.whole, 'campaign')}, {words.number(data.running)} running"


def layout(data: Campaigns) -> html.Div:
    fields = filter_fields(data)
    return html.Div(
        [
            FilterLine(id="campaigns-filters", fields=fields, value=filters.asked(fields, data.query)),
            _plan(data) if data.may_manage else None,
            html.Div(render_list(data), id="campaigns-list", className="stack-small"),
        ],
        className="stack",
    )


def filter_fields(data: Campaigns) -> list[dict[str, Any]]:
    numbers = [(str(number), f"{number} of {data.pages}") for number in range(2, max(data.pages, data.page) + 1)]
    page = [filters.one("page", "Page", [("", f"1 of {data.pages}"), *numbers], quiet=True)] if numbers else []
    return [
        filters.search("q", "Search", "Name", filters=True, clears=_AGAIN),
        filters.many(
            "state",
            "State",
            [(state, word) for state, (word, _) in STATES.items()],
            placeholder="Any state",
            filters=True,
            clears=_AGAIN,
        ),
        filters.one(
            "actor",
            "In the manner of",
            [("", "Anybody"), *((ident, f"{name} ({ident})") for ident, name in data.actors)],
            filters=True,
            clears=_AGAIN,
            quiet=True,
        ),
        *page,
    ]


def render_list(data: Campaigns) -> list[Component]:
    """What stands in `campaigns-list`."""
    if not data.whole:
        text = (
            "A campaign strings tests together: with a goal, dates, an order, and a run to compare the next one with."
        )
        who = "" if data.may_manage else f" Planned by {who_may(Permission.MANAGE_CAMPAIGNS)}."
        return [states.empty("No campaign is planned", text + who)]
    if not data.rows:
        text = "Take a filter away, or search for another word."
        return [states.empty("No campaign matches", text, [link("All campaigns", PATH, "button is-quiet")])]
    columns = [
        column("Campaign", "prose"),
        column("State"),
        column("Actor"),
        column("From", "when"),
        column("To", "when"),
        column("Evaluated", "tight"),
        column("Detected", "tight"),
        column("Comes again", "when"),
    ]
    table = listing(
        columns,
        [_row(row) for row in data.rows],
        caption="Campaigns",
        noun="campaigns",
        limit=data.page_rows,
        file="campaigns",
    )
    if data.pages == 1:
        return [table]
    first = (data.page - 1) * data.page_rows + 1
    said = f"{words.number(first)} to {words.number(first + len(data.rows) - 1)} of {words.number(data.total)}."
    return [table, html.Nav([html.Span(said, className="hint"), *_turn(data)], className="actions")]


def _turn(data: Campaigns) -> list[Component]:
    steps = [("Previous", data.page - 1), ("Next", data.page + 1)]
    kept = {name: text for name, text in data.query.items() if name != "page" and text}
    return [
        link(name, f"{PATH}?{urlencode(kept | {'page': str(page)}, safe=',')}", "button is-quiet is-small")
        for name, page in steps
        if 1 <= page <= data.pages
    ]


def day_cell(day: date | None) -> Cell:
    return None if day is None else cell(words.day(day), order=day.toordinal())


def share_cell(n: int, of: int, none: str = "none yet") -> Cell:
    """A share as a bar with n of N; under three it is too few to say."""
    if not of:
        return cell("–", beside=none)
    return cell(
        f"{words.number(n)} of {words.number(of)}",
        bar=n / of,
        beside="too few" if of < 3 else words.percent(n / of),
        order=n / of,
    )


def _row(row: Row) -> list[Cell]:
    word, glyph = STATES[row.state]
    progress = row.progress
    return [
        cell(row.name, href=f"/campaign/{row.id}", beside=f"run {row.run_number}" if row.run_number > 1 else None),
        cell(word, mark=glyph, order=list(STATES).index(row.state)),
        cell(row.actor or row.actor_id, href=f"/actor/{row.actor_id}") if row.actor_id else None,
        day_cell(row.starts_on),
        day_cell(row.ends_on),
        share_cell(progress.evaluated, progress.planned, "no tests"),
        share_cell(progress.detected, progress.evaluated, "none evaluated"),
        moment_cell(row.next_run_at, "day"),
    ]


def _plan(data: Campaigns) -> html.Details:
    """The form for an empty campaign, and the way to one that is filled already."""
    name = dcc.Input(id="campaign-new-name", maxLength=200, autoComplete="off", value="")
    goal = dcc.Textarea(id="campaign-new-goal", maxLength=5_000, rows=2, value="")
    fields = [
        html.Div(labelled("Name", name), className="is-whole"),
        html.Div(labelled("Goal", goal, "What shall be known afterwards."), className="is-whole"),
        labelled("From", choosing.date_field("campaign-new-starts", "From")),
        labelled("To", choosing.date_field("campaign-new-ends", "To")),
    ]
    filled = link("Plan one from an actor or an adversary", "/plan", "button is-quiet")
    button = html.Button("Plan campaign", id="campaign-new", type="button", className="button")
    form = html.Div(
        [html.Div(fields, className="form-columns"), html.Div([button, filled], className="actions")],
        className="stack-small",
    )
    return html.Details([html.Summary("Plan a campaign"), form], className="fold", open=not data.whole)
