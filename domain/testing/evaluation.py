"""Blue's part: what each defence tool did, and the word that this is all."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.errors import BadInput, InvalidTransition, RuleViolated, TooLarge
from domain.outcomes import Detection, Prevention, TestState, best_detection, best_prevention
from domain.roles import Permission
from domain.testing.actions import Observe, RemoveObservation, SubmitBlue
from domain.testing.person import Person, Side
from domain.testing.questions import ask
from domain.testing.rounds import Observation
from domain.testing.step import Step, need
from domain.testing.taken import Taken, taken, told
from domain.testing.telling import Doing
from domain.testing.times import in_order, not_ahead
from domain.testing.words import state_words

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

OBSERVATIONS_MAX = 50  # a round


def _may_evaluate(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.EVALUATE_TEST)
    if test.state in (TestState.DRAFT, TestState.RED_EXECUTING):
        raise InvalidTransition("Red has not submitted yet; there is nothing to evaluate.")
    if test.state is not TestState.BLUE_EVALUATING:
        raise InvalidTransition(f"This test is {state_words(test.state)}; blue's side can no longer be changed.")


def _observe(doing: Doing, action: Observe) -> None:
    test, said = doing.test, doing.test.current.observation(action.tool_id)
    _fits(action)
    for field, name, moment in (
        ("prevented_at", "Prevented", action.prevented_at),
        ("logged_at", "Logged", action.logged_at),
        ("detected_at", "Detected", action.detected_at),
    ):
        not_ahead(field, name, moment, doing.at)
        in_order(field, name, moment, "the execution", test.executed_at)
    others = tuple(one for one in test.current.observations if one.tool_id != action.tool_id)
    if len(others) >= OBSERVATIONS_MAX:
        raise TooLarge(f"A round has at most {OBSERVATIONS_MAX} observations.")
    sources = taken(doing, action, said)
    ask(test, action)
    one = Observation(
        tool_id=action.tool_id,
        prevention=action.prevention,
        detection=action.detection,
        prevented_at=action.prevented_at,
        logged_at=action.logged_at,
        detected_at=action.detected_at,
        rule_id=action.rule_id,
        note=action.note or None,
        recorded_by=doing.by.id,
        recorded_at=doing.at,
        taken_from=sources,
    )
    test.change_round(observations=(*others, one))
    _taken_up(doing)
    doing.tell("observed", Side.BLUE, action.note, tool=action.tool_id, replaced=said is not None, **told(sources))


def _fits(action: Observe) -> None:
    """A time belongs to something that happened, and an alert has a time: without it nothing can be measured."""
    if action.prevention is Prevention.NONE and action.prevented_at is not None:
        raise BadInput("Nothing was prevented, so there is no time of it.", errors={"prevented_at": "not expected"})
    if action.detection is Detection.MISSED and action.logged_at is not None:
        raise BadInput(
            "Missed means that nothing was logged: leave the time out.", errors={"logged_at": "not expected"}
        )
    if action.detection is not Detection.ALERTED and action.detected_at is not None:
        raise BadInput("Only an alert has a time of detection.", errors={"detected_at": "not expected"})
    if action.detection is Detection.ALERTED and action.detected_at is None:
        raise BadInput("Say when the alert was raised.", errors={"detected_at": "required"})
    if action.detection is Detection.MISSED and action.rule_id is not None:
        raise BadInput("A rule that fired means logged or alerted, not missed.", errors={"rule_id": "not expected"})


def _may_remove(test: "SecurityTest", by: Person, asked: Any) -> None:
    _may_evaluate(test, by, asked)
    tool_id = getattr(asked, "tool_id", None)
    if not test.current.observations or (tool_id is not None and test.current.observation(tool_id) is None):
        raise InvalidTransition("There is no such observation in this round.")


def _remove(doing: Doing, action: RemoveObservation) -> None:
    rest = tuple(one for one in doing.test.current.observations if one.tool_id != action.tool_id)
    doing.test.change_round(observations=rest)
    doing.tell("observation_removed", Side.BLUE, tool=action.tool_id)


def _submit(doing: Doing, action: SubmitBlue) -> None:
    if action.not_applicable:
        _submit_not_applicable(doing, action)
        return
    test, seen = doing.test, doing.test.current.observations
    if not seen:
        raise RuleViolated("Record what at least one defence tool did, or submit the test as not applicable.")
    if action.reason:
        raise BadInput("A reason belongs to a test that is not applicable.", errors={"reason": "not expected"})
    detected_at = _first([one.detected_at for one in seen])
    _check_times(test, action, detected_at, doing.at)
    sources = taken(doing, action)
    ask(test, action)
    test.prevention = best_prevention(one.prevention for one in seen)
    test.detection = best_detection(one.detection for one in seen)
    test.prevented_at = _first([one.prevented_at for one in seen])
    test.logged_at = _first([one.logged_at for one in seen])
    test.detected_at = detected_at
    test.change_round(
        contained_at=action.contained_at,
        watched_until=action.watched_until,
        taken_from={**test.current.taken_from, **sources},
    )
    _submitted(doing, "blue_submitted", action.notes, sources)


def _submit_not_applicable(doing: Doing, action: SubmitBlue) -> None:
    test = doing.test
    if not action.reason:
        raise BadInput("Say why the test is not applicable.", errors={"reason": "required"})
    if test.current.observations:
        raise RuleViolated("Tools did something, so the test was applicable: remove the observations first.")
    if action.contained_at is not None or action.watched_until is not None:
        raise BadInput("A test that is not applicable has no times.", errors={"watched_until": "not expected"})
    test.not_applicable_reason = action.reason
    _submitted(doing, "not_applicable", "\n\n".join(part for part in (action.reason, action.notes) if part))


def _submitted(doing: Doing, kind: str, notes: str, sources: Taken | None = None) -> None:
    test = doing.test
    span = test.stop_timer(doing.at)
    test.change_round(blue_notes=notes or None, blue_submitted_at=doing.at, blue_submitted_by=doing.by.id)
    test.state = TestState.IN_REVIEW
    _taken_up(doing)
    worked = span.seconds if span else 0
    doing.tell(kind, Side.BLUE, notes, seconds=worked, outcome=test.outcome, **told(sources or {}))


def _check_times(test: "SecurityTest", action: SubmitBlue, detected_at: datetime | None, at: datetime) -> None:
    if action.watched_until is None:
        raise BadInput(
            "Say until when blue watched: an attack not detected counts as not detected up to that time.",
            errors={"watched_until": "required"},
        )
    for field, name, moment in (
        ("contained_at", "Contained", action.contained_at),
        ("watched_until", "The end of watching", action.watched_until),
    ):
        not_ahead(field, name, moment, at)
        in_order(field, name, moment, "the execution", test.executed_at)
    in_order("contained_at", "Contained", action.contained_at, "the detection", detected_at)
    seen = test.current.observations
    for name, latest in (
        ("the prevention", max((one.prevented_at for one in seen if one.prevented_at), default=None)),
        ("the log entry", max((one.logged_at for one in seen if one.logged_at), default=None)),
        ("the last detection", max((one.detected_at for one in seen if one.detected_at), default=None)),
        ("the containment", action.contained_at),
    ):
        in_order("watched_until", "The end of watching", action.watched_until, name, latest)


def _first(moments: list[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _taken_up(doing: Doing) -> None:
    """Whoever does blue's work on a test nobody was assigned to is now."""
    if doing.test.blue_assignee is None:
        doing.test.blue_assignee = doing.by.id


STEPS: Mapping[str, Step] = {
    Observe.kind: Step(_may_evaluate, _observe),
    RemoveObservation.kind: Step(_may_remove, _remove),
    SubmitBlue.kind: Step(_may_evaluate, _submit),
}
