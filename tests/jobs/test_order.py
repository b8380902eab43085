"""The order of a campaign where tests are started: what frees a test, on whose word it is started early."""

from uuid import UUID

import pytest
from sqlalchemy import Engine

from data.database import Actor
from data.queries import security_test as query
from domain.errors import RuleViolated
from domain.outcomes import TestState
from domain.roles import Role
from domain.testing import actions
from domain.testing.campaign_actions import SetDependencies
from jobs import campaigns
from tests.conftest import Statements
from tests.data import world
from tests.jobs.acting import do, person, planned, state
from tests.jobs.syncing import execute, rows
from tests.jobs.test_campaigns import campaign

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


@pytest.fixture
def lead() -> Actor:
    return person("rita", Role.RED_LEAD)


@pytest.fixture
def red() -> Actor:
    return person("ruth", Role.RED_TECH)


def waiting(by: Actor) -> tuple[UUID, UUID]:
    """A test, and one before it that it waits for."""
    made = campaign(by)
    first, second = planned(by, title="Open the door"), planned(by)
    campaigns.add_tests(by, Role.RED_LEAD, made, [first, second])
    order = SetDependencies(test_id=second, depends_on=frozenset({first}))
    campaigns.act(by, Role.RED_LEAD, made, order)
    return second, first


def number(test: UUID) -> int:
    return int(rows("SELECT number FROM security_test WHERE id = :id", id=test)[0][0])


def put(test: UUID, to: TestState) -> None:
    execute(
        "UPDATE security_test SET state = :to, validated_at = now(), prevention = 'none', detection = 'missed'"
        " WHERE id = :id",
        to=to.value,
        id=test,
    )


@pytest.mark.parametrize("before", list(TestState))
def test_what_is_finished_frees_it_and_nothing_else(lead: Actor, red: Actor, before: TestState) -> None:
    test, first = waiting(lead)
    put(first, before)
    assert query.standing(number(test)).ahead == int(before.unfinished)
    if before in (TestState.VALIDATED, TestState.REJECTED, TestState.CANCELLED):
        do(test, red, actions.Start())
        assert state(test).state is TestState.RED_EXECUTING
        return
    with pytest.raises(RuleViolated, match=rf"waits for test {number(first)} \(Open the door\), which is not finished"):
        do(test, red, actions.Start())
    assert state(test).state is TestState.DRAFT
    do(first, lead, actions.Comment(text="Nothing holds up the first one."))


def test_the_reason_of_a_lead_is_in_the_timeline_and_in_the_audit_log(lead: Actor) -> None:
    test, first = waiting(lead)
    with pytest.raises(RuleViolated, match="Give a reason"):
        do(test, lead, actions.Start())
    do(test, lead, actions.Start(reason="The host is free today."))
    assert rows(
        "SELECT note, details FROM test_timeline WHERE test_id = :id AND action = 'execution_started'", id=test
    ) == [("The host is free today.", {"before": [number(first)]})]
    assert rows(
        "SELECT after->>'note' FROM audit_log WHERE action = 'test.execution_started' AND entity_id = :id", id=str(test)
    ) == [("The host is free today.",)]


def test_moved_to_another_campaign_it_waits_for_nothing(lead: Actor, red: Actor) -> None:
    test, _ = waiting(lead)
    campaigns.add_tests(lead, Role.RED_LEAD, campaign(lead, "Autumn"), [test])
    do(test, red, actions.Start())


def test_a_test_without_a_campaign_asks_for_no_order(lead: Actor, count_statements: Statements) -> None:
    alone, (test, _) = planned(lead), waiting(lead)
    with count_statements() as plain:
        state(alone)
    with count_statements() as ordered:
        state(test)
    assert len(ordered) == len(plain) + 1
