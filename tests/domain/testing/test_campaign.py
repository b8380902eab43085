"""Campaigns: their tests in order, who waits for whom, and their own life."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import AegisError, BadInput, NotFound, PermissionDenied, StaleVersion
from domain.outcomes import TestState
from domain.testing import members
from domain.testing.campaign import Campaign, CampaignState, clone_of, create_campaign
from domain.testing.campaign_actions import (
    AddTests,
    CampaignAction,
    CancelCampaign,
    CloneCampaign,
    CreateCampaign,
    EditCampaign,
    FinishCampaign,
    MoveTest,
    RemoveTest,
    SetDependencies,
    StartCampaign,
)
from domain.testing.members import Members, added, depending, moved, removed
from tests.domain.testing.play import ADMIN, BLUE, BLUE_LEAD, RED, RED_LEAD, START, key, minutes

A, B, C, D = (key(name) for name in "abcd")


def campaign(*test_ids: UUID, **more: Any) -> Campaign:
    made, _ = create_campaign(CreateCampaign(**{"id": key("campaign"), "name": "FIN7", **more}), RED_LEAD, START)
    made.members = added((), test_ids) if test_ids else ()
    return made


def order(of: Campaign) -> list[UUID]:
    assert [one.position for one in of.members] == list(range(1, len(of.members) + 1))
    return [one.test_id for one in of.members]


def refused(of: Campaign, action: CampaignAction, by: Any = RED_LEAD) -> str:
    before = repr(of)
    with pytest.raises(AegisError) as refusal:
        of.act(action, by, minutes(1))
    assert repr(of) == before
    return refusal.value.detail


def test_leads_plan_campaigns() -> None:
    action = CreateCampaign(id=key("campaign"), name=" FIN7 ", actor_attack_id="G0046", cron="0  9 * * 1")
    made, (event,) = create_campaign(action, BLUE_LEAD, START)
    assert (made.name, made.state, made.version, made.created_by) == ("FIN7", CampaignState.PLANNED, 1, BLUE_LEAD.id)
    assert (event.kind, event.before, event.after["cron"]) == ("campaign_created", {}, "0 9 * * 1")
    for by in (RED, BLUE):
        with pytest.raises(PermissionDenied):
            create_campaign(action, by, START)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "Give the campaign a name."),
        ({"goal": "x" * 5_001}, "The goal has at most 5,000 characters."),
        (
            {"starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 1)},
            "The end, 2026-03-01, is before the start, 2026-03-02.",
        ),
        ({"cron": "* * * * *"}, "A schedule names one minute: once an hour at most."),
        ({"cron": "0 9 * * *", "zone": "Mars"}, "There is no such time zone; write it like Europe/Madrid."),
    ],
)
def test_what_a_campaign_must_be(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        campaign(**wrong)
    assert refusal.value.detail == sentence
    if "name" not in wrong and "goal" not in wrong:
        assert refused(campaign(A), EditCampaign(name="FIN7", **wrong)) == sentence


def test_editing_says_what_changed() -> None:
    made = campaign()
    (event,) = made.act(EditCampaign(name="FIN8", ends_on=date(2026, 4, 1)), RED_LEAD, minutes(1))
    assert (event.before, event.after) == ({"ends_on": None, "name": "FIN7"}, {"ends_on": "2026-04-01", "name": "FIN8"})
    assert (made.version, made.updated_at) == (2, minutes(1))
    assert refused(made, EditCampaign(name="FIN8", ends_on=date(2026, 4, 1))) == "Nothing in the campaign was changed."


def test_tests_are_added_moved_and_removed() -> None:
    made = campaign()
    made.act(AddTests(test_ids=(A, B)), RED_LEAD, minutes(1))
    made.act(AddTests(test_ids=(C,)), RED_LEAD, minutes(2))
    assert order(made) == [A, B, C]
    (event,) = made.act(MoveTest(test_id=C, position=1), RED_LEAD, minutes(3))
    assert (event.kind, order(made)) == ("test_moved", [C, A, B])
    made.act(MoveTest(test_id=C, position=99), RED_LEAD, minutes(4))
    assert order(made) == [A, B, C]
    made.act(SetDependencies(test_id=C, depends_on=frozenset({A, B})), RED_LEAD, minutes(5))
    made.act(RemoveTest(test_id=A), RED_LEAD, minutes(6))
    assert order(made) == [B, C]
    assert made.blocked(C, {}) == (B,)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (AddTests(test_ids=()), "Choose the tests to add."),
        (AddTests(test_ids=(A,)), "One of these tests is part of the campaign already."),
        (AddTests(test_ids=(D, D)), "One of these tests is part of the campaign already."),
        (RemoveTest(test_id=D), "This test is not part of the campaign."),
        (MoveTest(test_id=D, position=1), "This test is not part of the campaign."),
        (MoveTest(test_id=A, position=0), "The first position is 1."),
        (MoveTest(test_id=A, position=1), "Nothing in the campaign was changed."),
        (SetDependencies(test_id=A, depends_on=frozenset({D})), "This test is not part of the campaign."),
        (SetDependencies(test_id=A, depends_on=frozenset({A})), "A test cannot wait for itself."),
        (
            SetDependencies(test_id=A, depends_on=frozenset({C})),
            "These tests would wait for each other in a circle, and none could start.",
        ),
        (FinishCampaign(), "This campaign has not been started."),
    ],
)
def test_changes_that_cannot_be(action: CampaignAction, sentence: str) -> None:
    made = campaign(A, B, C)
    made.members = depending(depending(made.members, B, {A}), C, {B})
    assert refused(made, action) == sentence


def test_a_campaign_has_so_many_tests_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MEMBERS_MAX", 2)
    assert refused(campaign(A, B), AddTests(test_ids=(C,))) == "A campaign has at most 2 tests."


def test_a_test_waits_for_what_is_unfinished() -> None:
    made = campaign(A, B, C)
    made.members = depending(made.members, C, {A, B})
    assert made.blocked(C, {}) == (A, B)
    assert made.blocked(C, {A: TestState.VALIDATED, B: TestState.IN_REVIEW}) == (B,)
    assert made.blocked(C, {A: TestState.REJECTED, B: TestState.CANCELLED}) == ()
    assert made.blocked(A, {}) == ()
    with pytest.raises(NotFound):
        made.blocked(D, {})


def test_its_own_life() -> None:
    made = campaign()
    assert refused(made, StartCampaign()) == "A campaign without tests cannot be started; add some first."
    made.act(AddTests(test_ids=(A, B)), RED_LEAD, minutes(1))
    assert made.act(StartCampaign(), BLUE_LEAD, minutes(2))[0].kind == "campaign_started"
    assert refused(made, StartCampaign()) == "This campaign is running already."
    assert refused(made, FinishCampaign()) == "2 of 2 tests are unfinished: finish it anyway?"
    states = {A: TestState.VALIDATED, B: TestState.REJECTED}
    assert made.act(FinishCampaign(), RED_LEAD, minutes(3), states=states)[0].after == {"state": "finished"}
    for action in (AddTests(test_ids=(C,)), StartCampaign(), CancelCampaign(reason="Late."), EditCampaign(name="X")):
        assert refused(made, action) == "This campaign is finished; it can no longer be changed. Clone it instead."


def test_it_can_be_finished_early_and_cancelled_with_a_reason() -> None:
    made = campaign(A)
    made.act(StartCampaign(), RED_LEAD, minutes(1))
    made.act(FinishCampaign(confirmed=True), RED_LEAD, minutes(2))
    assert made.state is CampaignState.FINISHED
    other = campaign(A)
    (event,) = other.act(CancelCampaign(reason="No budget."), RED_LEAD, minutes(1))
    assert (other.state, event.note) == (CampaignState.CANCELLED, "No budget.")


def test_a_clone_has_copies_in_the_same_order_waiting_in_the_same_way() -> None:
    made = campaign(A, B, cron="0 9 * * 1", goal="Till systems")
    made.members = depending(made.members, B, {A})
    made.state = CampaignState.CANCELLED
    clone, (event,) = clone_of(
        made, CloneCampaign(new_id=key("clone"), name="FIN7 again", copies={A: C, B: D}), RED_LEAD, minutes(9)
    )
    assert (clone.name, clone.goal, clone.state) == ("FIN7 again", "Till systems", CampaignState.PLANNED)
    assert (order(clone), clone.blocked(D, {})) == ([C, D], (C,))
    assert (clone.recurrence, clone.cloned_from_id, clone.version) == (None, made.id, 1)
    assert event.after["cloned_from_id"] == str(made.id)
    for copies in ({A: C}, {A: C, B: C}, {A: C, B: D, key("e"): key("f")}, {A: B, B: D}):
        with pytest.raises(BadInput, match="one copy of its own"):
            clone_of(made, CloneCampaign(new_id=key("clone"), name="X", copies=copies), RED_LEAD, minutes(9))


def test_who_may_and_which_version() -> None:
    made = campaign(A)
    assert made.refusal("start_campaign", RED_LEAD) is None
    assert made.refusal("clone_campaign", ADMIN) is None
    assert isinstance(made.refusal("start_campaign", RED), PermissionDenied)
    with pytest.raises(BadInput):
        made.refusal("explode", ADMIN)
    with pytest.raises(StaleVersion, match="by Bianca"):
        made.act(StartCampaign(), RED_LEAD, minutes(1), seen_version=7, last_changed_by="Bianca")
    clone = CloneCampaign(new_id=key("clone"), name="X", copies={A: B})
    assert refused(made, clone).endswith("is not something that is done to a campaign that exists.")


_changes = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 6), st.integers(0, 6)),
    st.tuples(st.just("remove"), st.integers(0, 6), st.integers(0, 6)),
    st.tuples(st.just("move"), st.integers(0, 6), st.integers(1, 8)),
    st.tuples(st.just("depend"), st.integers(0, 6), st.integers(0, 6)),
)


@given(st.lists(_changes, max_size=40))
def test_whatever_is_done_there_is_an_order_in_which_all_can_run(changes: Sequence[tuple[str, int, int]]) -> None:
    now: Members = ()
    for what, one, other in changes:
        test_id = key(str(one))
        try:
            if what == "add":
                now = added(now, [test_id])
            elif what == "remove":
                now = removed(now, test_id)
            elif what == "move":
                now = moved(now, test_id, other)
            else:
                held = members.member(now, test_id).depends_on
                now = depending(now, test_id, held | {key(str(other))})
        except AegisError:
            pass
        assert [member.position for member in now] == list(range(1, len(now) + 1))
        left = {member.test_id: set(member.depends_on) for member in now}
        while ready := [test for test, waits_for in left.items() if not waits_for]:
            for test in ready:
                del left[test]
            for waits_for in left.values():
                waits_for.difference_update(ready)
        assert not left
