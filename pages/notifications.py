"""What I was told, and where else I am told it: my channels, those of whole roles, and messages that did not arrive.

`?show=unread` leaves out what was read, `?before=<id>` goes back in time, `?channel=<id>` opens one channel beside
the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from pages.components import states, words
from pages.components.bell import HREF, inbox
from pages.components.channels import Channel, add_form, render_channels
from pages.components.frame import Nav
from pages.components.parts import when
from pages.components.plain_table import plain_table
from pages.components.status import link

PATH = HREF
TITLE = "Notifications"
NAV = Nav("You", "Notifications", "bell", 80, "n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A message that was given up."""

    id: str
    channel_id: str
    channel: str
    title: str
    created_at: datetime
    attempts: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifications:
    """`items` as `pages.components.bell.inbox` takes them; `older` is the one after which there is more."""

    items: Sequence[Mapping[str, Any]]
    unread: int
    older: str
    until: str
    query: Mapping[str, str]
    channels: Sequence[Channel]
    failed: Sequence[Failed]
    failed_total: int
    may_manage: bool


def answer(data: Notifications) -> str:
    """The one line in the top bar."""
    return (f"{words.number(data.unread)} unread" if data.unread else "Nothing unread") + _lost(data)


def _lost(data: Notifications) -> str:
    return f"; {words.plural(data.failed_total, 'message')} not delivered" if data.failed_total else ""


def layout(data: Notifications, panel: Component | None = None) -> html.Div:
    """`notifications-list`, `channels-list` and `failed-list` are drawn anew after what was done."""
    return html.Div(
        [
            html.Div(render_list(data), id="notifications-list", className="stack-small"),
            html.Div(render_failed(data), id="failed-list"),
            html.Section(
                [
                    html.Header(
                        [html.H2("Channels"), html.P("Mail, chat and webhooks that carry notifications further.")]
                    ),
                    html.Div(render_channels(data.channels), id="channels-list", className="stack-small"),
                    add_form(may_manage=data.may_manage),
                ],
                className="section",
            ),
            html.Div(panel, id="channel-panel"),
        ],
        className="stack",
    )


# -- the list ----------------------------------------------------------------------------------------------------------


def render_list(data: Notifications) -> list[Component]:
    unread_only = data.query.get("show") == "unread"
    choices = html.Div(
        [
            _choice("All", PATH, chosen=not unread_only),
            _choice("Unread", f"{PATH}?show=unread", chosen=unread_only),
        ],
        className="actions",
    )
    if not data.items:
        return [choices, _empty(unread_only=unread_only, later="before" in data.query)]
    older = f"{PATH}?{'show=unread&' if unread_only else ''}before={quote(data.older)}"
    return [
        choices,
        inbox(data.items, until=data.until, lost=_lost(data)),
        html.Div(link("Older", older, "button is-quiet is-small"), className="actions") if data.older else html.Div(),
    ]


def _choice(text: str, href: str, *, chosen: bool) -> html.A:
    here = {"aria-current": "true"} if chosen else {}
    return html.A(text, href=href, className="chip", **{"data-go": "", **here})


def _empty(*, unread_only: bool, later: bool) -> Component:
    if later:
        return states.empty("Nothing earlier", "There is nothing before this.", [link("The newest", PATH, "button")])
    if unread_only:
        return states.empty("All read", "Nothing new has happened that concerns you.")
    return states.empty(
        "Nothing yet",
        "Here stands what concerns you: tests and remediations given to you, decisions that wait for you, rejections, "
        "comments that name you.",
    )


# -- what did not arrive -----------------------------------------------------------------------------------------------


def render_failed(data: Notifications) -> list[Component]:
    """Each can be tried again: `{"type": "message-again", "message": id}`."""
    if not data.failed:
        return []
    table = plain_table(("Message", "Channel", "Why", "When", ""), map(_failed, data.failed))
    more = data.failed_total - len(data.failed)
    return [
        html.Section(
            [
                html.Header([html.H2("Not delivered"), html.P("Given up after several attempts. The bell has them.")]),
                table,
                html.P(f"and {words.number(more)} more", className="hint") if more else html.Div(),
            ],
            className="section",
            id="failed",
        )
    ]


def _failed(message: Failed) -> list[Component | str]:
    again = html.Button(
        "Try again",
        id={"type": "message-again", "message": message.id},
        type="button",
        className="button is-quiet is-small",
        **{"aria-label": f"Try again: {message.title}"},
    )
    tried = words.plural(message.attempts, "attempt")
    return [
        message.title,
        link(message.channel, f"{PATH}?channel={message.channel_id}"),
        f"{message.reason} ({tried})",
        when(message.created_at, "ago"),
        again,
    ]
