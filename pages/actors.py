"""Threat actors: what each uses, what of it we claim to see and have proven, and two of them side by side.

`?q=` searches names and aliases; `?compare=G0016,G0032` shows what only one uses, what both do, and how it is covered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS
from pages.campaigns import share_cell
from pages.components import filters, states, status, words
from pages.components.figure import Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, listing
from pages.components.status import link

PATH = "/actors"
TITLE = "Actors"
NAV = Nav("Content", "Actors", "actors", 20, "v")
SHOWN = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Techniques used directly, through software and through campaigns; the shares are of the direct ones in scope."""

    attack_id: str
    name: str
    aliases: Sequence[str]
    direct: int
    software: int
    campaign: int
    untested: int
    proven: Share
    claimed: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Technique:
    """A technique of an actor and where we stand on it. `via` are (id, name) of what it goes through; `gap`: in scope
    and not freshly covered."""

    attack_id: str
    name: str
    tactic: str
    status: str
    stale: bool
    rules: int
    tests: int
    in_scope: bool
    gap: bool
    via: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Two actors (id, name) and their techniques: of the first alone, of both, of the second alone."""

    first: tuple[str, str]
    second: tuple[str, str]
    only_first: Sequence[Technique]
    both: Sequence[Technique]
    only_second: Sequence[Technique]


@dataclass(frozen=True, kw_only=True, slots=True)
class Actors:
    """`rows` match what `query` asks for, of `whole` in the domain; `names` are all, (id, name)."""

    rows: Sequence[Row]
    whole: int
    query: Mapping[str, str]
    names: Sequence[tuple[str, str]]
    domain: str
    domains: Sequence[str]
    compared: Compared | None = None


def answer(data: Actors) -> str:
    """The one line in the top bar."""
    whole = words.plural(data.whole, "actor")
    return whole if len(data.rows) == data.whole else f"{words.number(len(data.rows))} of {whole}"


def layout(data: Actors) -> html.Div:
    fields = filter_fields(data)
    line = FilterLine(id="actors-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div([line, html.Div(render_list(data), id="actors-list", className="stack")], className="stack")


def filter_fields(data: Actors) -> list[dict[str, Any]]:
    names = [(ident, f"{name} ({ident})") for ident, name in data.names]
    fields = [
        filters.search("q", "Search", "Name or alias", filters=True),
        filters.many("compare", "Compare", names, placeholder="Choose two", filters=True),
    ]
    if len(data.domains) > 1:
        first, *_ = data.domains
        options = [(domain, DOMAINS[domain]) for domain in data.domains]
        fields.insert(0, filters.one("domain", "Map", options, none=first, clears=("compare",)))
    return fields


def render_list(data: Actors) -> list[Component]:
    """What stands in `actors-list`."""
    if not data.whole:
        return [
            states.empty(
                "No threat actors are loaded", "They come with ATT&CK; an administrator loads it under Sources."
            )
        ]
    shown: list[Component] = []
    if data.compared is not None:
        shown += _compared(data.compared)
    elif data.query.get("compare"):
        shown.append(states.notice("Choose two actors to see them side by side."))
    if not data.rows:
        text = "Aliases count, too. Take the search away to see all."
        return [*shown, states.empty("No actor is called that", text, [link("All actors", PATH, "button is-quiet")])]
    columns = [
        column("ID", "mono"),
        column("Actor"),
        column("Directly", "num"),
        column("By software", "num"),
        column("By campaigns", "num"),
        column("Claimed", "tight"),
        column("Proven", "tight"),
        column("Not tested", "num"),
    ]
    query = f"?domain={data.domain}" if data.domain != data.domains[0] else ""
    table = listing(
        columns,
        [_row(row, query) for row in data.rows],
        caption="Threat actors",
        noun="actors",
        limit=SHOWN,
        file="actors",
    )
    note = html.P(
        "Techniques by how ATT&CK knows of them. Claimed (an enabled rule) and proven (freshly covered by tests) are "
        "of those used directly and in scope.",
        className="hint",
    )
    return [*shown, html.Div([note, table], className="stack-small")]


def _row(row: Row, query: str) -> list[Cell]:
    others = ", ".join(row.aliases)
    return [
        cell(row.attack_id, href=f"/actor/{row.attack_id}{query}"),
        cell(row.name, href=f"/actor/{row.attack_id}{query}", beside=_cut(others), hover=others or None),
        row.direct,
        row.software,
        row.campaign,
        share_cell(row.claimed.n, row.claimed.of, "none in scope"),
        share_cell(row.proven.n, row.proven.of, "none in scope"),
        row.untested,
    ]


def _cut(text: str) -> str | None:
    return None if not text else text if len(text) <= 40 else text[:39].rstrip(", ") + "…"


def render_techniques(rows: Sequence[Technique], *, caption: str, file: str, through: str = "") -> Component:
    """What is covered least first; `through` names the column of what it goes through."""
    columns = [
        column("ID", "mono"),
        column("Technique"),
        column("First tactic"),
        column("Proven"),
        column("Tests", "num"),
        column("Claimed"),
    ]
    if through:
        columns.append(column(through))
    body = [_technique(row, through=bool(through)) for row in rows]
    return listing(columns, body, caption=caption, noun="techniques", limit=20, file=file)


def _technique(row: Technique, *, through: bool) -> list[Cell]:
    word, glyph = status.COVERAGE[row.status]
    href = f"/technique/{row.attack_id}"
    proven = cell(
        word, mark=glyph, beside="stale" if row.stale else None, order=list(status.COVERAGE).index(row.status)
    )
    claimed = (
        cell(words.plural(row.rules, "rule"), mark="on", order=row.rules)
        if row.rules
        else cell("no rule", mark="off", order=0)
    )
    cells: list[Cell] = [
        cell(row.attack_id, href=href),
        cell(row.name, href=href, beside=None if row.in_scope else "out of scope"),
        row.tactic or None,
        proven,
        row.tests,
        claimed,
    ]
    if through:
        names = ", ".join(name for _, name in row.via)
        cells.append(cell(_cut(names) or "", hover=names))
    return cells


def _compared(data: Compared) -> list[Component]:
    first, second = data.first[1], data.second[1]
    parts = [
        (f"Only {first}", data.only_first),
        ("Both", data.both),
        (f"Only {second}", data.only_second),
    ]
    head = html.Header(
        [
            html.H2(f"{first} and {second}: {words.plural(len(data.both), 'technique')} in common"),
            html.P("Techniques that each uses directly, with our coverage; what is covered least first."),
        ]
    )
    columns = [html.Div(_part(title, rows), className="is-third stack-small") for title, rows in parts]
    ways = html.Div(
        [
            link(f"{first} on the heatmap", f"/heatmap?actor={data.first[0]}", "button is-quiet is-small"),
            link(f"{second} on the heatmap", f"/heatmap?actor={data.second[0]}", "button is-quiet is-small"),
            link("Both on the heatmap", f"/heatmap?actor={data.first[0]},{data.second[0]}", "button is-quiet is-small"),
        ],
        className="actions",
    )
    return [
        html.Section([head, ways, html.Div(columns, className="grid beside-lists")], className="section stack-small")
    ]


def _part(title: str, rows: Sequence[Technique]) -> list[Component]:
    covered = sum(row.in_scope and not row.gap for row in rows)
    scope = sum(row.in_scope for row in rows)
    said = f"{words.number(covered)} of {words.number(scope)} in scope proven"
    head = html.H3([title, html.Span(f"{words.number(len(rows))}, {said}", className="beside")])
    if not rows:
        return [head, html.P("None.", className="hint")]
    columns = [column("ID", "mono"), column("Technique"), column("Proven"), column("Rules", "num")]
    body: list[list[Cell]] = []
    for row in rows:
        word, glyph = status.COVERAGE[row.status]
        href = f"/technique/{row.attack_id}"
        body.append(
            [
                cell(row.attack_id, href=href),
                cell(row.name, href=href),
                cell(word, mark=glyph, beside="stale" if row.stale else None),
                row.rules,
            ]
        )
    return [head, listing(columns, body, caption=title, noun="techniques", limit=12)]
