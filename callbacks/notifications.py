"""The notifications page: what I was told, my channels, and messages to try again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dash import ALL, Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.database import reading
from data.models import NotificationChannel
from data.queries import notifications as query
from data.queries.notifications import Told
from data.repositories import channels as repository
from data.secrets import Unreadable
from domain.digests import Digest
from domain.errors import BadInput
from domain.notifications import Kind
from domain.roles import Permission, Role
from jobs import channels
from jobs.channels import Wishes
from pages import notifications as page
from pages.components import channels as parts
from pages.components import toast

SHOWN = 15
_FAILED_SHOWN = 10
# How often the page asks what became of a test message before it says that nobody has taken it.
_TEST_LOOKS = 20


def item(told: Told) -> dict[str, Any]:
    """A notification as the browser's side draws it."""
    return {
        "id": str(told.id),
        "kind": told.kind,
        "label": Kind(told.kind).label,
        "title": told.title,
        "body": told.body,
        "link": told.link,
        "at": told.created_at.isoformat(),
        "read": told.read,
    }


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _notifications(me, asked)
    return page.layout(data, _panel(data, asked)), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("notifications-list", "children"),
        Output("channel-panel", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> tuple[Any, Any]:
        if path != page.PATH:
            raise PreventUpdate
        me, asked = _reader(), query_of(search)
        data = _notifications(me, asked)
        return page.render_list(data), _panel(data, asked)

    @app.callback(
        output=(
            Output("channels-list", "children"),
            Output("channel-name", "value"),
            Output("channel-address", "value"),
        ),
        inputs={"clicks": Input("channel-add", "n_clicks")},
        state={
            "form": {
                "name": State("channel-name", "value"),
                "address": State("channel-address", "value"),
                "whom": State("channel-for", "value"),
                "kinds": State("channel-new-kinds", "value"),
                "digest": State("channel-new-digest", "value"),
            }
        },
        prevent_initial_call=True,
    )
    def add(clicks: int | None, form: dict[str, Any]) -> tuple[Any, str, str]:
        if not clicks:
            raise PreventUpdate
        me = _reader()
        wishes = _wishes(form["name"], form["kinds"], form["digest"])
        channels.add(me.actor, me.role, form["address"] or "", wishes, for_role=_role(form["whom"]))
        _say("The channel is added. Open it to send a test.")
        return parts.render_channels(_notifications(me, {}).channels), "", ""

    _register_panel(app)
    _register_test(app)

    @app.callback(
        Output("failed-list", "children"),
        Input({"type": "message-again", "message": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def again(clicks: list[int | None]) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            raise PreventUpdate
        me = _reader()
        channels.try_again(me.actor, me.role, viewer.key(ctx.triggered_id.get("message")))
        _say("It is on its way again.")
        data = _notifications(me, {})
        set_props("answer", {"children": page.answer(data)})
        return page.render_failed(data)


def _register_panel(app: Dash) -> None:
    @app.callback(
        Output("channels-list", "children", allow_duplicate=True),
        Output("channel-panel", "children", allow_duplicate=True),
        Input("channel-save", "n_clicks"),
        State("channel-chosen", "data"),
        State("channel-edit-name", "value"),
        State("channel-edit-kinds", "value"),
        State("channel-edit-digest", "value"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, chosen: str | None, name: str | None, kinds: Any, digest: str | None
    ) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = _reader()
        channels.change(me.actor, me.role, viewer.key(chosen), _wishes(name, kinds, digest))
        return _changed(me, chosen, "Saved.")

    for button, active, words in (
        ("channel-pause", False, "The channel is paused."),
        ("channel-resume", True, "The channel is active again."),
    ):
        _register_switch(app, button, active=active, words=words)

    @app.callback(
        Output("channels-list", "children", allow_duplicate=True),
        Output("channel-panel", "children", allow_duplicate=True),
        Input("channel-remove", "n_clicks"),
        State("channel-chosen", "data"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None, chosen: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = _reader()
        channels.remove(me.actor, me.role, viewer.key(chosen))
        return _changed(me, None, "The channel is removed.")


def _register_switch(app: Dash, button: str, *, active: bool, words: str) -> None:
    @app.callback(
        Output("channels-list", "children", allow_duplicate=True),
        Output("channel-panel", "children", allow_duplicate=True),
        Input(button, "n_clicks"),
        State("channel-chosen", "data"),
        prevent_initial_call=True,
    )
    def switch(clicks: int | None, chosen: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = _reader()
        channels.set_active(me.actor, me.role, viewer.key(chosen), active=active)
        return _changed(me, chosen, words)


def _register_test(app: Dash) -> None:
    @app.callback(
        Output("channel-test-result", "children"),
        Output("channel-test-message", "data"),
        Output("channel-test-poll", "disabled"),
        Output("channel-test-poll", "n_intervals"),
        Input("channel-test", "n_clicks"),
        State("channel-chosen", "data"),
        prevent_initial_call=True,
    )
    def test(clicks: int | None, chosen: str | None) -> tuple[Any, str, bool, int]:
        if not clicks:
            raise PreventUpdate
        me = _reader()
        message = channels.send_test(me.actor, me.role, viewer.key(chosen))
        return parts.render_test("queued"), str(message), False, 0

    @app.callback(
        Output("channel-test-result", "children", allow_duplicate=True),
        Output("channel-test-poll", "disabled", allow_duplicate=True),
        Input("channel-test-poll", "n_intervals"),
        State("channel-test-message", "data"),
        prevent_initial_call=True,
    )
    def follow(looks: int | None, message: str | None) -> tuple[Any, Any]:
        if not looks or not message:
            raise PreventUpdate
        me = _reader()
        with reading() as session:
            found = query.message(session, viewer.key(message), me.id, roles=_manages(me))
        state, reason = found or ("failed", "the channel is gone.")
        patience = looks < _TEST_LOOKS
        over = state in ("sent", "failed") or not patience
        return parts.render_test(state, reason, patience=patience), True if over else no_update


def _reader() -> Viewer:
    me = viewer.current()
    me.require(Permission.READ)
    return me


def _manages(me: Viewer) -> bool:
    return me.may(Permission.MANAGE_CHANNELS)


def _changed(me: Viewer, chosen: str | None, words: str) -> tuple[Any, Any]:
    data = _notifications(me, {})
    _say(words)
    set_props("failed-list", {"children": page.render_failed(data)})
    return parts.render_channels(data.channels), _panel(data, {"channel": chosen or ""})


def _say(words: str) -> None:
    set_props(toast.REGION, {"children": toast.toast(words)})


def _role(whom: str | None) -> Role | None:
    try:
        return Role(whom) if whom else None
    except ValueError as error:
        raise BadInput("There is no such role.") from error


def _wishes(name: str | None, kinds: Any, digest: str | None) -> Wishes:
    ticked = [str(kind) for kind in kinds] if isinstance(kinds, list) else []
    return Wishes(name=name or "", kinds=ticked, digest=digest or Digest.NONE)


def _notifications(me: Viewer, asked: Mapping[str, str]) -> page.Notifications:
    manages, now = _manages(me), datetime.now(UTC)
    with reading() as session:
        told = query.latest(
            session,
            me.id,
            limit=SHOWN + 1,
            unread_only=asked.get("show") == "unread",
            before=_id(asked.get("before")),
        )
        failed = query.failed(session, me.id, roles=manages, limit=_FAILED_SHOWN)
        listed = [_channel(one) for one in repository.of(session, me.id, roles=manages)]
    return page.Notifications(
        items=[item(one) for one in told[:SHOWN]],
        unread=told[0].unread if told else query.unread(me.id),
        older=str(told[SHOWN - 1].id) if len(told) > SHOWN else "",
        until=now.isoformat(),
        query=asked,
        channels=listed,
        failed=[_failed(one) for one in failed],
        failed_total=failed[0].total if failed else 0,
        may_manage=manages,
    )


def _id(text: str | None) -> UUID | None:
    """An id of the address; what is none is left out."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _channel(row: NotificationChannel) -> parts.Channel:
    service, unreadable = "", ""
    try:
        service, _ = repository.opened(row)
    except Unreadable as error:
        unreadable = error.detail
    return parts.Channel(
        id=str(row.id),
        name=row.name,
        role=Role(row.role) if row.role else None,
        service=service,
        unreadable=unreadable,
        kinds=[Kind(kind) for kind in row.kinds],
        digest=Digest(row.digest),
        digest_due_at=row.digest_due_at,
        active=row.active,
        created_at=row.created_at,
    )


def _failed(row: query.Failed) -> page.Failed:
    names = ("title", "created_at", "attempts", "reason")
    channel = f"{row.channel} ({Role(row.role).label})" if row.role else row.channel
    values = {name: getattr(row, name) for name in names}
    return page.Failed(id=str(row.id), channel_id=str(row.channel_id), channel=channel, **values)


def _panel(data: page.Notifications, asked: Mapping[str, str]) -> object:
    chosen = next((one for one in data.channels if one.id == asked.get("channel")), None)
    if chosen is None:
        return None
    with reading() as session:
        now = query.standing(session, viewer.key(chosen.id))
    standing = parts.Standing(
        queued=now.queued, held=now.held, last_sent_at=now.last_sent_at, trouble=now.trouble or ""
    )
    return parts.channel_panel(chosen, standing)
