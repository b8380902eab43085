"""Removing the demo organisation, from the banner that every page carries while it is loaded."""

from dash import Dash, Input, Output
from dash.exceptions import PreventUpdate

from callbacks import viewer
from jobs import demo


def register(app: Dash) -> None:
    @app.callback(
        Output("url", "refresh", allow_duplicate=True),
        Output("url", "href", allow_duplicate=True),
        Input("demo-remove", "n_clicks"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None) -> tuple[bool, str]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        demo.clear(me.actor, me.role)
        return True, "/"  # loaded anew: no figure on screen may outlive what it counted
