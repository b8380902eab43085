"""The list of rehearsals: starting one, following it."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.database import reading
from data.queries import rehearsals as query
from data.sources import registry
from domain.attack_ids import DOMAINS
from domain.errors import BadInput
from domain.roles import Permission
from jobs import rehearsals as jobs
from pages import rehearsals as page
from pages.components import toast


def open(me: Viewer, _asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _rehearsals(me)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("rehearsals-body", "children"),
        Output("rehearsals-poll", "disabled"),
        Input("rehearse-now", "n_clicks"),
        Input("rehearsals-touched", "data"),
        State("rehearse-domain", "value"),
        prevent_initial_call=True,
    )
    def start(clicks: int | None, touched: object, domain: str | None) -> tuple[Any, bool]:
        if not clicks and not touched:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.RUN_SYNC)
        if not touched:
            if domain not in DOMAINS:
                raise BadInput("Choose which map to rehearse.")
            jobs.request(me.actor, me.role, {"kind": "upstream"}, domain=domain)
            set_props(toast.REGION, {"children": toast.toast("The rehearsal has been queued.")})
        return _body(me)

    @app.callback(
        Output("rehearsals-body", "children", allow_duplicate=True),
        Output("rehearsals-poll", "disabled", allow_duplicate=True),
        Input("rehearsals-poll", "n_intervals"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None) -> tuple[Any, bool]:
        me = viewer.current()
        me.require(Permission.READ)
        return _body(me)


def _body(me: Viewer) -> tuple[Any, bool]:
    data = _rehearsals(me)
    set_props("answer", {"children": page.answer(data)})
    return page.render(data), not page.polling(data)


def _rehearsals(me: Viewer) -> page.Rehearsals:
    with reading() as session:
        rows, releases = query.rehearsals(session), query.releases(session)
    info = registry.info("attack")
    kept = ("domain", "version", "state", "origin", "loaded_at")
    return page.Rehearsals(
        rehearsals=[shown(row) for row in rows],
        releases=[
            page.Release(**{name: getattr(row, name) for name in kept}, run=str(row.run) if row.run else None)
            for row in releases
        ],
        accepts=info.accepts,
        max_bytes=info.max_bytes,
        may_rehearse=me.may(Permission.RUN_SYNC),
    )


def shown(row: query.RehearsalRow) -> page.Rehearsal:
    names = [name for name in query.RehearsalRow.__slots__ if name != "id"]
    return page.Rehearsal(id=str(row.id), **{name: getattr(row, name) for name in names})
