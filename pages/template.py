"""One test template: what it runs, with what, what undoes it; its versions, and the tests made from it.

`?version=<n>` shows an older version; `?edit=1` the form of an own one. `/template/new` writes one, from another with
`?from=<id>`. Commands are shown as text and never run from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from domain.templates import OWN, Argument, Dependency, Executor, Template
from pages.components import states, status, words
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, moment_cell, when
from pages.components.status import chip, link, outside
from pages.templates import tool_name

PATH = "/template/<key>"
TITLE = "Template"
NAV = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    number: int
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    number: int
    title: str
    state: str
    platform: str
    template_version: int | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Everything on the page. `value` is what `shown_version` runs; `attack_id` where its technique lies, or ''."""

    id: str
    source: str
    source_name: str
    source_url: str
    source_id: str
    value: Template
    version: int
    shown_version: int
    attack_id: str
    technique: str
    author: str
    licence: str
    path: str
    retired_at: datetime | None
    retired_reason: str
    removed_at: datetime | None
    versions: Sequence[Version]
    tests: Sequence[Test]
    tests_total: int
    adversaries: Sequence[str]
    may_manage: bool

    @property
    def address(self) -> str:
        return f"/template/{self.id}"

    @property
    def own(self) -> bool:
        return self.source == OWN


def title(data: Page) -> str:
    return data.value.name


def answer(data: Page) -> str:
    """The one line in the top bar."""
    parts = [data.source_name, f"version {data.shown_version}", words.plural(data.tests_total, "test")]
    return ", ".join(parts)


def layout(data: Page, actions: Sequence[Component] = ()) -> html.Div:
    """`actions` make something of the template; they stand first."""
    value = data.value
    main = [
        *_banners(data),
        _lead(data),
        _actions(data, actions),
        *(_executor(one, number, len(value.executors)) for number, one in enumerate(value.executors, start=1)),
        _arguments(value.arguments),
        _dependencies(value.dependencies, value.dependency_tool),
        _tests(data),
        _versions(data),
    ]
    return html.Div(
        [
            dcc.Store(id="template-shown", data={"id": data.id, "version": data.version}),
            html.Div([part for part in main if part is not None], className="stack technique-main"),
            html.Aside([_facts(data)], className="stack technique-aside"),
        ],
        className="technique",
    )


def _banners(data: Page) -> list[Component]:
    shown: list[Component] = []
    if data.shown_version != data.version:
        text = f"This is version {data.shown_version}; the newest is {data.version}."
        shown.append(states.notice(html.Span(text), link("Show the newest", data.address, "button is-quiet is-small")))
    if data.removed_at is not None:
        text = f"{data.source_name} no longer has this template. Tests made from it keep it."
        shown.append(states.notice(html.Span(text), kind="warn"))
    if data.retired_at is not None:
        text = ["Retired on ", when(data.retired_at, "day"), f": {data.retired_reason or 'no reason given'}"]
        shown.append(states.notice(html.Span(text), kind="warn"))
    if not data.attack_id:
        text = f"{data.value.technique} is not on the loaded map. No test can be made from it until it is."
        shown.append(states.notice(html.Span(text), kind="warn"))
    return shown


def _lead(data: Page) -> html.Section:
    value = data.value
    chips: list[Component] = []
    if data.attack_id:
        name = f"{data.attack_id} {data.technique}"
        chips.append(chip(name, href=f"/technique/{data.attack_id}"))
    chips += [chip(platform) for platform in value.platforms]
    if value.elevation_required:
        chips.append(chip("Elevated", title="Needs administrator, root or the like"))
    text = html.P(value.description, className="prose as-written") if value.description else None
    return html.Section([html.Div(chips, className="chips"), text], className="stack-small")


def _actions(data: Page, actions: Sequence[Component]) -> Component | None:
    if not data.may_manage:
        return html.Div(list(actions), className="actions") if actions else None
    copy = link("Copy as our own", f"/template/new?from={data.id}", "button is-quiet is-small")
    edit = link("Edit", f"{data.address}?edit=1", "button is-quiet is-small")
    shown = [*actions, edit if data.own else copy]
    if data.retired_at is not None:
        button = html.Button(
            "Put back into use", id="template-reinstate", type="button", className="button is-quiet is-small"
        )
        return html.Div([*shown, button], className="actions")
    return html.Div([html.Div(shown, className="actions"), _retire(data)])


def _retire(data: Page) -> html.Details:
    kept = f"Nobody is offered it any more; its {words.plural(data.tests_total, 'test')} stay."
    reason = dcc.Input(id="template-reason", maxLength=500, autoComplete="off", value="")
    form = [
        labelled("Why", reason, kept),
        html.Button("Retire", id="template-retire", type="button", className="button is-danger"),
    ]
    return html.Details([html.Summary("Retire"), html.Div(form, className="form")], className="fold")


def _executor(executor: Executor, number: int, whole: int) -> html.Section:
    head = tool_name(executor.tool)
    which = f"{number} of {whole}, " if whole > 1 else ""
    shown: list[Component | None] = [
        html.Header([html.H2(head), html.P(f"{which}on {words.sentence(list(executor.platforms))}")]),
        _text(executor.command, f"command-{number}", "Command"),
        _text(executor.steps, f"steps-{number}", "Steps"),
        _text(executor.code, f"code-{number}", f"Code, {executor.language}" if executor.language else "Code"),
        _text(executor.cleanup, f"cleanup-{number}", "Cleanup"),
        html.P(f"Payloads: {words.sentence(list(executor.payloads))}", className="hint") if executor.payloads else None,
    ]
    return html.Section([part for part in shown if part is not None], className="section stack-small")


def _text(text: str, ident: str, label: str) -> Component | None:
    """Text that somebody copies: nothing of it is interpreted."""
    if not text:
        return None
    button = html.Button("Copy", type="button", className="button is-quiet is-small", **{"data-copies": ident})
    head = html.Div([html.H3(label), button], className="copy-head")
    return html.Div([head, html.Pre(text, id=ident, className="code", tabIndex="0")])


def _arguments(arguments: Sequence[Argument]) -> Component | None:
    if not arguments:
        return None
    columns = [
        column("In the command", "mono"),
        column("What it is", "prose"),
        column("Type"),
        column("Default", "mono"),
    ]
    rows: list[list[Cell]] = [
        [one.placeholder, one.description or None, one.type, one.default or None] for one in arguments
    ]
    table = listing(columns, rows, caption="Arguments", noun="arguments")
    return html.Section([html.Header([html.H2("Arguments")]), table], className="section")


def _dependencies(dependencies: Sequence[Dependency], tool: str) -> Component | None:
    if not dependencies:
        return None
    note = html.P(f"Checked and brought with {tool_name(tool)}.") if tool else None
    shown: list[Component] = []
    for number, one in enumerate(dependencies, start=1):
        parts = [
            html.P(one.description, className="as-written"),
            _text(one.check, f"check-{number}", "Check"),
            _text(one.get, f"get-{number}", "Get it"),
        ]
        shown.append(html.Div([part for part in parts if part is not None], className="stack-small"))
    return html.Section([html.Header([html.H2("Dependencies"), note]), *shown], className="section stack-small")


def _tests(data: Page) -> html.Section:
    head = html.Header([html.H2("Tests"), html.P(_cut(len(data.tests), data.tests_total))])
    if not data.tests:
        return html.Section([head, html.P("No test was made from it yet.", className="hint")], className="section")
    columns = [
        column("Test", "num"),
        column("Title"),
        column("State"),
        column("Platform"),
        column("Version", "num"),
        column("Made", "when"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(str(test.number), href=f"/test/{test.number}", order=test.number),
            test.title,
            status.TEST_STATE[test.state],
            test.platform,
            test.template_version,
            moment_cell(test.created_at),
        ]
        for test in data.tests
    ]
    return html.Section(
        [head, listing(columns, rows, caption="Tests made from it", noun="tests", file="tests")], className="section"
    )


def _cut(shown: int, whole: int) -> str:
    return f"The newest {words.number(shown)} of {words.number(whole)}." if shown < whole else "Newest first."


def _versions(data: Page) -> html.Section:
    columns = [column("Version", "num"), column("Made", "when"), column("By"), column("Note")]
    rows: list[list[Cell]] = [
        [
            cell(str(one.number), href=f"{data.address}?version={one.number}", order=one.number),
            moment_cell(one.at),
            one.by,
            one.note or None,
        ]
        for one in data.versions
    ]
    table = listing(columns, rows, caption="Versions", noun="versions", limit=8)
    return html.Section([html.Header([html.H2("Versions")]), table], className="section")


def _facts(data: Page) -> html.Dl:
    facts: list[tuple[str, Component | str]] = [
        ("Source", outside(data.source_name, data.source_url) if data.source_url else data.source_name),
        ("Claims", data.value.technique),
        ("Author", data.author or "not named"),
    ]
    if data.licence:
        facts.append(("Licence", data.licence))
    if not data.own:
        facts += [("Id", data.source_id), ("File", data.path)]
    facts += [(label, text) for label, text in data.value.facts]
    if data.adversaries:
        facts.append(("Adversaries", words.sentence(list(data.adversaries))))
    if not data.may_manage:
        facts.append(("Changed by", who_may(Permission.MANAGE_TEMPLATES)))
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
