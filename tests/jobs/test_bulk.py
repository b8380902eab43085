"""One action on many tests: all of it accepted or nothing, each with its own answer, twice asked is once done."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from data.database import Actor
from domain.errors import BadInput, PermissionDenied
from domain.outcomes import TestState
from domain.roles import Role
from jobs import bulk, workflow
from jobs.bulk import Chosen, Wanted
from tests.data import world
from tests.jobs.acting import person, planned, state
from tests.jobs.syncing import rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


def _done(actor: Actor, role: Role, wanted: Wanted, *ids: UUID, version: int = 1) -> list[tuple[str, str | None]]:
    """State and reason of each, after a worker has been at it."""
    batch = bulk.do(actor, role, wanted, [Chosen(one, version) for one in ids])
    workflow.perform_batch(str(batch))
    return [(one.state, one.code) for one in workflow.results(batch, actor)]


def test_each_test_has_its_own_answer() -> None:
    lead, red = person("lea", Role.RED_LEAD), person("ruth", Role.RED_TECH)
    one, two = planned(red), planned(red)
    wanted = Wanted(key=uuid4(), kind="assign", team="red", person=red.id)
    assert _done(lead, Role.RED_LEAD, wanted, one, two, uuid4()) == [
        ("done", None), ("done", None), ("refused", "not_found"),
    ]  # fmt: skip
    assert state(one).red_assignee == state(two).red_assignee == red.id


def test_what_changed_meanwhile_is_left_alone() -> None:
    lead, red = person("lea", Role.RED_LEAD), person("ruth", Role.RED_TECH)
    one = planned(red)
    assert _done(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="assign", person=red.id), one) == [("done", None)]
    again = Wanted(key=uuid4(), kind="cancel", reason="No longer needed")
    assert _done(lead, Role.RED_LEAD, again, one) == [("refused", "stale_version")]
    assert state(one).state is TestState.DRAFT


def test_the_same_request_twice_is_done_once() -> None:
    red = person("ruth", Role.RED_TECH)
    home = world.technique("T1486", under=["execution"])
    test_id = world.security_test(home, version=1)
    wanted = Wanted(key=uuid4(), kind="retest")
    for _ in range(2):
        assert _done(red, Role.RED_TECH, wanted, test_id) == [("done", None)]
    assert rows("SELECT count(*) FROM security_test WHERE retest_of_id IS NOT NULL")[0][0] == 1


def test_start_and_cancel() -> None:
    lead = person("lea", Role.RED_LEAD)
    one, two = planned(lead), planned(lead)
    assert _done(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="start"), one) == [("done", None)]
    assert _done(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="cancel", reason="Twice"), two) == [("done", None)]
    assert (state(one).state, state(two).state) == (TestState.RED_EXECUTING, TestState.CANCELLED)


def test_nothing_is_accepted_of_what_cannot_be() -> None:
    lead, blue = person("lea", Role.RED_LEAD), person("ben", Role.BLUE_TECH)
    chosen = [Chosen(uuid4(), 1)]
    with pytest.raises(PermissionDenied):
        bulk.do(blue, Role.BLUE_TECH, Wanted(key=uuid4(), kind="assign"), chosen)
    with pytest.raises(BadInput, match="cannot be done to many"):
        bulk.do(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="approve"), chosen)
    with pytest.raises(BadInput, match="Give a reason"):
        bulk.do(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="cancel"), chosen)
    with pytest.raises(BadInput, match="Between 1 and 1,000"):
        bulk.do(lead, Role.RED_LEAD, Wanted(key=uuid4(), kind="start"), chosen * 1001)
    assert rows("SELECT count(*) FROM workflow_action")[0][0] == 0
