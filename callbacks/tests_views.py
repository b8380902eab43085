"""Views of the tests page under a name: kept, shared, removed."""

from typing import Any

from dash import Dash, Input, Output, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from jobs import saved_views
from pages.components import toast
from pages.components.saved_views import View, as_props


def register(app: Dash) -> None:
    @app.callback(Output("tests-views", "views"), Input("tests-views", "asked"), prevent_initial_call=True)
    def change(asked: object) -> Any:
        if not isinstance(asked, dict):
            raise PreventUpdate
        me = viewer.current()
        if asked.get("do") == "save":
            name, query = str(asked.get("name") or ""), query_of(str(asked.get("query") or ""))
            saved_views.save(me.actor, me.role, name, query, shared=asked.get("shared") is True)
            words = "The view is kept."
        else:
            saved_views.remove(me.actor, me.role, viewer.key(asked.get("id")))
            words = "The view is removed."
        set_props(toast.REGION, {"children": toast.toast(words)})
        return as_props(views(me))


def views(me: Viewer) -> list[View]:
    return [
        View(id=str(one.id), name=one.name, query=one.query, shared=one.shared, mine=one.owner_id == me.id, by=one.by)
        for one in saved_views.of(me.id)
    ]
