"""The retest plan: which techniques go stale until a day, the tests to repeat, and a campaign of them in one press."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS, View, to_query
from domain.outcomes import Outcome
from domain.roles import Permission, who_may
from pages.components import choosing, figure, filters, once, states, status, words
from pages.components.coverage import heading
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import cell, column
from pages.components.status import link

PATH = "/retests"
TITLE = "Retests"
NAV = Nav("Proof", "Retests", "again", 27, "y")
BODY = "retests-body"
FILTERS = "retests-filters"
TICKED_MAX = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A test to repeat before `stale_on`; `planned`: a retest of it is under way."""

    test: str
    number: int
    attack_id: str
    name: str
    title: str
    platform: str
    on: date
    stale_on: date
    outcome: Outcome | None
    planned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Retests:
    """`techniques` of `tested` are stale by `until`, `already` of them today; `tests` may be more than the rows."""

    domain: str
    domains: Sequence[str]
    today: date
    until: date
    window_days: int
    techniques: int
    already: int
    tested: int
    tests: int
    rows: Sequence[Row]
    may_plan: bool


def answer(data: Retests) -> str:
    if not data.tested:
        return "nothing tested yet"
    return f"{words.plural(data.techniques, 'technique')} stale by {words.day(data.until)}, {data.already:,} already"


def layout(data: Retests) -> html.Div:
    fields: list[dict[str, Any]] = [filters.day("until", "Stale until")]
    if len(data.domains) > 1:
        options = [(domain, DOMAINS[domain]) for domain in data.domains]
        fields.insert(0, filters.one("domain", "Map", options, none=data.domains[0]))
    asked = {"until": data.until.isoformat(), "domain": data.domain if data.domain != data.domains[0] else ""}
    line = FilterLine(id=FILTERS, fields=fields, value=filters.asked(fields, asked))
    return html.Div([line, html.Div(render(data), id=BODY, className="stack")], className="stack")


def render(data: Retests) -> list[Component]:
    ahead = "/heatmap?" + to_query(View(domain=data.domain, mode="freshness", as_of=_ahead(data)))
    share = figure.share_figure(
        f"Stale by {words.day(data.until)}",
        figure.Share(n=data.techniques, of=data.tested),
        definition=f"Techniques in scope whose newest evidence is then older than {data.window_days} days.",
        href=ahead,
    )
    now = figure.figure(
        "Stale already",
        words.number(data.already),
        under=[f"of {words.number(data.tested)} techniques with evidence"],
        href="/heatmap?" + to_query(View(domain=data.domain, mode="freshness")),
    )
    tests = figure.figure("Tests to repeat", words.number(data.tests), under=["latest of each procedure and platform"])
    figures = html.Div([share, now, tests], className="figures headline-figures")
    if not data.tested:
        text = "Once tests are validated, this page says when each has to be repeated."
        return [states.empty("Nothing has been tested yet", text, [link("See what to test next", "/next", "button")])]
    if not data.rows:
        text = f"Nothing that was tested is older than {data.window_days} days by {words.day(data.until)}."
        return [figures, states.empty("Nothing goes stale", text, [link("See the heatmap", ahead, "button is-quiet")])]
    return [figures, html.Section([_head(data), *_form(data), _table(data)], className="section stack-small")]


def _ahead(data: Retests) -> date | None:
    return data.until if data.until != data.today else None


def _head(data: Retests) -> Component:
    first = data.rows[0]
    when = "is stale already" if first.stale_on <= data.today else f"goes first, on {words.day(first.stale_on)}"
    cut = f" The first {len(data.rows)} of {words.number(data.tests)}." if data.tests > len(data.rows) else ""
    text = (
        f"In the order in which techniques go stale, then by threat relevance.{cut} A retest under way is not ticked."
    )
    return heading(f"{first.attack_id} {first.name} {when}", text)


def _form(data: Retests) -> list[Component]:
    if not data.may_plan:
        return [states.notice(f"A campaign of retests is planned by {who_may(Permission.MANAGE_CAMPAIGNS)}.")]
    name = dcc.Input(
        id="retests-name", value=f"Retests until {words.day(data.until)}", maxLength=200, autoComplete="off"
    )
    button = html.Button("Plan a campaign of the ticked", id="retests-make", type="button", className="button")
    return [
        once.key("retests-key"),
        html.Div([labelled("Name of the campaign", name), button], className="actions retests-form"),
        html.Div(id="retests-made", role="status"),
    ]


def _table(data: Retests) -> Component:
    ticked = [row for row in data.rows if not row.planned][:TICKED_MAX]
    return choosing.chooser(
        "retests-chosen",
        [_row(row, data.today) for row in data.rows],
        columns=[
            "Technique",
            "Name",
            column("Stale on", "when"),
            "Test",
            "Platform",
            column("Last run", "when"),
            "Then",
        ],
        caption="Tests to repeat",
        noun="tests",
        value={row.test: row.test for row in ticked},
    )


def _row(row: Row, today: date) -> dict[str, Any]:
    word, mark = status.OUTCOME[row.outcome] if row.outcome else ("–", None)
    cells = [
        cell(row.attack_id, href=f"/technique/{row.attack_id}"),
        row.name,
        cell(words.day(row.stale_on), beside="stale" if row.stale_on <= today else None),
        cell(f"{row.number} {row.title}", href=f"/test/{row.number}", beside="retest planned" if row.planned else None),
        row.platform,
        words.day(row.on),
        cell(word, mark=mark),
    ]
    return {"key": row.test, "label": f"Test {row.number}", "cells": cells, "options": [[row.test, "Repeat"]]}


def render_made(campaign: str, tests: int) -> Component:
    way = link("Open the campaign", f"/campaign/{campaign}", "button is-small")
    return states.notice(html.Span(f"{words.plural(tests, 'retest')} planned."), way)
