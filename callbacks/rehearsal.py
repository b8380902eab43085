"""The report of one rehearsal: following it, adopting, repeating or discarding it."""

from collections.abc import Callable, Mapping
from typing import Any

from dash import Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import totals, viewer
from callbacks.navigating import query_of
from callbacks.rehearsals import shown
from callbacks.viewer import Viewer
from data.database import reading
from data.queries import rehearsals as query
from domain.roles import Permission
from jobs import rehearsals as jobs
from pages import rehearsal as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[object, str, str]:
    data = _report(me, key, asked.get("kind", ""))
    return page.layout(data), page.title(data), page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("rehearsal-body", "children"),
        Output("rehearsal-poll", "disabled"),
        Input("rehearsal-poll", "n_intervals"),
        State("rehearsal-key", "data"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, key: str | None) -> tuple[Any, bool]:
        me = viewer.current()
        me.require(Permission.READ)
        return _body(me, key or "")

    @app.callback(
        Output("rehearsal-items", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        State("rehearsal-key", "data"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None, key: str | None) -> Any:
        if not key or path != page.PATH.replace("<key>", key):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        return page.render_items(_report(me, key, query_of(search).get("kind", "")))

    _register_command(app, "rehearsal-again", jobs.again, "It is rehearsed again.")
    _register_command(app, "rehearsal-discard", jobs.discard, "It is discarded; this report stays.")
    _register_command(app, "rehearsal-adopt", jobs.adopt, "It is being adopted; Sources shows how far it is.")


def _register_command(app: Dash, button: str, command: Callable[..., object], words: str) -> None:
    @app.callback(
        Output("rehearsal-body", "children", allow_duplicate=True),
        Output("rehearsal-poll", "disabled", allow_duplicate=True),
        Input(button, "n_clicks"),
        State("rehearsal-key", "data"),
        prevent_initial_call=True,
    )
    def act(clicks: int | None, key: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.RUN_SYNC)
        command(me.actor, me.role, viewer.key(key))
        set_props(toast.REGION, {"children": toast.toast(words)})
        if command is jobs.adopt:
            set_props("url", {"pathname": "/sources", "search": ""})
            return no_update, no_update
        return _body(me, key or "")


def _body(me: Viewer, key: str) -> tuple[Any, bool]:
    data = _report(me, key, "")
    set_props("answer", {"children": page.answer(data)})
    return page.render(data), not data.rehearsal.state.under_way


def _report(me: Viewer, key: str, kind: str) -> page.Report:
    with reading() as session:
        row = query.rehearsal(session, viewer.key_in_path(key))
    report = row.report
    listed = page.kinds(report)
    return page.Report(
        rehearsal=shown(row),
        lines=totals.lines(report["before"], report["after"]) if report else [],
        kind=kind if kind in listed else next(iter(listed), ""),
        may_decide=me.may(Permission.RUN_SYNC),
    )
