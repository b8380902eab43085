"""What becomes of a gap that a validated test showed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from domain.errors import BadInput, InvalidTransition, RuleViolated
from domain.outcomes import RemediationState, TestState
from domain.roles import Permission, who_may
from domain.testing.actions import AcceptRisk, CompleteRemediation, PlanRemediation, StartRemediation
from domain.testing.person import Person, Side
from domain.testing.remediation import DUE_DAYS, DUE_DAYS_MAX, RISK_ACCEPTED_DAYS_MAX, Remediation
from domain.testing.step import Step, need
from domain.testing.telling import Doing
from domain.testing.times import in_order, not_ahead

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

_STATE_WORDS = {
    RemediationState.OPEN: "open",
    RemediationState.IN_PROGRESS: "in progress",
    RemediationState.DONE: "done",
    RemediationState.RISK_ACCEPTED: "closed, its risk accepted",
}


def settle(doing: Doing) -> None:
    """After validation: a gap opens a remediation; one from an earlier round goes on, or falls away with the gap."""
    test = doing.test
    if not test.below_alerted:
        withdraw(doing, "The new result shows no gap.")
    elif test.remediation is None:
        due_on = doing.at.date() + timedelta(days=DUE_DAYS[test.priority])
        test.remediation = Remediation(owner_id=test.blue_assignee, due_on=due_on, opened_at=doing.at)
        _tell(doing, "remediation_opened", Side.SYSTEM)


def withdraw(doing: Doing, why: str) -> None:
    """There is nothing to remedy any more. What was remedied or accepted stays in the timeline."""
    held = doing.test.remediation
    if held is not None:
        doing.test.remediation = None
        doing.tell("remediation_withdrawn", Side.SYSTEM, why, owner=held.owner_id, due=held.due_on)


def _held(test: "SecurityTest") -> Remediation:
    if test.remediation is None:
        raise InvalidTransition("This test has no remediation.")
    if test.state is not TestState.VALIDATED:
        raise InvalidTransition("This test was reopened; its remediation waits for the new result.")
    return test.remediation


def _may_plan(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.REMEDIATE)
    _unfinished(_held(test))


def _unfinished(held: Remediation) -> None:
    if not held.unfinished:
        raise InvalidTransition(f"The remediation is {_STATE_WORDS[held.state]}.")


def _plan(doing: Doing, action: PlanRemediation) -> None:
    held = _held(doing.test)
    if action.owner_id is not None and action.owner_id != held.owner_id:
        owner = doing.person
        if owner is None or owner.id != action.owner_id:
            raise BadInput("There is no such person to own the remediation.", errors={"owner_id": "unknown"})
        if not owner.may(Permission.REMEDIATE):
            needed = who_may(Permission.REMEDIATE)
            raise RuleViolated(f"{owner.name} is {owner.role.label}; a remediation needs the role {needed}.")
    if action.due_on is not None and action.due_on != held.due_on:
        today = doing.at.date()
        if action.due_on < today:
            raise BadInput("The due date has passed already.", errors={"due_on": "in the past"})
        if action.due_on > today + timedelta(days=DUE_DAYS_MAX):
            raise BadInput("The due date is more than three years away.", errors={"due_on": "too far"})
    planned = replace(held, owner_id=action.owner_id, due_on=action.due_on, note=action.note)
    if planned == held:
        raise BadInput("Nothing in the remediation was changed.")
    doing.test.remediation = planned
    _tell(doing, "remediation_planned", Side.BLUE, action.note)


def _may_start(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.REMEDIATE)
    held = _held(test)
    if held.state is not RemediationState.OPEN:
        raise InvalidTransition(f"The remediation is {_STATE_WORDS[held.state]}.")


def _start(doing: Doing, action: StartRemediation) -> None:
    held = _held(doing.test)
    doing.test.remediation = replace(held, state=RemediationState.IN_PROGRESS, owner_id=held.owner_id or doing.by.id)
    _tell(doing, "remediation_started", Side.BLUE)


def _may_complete(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.REMEDIATE)
    held = _held(test)
    if held.state is RemediationState.OPEN:
        raise InvalidTransition("Start the remediation first.")
    _unfinished(held)


def _complete(doing: Doing, action: CompleteRemediation) -> None:
    """Not before the gap was known, which is when blue submitted: from there the time to remediate counts."""
    test = doing.test
    not_ahead("completed_at", "Completed", action.completed_at, doing.at)
    in_order("completed_at", "Completed", action.completed_at, "blue's submission of the gap", test.blue_submitted_at)
    test.remediation = replace(_held(test), state=RemediationState.DONE, completed_at=action.completed_at)
    _tell(doing, "remediation_done", Side.BLUE, action.note)


def _may_accept(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.ACCEPT_RISK)
    _unfinished(_held(test))


def _accept(doing: Doing, action: AcceptRisk) -> None:
    today = doing.at.date()
    if action.until <= today:
        raise BadInput("A risk is accepted until a day to come.", errors={"until": "in the past"})
    if action.until > today + timedelta(days=RISK_ACCEPTED_DAYS_MAX):
        raise BadInput("A risk is accepted for two years at most.", errors={"until": "too far"})
    doing.test.remediation = replace(
        _held(doing.test),
        state=RemediationState.RISK_ACCEPTED,
        accepted_reason=action.reason,
        accepted_until=action.until,
    )
    _tell(doing, "risk_accepted", Side.LEAD, action.reason, until=action.until)


def _tell(doing: Doing, kind: str, side: Side, note: str | None = None, **details: Any) -> None:
    held = doing.test.remediation
    if held is not None:
        details = {"owner": held.owner_id, "due": held.due_on, **details}
    doing.tell(kind, side, note, **details)


STEPS: Mapping[str, Step] = {
    PlanRemediation.kind: Step(_may_plan, _plan),
    StartRemediation.kind: Step(_may_start, _start),
    CompleteRemediation.kind: Step(_may_complete, _complete),
    AcceptRisk.kind: Step(_may_accept, _accept),
}
