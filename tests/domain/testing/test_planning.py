"""Plans, assignments, comments, calling it off, retests; how tests come to be; and the action bar."""

from typing import Any

import pytest

from domain.errors import BadInput, PermissionDenied, TooLarge
from domain.outcomes import TestState
from domain.testing.actions import (
    Approve,
    Assign,
    Cancel,
    Comment,
    CompleteRemediation,
    EditPlan,
    Pause,
    Reject,
    Retest,
    Start,
    SubmitBlue,
)
from domain.testing.creation import create, retest_of
from domain.testing.person import Person, Side, Team
from domain.testing.rounds import RoundResult
from tests.domain.testing.play import (
    ADMIN,
    BLUE,
    BLUE_LEAD,
    EVERYBODY,
    OTHER_RED,
    RED,
    RED_LEAD,
    START,
    Play,
    alerted,
    key,
    kinds,
    minutes,
    missed,
    planned,
)


def test_a_test_is_planned_as_a_draft_in_its_first_round() -> None:
    test, (event,) = create(planned(priority=1, arguments={"host": "ws-1"}), RED, START)
    assert (test.state, test.version, test.round, test.created_by) == (TestState.DRAFT, 1, 1, RED.id)
    assert (event.kind, event.side, event.before) == ("created", Side.RED, {})
    assert event.after["arguments"] == {"host": "ws-1"}
    assert "executed_at" not in event.after
    with pytest.raises(PermissionDenied):
        create(planned(), BLUE, START)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": " "}, "Give the test a title."),
        ({"title": "x" * 201}, "The title has at most 200 characters."),
        ({"title": "a\x00b"}, "The text holds a character that cannot be stored."),
        ({"title": "a\ud800b"}, "The text holds a character that cannot be stored."),
        ({"platform": ""}, "Choose the platform the test runs on."),
        ({"priority": 4}, "The priority is 1 to 3."),
        ({"procedure": "x" * 50_001}, "The procedure has at most 50,000 characters."),
        ({"arguments": {"": "x"}}, "The arguments have names of 1 to 100 characters."),
        ({"arguments": {str(n): "x" for n in range(101)}}, "The arguments are 100 at most."),
        ({"arguments": {"host": "x" * 10_001}}, "host has at most 10,000 characters."),
    ],
)
def test_what_a_plan_must_be(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        planned(**wrong)
    assert refused.value.detail == sentence
    assert list(refused.value.errors) == list(wrong)


def test_over_a_limit_is_its_own_kind_of_bad() -> None:
    with pytest.raises(TooLarge):
        Comment(text="x" * 10_001)


def test_texts_are_stripped() -> None:
    assert planned(title="  Encoded command \n").title == "Encoded command"


def test_a_draft_is_edited_by_red_and_leads() -> None:
    play = Play()
    (event,) = play.do(EditPlan(title="Base64 command", environment="Lab", procedure="powershell -enc x"), RED)
    assert event.details["fields"] == ["environment", "procedure", "title"]
    assert (event.before["title"], event.after["title"]) == ("Encoded command", "Base64 command")
    assert play.refused(EditPlan(title="Base64 command"), RED) == "Nothing in the plan was changed."
    assert play.refused(EditPlan(title="Mine"), BLUE).startswith("This needs the role Red operator")
    assert kinds(play.do(EditPlan(environment=""), BLUE_LEAD)) == ["plan_edited"]


def test_once_red_has_started_only_title_and_priority_can_change() -> None:
    play = Play().executing()
    assert play.refused(EditPlan(title="Other", platform="Linux"), RED) == (
        "Red has started; only the title and the priority can still be changed."
    )
    play.do(EditPlan(title="Other", priority=1), RED)
    assert (play.test.title, play.test.priority) == ("Other", 1)
    assert Play().validated().refused(EditPlan(title="Other"), RED) == (
        "This test is validated; its plan can no longer be changed."
    )


def test_leads_say_who_works_on_it() -> None:
    play = Play()
    (event,) = play.do(Assign(team=Team.RED, assignee_id=OTHER_RED.id), RED_LEAD, names=OTHER_RED)
    assert play.test.red_assignee == OTHER_RED.id
    assert event.details == {"team": "red", "assignee": str(OTHER_RED.id), "previous": None}
    play.do(Start(), RED)
    assert play.test.red_assignee == OTHER_RED.id  # somebody else may start it; it stays theirs
    play.do(Assign(team=Team.RED), BLUE_LEAD)
    assert play.test.red_assignee is None


@pytest.mark.parametrize(
    ("action", "by", "names", "sentence"),
    [
        (
            Assign(team=Team.RED, assignee_id=BLUE.id),
            RED_LEAD,
            BLUE,
            "Bea is Blue operator; red's side needs the role Red operator, Red lead or Administrator.",
        ),
        (Assign(team=Team.RED, assignee_id=key("nobody")), RED_LEAD, None, "There is no such person to assign."),
        (Assign(team=Team.RED, assignee_id=RED.id), RED_LEAD, OTHER_RED, "There is no such person to assign."),
        (Assign(team=Team.BLUE), RED_LEAD, None, "Nothing changes: that is who is assigned to blue's side already."),
        (
            Assign(team=Team.RED, assignee_id=RED.id),
            RED,
            RED,
            "This needs the role Red lead, Blue lead or Administrator; yours is Red operator.",
        ),
    ],
)
def test_assignments_that_cannot_be(action: Assign, by: Person, names: Person | None, sentence: str) -> None:
    assert Play().refused(action, by, names=names) == sentence


def test_a_finished_test_has_nobody_to_assign() -> None:
    refused = Play().validated().refused(Assign(team=Team.RED), RED_LEAD)
    assert refused == "This test is validated; there is nobody to assign any more."


def test_comments_name_people_and_change_nothing() -> None:
    play = Play().validated()
    (event,) = play.do(Comment(text="@Bea and @rhea: see `@here`."), RED)
    assert (event.note, event.details["mentions"]) == ("@Bea and @rhea: see `@here`.", ["Bea", "rhea"])
    assert event.before == event.after == {}


def test_leads_cancel_and_operators_their_own_draft() -> None:
    cancel = Cancel(reason="Out of scope.")
    assert Play().refused(cancel, OTHER_RED).startswith("This needs the role Red lead")
    play = Play()
    (event,) = play.do(cancel, RED)
    assert (play.test.state, play.test.current.result) == (TestState.CANCELLED, RoundResult.CANCELLED)
    assert event.note == "Out of scope."
    assert Play().executing().refused(cancel, RED).startswith("This needs the role Red lead")
    assert play.refused(cancel, ADMIN) == "This test is cancelled; it can no longer be cancelled."


def test_cancelling_stops_the_timer() -> None:
    play = Play()
    play.do(Start(), RED, minutes(1))
    play.do(Cancel(reason="Out of scope."), RED_LEAD, minutes(4))
    assert (play.test.red_effort_seconds, play.test.timer_since) == (180, None)


def test_a_retest_is_a_new_test_of_the_same_procedure_and_platform() -> None:
    play = Play().remedying()
    play.do(CompleteRemediation(completed_at=minutes(110), note="New rule."), BLUE, minutes(120))
    action = Retest(new_id=key("again"), note="After the new rule.")
    (asked,) = play.do(action, RED, minutes(130))
    assert (asked.kind, asked.details["test"]) == ("retest_planned", str(key("again")))
    again, (event,) = retest_of(play.test, action, RED, minutes(130))
    assert (again.id, again.retest_of_id, again.version, again.round) == (key("again"), play.test.id, 1, 1)
    for name in ("technique_id", "claimed_technique", "procedure_key", "platform", "procedure", "arguments"):
        assert getattr(again, name) == getattr(play.test, name), name
    assert (again.state, again.executed_at, again.remediation) == (TestState.DRAFT, None, None)
    assert (event.details, event.note) == ({"retest_of": str(play.test.id)}, "After the new rule.")


def test_only_a_validated_test_is_retested() -> None:
    assert Play().refused(Retest(new_id=key("again")), RED) == (
        "This test is a draft; only a validated one can be retested."
    )
    play = Play().validated()
    assert play.refused(Retest(new_id=play.test.id), RED) == "A retest is a test of its own."


def bar(play: Play, by: Person) -> tuple[str | None, list[str]]:
    """The primary action, and the kinds of the others that can be pressed."""
    offers = play.test.actions_for(by)
    primary = [offer.kind for offer in offers if offer.primary]
    assert len(primary) <= 1
    return (primary or [None])[0], [one.kind for one in offers if not one.primary and one.refusal is None]


def paused() -> Play:
    play = Play().executing()
    play.do(Pause(), RED)
    return play


def observed() -> Play:
    play = Play().with_blue()
    play.do(missed(), BLUE)
    return play


def rejected() -> Play:
    play = Play().in_review()
    play.do(Reject(side=Team.RED, note="Again."), RED_LEAD)
    return play


def remedied() -> Play:
    play = Play().remedying()
    play.do(CompleteRemediation(completed_at=minutes(110), note="New rule."), BLUE, minutes(120))
    return play


@pytest.mark.parametrize(
    ("play", "by", "primary", "others"),
    [
        (Play(), RED, "start", ["edit_plan", "cancel", "comment"]),
        (Play(), BLUE, None, ["comment"]),
        (Play().executing(), RED, "submit_red", ["pause", "edit_plan", "comment"]),
        (paused(), RED, "resume", ["submit_red", "edit_plan", "comment"]),
        (Play().executing(), RED_LEAD, "submit_red", ["pause", "edit_plan", "assign", "cancel", "comment"]),
        (Play().with_blue(), BLUE, "observe", ["submit_blue", "pause", "comment"]),
        (observed(), BLUE, "submit_blue", ["observe", "pause", "comment"]),
        (Play().in_review(), BLUE_LEAD, "approve", ["reject", "edit_plan", "assign", "cancel", "comment"]),
        (Play().in_review(), BLUE, None, ["comment"]),
        (Play().in_review(), ADMIN, None, ["override", "edit_plan", "assign", "cancel", "comment"]),
        (rejected(), BLUE, "reopen", ["comment"]),
        (rejected(), OTHER_RED, None, ["comment"]),
        (Play().validated(), BLUE, "start_remediation", ["plan_remediation", "comment"]),
        (Play().remedying(), BLUE, "complete_remediation", ["plan_remediation", "comment"]),
        (remedied(), RED, "retest", ["comment"]),
        (Play().validated(alerted()), RED_LEAD, None, ["retest", "reopen", "comment"]),
    ],
)
def test_the_action_bar(play: Play, by: Person, primary: str | None, others: list[str]) -> None:
    assert bar(play, by) == (primary, others)


def test_a_button_that_cannot_be_pressed_says_why() -> None:
    play = Play().with_blue()
    play.do(missed(), BLUE_LEAD)
    play.do(SubmitBlue(watched_until=minutes(65)), BLUE_LEAD, minutes(70))
    offers = {offer.kind: offer for offer in play.test.actions_for(BLUE_LEAD)}
    approve = offers["approve"]
    assert (approve.label, approve.primary, approve.side) == ("Approve", False, Team.BLUE)
    assert approve.refusal == "You submitted this yourself; another blue lead has to approve it."
    play.do(Approve(side=Team.RED), RED_LEAD)
    assert "approve" not in {offer.kind for offer in play.test.actions_for(RED_LEAD)}


@pytest.mark.parametrize(
    "play",
    [Play(), Play().executing(), observed(), Play().in_review(), Play().validated(), Play().remedying(), rejected()],
)
def test_what_is_offered_is_not_refused(play: Play) -> None:
    for by in EVERYBODY:
        for offer in play.test.actions_for(by):
            refusal = play.test.refusal(offer.kind, by)
            assert offer.refusal == (refusal.detail if refusal else None)
