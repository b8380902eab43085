"""Blue's part: what fits together, which times cannot be, and what the test says over all its tools."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.errors import TooLarge
from domain.outcomes import Detection, Outcome, Prevention, TestState
from domain.testing import evaluation
from domain.testing.actions import Observe, RemoveObservation, SubmitBlue
from tests.domain.testing.play import (
    BLUE,
    EDR,
    EXECUTED,
    OTHER_BLUE,
    RED,
    SIEM,
    Play,
    alerted,
    key,
    kinds,
    minutes,
    missed,
)

NONE, PARTIAL, FULL = Prevention
MISSED, LOGGED, ALERTED = Detection


def seen(prevention: Prevention = NONE, detection: Detection = MISSED, **more: Any) -> Observe:
    return Observe(tool_id=EDR, prevention=prevention, detection=detection, **more)


def test_observing_again_replaces_what_was_said_of_that_tool() -> None:
    play = Play().with_blue()
    (first,) = play.do(missed(), BLUE)
    (second,) = play.do(alerted(8), OTHER_BLUE)
    assert (first.details["replaced"], second.details["replaced"]) == (False, True)
    (one,) = play.test.current.observations
    assert (one.detection, one.recorded_by, one.source) == (ALERTED, OTHER_BLUE.id, "person")
    assert second.before[f"observation.{EDR}"]["detection"] == "missed"
    assert play.test.blue_assignee == BLUE.id  # who took it up


def test_observations_can_be_taken_back_until_blue_submits() -> None:
    play = Play().with_blue()
    remove = RemoveObservation(tool_id=EDR)
    assert play.refused(remove, BLUE) == "There is no such observation in this round."
    play.do(missed(), BLUE)
    assert play.refused(RemoveObservation(tool_id=SIEM), BLUE) == "There is no such observation in this round."
    assert kinds(play.do(remove, BLUE)) == ["observation_removed"]
    assert play.test.current.observations == ()
    review = Play().in_review()
    assert review.refused(remove, BLUE) == "This test is in review; blue's side can no longer be changed."
    assert review.refused(alerted(), BLUE) == "This test is in review; blue's side can no longer be changed."


def test_blue_waits_for_red_and_red_does_not_evaluate() -> None:
    assert Play().executing().refused(missed(), BLUE) == "Red has not submitted yet; there is nothing to evaluate."
    assert Play().with_blue().refused(missed(), RED).startswith("This needs the role Blue operator")


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (seen(prevented_at=minutes(6)), "Nothing was prevented, so there is no time of it."),
        (seen(logged_at=minutes(6)), "Missed means that nothing was logged: leave the time out."),
        (seen(detection=LOGGED, detected_at=minutes(6)), "Only an alert has a time of detection."),
        (seen(detection=ALERTED), "Say when the alert was raised."),
        (seen(rule_id=key("rule")), "A rule that fired means logged or alerted, not missed."),
        (
            seen(detection=ALERTED, detected_at=minutes(4)),
            "Detected at 2026-03-02 09:04:00 UTC is before the execution at 2026-03-02 09:05:00 UTC.",
        ),
        (
            seen(detection=LOGGED, logged_at=minutes(1)),
            "Logged at 2026-03-02 09:01:00 UTC is before the execution at 2026-03-02 09:05:00 UTC.",
        ),
        (
            seen(PARTIAL, prevented_at=minutes(2)),
            "Prevented at 2026-03-02 09:02:00 UTC is before the execution at 2026-03-02 09:05:00 UTC.",
        ),
        (
            seen(detection=ALERTED, detected_at=minutes(22)),
            "Detected at 2026-03-02 09:22:00 UTC lies in the future.",
        ),
    ],
)
def test_observations_that_cannot_be(action: Observe, sentence: str) -> None:
    play = Play().with_blue()
    assert play.refused(replace(action, confirmed=True), BLUE, minutes(20)) == sentence


@pytest.mark.parametrize(
    ("action", "question"),
    [
        (
            seen(detection=ALERTED, detected_at=EXECUTED + timedelta(days=9)),
            "Detected 9 days after execution: is the date right?",
        ),
        (seen(detection=ALERTED, detected_at=EXECUTED), "Detected within a second of execution: is the time right?"),
        (
            seen(detection=ALERTED, detected_at=minutes(6), logged_at=minutes(9)),
            "Logged 3 minutes after it was detected: is the time right?",
        ),
        (seen(FULL), "Fully prevented, though red says that the attack succeeded: is that right?"),
    ],
)
def test_observations_that_are_odd(action: Observe, question: str) -> None:
    play = Play().with_blue()
    at = EXECUTED + timedelta(days=10)
    assert play.refused(action, BLUE, at) == question
    assert kinds(play.do(replace(action, confirmed=True), BLUE, at)) == ["observed"]


def test_a_round_has_so_many_observations_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "OBSERVATIONS_MAX", 1)
    play = Play().with_blue()
    play.do(missed(EDR), BLUE)
    play.do(alerted(8, EDR), BLUE)  # the same tool again is not one more
    with pytest.raises(TooLarge, match="at most 1 observations"):
        play.do(missed(SIEM), BLUE)


def test_the_test_says_the_best_and_the_first_over_its_tools() -> None:
    edr = seen(PARTIAL, ALERTED, prevented_at=minutes(7), logged_at=minutes(6), detected_at=minutes(30))
    siem = Observe(tool_id=SIEM, prevention=NONE, detection=ALERTED, logged_at=minutes(9), detected_at=minutes(12))
    play = Play().with_blue()
    play.do(edr, BLUE, minutes(40))
    play.do(siem, BLUE, minutes(41))
    assert play.test.outcome is None  # nothing is said before blue submits
    (event,) = play.do(SubmitBlue(contained_at=minutes(35), watched_until=minutes(60)), BLUE, minutes(60))
    test = play.test
    assert (test.prevention, test.detection, test.outcome) == (PARTIAL, ALERTED, Outcome.ALERTED)
    assert (test.prevented_at, test.logged_at, test.detected_at) == (minutes(7), minutes(6), minutes(12))
    assert (test.contained_at, test.watched_until) == (minutes(35), minutes(60))
    assert (test.state, event.kind, event.details["outcome"]) == (TestState.IN_REVIEW, "blue_submitted", "alerted")


def submit(contained: float | None = None, watched: float | None = 60, **more: Any) -> SubmitBlue:
    def moment(at: float | None) -> datetime | None:
        return None if at is None else minutes(at)

    return SubmitBlue(contained_at=moment(contained), watched_until=moment(watched), **more)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (
            submit(watched=None),
            "Say until when blue watched: an attack not detected counts as not detected up to that time.",
        ),
        (submit(reason="No such host."), "A reason belongs to a test that is not applicable."),
        (
            submit(contained=11),
            "Contained at 2026-03-02 09:11:00 UTC is before the detection at 2026-03-02 09:12:00 UTC.",
        ),
        (
            submit(contained=4),
            "Contained at 2026-03-02 09:04:00 UTC is before the execution at 2026-03-02 09:05:00 UTC.",
        ),
        (
            submit(watched=4),
            "The end of watching at 2026-03-02 09:04:00 UTC is before the execution at 2026-03-02 09:05:00 UTC.",
        ),
        (
            submit(watched=11),
            "The end of watching at 2026-03-02 09:11:00 UTC is before the last detection at 2026-03-02 09:12:00 UTC.",
        ),
        (
            submit(contained=40, watched=30),
            "The end of watching at 2026-03-02 09:30:00 UTC is before the containment at 2026-03-02 09:40:00 UTC.",
        ),
        (submit(watched=72), "The end of watching at 2026-03-02 10:12:00 UTC lies in the future."),
        (submit(contained=75, watched=60), "Contained at 2026-03-02 10:15:00 UTC lies in the future."),
        (
            submit(not_applicable=True, reason="No such host."),
            "Tools did something, so the test was applicable: remove the observations first.",
        ),
    ],
)
def test_submissions_that_cannot_be(action: SubmitBlue, sentence: str) -> None:
    play = Play().with_blue()
    play.do(alerted(12), BLUE, minutes(20))
    assert play.refused(action, BLUE, minutes(70)) == sentence


@pytest.mark.parametrize(
    ("observation", "action", "question"),
    [
        (missed(), submit(contained=20), "Contained, though nothing was detected: is that right?"),
        (
            alerted(8),
            submit(contained=8 + 8 * 1440, watched=12_000),
            "Contained 8 days after detection: is the date right?",
        ),
        (missed(), submit(watched=7), "Watched for 2 minutes after execution only: is the time right?"),
    ],
)
def test_submissions_that_are_odd(observation: Observe, action: SubmitBlue, question: str) -> None:
    play = Play().with_blue()
    play.do(observation, BLUE)
    assert play.refused(action, BLUE, minutes(13_000)) == question
    assert kinds(play.do(replace(action, confirmed=True), BLUE, minutes(13_000))) == ["blue_submitted"]


def test_without_an_observation_there_is_nothing_to_submit() -> None:
    assert Play().with_blue().refused(submit(), BLUE, minutes(70)) == (
        "Record what at least one defence tool did, or submit the test as not applicable."
    )


def test_not_applicable_needs_a_reason_and_has_no_outcome() -> None:
    play = Play().with_blue()
    assert play.refused(SubmitBlue(not_applicable=True), BLUE) == "Say why the test is not applicable."
    assert play.refused(submit(not_applicable=True, reason="No macOS here."), BLUE, minutes(70)) == (
        "A test that is not applicable has no times."
    )
    (event,) = play.do(SubmitBlue(not_applicable=True, reason="No macOS here.", notes="Asked IT."), BLUE)
    assert (event.kind, event.note) == ("not_applicable", "No macOS here.\n\nAsked IT.")
    assert play.test.not_applicable
    assert play.test.not_applicable_reason == "No macOS here."
    assert play.test.outcome is None
    assert play.test.state is TestState.IN_REVIEW
