"""Every framework with the states of its controls; each leads to its own page. `?as_of=` looks from another day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dash import html
from dash.development.base_component import Component

from domain.compliance import ControlState
from pages.components import compliance as parts
from pages.components import filters, states, words
from pages.components.figure import Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, day_cell, listing
from pages.components.status import link

PATH = "/compliance"
TITLE = "Compliance"
NAV = Nav("Obligations", "Compliance", "compliance", 10, "b")
KINDS = {
    "controls": ("Controls", "What an auditor asks for."),
    "capabilities": ("Cloud capabilities", "What the clouds bring along, by what it is meant to stop."),
    "vulnerabilities": ("Exploited vulnerabilities", "What attackers exploit, by the techniques it serves."),
}
ORIGINS = {"attack": "MITRE ATT&CK", "mappings": "Mappings Explorer", "own": "your own"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A framework. `accepted` and `expired` are risks; `not_placed` pairs of a control and an id."""

    slug: str
    name: str
    version: str
    kind: str
    origin: str
    attack_version: str
    published_on: date | None
    is_demo: bool
    total: int
    states: Mapping[str, int]
    demonstrated: Share
    techniques: int
    not_placed: int
    accepted: int
    expired: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    rows: Sequence[Row]
    query: Mapping[str, str]
    may_import: bool
    may_sync: bool


def answer(data: Compliance) -> str:
    """The one line in the top bar."""
    if not data.rows:
        return "no framework is loaded"
    controls = [row for row in data.rows if row.kind == "controls"]
    n, of = (sum(getattr(row.demonstrated, name) for row in controls) for name in ("n", "of"))
    against = sum(row.states[ControlState.CONTRADICTED] for row in controls)
    said = f"{words.number(n)} of {words.number(of)} controls demonstrated, {words.number(against)} contradicted"
    return said if controls else words.plural(len(data.rows), "framework")


def layout(data: Compliance) -> html.Div:
    fields = filter_fields()
    line = FilterLine(id="compliance-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div([line, html.Div(render(data), id="compliance-body", className="stack")], className="stack")


def filter_fields() -> list[dict[str, Any]]:
    return [filters.day("as_of", "As of", filters=True)]


def render(data: Compliance) -> list[Component]:
    """What stands in `compliance-body`."""
    if not data.rows:
        text = "ATT&CK brings its mitigations as the first; the Mappings Explorer brings NIST, CRI, CSA and more."
        return [states.empty("No framework is loaded", text, [link("Sources", "/sources", "button"), *_ways(data)])]
    as_of = data.query.get("as_of", "")
    query = f"as_of={as_of}" if as_of else ""
    sections = [
        _section(kind, [row for row in data.rows if row.kind == kind], query)
        for kind in KINDS
        if any(row.kind == kind for row in data.rows)
    ]
    return [*sections, _table(data), html.Section(parts.model("controls"), className="section")]


def _section(kind: str, rows: Sequence[Row], query: str) -> html.Section:
    name, text = KINDS[kind]
    legend = html.Span(
        [
            html.Span(
                [html.Span(className=f"mark is-{parts.MARKS[state]}"), parts.label(state, kind)], className="status"
            )
            for state in parts.ORDER
            if any(row.states[state] for row in rows)
        ],
        className="state-legend",
    )
    head = html.Header(
        [html.H2(name), html.P(f"{text} At the right: demonstrated, of those that can be judged."), legend]
    )
    drawn = [
        parts.Bar(
            slug=row.slug,
            name=row.name,
            kind=row.kind,
            note=" · ".join(part for part in (row.version, parts.noun(row.kind, row.total)) if part),
            states=row.states,
            demonstrated=row.demonstrated,
        )
        for row in rows
    ]
    return html.Section([head, parts.state_bars(drawn, caption=f"{name} by state", query=query)], className="panel")


def _table(data: Compliance) -> html.Section:
    columns = [
        column("Framework"),
        column("Version"),
        column("From"),
        column("Mapped for ATT&CK", "num"),
        column("Published", "when"),
        column("Controls", "num"),
        column("Demonstrated", "tight"),
        *(column(state.label, "num") for state in ControlState if state is not ControlState.DEMONSTRATED),
        column("Techniques", "num"),
        column("Not placed", "num"),
        column("Risks accepted", "num"),
    ]
    table = listing(
        columns, [_row(row) for row in data.rows], caption="Frameworks", noun="frameworks", limit=30, file="frameworks"
    )
    head = html.Header(
        [html.H2("Frameworks"), html.P("Where each mapping comes from, and how much of it lies on our map.")]
    )
    return html.Section([head, html.Div(_ways(data), className="actions"), table], className="section stack-small")


def _row(row: Row) -> list[Cell]:
    href = f"{PATH}/{row.slug}"
    share = row.demonstrated
    others = [state for state in ControlState if state is not ControlState.DEMONSTRATED]
    return [
        cell(row.name, href=href, beside="demo" if row.is_demo else None),
        row.version or None,
        ORIGINS[row.origin],
        row.attack_version or None,
        day_cell(row.published_on),
        cell(words.number(row.total), href=href, order=row.total),
        share_cell(share),
        *(_count(row.states[state], f"{href}?state={state}") for state in others),
        row.techniques,
        row.not_placed,
        cell(words.number(row.accepted), order=row.accepted, beside=f"{row.expired} expired" if row.expired else None),
    ]


def _count(number: int, href: str) -> Cell:
    return cell(words.number(number), href=href, order=number) if number else 0


def share_cell(share: Share) -> Cell:
    if share.value is None:
        return cell("–", beside="nothing to judge")
    said = f"{words.number(share.n)} of {words.number(share.of)}"
    beside = "too few" if share.too_few else share.interval
    return cell(said, bar=share.value, beside=beside, order=share.value)


def _ways(data: Compliance) -> list[Component]:
    ways: list[Component] = []
    if data.may_import:
        ways.append(link("Add a framework of your own", f"{PATH}/import", "button is-quiet is-small"))
    if data.may_sync:
        ways.append(link("Load mappings", "/sources", "button is-quiet is-small"))
    return ways
