"""Detection rules: which there are, which are proven by tests, and which logs they would need.

The address holds everything: the filters of `domain.rules_view`, its order and page; `?view=logs` shows the log sources
instead. What a rule claims and what tests have proven are told apart everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from domain.rule_truth import RuleTruth
from domain.rules_view import LEVELS, NO_LEVEL, PAGES_MAX, Order, Presence, RulesView
from pages.components import choosing, figure, filters, states, words
from pages.components.figure import MixPart, Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, day_cell, listing, upload_form
from pages.components.status import TRUTH_MARK, link

PATH = "/rules"
TITLE = "Detection rules"
NAV = Nav("Content", "Rules", "rules", 10, "r")
CSV = "/export/rules.csv"
LOGS = "logs"

_ORDERS = {
    Order.TITLE: "By title",
    Order.LEVEL: "Highest level first",
    Order.CHANGED: "Changed last first",
    Order.FIRED: "Most often fired first",
    Order.LAST: "Fired last first",
}
_AGAIN = ("page",)  # another question starts at its first page


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`techniques` are (id on the map or as claimed, claimed id, name, resolution)."""

    id: str
    title: str
    source: str
    status: str
    level: str
    enabled: bool
    present: bool
    logs: str
    truth: str
    fired: int
    last_fired_at: datetime | None
    changed_on: date | None
    techniques: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """(value, label, count) of what can be filtered by; tactics as (value, label)."""

    sources: Sequence[tuple[str, str, int]]
    statuses: Sequence[tuple[str, str, int]]
    products: Sequence[tuple[str, str, int]]
    tactics: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Enabled rules by truth, and techniques of the map claimed and proven by them."""

    by_truth: Mapping[str, int]
    rules: int
    techniques: int
    claimed: Share
    proven: Share
    only_claimed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """A page of the list: `total` match what `query` (the address) asks for, of `whole` that sources have."""

    rows: Sequence[Row]
    total: int
    whole: int
    page: int
    page_rows: int
    query: Mapping[str, str]
    choices: Choices
    standing: Standing
    may_manage: bool
    may_sync: bool
    upload_bytes: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_rows))

    @property
    def is_empty(self) -> bool:
        """No rules at all: nothing could be looked for."""
        return not (self.whole or self.total or self.query)


def answer(data: Rules) -> str:
    """The one line in the top bar."""
    shown = data.standing
    if not shown.rules:
        return words.plural(data.whole, "rule") + ", none enabled" if data.whole else ""
    proven = shown.by_truth[RuleTruth.PROVEN]
    return f"{words.number(proven)} of {words.plural(shown.rules, 'enabled rule')} proven by a test"


def layout(data: Rules, body: Sequence[Component]) -> html.Div:
    """`body` is the list, or the log sources (`pages.components.log_sources`)."""
    fields = filter_fields(data)
    return html.Div(
        [
            dcc.Store(id="rules-touched"),
            html.Div(render_standing(data), id="rules-standing", className="stack-small"),
            html.Div(
                FilterLine(id="rules-filters", fields=fields, value=filters.asked(fields, data.query)),
                hidden=data.is_empty,
            ),
            html.Div(_tools(data), className="actions"),
            html.Div(id="rules-results"),
            html.Div(list(body), id="rules-list", className="stack-small"),
        ],
        className="stack",
    )


def render_standing(data: Rules) -> list[Component]:
    """How much of what is enabled is proven: the answer of the page."""
    standing = data.standing
    if not data.whole:
        return []
    parts = [
        MixPart(
            name=truth.label,
            n=standing.by_truth[truth],
            mark=TRUTH_MARK[truth],
            href=f"{PATH}?truth={truth}&enabled=yes",
        )
        for truth in RuleTruth
    ]
    note = (
        f"{words.plural(standing.only_claimed, 'technique')} of {words.number(standing.techniques)} "
        f"{'is' if standing.only_claimed == 1 else 'are'} claimed by an enabled rule that no test has proven."
    )
    figures = html.Div(
        [
            figure.share_figure(
                "Techniques claimed",
                standing.claimed,
                definition="Active techniques that at least one enabled rule says it detects.",
                href="/heatmap?mode=claimed",
            ),
            figure.share_figure(
                "Techniques where a rule is proven",
                standing.proven,
                definition="Active techniques that an enabled rule claims which alerted in a validated test. A rule of "
                "several techniques counts on each of them, whichever was tested.",
                href=f"{PATH}?truth=proven&enabled=yes",
            ),
        ],
        className="figures",
    )
    return [figure.mix("Enabled rules, by what tests have shown", parts), figures, html.P(note, className="hint")]


def _tools(data: Rules) -> list[Component]:
    csv = html.A("CSV", href=CSV, className="button is-quiet is-small", download="", **{"data-with-query": ""})
    tools: list[Component] = [] if data.is_empty else [csv]
    if not data.may_manage:
        return tools
    accepts = (".zip", ".yml", ".yaml", ".toml")
    hint = f"Sigma or Elastic rules: {words.sentence(list(accepts))}, up to {words.size(data.upload_bytes)}"
    fields = [{"name": "file", "label": "File", "type": "file", "hint": hint, "accept": ",".join(accepts)}]
    form = upload_form("/sources/own/upload", "Upload", fields, limit=data.upload_bytes, touches="rules-touched")
    text = "They are added to our own; one with the id of one that is there replaces it."
    return [
        *tools,
        html.Details([html.Summary("Upload our own rules"), html.Div([html.P(text), form])], className="fold"),
    ]


def filter_fields(data: Rules) -> list[dict[str, Any]]:
    choices = data.choices
    view = filters.one("view", "Show", [("", "Rules"), (LOGS, "Log sources")])
    if data.query.get("view") == LOGS:
        return [view]
    usual: dict[str, Any] = {"filters": True, "clears": _AGAIN}
    quiet = usual | {"quiet": True}
    truths = [(truth.value, truth.label) for truth in RuleTruth]
    levels = [(level, level.capitalize()) for level in reversed(LEVELS)]
    asked = RulesView.of(data.query)
    logs = (
        [("|".join(asked.logs), " / ".join(part for part in asked.logs if part) or "none named")] if asked.logs else []
    )
    return [
        view,
        filters.search("q", "Search", "Title or id", **usual),
        filters.many("truth", "Truth", truths, placeholder="Any truth", **usual),
        filters.many("source", "Source", choices.sources, placeholder="Any source", **usual),
        filters.one("enabled", "Use", [("", "Enabled or not"), ("yes", "Enabled"), ("no", "Disabled")], **usual),
        filters.search("technique", "Technique", "T1059", **quiet),
        filters.one("tactic", "Tactic", [("", "Any tactic"), *choices.tactics], **quiet),
        filters.many("level", "Level", [*levels, (NO_LEVEL, "Not given")], placeholder="Any level", **quiet),
        filters.many("status", "Status", choices.statuses, placeholder="Any status", **quiet),
        filters.one(
            "product",
            "Product",
            [("", "Any product"), *((value, f"{label} ({words.number(n)})") for value, label, n in choices.products)],
            **quiet,
        ),
        *([filters.one("logs", "Log source", [("", "Any"), *logs], **quiet)] if logs else []),
        filters.one(
            "state",
            "In source",
            [("", "Still there"), (Presence.REMOVED, "Gone"), (Presence.ALL, "Both")],
            **quiet,
        ),
        filters.one(
            "sort",
            "Order",
            [("" if one is Order.TITLE else one, text) for one, text in _ORDERS.items()],
            quiet=True,
            clears=_AGAIN,
        ),
        filters.one("page", "Page", [("", f"1 of {words.number(data.pages)}"), *_pages(data)], quiet=True),
    ]


def _pages(data: Rules) -> list[tuple[str, str]]:
    """Those near this one, and the last that can be opened."""
    last = min(data.pages, PAGES_MAX)
    near = {*range(2, 11), *range(data.page - 5, data.page + 6), last, data.page}
    numbers = sorted(number for number in near if 2 <= number <= max(last, data.page))
    return [(str(number), f"{words.number(number)} of {words.number(data.pages)}") for number in numbers]


def render_list(data: Rules) -> list[Component]:
    """What stands in `rules-list`."""
    if not data.whole and not data.total:
        return [_nothing_loaded(data)]
    if not data.rows:
        text = "Take a filter away, or search for fewer words."
        return [states.empty("No rule matches", text, [link("All rules", PATH, "button is-quiet")])]
    table = _chooser(data) if data.may_manage else _listing(data)
    first = (data.page - 1) * data.page_rows + 1
    said = f"{words.number(first)} to {words.number(first + len(data.rows) - 1)} of {words.plural(data.total, 'rule')}."
    if data.pages > PAGES_MAX:
        said += f" The first {words.number(PAGES_MAX * data.page_rows)} can be paged through; the CSV has all."
    foot = html.Nav([html.Span(said, className="hint"), *_turn(data)], className="actions")
    return [*([_bulk(data)] if data.may_manage else []), table, foot]


def _bulk(data: Rules) -> html.Div:
    def button(what: str, text: str, kind: str = "is-quiet") -> Component:
        return html.Button(
            text, id={"type": "rules-do", "what": what}, type="button", className=f"button {kind} is-small"
        )

    scope = choosing.select(
        "rules-scope", "Which", [("", "Those ticked"), ("all", f"All {words.number(data.total)} that match")]
    )
    return html.Div(
        [scope, button("enable", "Enable"), button("disable", "Disable"), button("remove", "Remove our own")],
        className="actions",
    )


_COLUMNS = (
    column("Rule"),
    column("Truth"),
    column("Fired in", "num"),
    column("Techniques"),
    column("Level"),
    column("Log source"),
    column("Source", "tight"),
    column("Changed", "when"),
    column("Use"),
)


def _listing(data: Rules) -> Component:
    rows = [[*_cells(row, data.choices), _use(row)] for row in data.rows]
    return listing(_COLUMNS, rows, caption=TITLE, noun="rules", limit=data.page_rows)


def _chooser(data: Rules) -> Component:
    rows = [
        {"key": row.id, "label": row.title, "cells": _cells(row, data.choices), "options": [["1", _use_words(row)]]}
        for row in data.rows
    ]
    return choosing.chooser("rules-chosen", rows, columns=_COLUMNS, caption=TITLE, noun="rules", value={})


def _cells(row: Row, choices: Choices) -> list[Cell]:
    truth = RuleTruth(row.truth)
    return [
        cell(row.title, href=f"/rules/{row.id}", beside=row.status or None),
        cell(truth.label, mark=TRUTH_MARK[truth], hover=truth.meaning),
        cell(words.plural(row.fired, "test"), order=row.fired, href=f"/rules/{row.id}#tests") if row.fired else None,
        _techniques(row),
        row.level.capitalize() or None,
        row.logs or None,
        next((label for slug, label, _ in choices.sources if slug == row.source), row.source),
        day_cell(row.changed_on),
    ]


def _techniques(row: Row) -> Cell:
    if not row.techniques:
        return None
    shown = [
        place if resolution != "not_placed" else f"{claimed} not placed"
        for place, claimed, _, resolution in row.techniques
    ]
    hover = "; ".join(f"{place} {name}".strip() for place, _, name, _ in row.techniques)
    href = f"/technique/{row.techniques[0][0]}" if len(shown) == 1 and row.techniques[0][3] != "not_placed" else None
    return cell(", ".join(shown), href=href, hover=hover)


def _use(row: Row) -> Cell:
    return cell(_use_words(row), mark="on" if row.enabled and row.present else "off")


def _use_words(row: Row) -> str:
    if not row.present:
        return "Gone from its source"
    return "Enabled" if row.enabled else "Disabled"


def _turn(data: Rules) -> list[Component]:
    steps = [("Previous", data.page - 1), ("Next", data.page + 1)]
    last = min(data.pages, PAGES_MAX)
    return [link(name, _address(data, at), "button is-quiet is-small") for name, at in steps if 1 <= at <= last]


def _address(data: Rules, page: int) -> str:
    kept = {name: text for name, text in data.query.items() if name != "page" and text}
    query = urlencode(kept | ({"page": str(page)} if page > 1 else {}), safe=",")
    return f"{PATH}?{query}" if query else PATH


def render_results(what: str, results: Sequence[tuple[str, str, str]]) -> Component:
    """What became of each rule of a bulk: (title, state, why). Those that were done are counted, the others listed."""
    done = sum(state == "done" for _, state, _ in results)
    same = sum(state == "same" for _, state, _ in results)
    refused = [(title, why) for title, state, why in results if state == "refused"]
    said = f"{words.plural(done, 'rule')} {what}" + (f", {words.number(same)} already were" if same else "") + "."
    if not refused:
        return states.notice(html.Span(said))
    shown = html.Ul([html.Li(f"{title}: {why}") for title, why in refused[:20]], className="lines")
    more = html.P(f"... and {words.number(len(refused) - 20)} more.", className="hint") if len(refused) > 20 else None
    return states.notice(
        html.Div([html.Span(f"{said} {words.plural(len(refused), 'rule')} refused:"), shown, more]), kind="warn"
    )


def render_uploaded() -> Component:
    """After an upload: it is read by a job, whose report stands with the source's other runs."""
    text = html.Span("Received. The rules appear here when they have been read; the report says what was left out.")
    shown = [link("Report", "/sources?source=own", "button is-quiet is-small")]
    return states.notice(text, *shown, link("Show our own rules", f"{PATH}?source=own", "button is-quiet is-small"))


def _nothing_loaded(data: Rules) -> Component:
    text = (
        "Sync Sigma or Elastic rules, or upload our own."
        if data.may_sync
        else "They appear as soon as an administrator has synced Sigma or Elastic, or somebody of blue uploads our own."
    )
    actions = [link("Open sources", "/sources", "button")] if data.may_sync else []
    return states.empty("No detection rules are loaded", text, actions)
