"""One test: what to run, red and blue side by side, what each defence tool did, and everything that was done and said.

`?round=1` shows an older round. What changes is read again by itself: the parts below are filled anew while the action
bar, and what somebody is writing, stay.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.outcomes import RemediationState
from pages.components import action_forms, procedure, sides, states, status, story, words
from pages.components.actions import CommentBox, TestActions
from pages.components.parts import Cell, cell, column, listing, moment_cell, when
from pages.components.shown_test import Run, ShownTest
from pages.components.status import chip, link

PATH = "/test/<number>"
TITLE = "Test"
NAV = None

ACTIONS = "test-actions"
BOX = "test-box"
TOUCHED = sides.TOUCHED
REGIONS = ("test-head", "test-result", "test-comments", "test-aside")
_PRIORITY = {1: "high", 2: "normal", 3: "low"}
_REMEDIATION: Mapping[RemediationState, str] = {
    RemediationState.OPEN: "Open",
    RemediationState.IN_PROGRESS: "In progress",
    RemediationState.DONE: "Done",
    RemediationState.RISK_ACCEPTED: "Risk accepted",
}


def title(data: ShownTest) -> str:
    return data.test.title


def answer(data: ShownTest) -> str:
    """The one line in the top bar."""
    return f"test {data.number}, {status.TEST_STATE[data.test.state].lower()}"


def layout(data: ShownTest, may_comment: bool) -> html.Div:
    head, result, comments, aside = regions(data)
    box = CommentBox(id=BOX, spec=box_spec(data), asked=0) if may_comment else None
    talk = [html.Header([html.H2("Comments")]), box, html.Div(comments, id="test-comments")]
    main = [
        dcc.Store(id=TOUCHED),
        html.Div(head, id="test-head"),
        TestActions(id=ACTIONS, spec=action_forms.spec(data), asked=0),
        html.Div(result, id="test-result", className="stack"),
        html.Section([part for part in talk if part is not None], id="comments", className="section stack-small"),
    ]
    return html.Div(
        [
            html.Div(main, className="stack test-main"),
            html.Aside(aside, id="test-aside", className="stack test-aside"),
        ],
        className="test-page",
    )


def regions(data: ShownTest) -> tuple[Sequence[Component], Sequence[Component], Component, Sequence[Component]]:
    """What is filled anew when the test has changed: the content of each of REGIONS."""
    result = [
        sides.render(data),
        sides.render_observations(data),
        _remediation(data),
        procedure.render(data),
    ]
    aside = [_facts(data), _retests(data), story.render_timeline(data)]
    return (
        _head(data),
        [part for part in result if part is not None],
        story.render_comments(data),
        [part for part in aside if part is not None],
    )


def box_spec(data: ShownTest) -> dict[str, Any]:
    return {
        "test": str(data.test.id),
        "number": data.number,
        "version": data.test.version,
        "people": story.people(list(data.accounts.values())),
    }


def _head(data: ShownTest) -> list[Component]:
    test = data.test
    chips = [
        html.Span(status.TEST_STATE[test.state], className=f"state-chip is-{test.state.replace('_', '-')}"),
        chip(f"{data.attack_id} {data.technique}", href=f"/technique/{data.attack_id}"),
        chip(test.platform),
    ]
    if data.campaign_id is not None:
        chips.append(chip(data.campaign, href=f"/campaign/{data.campaign_id}"))
    if test.priority == 1:
        chips.append(chip("High priority"))
    shown: list[Component] = [html.Div(chips, className="chips")]
    if not data.is_latest:
        text = f"This is round {data.shown.number} of {test.round}, as it was."
        shown.append(states.notice(html.Span(text), link("Show the latest", data.address, "button is-quiet is-small")))
    return shown


def _facts(data: ShownTest) -> html.Section:
    test = data.test
    facts: list[tuple[str, Component | str]] = [
        ("Number", str(data.number)),
        ("Priority", _PRIORITY[test.priority]),
        ("Environment", test.environment or "not said"),
        ("Red", data.name(test.red_assignee) or "nobody yet"),
        ("Blue", data.name(test.blue_assignee) or "nobody yet"),
        ("Planned", html.Span([when(test.created_at, "day"), _by(data)])),
    ]
    if test.validated_at is not None:
        facts.append(("Validated", when(test.validated_at)))
    if test.claimed_technique != data.attack_id:
        facts.append(("Planned under", test.claimed_technique))
    facts.append(("Procedure", html.Span(test.procedure_key, className="id")))
    listed = html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    return html.Section([listed], className="section")


def _by(data: ShownTest) -> str:
    who = data.name(data.test.created_by)
    return f" by {who}" if who else ""


def _remediation(data: ShownTest) -> html.Section | None:
    held = data.test.remediation
    if held is None:
        return None
    facts: list[tuple[str, Component | str]] = [
        ("State", _REMEDIATION[held.state]),
        ("Owner", data.name(held.owner_id) or "nobody yet"),
        ("Due", words.day(held.due_on) if held.due_on else "no date"),
        ("Opened", when(held.opened_at)),
    ]
    if held.completed_at is not None:
        facts.append(("Completed", _completed(data, held.completed_at)))
    if held.accepted_reason:
        until = f" (until {words.day(held.accepted_until)})" if held.accepted_until else ""
        facts.append(("Accepted", f"{held.accepted_reason}{until}"))
    head = html.Header([html.H2("Remediation"), html.P("of the gap this test showed")])
    listed = html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    note = html.P(held.note, className="as-written prose") if held.note else None
    return html.Section(
        [part for part in (head, listed, note) if part is not None], id="remediation", className="section stack-small"
    )


def _completed(data: ShownTest, at: datetime) -> html.Span:
    """Time to remediate counts from the moment the gap was known: blue's submission."""
    known = data.test.blue_submitted_at
    after = f", {words.duration((at - known).total_seconds())} after the gap was known" if known else ""
    return html.Span([when(at), after])


def _retests(data: ShownTest) -> html.Section | None:
    """The chain this test is in: what it tests again, and what tests it again."""
    if not data.earlier and not data.later:
        return None
    columns = [column("Test", "num"), column("Result"), column("Ran", "when")]
    rows = [*(_run(one, "before") for one in data.earlier), *(_run(one, "after") for one in data.later)]
    table = listing(columns, rows, caption="Retests", noun="tests", limit=8)
    return html.Section([html.Header([html.H2("Retests")]), table], className="section")


def _run(one: Run, order: str) -> list[Cell]:
    result: Cell = status.TEST_STATE[one.state]
    if one.outcome is not None:
        result = cell(status.OUTCOME[one.outcome][0], mark=status.OUTCOME[one.outcome][1])
    return [
        cell(str(one.number), href=f"/test/{one.number}", order=one.number, beside=order),
        result,
        moment_cell(one.executed_at, "day"),
    ]
