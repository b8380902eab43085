"""Red's part: start, the timer (blue's too), and saying what was done when."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import InvalidTransition
from domain.outcomes import TestState
from domain.roles import Permission
from domain.testing.actions import Pause, Resume, Start, SubmitRed
from domain.testing.order import check_reason, check_turn
from domain.testing.person import Person, Side, Team
from domain.testing.questions import ask
from domain.testing.step import Step, need
from domain.testing.taken import taken, told
from domain.testing.telling import Doing
from domain.testing.times import not_ahead
from domain.testing.words import state_words

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest


def _may_start(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.EXECUTE_TEST)
    if test.state is TestState.RED_EXECUTING and test.started_at is not None:
        raise InvalidTransition("The execution has been started already.")
    if test.state not in (TestState.DRAFT, TestState.RED_EXECUTING):
        raise InvalidTransition(f"This test is {state_words(test.state)}; its execution cannot be started.")
    check_turn(test.waits_for, by)


def _start(doing: Doing, action: Start) -> None:
    test = doing.test
    check_reason(test.waits_for, action.reason)
    test.state = TestState.RED_EXECUTING
    test.started_at = test.timer_since = doing.at
    if test.red_assignee is None:
        test.red_assignee = doing.by.id
    early = {"before": [one.number for one in test.waits_for]} if test.waits_for else {}
    doing.tell("execution_started", Side.RED, action.reason, **early)


def _may_pause(test: "SecurityTest", by: Person, asked: Any) -> None:
    _at_work(test, by)
    if test.timer_since is None:
        raise InvalidTransition("The timer is paused already.")


def _pause(doing: Doing, action: Pause) -> None:
    side = _side(doing.test)
    span = doing.test.stop_timer(doing.at)
    doing.tell("paused", side, action.note, seconds=span.seconds if span else 0)


def _may_resume(test: "SecurityTest", by: Person, asked: Any) -> None:
    _at_work(test, by)
    if test.timer_since is not None:
        raise InvalidTransition("The timer runs already.")


def _resume(doing: Doing, action: Resume) -> None:
    doing.test.timer_since = doing.at
    doing.tell("resumed", _side(doing.test))


def _at_work(test: "SecurityTest", by: Person) -> None:
    team = test.working
    if team is None:
        raise InvalidTransition(f"This test is {state_words(test.state)}; nobody's timer runs.")
    need(by, team.works)
    if team is Team.RED and test.started_at is None:
        raise InvalidTransition("Start the execution first.")


def _side(test: "SecurityTest") -> Side:
    return Side.BLUE if test.working is Team.BLUE else Side.RED


def _may_submit(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.EXECUTE_TEST)
    if test.state is TestState.DRAFT or (test.state is TestState.RED_EXECUTING and test.started_at is None):
        raise InvalidTransition("Start the execution first.")
    if test.state is not TestState.RED_EXECUTING:
        raise InvalidTransition(f"This test is {state_words(test.state)}; red's side has been submitted.")


def _submit(doing: Doing, action: SubmitRed) -> None:
    test = doing.test
    not_ahead("executed_at", "Executed", action.executed_at, doing.at)
    sources = taken(doing, action)
    ask(test, action)
    span = test.stop_timer(doing.at)
    test.change_round(
        executed_at=action.executed_at,
        attack_succeeded=action.attack_succeeded,
        red_notes=action.notes or None,
        red_submitted_at=doing.at,
        red_submitted_by=doing.by.id,
        taken_from=sources,
    )
    test.state = TestState.BLUE_EVALUATING
    test.timer_since = doing.at
    doing.tell("red_submitted", Side.RED, action.notes, seconds=span.seconds if span else 0, **told(sources))


STEPS: Mapping[str, Step] = {
    Start.kind: Step(_may_start, _start),
    Pause.kind: Step(_may_pause, _pause),
    Resume.kind: Step(_may_resume, _resume),
    SubmitRed.kind: Step(_may_submit, _submit),
}
