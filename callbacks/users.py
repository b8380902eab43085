"""The people of this instance, for administrators."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.database import reading
from data.repositories import people as repository
from domain.errors import BadInput
from domain.roles import Permission, Role
from jobs import people
from pages import users as page
from pages.components import toast


def open(me: Viewer, query: dict[str, str]) -> tuple[object, str, str]:
    users = _users(me)
    return page.layout(users, _panel(users, query)), page.TITLE, page.answer(users)


def register(app: Dash) -> None:
    @app.callback(
        Output("user-panel", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> object:
        if path != page.PATH:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.MANAGE_USERS)
        return _panel(_users(me), query_of(search))

    @app.callback(
        Output("user-secret", "children"),
        Output("users-list", "children"),
        Output("user-name", "value"),
        Output("user-display", "value"),
        Input("user-add", "n_clicks"),
        State("user-name", "value"),
        State("user-display", "value"),
        State("user-new-role", "value"),
        State("user-new-team", "value"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None, name: str | None, display: str | None, role: str | None, team: object) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        username, kept = (name or "").strip(), {"display_name": display or "", "team": _text(team)}
        password = people.add_user(me.actor, me.role, username, _role(role), **kept)
        return page.render_secret(username, password, new=True), page.render_users(_users(me)), "", ""

    @app.callback(
        Output("user-secret", "children", allow_duplicate=True),
        Input("user-reset", "n_clicks"),
        State("user-chosen", "data"),
        prevent_initial_call=True,
    )
    def reset(clicks: int | None, username: str | None) -> object:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        password = people.reset_password(me.actor, me.role, username or "")
        set_props("users-list", {"children": page.render_users(_users(me))})
        return page.render_secret(username or "", password, new=False)

    @app.callback(
        Output("users-list", "children", allow_duplicate=True),
        Output("user-panel", "children", allow_duplicate=True),
        Input("user-set-role", "n_clicks"),
        State("user-chosen", "data"),
        State("user-role", "value"),
        prevent_initial_call=True,
    )
    def set_role(clicks: int | None, username: str | None, role: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        people.set_role(me.actor, me.role, username or "", _role(role))
        return _changed(me, username, "The role is changed.")

    @app.callback(
        Output("users-list", "children", allow_duplicate=True),
        Output("user-panel", "children", allow_duplicate=True),
        Input("user-set-team", "n_clicks"),
        State("user-chosen", "data"),
        State("user-team", "value"),
        prevent_initial_call=True,
    )
    def set_team(clicks: int | None, username: str | None, team: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        kept = people.set_team(me.actor, me.role, username or "", _text(team))
        return _changed(me, username, f"{username} is in the team {kept}." if kept else f"{username} is in no team.")

    for button, disabled in (("user-disable", True), ("user-enable", False)):
        _register_switch(app, button, disabled=disabled)


def _register_switch(app: Dash, button: str, *, disabled: bool) -> None:
    @app.callback(
        Output("users-list", "children", allow_duplicate=True),
        Output("user-panel", "children", allow_duplicate=True),
        Input(button, "n_clicks"),
        State("user-chosen", "data"),
        prevent_initial_call=True,
    )
    def switch(clicks: int | None, username: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        people.set_disabled(me.actor, me.role, username or "", disabled=disabled)
        words = "disabled and signed out everywhere" if disabled else "enabled"
        return _changed(me, username, f"{username} is {words}.")


def _changed(me: Viewer, username: str | None, words: str) -> tuple[Any, Any]:
    users = _users(me)
    set_props(toast.REGION, {"children": toast.toast(words)})
    return page.render_users(users), _panel(users, {"user": username or ""}) or no_update


def _role(value: str | None) -> Role:
    try:
        return Role(value or "")
    except ValueError as error:
        raise BadInput("There is no such role.") from error


def _panel(users: Sequence[page.User], query: dict[str, str]) -> object:
    chosen = next((user for user in users if user.username == query.get("user")), None)
    return page.user_panel(chosen, page.teams(users)) if chosen else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _users(me: Viewer) -> list[page.User]:
    with reading() as session:
        open_sessions = repository.open_session_counts(session, datetime.now(UTC))
        return [
            page.User(
                username=user.username,
                display_name=user.display_name,
                role=Role(user.role),
                team=user.team,
                disabled=user.disabled_at is not None,
                must_change_password=user.must_change_password,
                last_signed_in_at=user.last_signed_in_at,
                created_at=user.created_at,
                sessions=open_sessions.get(user.id, 0),
                demo=user.is_demo,
                me=user.id == me.id,
            )
            for user in repository.everyone(session)
        ]
