"""Two leads, each on their own side, never on their own work; overrides; and rounds."""

from dataclasses import FrozenInstanceError, replace

import pytest

from domain.errors import AegisError, BadInput, PermissionDenied, StaleVersion
from domain.outcomes import TestState
from domain.roles import Role
from domain.testing import validation
from domain.testing.actions import (
    Action,
    Approve,
    Comment,
    CompleteRemediation,
    Override,
    Reject,
    Reopen,
    Start,
    SubmitBlue,
    SubmitRed,
)
from domain.testing.person import Person, Team
from domain.testing.rounds import RoundResult, Verdict
from tests.domain.testing.play import (
    ADMIN,
    BLUE,
    BLUE_LEAD,
    EXECUTED,
    OTHER_ADMIN,
    OTHER_BLUE,
    OTHER_BLUE_LEAD,
    RED,
    RED_LEAD,
    Play,
    alerted,
    kinds,
    minutes,
    missed,
)

APPROVE_RED, APPROVE_BLUE = Approve(side=Team.RED), Approve(side=Team.BLUE)
REJECT_BLUE = Reject(side=Team.BLUE, note="Look at the proxy too.")


def submitted_by(red: Person, blue: Person) -> Play:
    play = Play()
    play.do(Start(), red)
    play.do(SubmitRed(executed_at=EXECUTED, attack_succeeded=True), red, minutes(10))
    play.do(missed(), blue, minutes(65))
    play.do(SubmitBlue(watched_until=minutes(65)), blue, minutes(70))
    return play


@pytest.mark.parametrize("red_first", [True, False])
def test_both_approve_in_any_order(red_first: bool) -> None:
    play = Play().in_review(alerted())
    red, blue = (APPROVE_RED, RED_LEAD), (APPROVE_BLUE, BLUE_LEAD)
    first, second = (red, blue) if red_first else (blue, red)
    assert kinds(play.do(*first)) == [f"{first[0].side}_approved"]
    assert play.test.state is TestState.IN_REVIEW
    assert kinds(play.do(*second, minutes(90))) == [f"{second[0].side}_approved", "validated"]
    test = play.test
    assert (test.state, test.validated_at) == (TestState.VALIDATED, minutes(90))
    assert (test.red_approved_by, test.blue_approved_by) == (RED_LEAD.id, BLUE_LEAD.id)
    assert (test.current.result, test.current.closed_at) == (RoundResult.VALIDATED, minutes(90))


def test_one_rejection_ends_the_round() -> None:
    play = Play().in_review()
    play.do(APPROVE_RED, RED_LEAD)
    assert kinds(play.do(REJECT_BLUE, BLUE_LEAD)) == ["blue_rejected", "rejected"]
    assert play.test.state is TestState.REJECTED
    assert play.test.current.result is RoundResult.REJECTED
    assert (play.test.red_approved_by, play.test.blue_approved_by) == (RED_LEAD.id, None)
    assert play.test.validated_at is None
    assert play.refused(APPROVE_BLUE, OTHER_BLUE_LEAD) == "This test is rejected; there is nothing to decide on."


@pytest.mark.parametrize(
    ("action", "by", "sentence"),
    [
        (APPROVE_RED, BLUE_LEAD, "This needs the role Red lead; yours is Blue lead."),
        (APPROVE_BLUE, RED_LEAD, "This needs the role Blue lead; yours is Red lead."),
        (APPROVE_BLUE, BLUE, "This needs the role Blue lead; yours is Blue operator."),
        (APPROVE_RED, ADMIN, "This needs the role Red lead; yours is Administrator."),
        (REJECT_BLUE, RED_LEAD, "This needs the role Blue lead; yours is Red lead."),
    ],
)
def test_each_side_is_its_own_leads(action: Action, by: Person, sentence: str) -> None:
    assert Play().in_review().refused(action, by) == sentence


def test_nobody_decides_on_work_they_submitted() -> None:
    play = submitted_by(RED_LEAD, BLUE_LEAD)
    assert play.refused(APPROVE_RED, RED_LEAD) == ("You submitted this yourself; another red lead has to approve it.")
    assert play.refused(APPROVE_BLUE, BLUE_LEAD) == (
        "You submitted this yourself; another blue lead has to approve it."
    )
    assert play.refused(REJECT_BLUE, BLUE_LEAD) == (
        "You submitted this yourself; another blue lead has to decide on it."
    )
    play.do(APPROVE_BLUE, OTHER_BLUE_LEAD)


def test_not_even_when_reopening_to_blue_carried_reds_work_over() -> None:
    play = submitted_by(RED_LEAD, BLUE)
    play.do(REJECT_BLUE, BLUE_LEAD)
    play.do(Reopen(to=Team.BLUE, reason="The proxy."), BLUE_LEAD)
    play.do(missed(), BLUE, minutes(200))
    play.do(SubmitBlue(watched_until=minutes(200)), BLUE, minutes(200))
    assert play.refused(APPROVE_RED, RED_LEAD).startswith("You submitted this yourself")


def test_nobody_approves_both_sides_whatever_their_role_was_before() -> None:
    play = Play().in_review()
    play.do(APPROVE_RED, RED_LEAD)
    changed = replace(RED_LEAD, role=Role.BLUE_LEAD)
    assert play.refused(APPROVE_BLUE, changed) == "You decided on red's side; blue's side needs another person."


def test_a_side_is_decided_once() -> None:
    play = Play().in_review()
    play.do(APPROVE_BLUE, BLUE_LEAD)
    assert play.refused(APPROVE_BLUE, OTHER_BLUE_LEAD) == "Blue's side is approved already."
    assert play.refused(REJECT_BLUE, OTHER_BLUE_LEAD) == "Blue's side is approved already."


@pytest.mark.parametrize("play", [Play(), Play().executing(), Play().with_blue()])
def test_nothing_is_decided_before_the_review(play: Play) -> None:
    assert play.refused(APPROVE_RED, RED_LEAD).endswith("there is nothing to decide on.")
    assert play.refused(Override(verdict=Verdict.APPROVED, reason="Now."), ADMIN).endswith(
        "there is nothing to decide on."
    )


def test_not_applicable_needs_the_leads_too() -> None:
    play = Play().with_blue()
    play.do(SubmitBlue(not_applicable=True, reason="No such host."), BLUE_LEAD)
    assert play.refused(APPROVE_BLUE, BLUE_LEAD).startswith("You submitted this yourself")
    play.do(APPROVE_RED, RED_LEAD)
    assert kinds(play.do(APPROVE_BLUE, OTHER_BLUE_LEAD)) == ["blue_approved", "validated"]
    assert play.test.remediation is None


def test_rejecting_needs_words() -> None:
    with pytest.raises(BadInput, match="Say what has to be done again"):
        Reject(side=Team.BLUE, note="  ")


def test_an_override_decides_beside_the_leads_and_not_in_their_name() -> None:
    play = Play().in_review(alerted())
    play.do(APPROVE_RED, RED_LEAD)
    events = play.do(Override(verdict=Verdict.APPROVED, reason="Both blue leads are away."), ADMIN)
    assert kinds(events) == ["overridden", "validated"]
    assert (events[0].note, events[0].details["verdict"]) == ("Both blue leads are away.", "approved")
    assert (play.test.red_approved_by, play.test.blue_approved_by) == (RED_LEAD.id, None)
    rejected = Play().in_review()
    assert kinds(rejected.do(Override(verdict=Verdict.REJECTED, reason="Wrong host."), ADMIN))[-1] == "rejected"


def test_only_an_administrator_who_had_no_part_in_it_overrides() -> None:
    override = Override(verdict=Verdict.APPROVED, reason="Leads are away.")
    assert Play().in_review().refused(override, RED_LEAD) == "This needs the role Administrator; yours is Red lead."
    assert submitted_by(RED, ADMIN).refused(override, ADMIN) == (
        "You submitted a side of this test yourself; another administrator has to decide."
    )
    assert kinds(submitted_by(RED, ADMIN).do(override, OTHER_ADMIN))[0] == "overridden"
    play = Play().in_review()
    play.do(APPROVE_RED, RED_LEAD)
    assert play.refused(override, replace(RED_LEAD, role=Role.ADMIN)) == (
        "You decided on a side of this test already; another administrator has to decide."
    )


def rejected() -> Play:
    play = Play().in_review()
    play.do(REJECT_BLUE, BLUE_LEAD, minutes(80))
    return play


def test_reopened_to_blue_reds_side_is_carried_over_as_given() -> None:
    play = rejected()
    first = play.test.current
    (event,) = play.do(Reopen(to=Team.BLUE, reason="The proxy."), BLUE_LEAD, minutes(100))
    test, again = play.test, play.test.current
    assert test.rounds[0] is first
    assert (again.number, again.opened_at, test.timer_since) == (2, minutes(100), minutes(100))
    assert (test.state, event.details["to"], event.note) == (TestState.BLUE_EVALUATING, "blue", "The proxy.")
    for name in ("executed_at", "attack_succeeded", "red_notes", "red_submitted_at", "red_submitted_by"):
        assert getattr(again, name) == getattr(first, name), name
    assert again.observations == ()
    assert again.red_verdict is again.blue_verdict is None
    assert again.blue_submitted_at is test.outcome is test.prevention is test.watched_until is None


def test_reopened_to_red_the_round_is_fresh() -> None:
    play = Play().with_blue()
    play.do(SubmitBlue(not_applicable=True, reason="No such host."), BLUE)
    play.do(Reject(side=Team.RED, note="There is."), RED_LEAD)
    play.do(Reopen(to=Team.RED, reason="There is such a host."), RED)
    test = play.test
    assert (test.state, test.round, test.started_at) == (TestState.RED_EXECUTING, 2, None)
    assert test.executed_at is test.red_submitted_at is test.not_applicable_reason is None
    assert test.rounds[0].executed_at == EXECUTED


def test_a_rejected_test_is_reopened_by_those_who_worked_on_it_or_a_lead() -> None:
    reopen = Reopen(to=Team.BLUE, reason="The proxy.")
    assert rejected().refused(reopen, OTHER_BLUE) == "Only those who worked on this test or a lead can reopen it."
    for by in (RED, BLUE, RED_LEAD, BLUE_LEAD, ADMIN):
        assert kinds(rejected().do(reopen, by)) == ["reopened"]


def test_a_validated_test_is_reopened_by_a_lead_only() -> None:
    reopen = Reopen(to=Team.BLUE, reason="Found in the archive.")
    play = Play().validated()
    assert play.refused(reopen, BLUE) == "This needs the role Red lead, Blue lead or Administrator; yours is " + (
        "Blue operator."
    )
    play.do(reopen, BLUE_LEAD)
    assert play.test.validated_at is play.test.red_approved_by is None
    assert play.test.rounds[0].result is RoundResult.VALIDATED
    with pytest.raises(BadInput, match="Give a reason"):
        Reopen(to=Team.BLUE, reason="")


def test_what_was_remediated_is_retested_and_not_reopened() -> None:
    play = Play().remedying()
    play.do(CompleteRemediation(completed_at=minutes(110), note="New rule."), BLUE, minutes(120))
    assert play.refused(Reopen(to=Team.BLUE, reason="Again."), BLUE_LEAD) == (
        "The gap this test found has been remediated; plan a retest instead."
    )


def test_only_what_is_finished_is_reopened_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    reopen = Reopen(to=Team.RED, reason="Again.")
    assert Play().in_review().refused(reopen, RED_LEAD) == (
        "This test is in review; only a finished one can be reopened."
    )
    monkeypatch.setattr(validation, "ROUNDS_MAX", 1)
    assert rejected().refused(reopen, RED_LEAD) == "This test has had 1 rounds; plan a new one instead."


def test_nothing_is_carried_over_from_a_round_that_red_never_submitted() -> None:
    play = rejected()  # as an import may bring one
    play.test.rounds = (replace(play.test.current, red_submitted_at=None),)
    assert play.refused(Reopen(to=Team.BLUE, reason="Again."), BLUE_LEAD) == (
        "Red's side was never submitted; reopen the test to red."
    )


def test_a_closed_round_cannot_be_changed_by_any_way_round() -> None:
    play = Play().validated()
    with pytest.raises(ValueError, match="closed round is never changed"):
        play.test.change_round(red_notes="Other.")
    with pytest.raises(FrozenInstanceError):
        play.test.current.red_notes = "Other."  # type: ignore[misc]  # that is what is tested


def test_two_at_once_the_second_is_told_who_was_first() -> None:
    play = Play().in_review()
    seen = play.test.version
    play.do(APPROVE_RED, RED_LEAD)
    assert play.test.version == seen + 1
    with pytest.raises(StaleVersion) as stale:
        play.test.act(APPROVE_BLUE, BLUE_LEAD, minutes(90), seen_version=seen, last_changed_by="Rhea")
    assert stale.value.detail == "Changed meanwhile by Rhea: look at it again before you go on."
    assert play.test.blue_approved_by is None
    play.test.act(Comment(text="Seen."), BLUE_LEAD, minutes(90), seen_version=seen)  # takes nothing from anybody
    assert play.test.version == seen + 1


def test_what_is_asked_before_anything_is_typed_in() -> None:
    test = Play().in_review().test
    assert test.refusal("approve", RED_LEAD) is None
    assert test.refusal("approve", RED_LEAD, side=Team.RED) is None
    assert isinstance(test.refusal("approve", RED_LEAD, side=Team.BLUE), PermissionDenied)
    refusal = test.refusal("approve", ADMIN)
    assert isinstance(refusal, AegisError)
    assert refusal.detail == "This needs the role Red lead or Blue lead; yours is Administrator."
    with pytest.raises(BadInput, match="no such action"):
        test.refusal("destroy", ADMIN)
