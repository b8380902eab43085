"""Who is told of what happens to tests, in the bell: those it concerns, once, and never of what they did themselves."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from data.database import Actor
from domain.outcomes import Detection, Prevention
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import outbox
from tests.data import world
from tests.jobs import acting
from tests.jobs.acting import do, person, planned
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


def _told() -> set[tuple[str, str]]:
    """(username, kind) of everything people were told since this was last asked."""
    outbox.deliver()
    assert rows("SELECT count(*) FROM outbox_event WHERE delivered_at IS NULL") == [(0,)]
    told = rows("SELECT username, kind FROM notification n JOIN user_account u ON u.id = n.user_id")
    assert len(told) == len(set(told)), "told twice of one event"
    execute("DELETE FROM notification")
    return set(told)


def _people() -> tuple[Actor, Actor, Actor, Actor]:
    return (
        person("ruth", Role.RED_TECH),
        person("ben", Role.BLUE_TECH),
        person("rita", Role.RED_LEAD),
        person("bo", Role.BLUE_LEAD),
    )


def _submit_red(test_id: UUID, red: Actor) -> None:
    do(test_id, red, actions.Start())
    do(test_id, red, actions.SubmitRed(executed_at=datetime.now(UTC), attack_succeeded=True, confirmed=True))


def _submit_blue(test_id: UUID, blue: Actor) -> None:
    missed: dict[str, Any] = {"prevention": Prevention.NONE, "detection": Detection.MISSED, "confirmed": True}
    do(test_id, blue, actions.Observe(tool_id=acting.tool(), **missed))
    do(test_id, blue, actions.SubmitBlue(watched_until=datetime.now(UTC), confirmed=True))


def test_through_the_life_of_a_test() -> None:
    ruth, ben, rita, bo = _people()
    test_id = planned(ruth)
    assert _told() == set()
    do(test_id, rita, actions.Assign(team=Team.RED, assignee_id=ruth.id))
    do(test_id, rita, actions.Assign(team=Team.BLUE, assignee_id=ben.id))
    assert _told() == {("ruth", "assigned"), ("ben", "assigned")}
    _submit_red(test_id, ruth)
    assert _told() == {("ben", "your_turn")}
    _submit_blue(test_id, ben)
    assert _told() == {("rita", "awaiting"), ("bo", "awaiting")}
    do(test_id, bo, actions.Reject(side=Team.BLUE, note="look at the mail gateway too"))
    assert _told() == {("ruth", "rejected"), ("ben", "rejected")}
    do(test_id, rita, actions.Reopen(to=Team.BLUE, reason="again"))
    assert _told() == {("ben", "your_turn")}
    _submit_blue(test_id, ben)
    _told()
    do(test_id, rita, actions.Approve(side=Team.RED))
    assert _told() == set()
    do(test_id, bo, actions.Approve(side=Team.BLUE))
    assert _told() == {("ben", "assigned")}, "the gap it showed has an owner"


def test_a_lead_does_not_await_their_own_work() -> None:
    _, ben, rita, _ = _people()
    test_id = planned(rita)
    _submit_red(test_id, rita)
    _told()
    _submit_blue(test_id, ben)
    assert _told() == {("bo", "awaiting")}


def test_nobody_is_told_of_what_they_did_themselves() -> None:
    _, _, rita, _ = _people()
    do(planned(rita), rita, actions.Assign(team=Team.RED, assignee_id=rita.id))
    assert _told() == set()


def test_a_comment_tells_whom_it_names() -> None:
    ruth, *_ = _people()
    execute("UPDATE user_account SET is_demo = true WHERE username = 'bo'")
    execute("UPDATE user_account SET disabled_at = now() WHERE username = 'rita'")
    do(planned(ruth), ruth, actions.Comment(text="@BEN and @bo, @rita, @ruth, @nobody: what do you think?"))
    assert _told() == {("ben", "mentioned")}


def test_an_event_delivered_again_tells_nobody_twice() -> None:
    ruth, _, rita, _ = _people()
    test_id = planned(ruth)
    do(test_id, rita, actions.Assign(team=Team.RED, assignee_id=ruth.id))
    outbox.deliver()
    execute("UPDATE outbox_event SET delivered_at = NULL")
    assert outbox.deliver() > 0
    number = rows("SELECT number FROM security_test")[0][0]
    assert rows("SELECT title, body, link, test_id FROM notification") == [
        (f"Test {number} is yours to execute: Encoded command", "By Rita.", f"/test/{number}", test_id)
    ]


def test_what_happened_to_a_test_that_is_gone_is_told_to_nobody() -> None:
    ruth, _, rita, _ = _people()
    do(planned(ruth), rita, actions.Assign(team=Team.RED, assignee_id=ruth.id))
    execute("DELETE FROM security_test")
    assert _told() == set()
