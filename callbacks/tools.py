"""The defence tools: everybody reads them, leads change them."""

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.database import reading
from data.repositories import tools as repository
from domain.roles import Permission
from jobs import tools
from pages import tools as page
from pages.components import toast


def open(me: Viewer, query: dict[str, str]) -> tuple[object, str, str]:
    found = _tools()
    may_change = me.may(Permission.MANAGE_TOOLS)
    panel = _panel(found, query.get("tool", ""), may_change=may_change)
    return page.layout(found, may_change=may_change, panel=panel), page.TITLE, page.answer(found)


def register(app: Dash) -> None:
    @app.callback(
        Output("tool-panel", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> object:
        if path != page.PATH:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        return _panel(_tools(), query_of(search).get("tool", ""), may_change=me.may(Permission.MANAGE_TOOLS))

    @app.callback(
        Output("tools-list", "children"),
        Output("tool-name", "value"),
        Input("tool-add", "n_clicks"),
        State("tool-name", "value"),
        State("tool-new-kind", "value"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None, name: str | None, kind: str | None) -> tuple[Any, str]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        tools.add(me.actor, me.role, name or "", kind or "")
        return page.render_tools(_tools(), may_change=True), ""

    @app.callback(
        Output("tools-list", "children", allow_duplicate=True),
        Output("tool-panel", "children", allow_duplicate=True),
        Input("tool-change", "n_clicks"),
        State("tool-chosen", "data"),
        State("tool-new-name", "value"),
        State("tool-kind", "value"),
        prevent_initial_call=True,
    )
    def change(clicks: int | None, slug: str | None, name: str | None, kind: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        tools.change(me.actor, me.role, slug or "", name=name or "", kind=kind or "")
        return _changed(slug or "", "Saved.")

    for button, active in (("tool-retire", False), ("tool-revive", True)):
        _register_switch(app, button, active=active)


def _register_switch(app: Dash, button: str, *, active: bool) -> None:
    @app.callback(
        Output("tools-list", "children", allow_duplicate=True),
        Output("tool-panel", "children", allow_duplicate=True),
        Input(button, "n_clicks"),
        State("tool-chosen", "data"),
        prevent_initial_call=True,
    )
    def switch(clicks: int | None, slug: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        tools.set_active(me.actor, me.role, slug or "", active=active)
        return _changed(slug or "", "It is in use again." if active else "It is out of use.")


def _changed(slug: str, words: str) -> tuple[Any, Any]:
    found = _tools()
    set_props(toast.REGION, {"children": toast.toast(words)})
    return page.render_tools(found, may_change=True), _panel(found, slug, may_change=True)


def _panel(found: Sequence[page.Tool], slug: str, *, may_change: bool) -> Any:
    chosen = next((tool for tool in found if tool.slug == slug), None)
    return page.tool_panel(chosen, may_change=may_change) if chosen else None


def _tools() -> list[page.Tool]:
    with reading() as session:
        return [
            page.Tool(
                slug=one.slug,
                name=one.name,
                kind=one.kind,
                active=one.active,
                observations=one.observations,
                demo=one.demo,
            )
            for one in repository.everything(session)
        ]
