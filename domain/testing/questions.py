"""Times that are possible but odd: asked about before they are kept, never refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import NeedsConfirmation
from domain.outcomes import Prevention
from domain.testing.actions import Action, Observe, SubmitBlue, SubmitRed
from domain.testing.words import span_words

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

LONG = timedelta(days=7)  # from the attack to what followed from it
AT_ONCE = timedelta(seconds=1)
SHORT_WATCH = timedelta(minutes=5)


def questions(test: "SecurityTest", action: Action) -> list[str]:
    """What to ask the person before `action` is done; empty when nothing about it is odd."""
    if isinstance(action, SubmitRed):
        return list(_of_red(test, action))
    if isinstance(action, Observe):
        return list(_of_observation(test, action))
    if isinstance(action, SubmitBlue) and not action.not_applicable:
        return list(_of_blue(test, action))
    return []


def ask(test: "SecurityTest", action: SubmitRed | Observe | SubmitBlue) -> None:
    """Raises NeedsConfirmation with everything odd about `action`, unless the person has confirmed it."""
    if not action.confirmed and (asked := questions(test, action)):
        raise NeedsConfirmation(asked)


def _of_red(test: "SecurityTest", action: SubmitRed) -> Iterator[str]:
    if action.executed_at < test.created_at:
        yield f"Executed {_before(action.executed_at, test.created_at)} this test was created: is the date right?"
    elif test.started_at is not None and action.executed_at < test.started_at:
        yield f"Executed {_before(action.executed_at, test.started_at)} the execution was started: is the time right?"


def _of_observation(test: "SecurityTest", action: Observe) -> Iterator[str]:
    executed = test.executed_at
    for name, moment in (
        ("Prevented", action.prevented_at),
        ("Logged", action.logged_at),
        ("Detected", action.detected_at),
    ):
        if executed is not None and moment is not None and moment - executed > LONG:
            yield f"{name} {span_words(moment - executed)} after execution: is the date right?"
    if executed is not None and action.detected_at is not None and action.detected_at - executed <= AT_ONCE:
        yield "Detected within a second of execution: is the time right?"
    if action.logged_at is not None and action.detected_at is not None and action.logged_at > action.detected_at:
        yield f"Logged {span_words(action.logged_at - action.detected_at)} after it was detected: is the time right?"
    if action.prevention is Prevention.FULL and test.attack_succeeded:
        yield "Fully prevented, though red says that the attack succeeded: is that right?"


def _of_blue(test: "SecurityTest", action: SubmitBlue) -> Iterator[str]:
    executed, contained = test.executed_at, action.contained_at
    detected = min((one.detected_at for one in test.current.observations if one.detected_at is not None), default=None)
    if contained is not None and detected is None:
        yield "Contained, though nothing was detected: is that right?"
    elif contained is not None and detected is not None and contained - detected > LONG:
        yield f"Contained {span_words(contained - detected)} after detection: is the date right?"
    if executed is not None and action.watched_until is not None and action.watched_until - executed < SHORT_WATCH:
        yield f"Watched for {span_words(action.watched_until - executed)} after execution only: is the time right?"


def _before(earlier: datetime, later: datetime) -> str:
    return f"{span_words(later - earlier)} before"
