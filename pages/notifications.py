"""What I was told, and where else I am told it: my channels, those of whole roles, and messages that did not arrive.

`?show=unread` leaves out what was read, `?before=<moment>` goes back in time, `?channel=<id>` opens one channel beside
the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from domain.digests import Digest
from domain.notifications import Kind
from domain.roles import Role
from pages.components import frame, states, words
from pages.components.bell import HREF, inbox
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, listing, when
from pages.components.status import link

PATH = HREF
TITLE = "Notifications"
NAV = Nav("You", "Notifications", "bell", 80, "n")
NAME_MAX = 60
ADDRESS_MAX = 1_000
MINE = ""  # whom a new channel is for: oneself, or else a role
POLL_MS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """`service` is what may be shown of its address; `unreadable` why even that cannot be."""

    id: str
    name: str
    role: Role | None
    service: str
    unreadable: str
    kinds: Sequence[Kind]
    digest: Digest
    digest_due_at: datetime | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is on its way on a channel; `trouble` is why the next message did not go at its last attempt."""

    queued: int
    held: int
    last_sent_at: datetime | None
    trouble: str


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
    """`items` as `pages.components.bell.inbox` takes them; `older` is the moment from which there is more."""

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
                    html.Div(render_channels(data), id="channels-list", className="stack-small"),
                    _add_form(may_manage=data.may_manage),
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


# -- channels ----------------------------------------------------------------------------------------------------------


def render_channels(data: Notifications) -> list[Component]:
    if not data.channels:
        return [html.P("None yet. Without one you are told here only, by the bell.", className="hint")]
    columns = [column(name) for name in ("Channel", "For", "Service", "Carries", "When", "State")]
    rows = [_row(channel) for channel in data.channels]
    return [listing(columns, rows, caption="Channels", noun="channels", limit=50)]


def _row(channel: Channel) -> list[Cell]:
    return [
        cell(channel.name, href=f"{PATH}?channel={channel.id}"),
        channel.role.label if channel.role else "Me",
        cell("Unreadable", mark="missed", hover=channel.unreadable) if channel.unreadable else channel.service,
        _carries(channel.kinds),
        channel.digest.label,
        cell("Active", mark="on") if channel.active else cell("Paused", mark="off"),
    ]


def _carries(kinds: Sequence[Kind]) -> str:
    if not kinds:
        return "Everything"
    return words.sentence([kind.label for kind in kinds]) if len(kinds) <= 2 else f"{len(kinds)} kinds"


def _add_form(*, may_manage: bool) -> html.Details:
    where = html.Div(
        [
            _labelled("Name", dcc.Input(id="channel-name", maxLength=NAME_MAX, autoComplete="off", value="")),
            _labelled(
                "Address",
                dcc.Input(id="channel-address", maxLength=ADDRESS_MAX, autoComplete="off", value="", spellCheck=False),
                "An Apprise address, such as mailto://user:password@example.org?to=me@example.org, or the webhook that "
                "Slack, Teams or Discord gives you. It is encrypted and never shown again.",
            ),
            html.Button("Add channel", id="channel-add", type="button", className="button"),
        ],
        className="form",
    )
    whom = _for_whom() if may_manage else html.Div(dcc.Input(id="channel-for", value=MINE, type="hidden"), hidden=True)
    form = html.Div([where, whom, *_wishes("channel-new", [], Digest.NONE)], className="channel-form")
    return html.Details([html.Summary("Add a channel"), form], className="fold")


def _for_whom() -> html.Div:
    options = [{"label": "Me", "value": MINE}] + [{"label": role.label, "value": role.value} for role in Role]
    choice = dcc.RadioItems(id="channel-for", options=options, value=MINE, className="choices")
    return html.Div([html.Strong("For"), choice])


def _wishes(prefix: str, kinds: Sequence[Kind], digest: Digest) -> list[Component]:
    """`<prefix>-kinds` and `<prefix>-digest`."""
    carried = dcc.Checklist(
        id=f"{prefix}-kinds",
        options=[{"label": kind.label, "value": kind.value} for kind in Kind],
        value=[kind.value for kind in kinds],
        className="choices",
    )
    often = dcc.RadioItems(
        id=f"{prefix}-digest",
        options=[{"label": each.label, "value": each.value} for each in Digest],
        value=digest.value,
        className="choices",
    )
    return [
        html.Div([html.Strong("Carries"), html.P("None ticked means everything.", className="hint"), carried]),
        html.Div([html.Strong("When"), often]),
    ]


def _labelled(label: str, field: Component, hint: str = "") -> html.Div:
    return html.Div(
        [html.Label(label, htmlFor=field.id), field, html.Span(hint, className="hint") if hint else None],
        className="labelled",
    )


def channel_panel(channel: Channel, standing: Standing) -> html.Aside:
    """What `?channel=` opens: `channel-save`, `channel-test`, `channel-pause` or `-resume`, `channel-remove`."""
    name = dcc.Input(id="channel-edit-name", maxLength=NAME_MAX, autoComplete="off", value=channel.name)
    shown: list[Component] = [
        dcc.Store(id="channel-chosen", data=channel.id),
        html.Dl([part for pair in _facts(channel, standing) for part in pair], className="facts"),
        states.notice(channel.unreadable, kind="warn") if channel.unreadable else html.Div(),
        states.notice(f"The last attempt failed: {standing.trouble}", kind="warn") if standing.trouble else html.Div(),
        html.Div(
            [
                html.H3("Test"),
                html.P("Sends one message now and says what became of it.", className="hint"),
                html.Button("Send a test", id="channel-test", type="button", className="button is-quiet"),
                html.Div(id="channel-test-result", role="status"),
                dcc.Store(id="channel-test-message"),
                dcc.Interval(id="channel-test-poll", interval=POLL_MS, disabled=True),
            ],
            className="form",
        ),
        html.Div(
            [
                html.H3("What it carries"),
                _labelled("Name", name),
                *_wishes("channel-edit", channel.kinds, channel.digest),
                html.Button("Save", id="channel-save", type="button", className="button"),
            ],
            className="form",
        ),
        html.Div([html.H3("Access"), *_switches(channel, standing)], className="form"),
    ]
    return frame.side(channel.name, shown, close_href=PATH, note=channel.role.label if channel.role else "My channel")


def _facts(channel: Channel, standing: Standing) -> list[tuple[Component, Component]]:
    facts: list[tuple[str, Component | str]] = [
        ("Service", channel.service or "unknown"),
        ("State", "Active" if channel.active else "Paused"),
        ("Added", when(channel.created_at, "day")),
        ("Last sent", when(standing.last_sent_at, "ago") if standing.last_sent_at else "never"),
        ("Waiting", words.plural(standing.queued, "message")),
    ]
    if channel.digest_due_at is not None:
        facts.append(("In the next digest", words.plural(standing.held, "notification")))
        facts.append(("Next digest", when(channel.digest_due_at)))
    return [(html.Dt(name), html.Dd(value)) for name, value in facts]


def _switches(channel: Channel, standing: Standing) -> list[Component]:
    switch = html.Button(
        "Pause" if channel.active else "Resume",
        id="channel-pause" if channel.active else "channel-resume",
        type="button",
        className="button is-quiet",
    )
    remove = frame.dialog(
        "channel-remove-dialog",
        "Remove this channel",
        [
            html.P(
                f"{channel.name} and {words.plural(standing.queued + standing.held, 'message')} waiting for it are "
                "removed. Its address cannot be read back."
            ),
            html.Button("Remove", id="channel-remove", type="button", className="button is-danger"),
        ],
    )
    opener = html.Button(
        "Remove", type="button", className="button is-quiet", **{"data-opens": "channel-remove-dialog"}
    )
    return [html.Div([switch, opener], className="actions"), remove]


# -- what did not arrive -----------------------------------------------------------------------------------------------


def render_failed(data: Notifications) -> list[Component]:
    """Each can be tried again: `{"type": "message-again", "message": id}`."""
    if not data.failed:
        return []
    head = html.Tr([html.Th(name) for name in ("Message", "Channel", "Why", "When", "")])
    body = html.Tbody([_failed(each) for each in data.failed])
    table = html.Table([html.Thead(head), body], className="rows is-wide")
    more = data.failed_total - len(data.failed)
    return [
        html.Section(
            [
                html.Header([html.H2("Not delivered"), html.P("Given up after several attempts. The bell has them.")]),
                html.Div(table, className="listing-scroll"),
                html.P(f"and {words.number(more)} more", className="hint") if more else html.Div(),
            ],
            className="section",
            id="failed",
        )
    ]


def _failed(message: Failed) -> html.Tr:
    again = html.Button(
        "Try again",
        id={"type": "message-again", "message": message.id},
        type="button",
        className="button is-quiet is-small",
        **{"aria-label": f"Try again: {message.title}"},
    )
    tried = words.plural(message.attempts, "attempt")
    cells: list[Component | str] = [
        message.title,
        link(message.channel, f"{PATH}?channel={message.channel_id}"),
        f"{message.reason} ({tried})",
        when(message.created_at, "ago"),
        again,
    ]
    return html.Tr([html.Td(each) for each in cells])


def render_test(state: str, reason: str = "", *, patience: bool = True) -> Component:
    """What became of a test message: still on its way, sent, or why not."""
    if state == "sent":
        return states.notice("Sent. See whether it has arrived.")
    if state == "failed":
        return states.notice(f"Not sent: {reason}", kind="warn")
    if patience:
        return html.P("Sending", className="hint")
    return states.notice("No worker has taken it yet. It is kept, and sent when one is there.", kind="warn")
