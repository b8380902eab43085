"""Looking through an uploaded table of controls, and taking it in as a framework."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from domain.errors import BadInput, NotFound
from domain.roles import Permission
from jobs import frameworks
from pages import import_framework as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.MANAGE_FRAMEWORKS)
    data = _import(me, asked.get("file", ""))
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(Output("framework-import", "children"), Input("framework-touched", "data"), prevent_initial_call=True)
    def uploaded(file: str | None) -> Any:
        me = viewer.current()
        me.require(Permission.MANAGE_FRAMEWORKS)
        set_props("url", {"search": f"?file={viewer.key(file)}"})
        data = _import(me, str(file))
        set_props("answer", {"children": page.answer(data)})
        return page.render(data)

    @app.callback(
        Output("framework-import", "children", allow_duplicate=True),
        Input("framework-run", "n_clicks"),
        State("framework-file", "data"),
        State("framework-name", "value"),
        State("framework-version", "value"),
        prevent_initial_call=True,
    )
    def run(clicks: int | None, file: str | None, name: str | None, version: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        done = frameworks.run(me.actor, me.role, viewer.key(file), name=name or "", version=version or "")
        set_props("url", {"search": ""})
        return page.render_done(page.Done(slug=done.slug, name=done.name, changes=list(done.controls.items())))

    @app.callback(
        Output("framework-import", "children", allow_duplicate=True),
        Input("framework-discard", "n_clicks"),
        State("framework-file", "data"),
        prevent_initial_call=True,
    )
    def discard(clicks: int | None, file: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        frameworks.discard(me.actor, me.role, viewer.key(file))
        set_props(toast.REGION, {"children": toast.toast("The file is discarded.")})
        set_props("url", {"search": ""})
        return page.render(page.Import())


def _import(me: Viewer, file: str) -> page.Import:
    if not file:
        return page.Import()
    try:
        found = frameworks.preview(me.actor, me.role, viewer.key(file))
    except (NotFound, BadInput) as error:
        return page.Import(refused=error.detail)
    table = found.table
    return page.Import(
        found=page.Found(
            file=file,
            name=found.name,
            controls=len(table.controls),
            mapped=len({one.control for one in table.mappings}),
            rows=len(table.mappings),
            techniques=len({one.technique for one in table.mappings}),
            not_placed=found.not_placed,
            wrong=len(table.problems),
            problems=[(one.number, one.sentence) for one in table.problems[: page.PROBLEMS_SHOWN]],
        )
    )
