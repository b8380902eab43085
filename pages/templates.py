"""Test templates: what red teams can run, found by technique, platform, source, tool or text, and whether it is used.

The filters and the page of the list are the query of the address. `?actor=G0016&platform=Windows` are the templates for
the gaps of that actor on Windows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from domain.templates import OWN, TOOLS
from pages.components import filters, states, words
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, listing
from pages.components.status import link

PATH = "/templates"
TITLE = "Templates"
NAV = Nav("Content", "Templates", "templates", 30, "p")
NEW = "/template/new"

_AGAIN = ("page",)  # another question starts at its first page


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`attack_id` is where its technique lies on the loaded map, '' where nowhere; `claimed` what it says itself."""

    id: str
    name: str
    source: str
    attack_id: str
    claimed: str
    technique: str
    platforms: Sequence[str]
    tools: Sequence[str]
    elevation_required: bool
    version: int
    tests: int
    retired: bool
    removed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What can be filtered by: (value, label, count), and actors as (id, label)."""

    sources: Sequence[tuple[str, str, int]]
    platforms: Sequence[tuple[str, str, int]]
    tools: Sequence[tuple[str, str, int]]
    actors: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Templates:
    """A page of the list: `total` match what `query` (the address, name -> text) asks for, of `whole` in all."""

    rows: Sequence[Row]
    total: int
    whole: int
    page: int
    page_rows: int
    query: Mapping[str, str]
    choices: Choices
    may_manage: bool
    may_sync: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_rows))


def tool_name(tool: str) -> str:
    return TOOLS.get(tool, tool)


def answer(data: Templates) -> str:
    """The one line in the top bar."""
    whole = words.plural(data.whole, "template")
    return whole if data.total == data.whole else f"{words.number(data.total)} of {whole}"


def layout(data: Templates, actions: Sequence[Component] = ()) -> html.Div:
    """`actions` stand beside the filters and act on what they found."""
    fields = filter_fields(data)
    line = FilterLine(id="templates-filters", fields=fields, value=filters.asked(fields, data.query))
    write = [link("Write a template", NEW, "button is-quiet is-small")] if data.may_manage else []
    return html.Div(
        [
            line,
            html.Div([*actions, *write], className="actions") if actions or write else None,
            html.Div(render_list(data), id="templates-list", className="stack-small"),
        ],
        className="stack",
    )


def filter_fields(data: Templates) -> list[dict[str, Any]]:
    choices = data.choices
    return [
        filters.search("q", "Search", "Text or command", filters=True, clears=_AGAIN),
        filters.search("technique", "Technique", "T1059", filters=True, clears=_AGAIN, quiet=True),
        filters.many(
            "platform", "Platform", choices.platforms, placeholder="Any platform", filters=True, clears=_AGAIN
        ),
        filters.many(
            "source", "Source", choices.sources, placeholder="Any source", filters=True, clears=_AGAIN, quiet=True
        ),
        filters.many("tool", "Tool", choices.tools, placeholder="Any tool", filters=True, clears=_AGAIN, quiet=True),
        filters.one(
            "actor", "Gaps of", [("", "Any technique"), *choices.actors], filters=True, clears=_AGAIN, quiet=True
        ),
        filters.one(
            "use",
            "Use",
            [("", "Used or not"), ("used", "Used by a test"), ("orphan", "Used by no test")],
            filters=True,
            clears=_AGAIN,
            quiet=True,
        ),
        filters.one(
            "state",
            "State",
            [("", "In use"), ("retired", "Retired"), ("removed", "Gone from its source"), ("all", "All")],
            filters=True,
            clears=_AGAIN,
            quiet=True,
        ),
        filters.one("page", "Page", [("", f"1 of {data.pages}"), *_pages(data)], quiet=True),
    ]


def _pages(data: Templates) -> list[tuple[str, str]]:
    numbers = list(range(2, data.pages + 1))
    if data.page > data.pages:  # the address asks for more than there is
        numbers.append(data.page)
    return [(str(number), f"{number} of {data.pages}") for number in numbers]


def render_list(data: Templates) -> list[Component]:
    """What stands in `templates-list`."""
    if not data.whole:
        return [_nothing_loaded(may_sync=data.may_sync)]
    if not data.rows:
        text = "Take a filter away, or search for fewer words."
        return [states.empty("No template matches", text, [link("All templates", PATH, "button is-quiet")])]
    first = (data.page - 1) * data.page_rows + 1
    last = first + len(data.rows) - 1
    columns = [
        column("Technique", "mono"),
        column("Template"),
        column("Platforms"),
        column("Tools"),
        column("Source"),
        column("Tests", "num"),
        column("State"),
    ]
    table = listing(
        columns,
        [_row(row, data.choices) for row in data.rows],
        caption="Test templates",
        noun="templates",
        limit=data.page_rows,
        file="templates",
    )
    said = f"{words.number(first)} to {words.number(last)} of {words.plural(data.total, 'template')}."
    return [table, html.Nav([html.Span(said, className="hint"), *_turn(data)], className="actions")]


def _turn(data: Templates) -> list[Component]:
    steps = [("Previous", data.page - 1), ("Next", data.page + 1)]
    return [link(name, _address(data, page), "button is-quiet is-small") for name, page in steps if _is(data, page)]


def _is(data: Templates, page: int) -> bool:
    return 1 <= page <= data.pages


def _address(data: Templates, page: int) -> str:
    kept = {name: text for name, text in data.query.items() if name != "page" and text}
    query = urlencode(kept | ({"page": str(page)} if page > 1 else {}), safe=",")
    return f"{PATH}?{query}" if query else PATH


def _row(row: Row, choices: Choices) -> list[Cell]:
    moved = f"says {row.claimed}" if row.attack_id and row.claimed != row.attack_id else None
    place = (
        cell(row.attack_id, href=f"/technique/{row.attack_id}", beside=moved, hover=row.technique)
        if row.attack_id
        else cell(row.claimed, beside="not on the map")
    )
    return [
        place,
        cell(row.name, href=f"/template/{row.id}", beside="elevated" if row.elevation_required else None),
        ", ".join(row.platforms),
        ", ".join(map(tool_name, row.tools)),
        next((label for slug, label, _ in choices.sources if slug == row.source), row.source),
        row.tests,
        _state(row),
    ]


def _state(row: Row) -> Cell:
    if row.removed:
        return cell("Gone from its source", mark="off")
    if row.retired:
        return cell("Retired", mark="off")
    return cell("In use", mark="on", beside=f"version {row.version}" if row.source == OWN or row.version > 1 else None)


def _nothing_loaded(*, may_sync: bool) -> Component:
    text = (
        "Sync Atomic Red Team, CALDERA or LOLBAS, or write the first one yourself."
        if may_sync
        else "They appear as soon as an administrator has synced Atomic Red Team, CALDERA or LOLBAS."
    )
    actions = [link("Open sources", "/sources", "button")] if may_sync else []
    return states.empty("No test templates are loaded", text, actions)
