"""The page of a countermeasure, and what leads decide about it."""

from collections.abc import Mapping
from typing import Any

import orjson
from dash import Dash, Input, Output, State, html, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.countermeasures import points, row, state_of
from callbacks.viewer import Viewer
from data.queries import countermeasures as query
from domain.roles import Permission
from jobs import countermeasures
from pages import countermeasure as page
from pages.components import toast

_ID_MAX = 100


def open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[object, str, str]:
    data = _countermeasure(me, key)
    return html.Div(page.layout(data), id="countermeasure-body"), data.row.name, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("countermeasure-body", "children"),
        Input("countermeasure-decide", "n_clicks"),
        State("countermeasure-shown", "data"),
        State("countermeasure-state", "value"),
        State("countermeasure-note", "value"),
        prevent_initial_call=True,
    )
    def decide(clicks: int | None, shown: object, state: object, note: object) -> Any:
        if not clicks:
            raise PreventUpdate
        me, key = viewer.current(), str(shown)[:_ID_MAX]
        said = {key: state_of(state)}
        countermeasures.decide(me.actor, me.role, said, note=note if isinstance(note, str) else "")
        data = _countermeasure(me, key)
        set_props(toast.REGION, {"children": toast.toast("Kept.")})
        set_props("answer", {"children": page.answer(data)})
        return page.layout(data)


def _countermeasure(me: Viewer, key: str) -> page.Countermeasure:
    found = query.one(key)
    names = ("name", "artifacts", "in_place", "applicable")
    return page.Countermeasure(
        row=row(found, points().get(found["d3fend_id"])),
        parent=found["parent"],
        synonyms=_json(found["synonyms"]),
        url=found["url"],
        applies=[
            page.Applied(
                claimed=one["claimed_id"],
                attack_id=one["attack_id"] if one["active"] else "",
                **{name: one[name] for name in names},
            )
            for one in found["applies"]
        ],
        may_decide=me.may(Permission.MANAGE_COUNTERMEASURES),
    )


def _json(text: str | None) -> list[str]:
    return list(orjson.loads(text)) if text else []
