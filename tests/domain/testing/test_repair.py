"""What becomes of a gap."""

from datetime import date, timedelta

import pytest

from domain.outcomes import Detection, Prevention, RemediationState, TestState
from domain.testing.actions import (
    AcceptRisk,
    Approve,
    Cancel,
    CompleteRemediation,
    Observe,
    PlanRemediation,
    Reopen,
    StartRemediation,
    SubmitBlue,
)
from domain.testing.person import Side, Team
from tests.domain.testing.play import (
    BLUE,
    BLUE_LEAD,
    EDR,
    OTHER_BLUE,
    RED,
    RED_LEAD,
    START,
    Play,
    alerted,
    kinds,
    minutes,
    missed,
)

TODAY = START.date()
DONE = CompleteRemediation(completed_at=minutes(110), note="New rule.")


def observed(prevention: Prevention, detection: Detection) -> Observe:
    alert = minutes(8) if detection is Detection.ALERTED else None
    return Observe(tool_id=EDR, prevention=prevention, detection=detection, detected_at=alert, confirmed=True)


@pytest.mark.parametrize(
    ("prevention", "detection", "opens"),
    [
        (Prevention.NONE, Detection.MISSED, True),
        (Prevention.NONE, Detection.LOGGED, True),
        (Prevention.PARTIAL, Detection.LOGGED, True),
        (Prevention.NONE, Detection.ALERTED, False),
        (Prevention.FULL, Detection.MISSED, False),
    ],
)
def test_a_remediation_opens_below_alerted(prevention: Prevention, detection: Detection, opens: bool) -> None:
    assert (Play().validated(observed(prevention, detection)).test.remediation is not None) is opens


@pytest.mark.parametrize(("priority", "days"), [(1, 14), (2, 30), (3, 60)])
def test_it_opens_for_blue_and_is_due_by_priority(priority: int, days: int) -> None:
    play = Play().in_review()
    play.test.priority = priority
    play.do(Approve(side=Team.RED), RED_LEAD)
    event = play.do(Approve(side=Team.BLUE), BLUE_LEAD, minutes(90))[-1]
    held = play.test.remediation
    assert held is not None
    assert (held.state, held.owner_id, held.opened_at) == (RemediationState.OPEN, BLUE.id, minutes(90))
    assert held.due_on == TODAY + timedelta(days=days)
    assert (event.kind, event.side) == ("remediation_opened", Side.SYSTEM)
    assert event.details == {"owner": str(BLUE.id), "due": held.due_on.isoformat()}


def test_from_open_to_done() -> None:
    play = Play().validated()
    assert play.refused(DONE, BLUE) == "Start the remediation first."
    assert kinds(play.do(StartRemediation(), BLUE, minutes(100))) == ["remediation_started"]
    assert play.refused(StartRemediation(), BLUE) == "The remediation is in progress."
    (event,) = play.do(DONE, BLUE, minutes(120))
    held = play.test.remediation
    assert held is not None
    assert (held.state, held.completed_at, event.note) == (RemediationState.DONE, minutes(110), "New rule.")
    for action in (DONE, PlanRemediation(note="More."), StartRemediation()):
        assert play.refused(action, BLUE) == "The remediation is done."
    assert play.refused(AcceptRisk(reason="Old.", until=TODAY + timedelta(days=9)), BLUE_LEAD) == (
        "The remediation is done."
    )


def test_done_lies_between_the_gap_being_known_and_now() -> None:
    play = Play().remedying()
    early = CompleteRemediation(completed_at=minutes(69), note="New rule.")
    assert play.refused(early, BLUE, minutes(120)) == (
        "Completed at 2026-03-02 10:09:00 UTC is before blue's submission of the gap at 2026-03-02 10:10:00 UTC."
    )
    late = CompleteRemediation(completed_at=minutes(122), note="New rule.")
    assert play.refused(late, BLUE, minutes(120)) == "Completed at 2026-03-02 11:02:00 UTC lies in the future."


def test_owner_date_and_note_are_planned() -> None:
    play = Play().validated()
    plan = PlanRemediation(owner_id=OTHER_BLUE.id, due_on=TODAY + timedelta(days=5), note="Sysmon event 1.")
    (event,) = play.do(plan, BLUE, names=OTHER_BLUE)
    held = play.test.remediation
    assert held is not None
    assert (held.owner_id, held.due_on, held.note) == (OTHER_BLUE.id, plan.due_on, "Sysmon event 1.")
    assert event.before["remediation.owner_id"] == str(BLUE.id)
    assert event.details["owner"] == str(OTHER_BLUE.id)
    assert play.refused(plan, BLUE) == "Nothing in the remediation was changed."
    play.do(PlanRemediation(), BLUE)
    play.do(StartRemediation(), BLUE)
    assert play.test.remediation is not None
    assert play.test.remediation.owner_id == BLUE.id  # whoever starts what nobody owns


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (PlanRemediation(due_on=TODAY - timedelta(days=1)), "The due date has passed already."),
        (PlanRemediation(due_on=date(2030, 1, 1)), "The due date is more than three years away."),
        (PlanRemediation(owner_id=OTHER_BLUE.id), "There is no such person to own the remediation."),
        (
            PlanRemediation(owner_id=RED.id),
            "Rita is Red operator; a remediation needs the role Blue operator, Blue lead or Administrator.",
        ),
    ],
)
def test_plans_that_cannot_be(plan: PlanRemediation, sentence: str) -> None:
    assert Play().validated().refused(plan, BLUE, names=RED) == sentence


def test_a_risk_is_accepted_by_a_lead_until_a_day_to_come() -> None:
    play = Play().validated()
    accept = AcceptRisk(reason="Switched off in May.", until=TODAY + timedelta(days=90))
    assert play.refused(accept, BLUE) == "This needs the role Red lead, Blue lead or Administrator; yours is " + (
        "Blue operator."
    )
    assert play.refused(AcceptRisk(reason="Old.", until=TODAY), BLUE_LEAD) == (
        "A risk is accepted until a day to come."
    )
    assert play.refused(AcceptRisk(reason="Old.", until=TODAY + timedelta(days=731)), BLUE_LEAD) == (
        "A risk is accepted for two years at most."
    )
    (event,) = play.do(accept, BLUE_LEAD)
    held = play.test.remediation
    assert held is not None
    assert (held.state, held.accepted_reason) == (RemediationState.RISK_ACCEPTED, "Switched off in May.")
    assert event.details["until"] == accept.until.isoformat()
    assert play.refused(StartRemediation(), BLUE) == "The remediation is closed, its risk accepted."


def again(play: Play, seen: Observe) -> list[str]:
    """Reopened to blue and validated with something else seen; the kinds of the last events."""
    play.do(Reopen(to=Team.BLUE, reason="The archive."), BLUE_LEAD)
    play.do(seen, BLUE)
    play.do(SubmitBlue(watched_until=minutes(65)), BLUE)
    play.do(Approve(side=Team.RED), RED_LEAD)
    return kinds(play.do(Approve(side=Team.BLUE), BLUE_LEAD))


def test_a_gap_that_a_second_look_closes_needs_no_remedy() -> None:
    play = Play().remedying()
    assert again(play, alerted(8)) == ["blue_approved", "validated", "remediation_withdrawn"]
    assert play.test.remediation is None


def test_a_gap_that_stays_keeps_its_remediation() -> None:
    play = Play().remedying()
    held = play.test.remediation
    assert again(play, missed()) == ["blue_approved", "validated"]
    assert play.test.remediation == held


def test_while_the_test_is_open_again_its_remediation_waits() -> None:
    play = Play().remedying()
    play.do(Reopen(to=Team.BLUE, reason="The archive."), BLUE_LEAD)
    assert play.refused(DONE, BLUE) == "This test was reopened; its remediation waits for the new result."
    assert kinds(play.do(Cancel(reason="Out of scope."), BLUE_LEAD)) == ["cancelled", "remediation_withdrawn"]
    assert (play.test.state, play.test.remediation) == (TestState.CANCELLED, None)


def test_without_a_gap_there_is_nothing_to_remedy() -> None:
    assert Play().validated(alerted()).refused(StartRemediation(), BLUE) == "This test has no remediation."
