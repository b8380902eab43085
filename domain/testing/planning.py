"""What is done around the work: the plan, who works on it, comments, calling it off, asking for it again."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from domain.errors import BadInput, InvalidTransition, RuleViolated
from domain.outcomes import TestState
from domain.roles import Permission, who_may
from domain.testing.actions import Assign, Cancel, Comment, EditPlan, Retest
from domain.testing.mentions import mentioned
from domain.testing.person import Person
from domain.testing.repair import withdraw
from domain.testing.rounds import RoundResult
from domain.testing.step import Step, need
from domain.testing.telling import Doing
from domain.testing.words import state_words

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

_FIXED_BY_START = ("platform", "environment", "procedure", "arguments")


def _may_edit(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.PLAN_TEST)
    if not test.state.unfinished:
        raise InvalidTransition(f"This test is {state_words(test.state)}; its plan can no longer be changed.")
    if test.state is not TestState.DRAFT and any(getattr(asked, name, None) is not None for name in _FIXED_BY_START):
        raise RuleViolated("Red has started; only the title and the priority can still be changed.")


def _edit(doing: Doing, action: EditPlan) -> None:
    test = doing.test
    wanted = {field.name: getattr(action, field.name) for field in fields(action)}
    changed = {name: to for name, to in wanted.items() if to is not None and to != getattr(test, name)}
    if not changed:
        raise BadInput("Nothing in the plan was changed.")
    for name, value in changed.items():
        setattr(test, name, value)
    doing.tell("plan_edited", doing.by.side, fields=sorted(changed))


def _may_assign(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.ASSIGN_TEST)
    if not test.state.unfinished:
        raise InvalidTransition(f"This test is {state_words(test.state)}; there is nobody to assign any more.")


def _assign(doing: Doing, action: Assign) -> None:
    test, team, previous = doing.test, action.team, doing.test.assignee(action.team)
    if action.assignee_id is not None:
        person = _named(doing, action)
        if not person.may(team.works):
            raise RuleViolated(
                f"{person.name} is {person.role.label}; {team}'s side needs the role {who_may(team.works)}."
            )
    if action.assignee_id == previous:
        raise BadInput(f"Nothing changes: that is who is assigned to {team}'s side already.")
    test.assign(team, action.assignee_id)
    doing.tell("assigned", doing.by.side, team=team, assignee=action.assignee_id, previous=previous)


def _named(doing: Doing, action: Assign) -> Person:
    if doing.person is None or doing.person.id != action.assignee_id:
        raise BadInput("There is no such person to assign.", errors={"assignee_id": "unknown"})
    return doing.person


def _may_comment(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.COMMENT)


def _comment(doing: Doing, action: Comment) -> None:
    doing.tell("commented", doing.by.side, action.text, mentions=mentioned(action.text))


def _may_cancel(test: "SecurityTest", by: Person, asked: Any) -> None:
    own_draft = test.state is TestState.DRAFT and test.created_by == by.id and by.may(Permission.PLAN_TEST)
    if not own_draft:
        need(by, Permission.CANCEL_TEST)
    if not test.state.unfinished:
        raise InvalidTransition(f"This test is {state_words(test.state)}; it can no longer be cancelled.")


def _cancel(doing: Doing, action: Cancel) -> None:
    test = doing.test
    test.stop_timer(doing.at)
    test.change_round(closed_at=doing.at, result=RoundResult.CANCELLED)
    test.state = TestState.CANCELLED
    doing.tell("cancelled", doing.by.side, action.reason)
    withdraw(doing, "The test was cancelled.")


def _may_retest(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.PLAN_TEST)
    if test.state is not TestState.VALIDATED:
        raise InvalidTransition(f"This test is {state_words(test.state)}; only a validated one can be retested.")


def _retest(doing: Doing, action: Retest) -> None:
    if action.new_id == doing.test.id:
        raise BadInput("A retest is a test of its own.", errors={"new_id": "taken"})
    doing.tell("retest_planned", doing.by.side, action.note, test=action.new_id)


STEPS: Mapping[str, Step] = {
    EditPlan.kind: Step(_may_edit, _edit),
    Assign.kind: Step(_may_assign, _assign),
    Comment.kind: Step(_may_comment, _comment),
    Cancel.kind: Step(_may_cancel, _cancel),
    Retest.kind: Step(_may_retest, _retest),
}
