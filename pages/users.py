"""People who may sign in: who they are, what they may do, and how to let them in or keep them out.

`?user=<username>` opens one person beside the page. A new password is shown once, in `user-secret`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.people import TEAM_MAX
from domain.roles import GRANTS, Permission, Role
from pages.components import choosing, frame, states, words
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, moment_cell, when

PATH = "/admin/users"
TITLE = "Users"
NAV = Nav("Admin", "Users", "users", 70, "u", Permission.MANAGE_USERS)

_GRANT_WORDS: dict[Permission, str] = {
    Permission.REVIEW_TECHNIQUE: "reviews changed techniques",
    Permission.MANAGE_RULES: "enables and disables rules",
    Permission.RUN_SYNC: "starts syncs",
    Permission.MANAGE_USERS: "manages people",
    Permission.READ_AUDIT: "reads the audit log",
}
_TEAM_WORDS = (
    "Coverage and times are divided by it, for all that the person evaluated, past tests too. "
    f"At most {TEAM_MAX} characters; empty is no team."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """`demo` people belong to the demo organisation and cannot sign in. `team` is '' for none."""

    username: str
    display_name: str
    role: Role
    disabled: bool
    must_change_password: bool
    last_signed_in_at: datetime | None
    created_at: datetime
    team: str = ""
    sessions: int = 0
    demo: bool = False
    me: bool = False


def answer(users: Sequence[User]) -> str:
    able = sum(not user.disabled and not user.demo for user in users)
    return f"{words.plural(able, 'person', 'people')} can sign in"


def teams(users: Sequence[User]) -> list[str]:
    """Those that somebody is in, by name."""
    return sorted({user.team for user in users if user.team})


def layout(users: Sequence[User], panel: Component | None = None) -> html.Div:
    return html.Div(
        [
            html.Div(id="user-secret"),
            html.Section(_add_form(teams(users)), className="section"),
            html.Section(
                [
                    html.Header([html.H2("People"), html.P("A name opens what you can do for them.")]),
                    html.Div(render_users(users), id="users-list"),
                ],
                className="section",
            ),
            html.Div(panel, id="user-panel"),
        ],
        className="stack",
    )


def render_users(users: Sequence[User]) -> Component:
    columns = [
        column("Username"),
        column("Name"),
        column("Role"),
        column("Team"),
        column("State"),
        column("Last signed in", "when"),
        column("Sessions", "num"),
        column("Added", "when"),
    ]
    return listing(columns, [_row(user) for user in users], caption="People", noun="people", limit=30)


def _row(user: User) -> list[Cell]:
    return [
        cell(user.username, href=f"{PATH}?user={user.username}", beside="you" if user.me else None),
        user.display_name,
        cell(user.role.label, order=list(Role).index(user.role)),
        user.team or None,
        _state(user),
        moment_cell(user.last_signed_in_at),
        user.sessions,
        moment_cell(user.created_at, "day"),
    ]


def _state(user: User) -> Cell:
    if user.demo:
        return cell("Demo, cannot sign in", mark="off")
    if user.disabled:
        return cell("Disabled", mark="off")
    if user.must_change_password:
        return cell("One-time password", mark="partial")
    return cell("Active", mark="on")


def _roles(id_: str, value: str) -> dcc.RadioItems:
    options = [{"label": html.Span([role.label, html.Small(_may(role))]), "value": role.value} for role in Role]
    return dcc.RadioItems(id=id_, options=options, value=value, className="choices")


def _may(role: Role) -> str:
    said = [text for permission, text in _GRANT_WORDS.items() if role in GRANTS[permission]]
    return words.sentence(said) or "reads everything"


def _add_form(known: Sequence[str]) -> html.Details:
    name = dcc.Input(id="user-name", maxLength=50, autoComplete="off", value="")
    display = dcc.Input(id="user-display", maxLength=100, autoComplete="off", value="")
    form = html.Div(
        [
            labelled("Username", name, "3 to 50 letters, digits, _ or -. It stays as it is."),
            labelled("Name", display, "As others read it; empty takes the username."),
            labelled("Team", _team("user-new-team", known), _TEAM_WORDS),
            html.Div([html.Strong("Role"), _roles("user-new-role", Role.VIEWER.value)]),
            html.Button("Add person", id="user-add", type="button", className="button"),
        ],
        className="form",
    )
    return html.Details([html.Summary("Add a person"), form], className="fold")


def _team(id_: str, known: Sequence[str], value: str = "") -> choosing.Field:
    return choosing.suggest(id_, "Team", [(one, one) for one in known], value)


def render_secret(username: str, password: str, *, new: bool) -> html.Div:
    """The one-time password, shown this once."""
    what = "was added" if new else "has a new password"
    return states.notice(
        html.Span([html.Strong(username), f" {what}. One-time password: "]),
        html.Code(password, className="secret"),
        html.Span("It is shown only now. At the first sign-in they choose their own.", className="hint"),
        kind="warn",
    )


def user_panel(user: User, known: Sequence[str]) -> html.Aside:
    """What `?user=` opens; `known` are the teams to suggest. Actions: `user-set-team`, `user-set-role`,
    `user-reset`, `user-disable` or `user-enable`."""
    facts: list[tuple[str, Component | str]] = [
        ("Username", user.username),
        ("Team", user.team or "none"),
        ("Added", when(user.created_at, "day")),
        ("Last signed in", when(user.last_signed_in_at, "ago") if user.last_signed_in_at else "never"),
        ("Sessions", str(user.sessions)),
    ]
    shown: list[Component] = [
        dcc.Store(id="user-chosen", data=user.username),
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts"),
    ]
    if user.demo:
        shown.append(html.P("Belongs to the demo organisation and cannot sign in.", className="notice"))
    elif user.me:
        shown.append(
            html.P("This is you. Another administrator can change your role or disable you.", className="notice")
        )
        shown.append(_team_form(user, known))
    else:
        shown.extend([_team_form(user, known), *_user_actions(user)])
    return frame.side(user.display_name or user.username, shown, close_href=PATH, note=user.role.label)


def _team_form(user: User, known: Sequence[str]) -> html.Div:
    return html.Div(
        [
            html.H3("Team"),
            html.Div(
                [_team("user-team", known, user.team), html.Span(_TEAM_WORDS, className="hint")], className="labelled"
            ),
            html.Button("Change team", id="user-set-team", type="button", className="button"),
        ],
        className="form",
    )


def _user_actions(user: User) -> list[Component]:
    sentence = (
        "Signs in again with the present password."
        if user.disabled
        else f"Ends {words.plural(user.sessions, 'session')} now and refuses to sign in. What they did stays."
    )
    switch = html.Button(
        "Enable" if user.disabled else "Disable",
        id="user-enable" if user.disabled else "user-disable",
        type="button",
        className="button is-quiet" if user.disabled else "button is-danger",
    )
    return [
        html.Div(
            [
                html.H3("Role"),
                _roles("user-role", user.role.value),
                html.Button("Change role", id="user-set-role", type="button", className="button"),
            ],
            className="form",
        ),
        html.Div(
            [
                html.H3("Password"),
                html.P(
                    "Replaces it by a one-time password, shown to you once, and ends their sessions.", className="hint"
                ),
                html.Button("Reset password", id="user-reset", type="button", className="button is-quiet"),
            ],
            className="form",
        ),
        html.Div([html.H3("Access"), html.P(sentence, className="hint"), switch], className="form"),
    ]
