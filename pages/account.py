"""My account: who I am here, my password, and the browsers in which I am signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Role
from pages.components import frame, words
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import when
from pages.components.plain_table import plain_table

PATH = "/account"
TITLE = "Account"
NAV = Nav("You", "Account", "account", 90, "a")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in browser; `device` in words ("Firefox on Linux"), `current` for the one that asks."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    username: str
    display_name: str
    role: Role
    time_zone: str
    password_changed_at: datetime | None
    sessions: Sequence[Session]


def answer(data: Account) -> str:
    return f"{data.username}, {data.role.label}, {words.plural(len(data.sessions), 'session')}"


def layout(data: Account) -> html.Div:
    """`account-save` keeps `account-name` and `account-zone`; `account-sessions` holds the sessions."""
    return html.Div(
        [
            html.Div(
                [
                    html.Section(_profile(data), className="panel is-half"),
                    html.Section(_password(data), className="panel is-half"),
                ],
                className="grid",
            ),
            html.Section(
                [
                    html.Header([html.H2("Sessions"), html.P("Browsers in which you are signed in.")]),
                    html.Div(render_sessions(data.sessions), id="account-sessions"),
                ],
                className="section",
            ),
        ],
        className="stack",
    )


def _profile(data: Account) -> list[Component]:
    name = dcc.Input(id="account-name", value=data.display_name, maxLength=100, autoComplete="name")
    zone = dcc.Input(id="account-zone", value=data.time_zone, maxLength=60, autoComplete="off")
    return [
        html.Header([html.H2("You"), html.P(f"{data.username}, {data.role.label}")]),
        html.Div(
            [
                labelled("Name", name),
                labelled("Time zone", zone, "Such as Europe/Berlin; for reports. Screens use this browser's zone."),
                html.Button("Save", id="account-save", type="button", className="button"),
            ],
            className="form",
        ),
    ]


def _password(data: Account) -> list[Component]:
    changed = html.P(["Changed ", when(data.password_changed_at, "ago"), "."]) if data.password_changed_at else None
    return [
        html.Header([html.H2("Password"), html.P("Changing it ends your other sessions.")]),
        html.Div([changed, html.A("Change password", href="/password", className="button is-quiet")], className="form"),
    ]


def render_sessions(sessions: Sequence[Session]) -> list[Component]:
    """Each row but the present one can be ended (`{"type": "session-end", "session": id}`)."""
    names = ("Device", "Address", "Signed in", "Last seen", "")
    table = plain_table(names, map(_session, sessions))
    end_all = frame.dialog(
        "sessions-dialog",
        "Log out everywhere",
        [
            html.P(
                f"This ends {words.plural(len(sessions), 'session')}, this one too. You will have to sign in again."
            ),
            html.Button("Log out everywhere", id="sessions-end-all", type="button", className="button is-danger"),
        ],
    )
    opener = html.Button(
        "Log out everywhere", type="button", className="button is-quiet", **{"data-opens": "sessions-dialog"}
    )
    return [table, html.Div(opener, className="listing-tools"), end_all]


def _session(session: Session) -> list[Component | str]:
    if session.current:
        action: Component = html.Span("this one", className="hint")
    else:
        action = html.Button(
            "End",
            id={"type": "session-end", "session": session.id},
            type="button",
            className="button is-quiet is-small",
            **{"aria-label": f"End the session on {session.device}"},
        )
    return [session.device, session.ip, when(session.created_at, "moment"), when(session.last_seen_at, "ago"), action]
