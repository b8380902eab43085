"""Times that were taken from files of the evidence: which file says so stays with the time."""

from typing import Any

from domain.testing.actions import Action, Observe, Reject, Reopen, SubmitBlue, SubmitRed
from domain.testing.events import Event
from domain.testing.person import Person, Team
from tests.domain.testing.play import BLUE, EXECUTED, RED, RED_LEAD, Play, alerted, key, minutes, missed

LOG, ALERT = key("run.log"), key("alert.log")
FILES = {LOG: "run.log", ALERT: "alert.log"}
FROM_LOG, FROM_ALERT = ({"evidence": str(file), "name": name} for file, name in FILES.items())
RAN: dict[str, Any] = {"executed_at": EXECUTED, "attack_succeeded": True}


def do(play: Play, action: Action, by: Person, minute: float) -> Event:
    return play.test.act(action, by, minutes(minute), files=FILES)[0]


def observed(at: float = 8, **taken: Any) -> Observe:
    plain = alerted(at)
    return Observe(
        tool_id=plain.tool_id,
        prevention=plain.prevention,
        detection=plain.detection,
        detected_at=plain.detected_at,
        taken_from=taken,
    )


def test_the_file_stays_with_the_time_of_the_attack() -> None:
    play = Play().executing()
    event = do(play, SubmitRed(**RAN, taken_from={"executed_at": LOG}), RED, 10)
    assert play.test.current.taken_from == {"executed_at": FROM_LOG}
    assert event.details["taken_from"] == {"executed_at": "run.log"}
    assert event.after["taken_from"] == {"executed_at": FROM_LOG}


def test_typed_in_there_is_no_file() -> None:
    play = Play().executing()
    assert "taken_from" not in do(play, SubmitRed(**RAN), RED, 10).details
    assert play.test.current.taken_from == {}


def test_a_file_of_another_test_and_a_time_nobody_gave_are_refused() -> None:
    play = Play().executing()
    strange = SubmitRed(**RAN, taken_from={"executed_at": LOG})
    refusal = play.refused(strange, RED, minutes(10))
    assert refusal == "The file a time was taken from is not among the evidence of this test."
    for name in ("attack_succeeded", "detected_at", "confirmed"):
        odd = SubmitRed(**RAN, taken_from={name: LOG})
        assert play.refused(odd, RED, minutes(10)) == "Only a time that is given comes from a file."
    play = Play().with_blue()
    assert play.refused(Observe(**{**_missed(), "taken_from": {"detected_at": LOG}}), BLUE) == (
        "Only a time that is given comes from a file."
    )


def _missed() -> dict[str, Any]:
    one = missed()
    return {"tool_id": one.tool_id, "prevention": one.prevention, "detection": one.detection}


def test_said_again_with_the_same_time_it_still_comes_from_the_file() -> None:
    play = Play().with_blue()
    assert do(play, observed(detected_at=ALERT), BLUE, 20).details["taken_from"] == {"detected_at": "alert.log"}
    do(play, observed(), BLUE, 21)
    (one,) = play.test.current.observations
    assert one.taken_from == {"detected_at": FROM_ALERT}
    do(play, observed(9), BLUE, 22)
    (one,) = play.test.current.observations
    assert one.taken_from == {}


def test_blues_times_stand_beside_reds_and_a_new_round_keeps_what_it_keeps_the_time_of() -> None:
    play = Play().executing()
    do(play, SubmitRed(**RAN, taken_from={"executed_at": LOG}), RED, 10)
    do(play, observed(), BLUE, 20)
    do(play, SubmitBlue(watched_until=minutes(65), taken_from={"watched_until": ALERT}), BLUE, 70)
    assert play.test.current.taken_from == {"executed_at": FROM_LOG, "watched_until": FROM_ALERT}
    play.do(Reject(side=Team.RED, note="Again."), RED_LEAD)
    play.do(Reopen(to=Team.BLUE, reason="Look again."), RED_LEAD)
    assert play.test.current.taken_from == {"executed_at": FROM_LOG}
