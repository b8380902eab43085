"""The frame around every page: rail, top bar, search, menus, dialogs, and the regions that callbacks fill.

`index_string()` is the document, `shell()` the Dash layout. Callbacks of the app use these ids: `url` (where we are),
`page` (the page goes here), `title` and `answer` (top bar), `theme` (store: "light" or "dark"), `toasts`, `search-text`
and `search-results`, `demo-banner` and `demo-remove`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, Role, may
from pages.components import toast
from pages.components.bell import bell
from pages.components.parts import Keys, Rail, SearchField, post_form
from pages.components.states import loading

GROUPS = ("State", "Proof", "Obligations", "Content", "Admin", "You")


class Nav(NamedTuple):
    """A page's place in the rail. `key` follows `g` on the keyboard; without the permission it is not listed."""

    group: str
    label: str
    icon: str
    order: int
    key: str = ""
    permission: Permission = Permission.READ


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A page in the rail, with its address."""

    path: str
    nav: Nav


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who is looking."""

    name: str
    username: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One result of the search: `kind` is a word for people ("technique", "group", "rule")."""

    kind: str
    id: str
    name: str
    href: str


def index_string(styles: str = "", scripts: str = "") -> str:
    """The document around the app. The theme is set before anything is painted; nothing is inline.

    `styles` and `scripts` are addresses of ours; scripts run when React is there and Dash has not begun.
    """
    link = f'<link rel="stylesheet" href="{styles}">' if styles else ""
    script = f'<script src="{scripts}"></script>' if scripts else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
{{%metas%}}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{%title%}}</title>
<link rel="icon" href="/assets/icons/favicon.svg" type="image/svg+xml">
<script src="/assets/theme.js"></script>
{{%css%}}
{link}
</head>
<body>
<noscript><p class="noscript">Aegis draws its pages in the browser and needs JavaScript for that.</p></noscript>
{{%app_entry%}}
<div class="unreachable" role="alert">The server does not answer at the moment. What you see is kept;
it comes back by itself.</div>
{{%config%}}
{{%scripts%}}
{script}
{{%renderer%}}
</body>
</html>"""


def shell(person: Person, places: Iterable[Place], *, demo: bool = False) -> html.Div:
    """The layout of the app for this person."""
    allowed = sorted(
        (place for place in places if may(person.role, place.nav.permission)),
        key=lambda place: (GROUPS.index(place.nav.group), place.nav.order),
    )
    main = html.Main(loading("page"), id="page", tabIndex="-1")
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="theme"),
            html.A("Skip to content", href="#page", className="skip"),
            _rail(allowed),
            html.Div([_top_bar(person), _demo_banner(person, demo), main, _foot()], className="view"),
            _search(),
            _keys(allowed),
            toast.region(),
        ],
        className="shell",
    )


def side(title: str, children: Sequence[Component | str], *, close_href: str, note: str = "") -> html.Aside:
    """The panel that drills down beside the page (over it on a narrow screen). `close_href` is the URL without it."""
    close = html.A("Close", href=close_href, className="side-close button is-quiet is-small", **{"data-go": ""})
    head = html.Header([html.Div([html.H2(title), html.P(note) if note else None]), close])
    return html.Aside(
        [head, html.Div(list(children), className="side-body")], className="side", **{"aria-label": title}
    )


def render_search(text: str, hits: Sequence[Hit], limit_reached: bool = False) -> Component:
    """Results under the search box, grouped by kind in the order given."""
    if not text.strip():
        return html.P("Techniques, groups, software, rules and controls, by id or by name.", className="hint")
    if not hits:
        return html.P(f"Nothing is called “{text.strip()}”. Ids work too, such as T1059 or G0016.", className="hint")
    groups: list[Component] = []
    for kind, members in groupby(hits, key=lambda hit: hit.kind):
        groups.append(html.H3(kind))
        groups.extend(_hit(hit) for hit in members)
    if limit_reached:
        groups.append(html.P("There may be more: type on to narrow it down.", className="hint"))
    return html.Div(groups, className="hits")


def _hit(hit: Hit) -> html.A:
    """A link of ours, one to ATT&CK in another tab, or, without an address, no link at all."""
    content = [html.Span(hit.id, className="id"), hit.name]
    if not hit.href:
        return html.A(content)
    if hit.href.startswith("/"):
        return html.A(content, href=hit.href, **{"data-go": ""})
    return html.A(content, href=hit.href, target="_blank", rel="noopener noreferrer")


def _rail(places: Sequence[Place]) -> Rail:
    grouped = groupby(places, key=lambda place: place.nav.group)
    return Rail(
        id="rail",
        groups=[
            [group, [[place.path, place.nav.label, place.nav.icon, place.nav.key] for place in members]]
            for group, members in grouped
        ],
    )


def _top_bar(person: Person) -> html.Header:
    return html.Header(
        [
            html.Button(
                className="icon is-menu only-narrow", type="button", **{"data-drawer-toggle": "", "aria-label": "Pages"}
            ),
            html.Div([html.H1(id="title"), html.P(id="answer")], className="headline"),
            html.Button(
                [html.Span("Search"), html.Kbd("/")],
                type="button",
                className="icon is-search search-open",
                **{"data-opens": "search-dialog", "aria-label": "Search"},
            ),
            bell(),
            _theme_menu(),
            _account_menu(person),
        ],
        className="top",
    )


def _theme_menu() -> html.Details:
    choices = [("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
    buttons = [html.Button(label, type="button", **{"data-theme-set": choice}) for choice, label in choices]
    summary = html.Summary(className="icon is-theme", title="Theme", **{"aria-label": "Theme"})
    return html.Details([summary, html.Div(buttons, className="menu-body")], className="menu")


def _account_menu(person: Person) -> html.Details:
    return html.Details(
        [
            html.Summary(
                html.Span(_initials(person.name)), className="avatar", title=person.name, **{"aria-label": "You"}
            ),
            html.Div(
                [
                    html.P([html.Strong(person.name), html.Br(), f"{person.username} · {person.role.label}"]),
                    html.A("Account and sessions", href="/account", **{"data-go": ""}),
                    html.Button("Keyboard shortcuts", type="button", **{"data-opens": "keys-dialog"}),
                    post_form("/logout", "Log out", quiet=True),
                ],
                className="menu-body",
            ),
        ],
        className="menu",
    )


def _initials(name: str) -> str:
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _demo_banner(person: Person, demo: bool) -> html.Div:
    """There even when it is empty, so that a callback can clear it."""
    if not demo:
        return html.Div(id="demo-banner")
    shown: list[Component] = [
        html.Span([html.Strong("Demo organisation."), " People, tests and results here are invented."])
    ]
    if may(person.role, Permission.MANAGE_DEMO):
        shown.append(
            html.Button("Remove", type="button", className="button is-quiet is-small", **{"data-opens": "demo-dialog"})
        )
        shown.append(
            dialog(
                "demo-dialog",
                "Remove the demo organisation",
                [
                    html.P(
                        "This removes its people, tests, observations and campaigns for everyone. ATT&CK, rules and "
                        "your own data stay."
                    ),
                    html.Button("Remove demo data", id="demo-remove", type="button", className="button is-danger"),
                ],
            )
        )
    return html.Div(shown, id="demo-banner")


def dialog(id_: str, title: str, children: Sequence[Component]) -> html.Dialog:
    """A modal, opened by anything with `data-opens` set to its id; Esc and the backdrop close it."""
    close = html.Button("Close", type="button", className="button is-quiet is-small", **{"data-closes": ""})
    return html.Dialog([html.Header([html.H2(title), close]), *children], id=id_, **{"aria-label": title})


def _search() -> html.Dialog:
    field = SearchField(id="search-text", value="", placeholder="T1059, Lazarus, certutil", label="Search")
    return html.Dialog(
        [field, html.Div(render_search("", []), id="search-results")], id="search-dialog", **{"aria-label": "Search"}
    )


def _keys(places: Sequence[Place]) -> html.Dialog:
    going = [(["g", place.nav.key], place.nav.label) for place in places if place.nav.key]
    all_keys = [(["/"], "Search"), (["?"], "This list"), (["Esc"], "Close what is open"), *going]
    return dialog("keys-dialog", "Keyboard shortcuts", [Keys(rows=all_keys)])


def _foot() -> html.Footer:
    return html.Footer(
        "ATT&CK® is a trademark of The MITRE Corporation. Contents and licences: Sources.", className="foot"
    )
