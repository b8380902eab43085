"""One control beside its framework: why it stands as it does, the tests behind it, and what leads decide about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.compliance import REASON_MAX, ControlState, DecisionKind
from domain.roles import Permission, who_may
from pages.components import choosing, frame, states, status, words
from pages.components import compliance as parts
from pages.components.compliance import Decided
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing
from pages.components.status import link
from pages.components.timeline import Entry, timeline

RESOLUTIONS: Mapping[str, str] = {
    "direct": "as it says",
    "revoked_by": "revoked by ATT&CK, follows its successor",
    "known_successor": "known successor",
    "not_placed": "not on the loaded map",
}
NO_TEXT = "–"


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """A test that counts. `outcome` is a key of `status.OUTCOME`, or '' for not applicable."""

    __test__ = False

    number: int
    technique: str
    title: str
    platform: str
    outcome: str
    executed_at: datetime | None
    held: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Technique:
    """Where a technique of the control stands. `counting` tests count for it."""

    attack_id: str
    name: str
    status: str
    stale: bool
    in_scope: bool
    counting: int
    templates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingRow:
    """A row of the mapping as its source has it, and where it lies: `placed` is '' for nowhere."""

    claimed: str
    claimed_name: str
    placed: str
    active: bool
    resolution: str
    mapping_type: str
    strength: str
    comment: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlDetail:
    """`close` and `plan` are addresses; `today` bounds what may be decided."""

    code: str
    shown: str
    name: str
    framework: str
    kind: str
    state: str
    tally: Mapping[str, int]
    none_fits: bool
    not_placed: int
    note: str
    techniques: Sequence[Technique]
    tests: Sequence[Test]
    rows: Sequence[MappingRow]
    decided: Decided | None
    history: Sequence[Entry]
    close: str
    plan: str
    today: date
    may_decide: bool


def control_panel(data: ControlDetail) -> html.Aside:
    """Actions: `control-decide` with `control-kind`, `control-reason`, `control-until`; `control-withdraw`."""
    body = [
        _state(data),
        *_techniques(data),
        *_tests(data),
        *_rows(data),
        _decision(data),
        *([html.Section([html.H3("What was decided"), timeline(data.history)])] if data.history else []),
    ]
    note = f"{data.framework}, {data.code} in its source" if data.shown != data.code else data.framework
    return frame.side(f"{data.shown} {data.name}".strip(), body, close_href=data.close, note=note)


def _state(data: ControlDetail) -> html.Div:
    why = parts.why(data.state, data.tally, none_fits=data.none_fits, not_placed=data.not_placed)
    shown: list[Component] = [
        html.P(
            [
                status.mark(parts.MARKS[data.state], parts.label(data.state, data.kind)),
                html.Span(why, className="beside"),
            ]
        )
    ]
    if data.decided is not None:
        kind = "plain" if data.decided.holds else "warn"
        said = f"{parts.decided_words(data.decided)}: {data.decided.reason} ({data.decided.author})"
        shown.append(states.notice(said, kind=kind))
    if data.none_fits and data.tally and sum(data.tally.values()):
        shown.append(html.P("Another row of its source says that no technique fits.", className="hint"))
    if data.note:
        shown.append(html.P(data.note))
    if data.plan and ControlState(data.state).gap:
        shown.append(html.Div(link("Plan tests for it", data.plan, "button is-small"), className="actions"))
    return html.Div(shown, className="stack-small")


def _techniques(data: ControlDetail) -> list[Component]:
    if not data.techniques:
        return []
    columns = [
        column("Id", "mono"),
        column("Technique"),
        column("Stands"),
        column("Tests", "num"),
        column("Templates", "num"),
    ]
    rows: list[list[Cell]] = []
    for one in data.techniques:
        href = f"/technique/{one.attack_id}"
        word, glyph = status.COVERAGE[one.status]
        beside = "out of scope" if not one.in_scope else "stale" if one.stale else None
        tests = f"/tests?technique={one.attack_id}&state=validated"
        rows.append(
            [
                cell(one.attack_id, href=href),
                cell(one.name, href=href),
                cell(word, mark=glyph, beside=beside, order=list(status.COVERAGE).index(one.status)),
                cell(words.number(one.counting), href=tests, order=one.counting) if one.counting else 0,
                one.templates,
            ]
        )
    table = listing(columns, rows, caption="Techniques", noun="techniques", limit=10, file=f"{data.code}-techniques")
    return [html.Section([html.H3("Techniques it is judged by"), table])]


def _tests(data: ControlDetail) -> list[Component]:
    if not data.tests:
        return []
    columns = [
        column("Test", "num"),
        column("Technique", "mono"),
        column("Title"),
        column("Outcome"),
        column("When", "when"),
    ]
    rows: list[list[Cell]] = []
    for one in data.tests:
        word, glyph = status.OUTCOME.get(one.outcome, (NO_TEXT, "off"))
        rows.append(
            [
                cell(str(one.number), href=f"/test/{one.number}", order=one.number),
                cell(one.technique, href=f"/technique/{one.technique}"),
                cell(one.title, href=f"/test/{one.number}", beside=one.platform),
                cell(word, mark=glyph, beside=None if one.held else "did not hold"),
                None if one.executed_at is None else {"w": one.executed_at.isoformat(), "show": "day"},
            ]
        )
    text = "The newest of each procedure and platform; those that did not hold first."
    table = listing(columns, rows, caption="Tests that count", noun="tests", limit=8, file=f"{data.code}-tests")
    return [html.Section([html.H3("Tests that count"), html.P(text, className="hint"), table])]


def _rows(data: ControlDetail) -> list[Component]:
    if not data.rows:
        return []
    columns = [
        column("Says", "mono"),
        column("Placed", "mono"),
        column("How"),
        column("Type"),
        column("Strength"),
        column("Comment"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(one.claimed, hover=one.claimed_name or None),
            cell(one.placed, href=f"/technique/{one.placed}", beside=None if one.active else "retired")
            if one.placed
            else None,
            RESOLUTIONS[one.resolution],
            one.mapping_type or None,
            one.strength or None,
            cell(one.comment if len(one.comment) <= 80 else one.comment[:79] + "…", hover=one.comment)
            if one.comment
            else None,
        ]
        for one in data.rows
    ]
    table = listing(columns, rows, caption="Rows of the mapping", noun="rows", limit=6, file=f"{data.code}-mapping")
    return [html.Section([html.H3("What its source maps it to"), table])]


def _decision(data: ControlDetail) -> html.Section:
    head = html.H3("Scope and risk")
    if not data.may_decide:
        who = who_may(Permission.ACCEPT_RISK)
        return html.Section([head, html.P(f"{who} takes it out of scope or accepts its risk.", className="hint")])
    options = [(kind.value, kind.label) for kind in reversed(DecisionKind)]
    reason = dcc.Textarea(id="control-reason", value="", maxLength=REASON_MAX, className="field")
    form = html.Div(
        [
            labelled("Decide", choosing.select("control-kind", "Decide", options, DecisionKind.RISK_ACCEPTED.value)),
            labelled("Reason", reason, "An auditor will read it."),
            labelled("Until", choosing.date_field("control-until", "Until"), "The last day; a risk needs one."),
            html.Button("Keep the decision", id="control-decide", type="button", className="button"),
            html.Button(
                "Withdraw what is decided",
                id="control-withdraw",
                type="button",
                className="button is-quiet",
                hidden=data.decided is None,
            ),
        ],
        className="form",
    )
    return html.Section([head, dcc.Store(id="control-code", data=data.code), form])
