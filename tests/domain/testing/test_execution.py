"""Red's part, the timers, and the times that cannot be."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.errors import BadInput, NeedsConfirmation
from domain.outcomes import TestState
from domain.testing.actions import Pause, Reopen, Resume, Start, SubmitBlue, SubmitRed
from domain.testing.person import Side, Team
from tests.domain.testing.play import (
    BLUE,
    EXECUTED,
    OTHER_RED,
    RED,
    RED_LEAD,
    START,
    VIEWER,
    Play,
    kinds,
    minutes,
    missed,
)


def test_starting_gives_the_test_to_whoever_starts_it() -> None:
    play = Play()
    (event,) = play.do(Start(), RED, minutes(1))
    assert (event.kind, event.side, event.by, event.red_assignee) == ("execution_started", Side.RED, RED, RED.id)
    assert (play.test.state, play.test.started_at) == (TestState.RED_EXECUTING, minutes(1))
    assert play.test.timer_since == minutes(1)
    assert event.before["state"] == "draft"
    assert event.after["state"] == "red_executing"


def test_only_red_starts_and_only_once() -> None:
    play = Play()
    assert play.refused(Start(), BLUE) == (
        "This needs the role Red operator, Red lead or Administrator; yours is Blue operator."
    )
    play.executing()
    assert play.refused(Start(), OTHER_RED) == "The execution has been started already."
    assert Play().validated().refused(Start(), RED) == "This test is validated; its execution cannot be started."


def test_nothing_is_submitted_before_the_start() -> None:
    action = SubmitRed(executed_at=EXECUTED, attack_succeeded=True)
    assert Play().refused(action, RED) == "Start the execution first."
    assert Play().with_blue().refused(action, RED) == "This test is with blue; red's side has been submitted."


def test_what_red_submits_is_kept_apart_from_when_it_was_typed_in() -> None:
    play = Play().with_blue()
    test = play.test
    assert (test.executed_at, test.red_submitted_at, test.red_submitted_by) == (EXECUTED, minutes(10), RED.id)
    assert (test.attack_succeeded, test.current.red_notes) == (True, "Ran as given.")
    assert test.state is TestState.BLUE_EVALUATING


def test_effort_counts_only_while_the_timer_runs() -> None:
    play = Play()
    play.do(Start(), RED, minutes(0))
    (paused,) = play.do(Pause(note="Lunch"), OTHER_RED, minutes(3))
    assert (paused.details["seconds"], paused.note, paused.side) == (180, "Lunch", Side.RED)
    assert play.test.paused
    assert play.refused(Pause(), RED, minutes(4)) == "The timer is paused already."
    play.do(Resume(), RED, minutes(60))
    assert play.refused(Resume(), RED, minutes(61)) == "The timer runs already."
    (submitted,) = play.do(SubmitRed(executed_at=EXECUTED, attack_succeeded=True), RED, minutes(62))
    assert submitted.details["seconds"] == 120
    assert play.test.effort_seconds(Team.RED) == play.test.red_effort_seconds == 300
    assert play.test.executed_at == EXECUTED  # pausing did not touch the attack


def test_blues_timer_runs_from_reds_submission() -> None:
    play = Play().with_blue()
    assert play.test.timer_since == minutes(10)
    assert play.refused(Pause(), RED) == "This needs the role Blue operator, Blue lead or Administrator; yours is " + (
        "Red operator."
    )
    (paused,) = play.do(Pause(), BLUE, minutes(20))
    assert paused.side is Side.BLUE
    play.do(missed(), BLUE, minutes(70))  # noting something down does not start the timer
    play.do(SubmitBlue(watched_until=minutes(65)), BLUE, minutes(80))
    assert (play.test.red_effort_seconds, play.test.blue_effort_seconds) == (540, 600)
    assert play.test.timer_since is None
    assert play.refused(Pause(), BLUE) == "This test is in review; nobody's timer runs."


def test_reopened_to_red_the_timer_waits_for_a_new_start() -> None:
    play = Play().validated()
    play.do(Reopen(to=Team.RED, reason="Wrong host."), RED_LEAD)
    assert not play.test.paused
    assert play.refused(Resume(), RED) == "Start the execution first."
    assert kinds(play.do(Start(), RED)) == ["execution_started"]


def test_a_clock_that_runs_behind_makes_no_negative_time() -> None:
    play = Play()
    play.do(Start(), RED, minutes(3))
    (paused,) = play.do(Pause(), RED, minutes(1))
    assert (paused.at, paused.details["seconds"], play.test.red_effort_seconds) == (minutes(3), 0, 0)


def test_the_clock_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="clock needs a time zone"):
        Play().test.act(Start(), RED, datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001  # that is what is tested


def test_times_come_with_a_zone_and_are_turned_to_utc() -> None:
    local = datetime(2026, 3, 2, 11, 5, tzinfo=timezone(timedelta(hours=2)))
    action = SubmitRed(executed_at=local, attack_succeeded=True)
    assert action.executed_at == EXECUTED
    assert action.executed_at.tzinfo is UTC
    with pytest.raises(BadInput, match="A time needs its time zone"):
        SubmitRed(executed_at=datetime(2026, 3, 2, 11, 5), attack_succeeded=True)  # noqa: DTZ001


def test_nothing_was_executed_in_the_future_beyond_a_clock_that_is_a_minute_ahead() -> None:
    play = Play().executing()
    late = SubmitRed(executed_at=minutes(11) + timedelta(seconds=1), attack_succeeded=True)
    assert play.refused(late, RED, minutes(10)) == "Executed at 2026-03-02 09:11:01 UTC lies in the future."
    play.do(SubmitRed(executed_at=minutes(11), attack_succeeded=True), RED, minutes(10))


def test_a_year_nobody_means_is_refused() -> None:
    typo = SubmitRed(executed_at=datetime(206, 3, 2, tzinfo=UTC), attack_succeeded=True, confirmed=True)
    assert Play().executing().refused(typo, RED).endswith("is before 1990.")


@pytest.mark.parametrize(
    ("executed", "question"),
    [
        (START - timedelta(days=3), "Executed 3 days before this test was created: is the date right?"),
        (minutes(0.5), "Executed 30 seconds before the execution was started: is the time right?"),
    ],
)
def test_odd_times_are_asked_about_and_kept_when_confirmed(executed: datetime, question: str) -> None:
    play = Play().executing()
    assert play.refused(SubmitRed(executed_at=executed, attack_succeeded=True), RED, minutes(10)) == question
    with pytest.raises(NeedsConfirmation) as asked:
        play.do(SubmitRed(executed_at=executed, attack_succeeded=True), RED, minutes(10))
    assert asked.value.questions == (question,)
    play.do(SubmitRed(executed_at=executed, attack_succeeded=True, confirmed=True), RED, minutes(10))
    assert play.test.executed_at == executed


def test_a_viewer_only_reads() -> None:
    for play in (Play(), Play().executing(), Play().with_blue(), Play().in_review(), Play().validated()):
        assert play.test.actions_for(VIEWER) == []
