"""The templates page: one round trip for a filter or a page of the list."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, set_props

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import templates as query
from data.sources.registry import SOURCES
from domain.roles import Permission
from domain.templates import OWN
from pages import plan
from pages import templates as page

_OWN = "Our own"


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _templates(me, asked)
    return (
        page.layout(data, [plan.link_to_found()] if data.whole and me.may(Permission.PLAN_TEST) else []),
        page.TITLE,
        page.answer(data),
    )


def register(app: Dash) -> None:
    @app.callback(
        Output("templates-filters", "fields"),
        Output("templates-list", "children"),
        Input("templates-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str] | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _templates(me, value if isinstance(value, dict) else {})
        # not an output: outputs outside the page would make Dash call this once more when the page opens
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render_list(data)


def source_name(slug: str) -> str:
    """As people know it; a source that is registered no longer keeps its slug."""
    return _OWN if slug == OWN else SOURCES[slug].info.name if slug in SOURCES else slug


def _templates(me: Viewer, query_of_page: Mapping[str, str]) -> page.Templates:
    said = {name: text for name, text in query_of_page.items() if isinstance(text, str)}
    asked = query.Asked.of(said)
    found = query.search(asked)
    return page.Templates(
        rows=[_row(row) for row in found.rows],
        total=found.total,
        whole=found.whole,
        page=asked.page,
        page_rows=query.PAGE_ROWS,
        query=said,
        choices=_choices(),
        may_manage=me.may(Permission.MANAGE_TEMPLATES),
        may_sync=me.may(Permission.RUN_SYNC),
    )


def _choices() -> page.Choices:
    found = query.choices()
    return page.Choices(
        sources=[(slug, source_name(slug), count) for slug, count in found["sources"]],
        platforms=[(name, name, count) for name, count in found["platforms"]],
        tools=[(tool, page.tool_name(tool), count) for tool, count in found["tools"]],
        actors=[(ident, f"{name} ({ident})") for ident, name in found["actors"]],
    )


def _row(row: Mapping[str, Any]) -> page.Row:
    names = ("id", "name", "source", "platforms", "tools", "elevation_required", "version", "tests")
    return page.Row(
        **{name: row[name] for name in names},
        attack_id=row["attack_id"] or "",
        claimed=row["claimed_technique"],
        technique=row["technique_name"] or "",
        retired=row["retired"],
        removed=row["removed"],
    )
