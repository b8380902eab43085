"""My account: name and time zone, and my sessions."""

import re
from datetime import UTC, datetime

from dash import ALL, Dash, Input, Output, State, ctx, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.database import reading
from data.repositories import people as repository
from jobs import people
from pages import account as page
from pages.components import toast

_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def open(me: Viewer, query: dict[str, str]) -> tuple[object, str, str]:
    data = _account(me)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Input("account-save", "n_clicks"),
        State("account-name", "value"),
        State("account-zone", "value"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, name: str | None, zone: str | None) -> None:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        people.set_preferences(me.actor, display_name=name or "", time_zone=zone or "")
        _say("Saved.")
        set_props("answer", {"children": page.answer(_account(me))})

    @app.callback(
        Output("account-sessions", "children"),
        Input({"type": "session-end", "session": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def end_one(clicks: list[int | None]) -> object:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            raise PreventUpdate
        me = viewer.current()
        people.end_session(me.actor, viewer.key(ctx.triggered_id.get("session")))
        _say("The session is ended.")
        return page.render_sessions(_account(me).sessions)

    @app.callback(
        Output("url", "refresh", allow_duplicate=True),
        Output("url", "href", allow_duplicate=True),
        Input("sessions-end-all", "n_clicks"),
        prevent_initial_call=True,
    )
    def end_all(clicks: int | None) -> tuple[bool, str]:
        if not clicks:
            raise PreventUpdate
        people.end_all_sessions(viewer.current().actor)
        return True, "/login"  # loaded anew: there is nobody signed in to ask for it as a view


def device(user_agent: str | None) -> str:
    """A browser in words; wrong words do no harm, so a few marks are enough."""
    text = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    if browser and system:
        return f"{browser} on {system}"
    plain = re.sub(r"[^\w ./-]", "", text)[:40]
    return browser or system or plain or "Unknown device"


def _account(me: Viewer) -> page.Account:
    with reading() as session:
        user = repository.get(session, me.id)
        sessions = [
            page.Session(
                id=str(one.id),
                device=device(one.user_agent),
                ip=str(one.ip or "unknown"),
                created_at=one.created_at,
                last_seen_at=one.last_seen_at,
                current=one.id == me.session_id,
            )
            for one in repository.open_sessions(session, me.id, datetime.now(UTC))
        ]
        return page.Account(
            username=user.username,
            display_name=user.display_name,
            role=me.role,
            time_zone=user.time_zone,
            password_changed_at=user.password_changed_at,
            sessions=sessions,
        )


def _say(words: str) -> None:
    set_props(toast.REGION, {"children": toast.toast(words)})
