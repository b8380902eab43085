"""Actions on tests: accepted once, done once, refused with the sentence of the rule, kept when nobody can do them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from data.database import reading, unit_of_work
from data.repositories import audit
from data.repositories import workflow as ledger
from domain.errors import BadInput, InvalidTransition, NotFound, PermissionDenied, RuleViolated, StaleVersion
from domain.outcomes import Detection, Prevention, RemediationState, TestState
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import schedule, workflow
from tests.data import world
from tests.jobs import acting
from tests.jobs.acting import do, person, planned, state
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


def _submitted() -> tuple[object, object, object]:
    """A test whose two sides are submitted, missed by its one tool."""
    red, blue = person("ruth", Role.RED_TECH), person("ben", Role.BLUE_TECH)
    test_id = planned(red)
    do(test_id, red, actions.Start())
    ran = datetime.now(UTC)
    do(test_id, red, actions.SubmitRed(executed_at=ran, attack_succeeded=True, notes="ran it", confirmed=True))
    seen = actions.Observe(
        tool_id=acting.tool(), prevention=Prevention.NONE, detection=Detection.MISSED, confirmed=True
    )
    do(test_id, blue, seen)
    do(test_id, blue, actions.SubmitBlue(watched_until=datetime.now(UTC), confirmed=True))
    return test_id, red, blue


def test_from_draft_to_validated_remediated_and_retested() -> None:
    test_id, red, _ = _submitted()
    do(test_id, person("rita", Role.RED_LEAD), actions.Approve(side=Team.RED))
    lead = person("bo", Role.BLUE_LEAD)
    do(test_id, lead, actions.Approve(side=Team.BLUE, note="agreed"))
    now = state(test_id)
    assert (now.state, now.outcome, now.remediation and now.remediation.state) == (
        TestState.VALIDATED, "missed", RemediationState.OPEN,
    )  # fmt: skip
    do(test_id, lead, actions.StartRemediation())
    do(test_id, lead, actions.CompleteRemediation(completed_at=datetime.now(UTC), note="rule written"))
    again = uuid4()
    do(test_id, red, actions.Retest(new_id=again))
    assert state(again).retest_of_id == test_id
    row = rows(
        "SELECT state, outcome, remediation_state, version, round FROM security_test WHERE retest_of_id IS NULL"
    )[0]
    assert row == ("validated", "missed", "done", state(test_id).version, 1)
    with reading() as session:
        assert audit.verify(session).broken_at is None


def test_a_rejected_round_is_kept_and_the_next_one_opened() -> None:
    test_id, red, blue = _submitted()
    do(test_id, person("bo", Role.BLUE_LEAD), actions.Reject(side=Team.BLUE, note="look at the mail gateway too"))
    do(test_id, blue, actions.Reopen(to=Team.BLUE, reason="looking again"))
    seen = actions.Observe(
        tool_id=acting.tool(), prevention=Prevention.FULL, detection=Detection.MISSED,
        prevented_at=state(test_id).executed_at, confirmed=True,
    )  # fmt: skip
    do(test_id, blue, seen)
    first, second = state(test_id).rounds
    assert (first.result, first.observations[0].prevention) == ("rejected", Prevention.NONE)
    assert (second.observations[0].prevention, second.red_submitted_by) == (Prevention.FULL, red.id)


def test_the_same_key_is_done_once() -> None:
    red = person("ruth", Role.RED_TECH)
    test_id, key = planned(red), uuid4()
    for _ in range(3):
        do(test_id, red, actions.Comment(text="once"), key=key)
    assert rows("SELECT count(*) FROM test_timeline WHERE action = 'commented'")[0][0] == 1


def test_the_second_of_two_is_told_who_was_first() -> None:
    ruth, rita = person("ruth", Role.RED_TECH), person("rita", Role.RED_LEAD)
    test_id = planned(ruth)
    do(test_id, ruth, actions.EditPlan(title="Another title"), seen=1)
    with pytest.raises(StaleVersion, match="Ruth"):
        do(test_id, rita, actions.EditPlan(title="My title"), seen=1)
    assert state(test_id).title == "Another title"


def test_what_the_rules_refuse_is_kept_with_its_sentence() -> None:
    red, viewer = person("ruth", Role.RED_TECH), person("vera", Role.VIEWER)
    test_id = planned(red)
    with pytest.raises(PermissionDenied):
        do(test_id, viewer, actions.Start())
    with pytest.raises(InvalidTransition):
        do(test_id, red, actions.Pause())
    assert rows("SELECT state, code FROM workflow_action WHERE state <> 'done' ORDER BY accepted_at") == [
        ("refused", "forbidden"), ("refused", "invalid_transition"),
    ]  # fmt: skip


def test_what_is_not_there_is_refused() -> None:
    red, blue = person("ruth", Role.RED_TECH), person("ben", Role.BLUE_TECH)
    with pytest.raises(NotFound):
        do(uuid4(), red, actions.Start())
    test_id = planned(red)
    do(test_id, red, actions.Start())
    do(test_id, red, actions.SubmitRed(executed_at=datetime.now(UTC), attack_succeeded=True, confirmed=True))
    unknown = actions.Observe(tool_id=uuid4(), prevention=Prevention.NONE, detection=Detection.MISSED)
    with pytest.raises(NotFound):
        do(test_id, blue, unknown)
    assert state(test_id).current.observations == ()


def test_without_a_worker_it_is_kept_and_done_when_one_returns() -> None:
    red = person("ruth", Role.RED_TECH)
    test_id, key = planned(red), uuid4()
    answer = workflow.ask(workflow.asked(actions.Start(), test_id, key), red, patience=0)
    assert answer.state == "queued"
    assert state(test_id).state is TestState.DRAFT
    workflow.perform(str(key))
    workflow.perform(str(key))
    assert state(test_id).state is TestState.RED_EXECUTING


def test_a_lost_job_is_handed_out_again() -> None:
    red = person("ruth", Role.RED_TECH)
    key = uuid4()
    workflow.ask(workflow.asked(actions.Start(), planned(red), key), red, patience=0)
    now = datetime.now(UTC)
    assert workflow.relay(now) == 0
    later = now + workflow.FORGOTTEN + timedelta(seconds=1)
    assert workflow.relay(later) == 1
    assert workflow.relay(later) == 0, "a long queue is not filled twice"
    assert schedule.tick(later + workflow.FORGOTTEN + timedelta(seconds=1)) >= 1


def test_a_batch_says_for_each_what_became_of_it() -> None:
    red = person("ruth", Role.RED_TECH)
    first, second = planned(red), planned(red)
    do(second, red, actions.Start())
    batch = uuid4()
    workflow.ask_many([workflow.asked(actions.Start(), one, uuid4()) for one in (first, second)], red, batch)
    workflow.perform_batch(str(batch))
    workflow.perform_batch(str(batch))
    assert [one.state for one in workflow.results(batch, red)] == ["done", "refused"]
    assert workflow.results(batch, person("rita", Role.RED_LEAD)) == [], "somebody else's batch"


def test_bad_actions_are_refused_before_they_are_accepted() -> None:
    red = person("ruth", Role.RED_TECH)
    with pytest.raises(BadInput, match="no action called"):
        workflow.ask(ledger.Asked(key=uuid4(), kind="explode", test_id=uuid4()), red)
    with pytest.raises(BadInput):
        workflow.ask(ledger.Asked(key=uuid4(), kind="submit_red", test_id=uuid4(), payload={"executed_at": 5}), red)
    with pytest.raises(BadInput):
        workflow.ask_many([], red, uuid4())
    assert rows("SELECT count(*) FROM workflow_action")[0][0] == 0


def test_a_disabled_account_does_nothing_any_more() -> None:
    red = person("ruth", Role.RED_TECH)
    test_id, key = planned(red), uuid4()
    workflow.ask(workflow.asked(actions.Start(), test_id, key), red, patience=0)
    execute("UPDATE user_account SET disabled_at = now() WHERE username = 'ruth'")
    workflow.perform(str(key))
    with reading() as session:
        assert ledger.answer(session, key).state == "refused"
    assert state(test_id).state is TestState.DRAFT


def test_a_defect_is_tried_again_and_then_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    red = person("ruth", Role.RED_TECH)
    test_id, key = planned(red), uuid4()
    workflow.ask(workflow.asked(actions.Start(), test_id, key), red, patience=0)
    with monkeypatch.context() as broken:
        broken.setattr(workflow, "_do", lambda *_: 1 / 0)
        for _ in range(ledger.MAX_ATTEMPTS):
            workflow.perform(str(key))
    with unit_of_work() as session:
        assert ledger.answer(session, key).state == "failed"
        assert ledger.retry(session, key)
    workflow.perform(str(key))
    assert state(test_id).state is TestState.RED_EXECUTING


def test_somebody_elses_key_tells_nothing() -> None:
    red, rita = person("ruth", Role.RED_TECH), person("rita", Role.RED_LEAD)
    test_id, key = planned(red), uuid4()
    do(test_id, red, actions.Start(), key=key)
    with pytest.raises(NotFound):
        workflow.ask(workflow.asked(actions.Start(), test_id, key), rita, patience=0)


def test_nobody_approves_their_own_work() -> None:
    lead = person("rita", Role.RED_LEAD)
    blue = person("ben", Role.BLUE_TECH)
    test_id = planned(lead)
    do(test_id, lead, actions.Start())
    do(test_id, lead, actions.SubmitRed(executed_at=datetime.now(UTC), attack_succeeded=True, confirmed=True))
    do(test_id, blue, actions.SubmitBlue(not_applicable=True, reason="no such system"))
    with pytest.raises(RuleViolated, match="yourself"):
        do(test_id, lead, actions.Approve(side=Team.RED))
