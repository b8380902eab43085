"""One detection rule: what it claims and whether tests have shown it, by whom and under which licence, and its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from domain.rule_truth import RuleTruth
from domain.rules_view import logs_text
from pages.components import figure, states, status, words
from pages.components.figure import Share
from pages.components.parts import Cell, cell, column, listing, moment_cell, when
from pages.components.status import chip, link, outside
from pages.rules import PATH as LIST
from pages.rules import TRUTH_MARK

PATH = "/rules/<key>"
TITLE = "Detection rule"
NAV = None

_RESOLUTIONS = {
    "direct": "on the map",
    "revoked_by": "revoked there; this is its successor",
    "known_successor": "a newer id; this is its place here",
    "not_placed": "not on the loaded map",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """`attack_id` is where the claim lies on the map, '' where nowhere; `rules` counts the enabled rules there."""

    claimed: str
    attack_id: str
    name: str
    resolution: str
    rules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    number: int
    title: str
    attack_id: str
    platform: str
    outcome: str
    executed_at: datetime | None
    fired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Everything on the page. `collected` None: nobody said; `fired` of `tested` tests it should have fired in."""

    id: str
    external_id: str
    source: str
    source_name: str
    source_url: str
    own: bool
    title: str
    description: str
    author: str
    licence: str
    licence_url: str
    status: str
    level: str
    language: str
    body: str
    path: str
    tags: Sequence[str]
    references: Sequence[str]
    false_positives: Sequence[str]
    facts: Sequence[tuple[str, str]]
    written_on: date | None
    changed_on: date | None
    enabled: bool
    removed_at: datetime | None
    logs: tuple[str, str, str]
    collected: bool | None
    logs_said: str
    truth: str
    fired: Share
    last_fired_at: datetime | None
    claims: Sequence[Claim]
    tests: Sequence[Test]
    may_manage: bool


def answer(data: Rule) -> str:
    """The one line in the top bar."""
    truth = RuleTruth(data.truth)
    use = "gone from its source" if data.removed_at else "enabled" if data.enabled else "disabled"
    return f"{truth.label}: {truth.meaning}; {use}"


def layout(data: Rule) -> html.Div:
    main = [*_banners(data), _lead(data), _actions(data), _claims(data), _tests(data), _text(data), _references(data)]
    return html.Div(
        [
            dcc.Store(id="rule-shown", data=data.id),
            html.Div([part for part in main if part is not None], className="stack technique-main"),
            html.Aside([_standing(data), _facts(data)], className="stack technique-aside"),
        ],
        className="technique",
    )


def _banners(data: Rule) -> list[Component]:
    if data.removed_at is None:
        return []
    by = "It was removed" if data.own else f"{data.source_name} no longer has this rule since"
    text = [f"{by} ", when(data.removed_at, "day"), ". It does not count as coverage; tests that name it keep it."]
    return [states.notice(html.Span(text), kind="warn")]


def _lead(data: Rule) -> html.Section:
    chips = [status.mark(TRUTH_MARK[data.truth], RuleTruth(data.truth).label)]
    chips += [chip(word) for word in (data.level.capitalize(), data.status.capitalize(), data.language) if word]
    text = html.P(data.description, className="prose as-written") if data.description else None
    return html.Section([html.Div(chips, className="chips"), text], className="stack-small")


def _actions(data: Rule) -> Component | None:
    if not data.may_manage or data.removed_at is not None:
        return None
    enable = html.Button(
        "Disable" if data.enabled else "Enable",
        id={"type": "rule-do", "what": "disable" if data.enabled else "enable"},
        type="button",
        className="button is-quiet is-small",
    )
    said = "It counts as a claim of coverage." if data.enabled else "It does not count as coverage."
    shown: list[Component] = [
        status.mark(*(("on", "Enabled") if data.enabled else ("off", "Disabled"))),
        html.Span(said),
    ]
    shown.append(enable)
    if not data.own:
        return html.Div(shown, className="actions")
    remove = html.Button(
        "Remove it", id={"type": "rule-do", "what": "remove"}, type="button", className="button is-danger"
    )
    fold = html.Details(
        [
            html.Summary("Remove"),
            html.Div(
                [html.P("It no longer counts. Tests that name it keep it; uploading it again brings it back."), remove]
            ),
        ],
        className="fold",
    )
    return html.Div([html.Div(shown, className="actions"), fold])


def _claims(data: Rule) -> html.Section:
    head = html.Header(
        [html.H2("Techniques"), html.P("What the rule says it detects, and where that lies on our map.")]
    )
    if not data.claims:
        none = html.P("It names no technique, so that it is a claim of nothing.", className="hint")
        return html.Section([head, none], className="section", id="techniques")
    columns = [
        column("Claims", "mono"),
        column("Is", "mono"),
        column("Technique"),
        column("Placed"),
        column("Enabled rules", "num"),
    ]
    rows: list[list[Cell]] = [
        [
            one.claimed,
            cell(one.attack_id, href=f"/technique/{one.attack_id}") if one.attack_id else None,
            one.name or None,
            _RESOLUTIONS.get(one.resolution, one.resolution),
            cell(words.number(one.rules), href=f"{LIST}?technique={one.attack_id}&enabled=yes", order=one.rules)
            if one.attack_id
            else None,
        ]
        for one in data.claims
    ]
    table = listing(columns, rows, caption="Techniques it claims", noun="claims", limit=20)
    return html.Section([head, table], className="section", id="techniques")


def _tests(data: Rule) -> html.Section:
    shown, whole = len(data.tests), data.fired.of
    cut = f" The first {words.number(shown)} of {words.number(whole)} are listed." if shown < whole else ""
    note = "Validated tests it fired in, and those of its techniques on platforms it covers." + cut
    head = html.Header([html.H2("Tests"), html.P(note)])
    if not data.tests:
        none = html.P("Nobody has tested what it claims where it applies. Not tested is not silent.", className="hint")
        return html.Section([head, none], className="section", id="tests")
    columns = [
        column("Test"),
        column("It"),
        column("Technique", "mono"),
        column("Platform"),
        column("Outcome"),
        column("Executed", "when"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(f"{one.number} {one.title}", href=f"/test/{one.number}", order=one.number),
            cell("Fired", mark="alerted") if one.fired else cell("Did not fire", mark="missed"),
            cell(one.attack_id, href=f"/technique/{one.attack_id}"),
            one.platform,
            _outcome_cell(one.outcome),
            moment_cell(one.executed_at, "day"),
        ]
        for one in data.tests
    ]
    table = listing(columns, rows, caption="Tests", noun="tests", file="tests-of-rule")
    return html.Section([head, table], className="section", id="tests")


def _outcome_cell(outcome: str) -> Cell:
    found = status.OUTCOME.get(outcome)
    return cell(found[0], mark=found[1]) if found else None


def _text(data: Rule) -> html.Section:
    button = html.Button("Copy", type="button", className="button is-quiet is-small", **{"data-copies": "rule-text"})
    head = html.Div([html.H2("As its source wrote it"), button], className="copy-head")
    body = html.Pre(data.body, id="rule-text", className="code", tabIndex="0")
    return html.Section([head, body], className="section stack-small")


def _references(data: Rule) -> Component | None:
    links = [html.Li(outside(one, one)) for one in data.references if one.startswith(("http://", "https://"))]
    if not links:
        return None
    return html.Section([html.H2("References"), html.Ul(links, className="lines references")], className="section")


def _standing(data: Rule) -> html.Div:
    truth = RuleTruth(data.truth)
    shown: list[Component] = [
        html.Div([html.H2("What tests have shown"), status.mark(TRUTH_MARK[truth], truth.label)], className="standing"),
        html.P(f"{truth.meaning[0].upper()}{truth.meaning[1:]}.", className="hint"),
        figure.share_figure(
            "Fired in",
            data.fired,
            definition="Validated tests in which it alerted, of those it fired in or that tested a technique it claims "
            "on a platform it covers. A test it was silent in may have been caught by another rule.",
            href="#tests",
        ),
    ]
    if data.last_fired_at is not None:
        shown.append(html.P(["Fired last ", when(data.last_fired_at, "ago"), "."]))
    return html.Div(shown, className="stack-small")


def _facts(data: Rule) -> html.Dl:
    logs = " / ".join(part for part in data.logs if part)
    said = {True: "collected", False: "not collected", None: "nobody said whether it is collected"}[data.collected]
    kinds = f"{LIST}?logs={quote(logs_text(*data.logs), safe='')}"
    licence: Component | str = data.licence or "not named"
    if data.licence and data.licence_url:
        licence = outside(data.licence, data.licence_url)
    facts: list[tuple[str, Component | str]] = [
        ("Author", data.author or "not named"),
        ("Licence", licence),
        ("Source", outside(data.source_name, data.source_url) if data.source_url else data.source_name),
        ("Id", data.external_id),
        ("Log source", html.Span([link(logs or "none named", kinds), html.Br(), f"{said}{data.logs_said}"])),
        ("Written", words.day(data.written_on) if data.written_on else "not given"),
        ("Changed", words.day(data.changed_on) if data.changed_on else "not given"),
        *data.facts,
    ]
    if data.false_positives:
        facts.append(("False positives", html.Ul([html.Li(one) for one in data.false_positives[:20]])))
    if data.path:
        facts.append(("File", data.path))
    if data.tags:
        facts.append(("Tags", ", ".join(data.tags[:40])))
    if not data.may_manage:
        facts.append(("Changed by", who_may(Permission.MANAGE_RULES)))
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
