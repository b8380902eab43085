"""Channels: where else somebody is told, how to add one, and what can be done with it.

`channels-list` holds the list; `?channel=<id>` opens one beside the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.digests import Digest
from domain.notifications import Kind
from domain.roles import Role
from pages.components import frame, states, words
from pages.components.bell import HREF
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, when

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


def render_channels(channels: Sequence[Channel]) -> list[Component]:
    if not channels:
        return [html.P("None yet. Without one you are told here only, by the bell.", className="hint")]
    columns = [column(name) for name in ("Channel", "For", "Service", "Carries", "When", "State")]
    rows = [_row(channel) for channel in channels]
    return [listing(columns, rows, caption="Channels", noun="channels", limit=50)]


def _row(channel: Channel) -> list[Cell]:
    return [
        cell(channel.name, href=f"{HREF}?channel={channel.id}"),
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


def add_form(*, may_manage: bool) -> html.Details:
    where = html.Div(
        [
            labelled("Name", dcc.Input(id="channel-name", maxLength=NAME_MAX, autoComplete="off", value="")),
            labelled(
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
                labelled("Name", name),
                *_wishes("channel-edit", channel.kinds, channel.digest),
                html.Button("Save", id="channel-save", type="button", className="button"),
            ],
            className="form",
        ),
        html.Div([html.H3("Access"), *_switches(channel, standing)], className="form"),
    ]
    return frame.side(channel.name, shown, close_href=HREF, note=channel.role.label if channel.role else "My channel")


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


def render_test(state: str, reason: str = "", *, patience: bool = True) -> Component:
    """What became of a test message: still on its way, sent, or why not."""
    if state == "sent":
        return states.notice("Sent. See whether it has arrived.")
    if state == "failed":
        return states.notice(f"Not sent: {reason}", kind="warn")
    if patience:
        return html.P("Sending", className="hint")
    return states.notice("No worker has taken it yet. It is kept, and sent when one is there.", kind="warn")
