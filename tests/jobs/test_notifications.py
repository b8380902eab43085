"""Who is told of what happens to tests, in the bell: those it concerns, once, and never of what they did themselves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from data.database import Actor
from domain.errors import BadInput
from domain.outcomes import Detection, Prevention
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import notifications, outbox, schedule, syncs
from tests.data import world
from tests.data.sources import stix
from tests.jobs import acting
from tests.jobs.acting import do, person, planned
from tests.jobs.syncing import at, execute, rows, sync_attack

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


def test_two_comments_of_one_moment_are_two(database: Engine) -> None:
    ruth, _, rita, _ = _people()
    test_id = planned(ruth)
    execute("UPDATE security_test SET updated_at = now() + interval '1 hour'")  # a clock that was ahead
    do(test_id, ruth, actions.Comment(text="@ben: the first"))
    do(test_id, rita, actions.Comment(text="@ben: the second"))
    outbox.deliver()
    assert rows("SELECT count(DISTINCT at) FROM test_timeline WHERE action = 'commented'") == [(1,)]
    assert rows("SELECT count(*) FROM notification WHERE kind = 'mentioned'") == [(2,)]


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


class TestOverdue:
    TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def _gap(self, owner: Actor | None, due: str, **more: Any) -> UUID:
        test_id = world.security_test(acting.home(), title="A gap", **more)
        execute(
            "INSERT INTO remediation (test_id, state, owner_id, due_on) VALUES (:test, 'open', :owner, :due)",
            test=test_id, owner=owner and owner.id, due=due,
        )  # fmt: skip
        return test_id

    def _on(self, days: float) -> set[tuple[str, str]]:
        """What a scheduler's look tells so many days later."""
        notifications.daily(self.TODAY + timedelta(days=days))
        return _told_by_now()

    def test_its_owner_is_told_once_for_each_due_date(self) -> None:
        _, ben, *_ = _people()
        test_id = self._gap(ben, "2026-11-24")
        assert self._on(0) == set()
        assert self._on(1) == {("ben", "overdue")}
        assert self._on(2) == {("ben", "overdue")}, "the same one, kept"
        execute("UPDATE remediation SET due_on = '2026-11-27' WHERE test_id = :id", id=test_id)
        self._on(4)
        assert rows("SELECT count(*) FROM notification") == [(2,)]

    def test_without_an_owner_who_is_still_here_the_leads_are(self) -> None:
        _, ben, *_ = _people()
        self._gap(None, "2026-11-20")
        self._gap(ben, "2026-11-20")
        execute("UPDATE user_account SET disabled_at = now() WHERE username = 'ben'")
        notifications.daily(self.TODAY)
        assert (
            rows("SELECT username, body FROM notification n JOIN user_account u ON u.id = n.user_id")
            == [("bo", "It was due on 2026-11-20. Nobody owns it.")] * 2
        )

    def test_invented_and_finished_ones_are_left_alone(self) -> None:
        _, ben, *_ = _people()
        self._gap(ben, "2026-11-20", is_demo=True)
        self._gap(ben, "2026-11-20")
        execute(
            "UPDATE remediation SET state = 'done' WHERE test_id IN (SELECT id FROM security_test WHERE NOT is_demo)"
        )
        assert self._on(0) == set()

    def test_one_look_a_day_and_again_after_a_fault(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(notifications, "of_overdue", lambda _: 1 / 0)
            _, ben, *_ = _people()
            self._gap(ben, "2026-11-20")
            with pytest.raises(ZeroDivisionError):
                notifications.daily(self.TODAY)
        assert notifications.daily(self.TODAY)
        assert not notifications.daily(self.TODAY)
        assert _told_by_now() == {("ben", "overdue")}


def _told_by_now() -> set[tuple[str, str]]:
    return set(rows("SELECT username, kind FROM notification n JOIN user_account u ON u.id = n.user_id"))


class TestSyncs:
    def test_a_failed_one_tells_administrators_once_a_day(self, tmp_path: Path) -> None:
        person("ada", Role.ADMIN)
        person("bo", Role.BLUE_LEAD)
        for _ in range(2):
            with pytest.raises(BadInput):
                syncs.sync_in_place("sigma", input=at(tmp_path / "nothing-here"))
        assert _told() == {("ada", "sync_failed")}
        assert len(rows("SELECT 1 FROM outbox_event WHERE topic = 'sync.failed'")) == 2

    def test_who_has_tests_of_what_attack_changed_is_told(self, tmp_path: Path) -> None:
        ruth, ben, rita, bo = _people()
        execute("DELETE FROM tactic")
        shell, dumping = stix.technique(1, "T1059", "Shell"), stix.technique(2, "T1003", "Dumping")
        sync_attack(tmp_path, shell, dumping)
        ids = dict(rows("SELECT attack_id, id FROM technique"))
        for attack_id, more in (
            ("T1059", {"state": "draft", "red_assignee": ruth.id, "created_by": rita.id}),
            ("T1003", {"state": "draft", "red_assignee": ben.id}),
            ("T1059", {"state": "cancelled", "red_assignee": bo.id}),
            ("T1059", {"blue_assignee": bo.id, "days": 400}),
        ):
            world.security_test(ids[attack_id], claimed_technique=attack_id, **more)
        outbox.deliver()
        changed = stix.technique(1, "T1059", "Shell", description="Now described anew.")
        run = sync_attack(tmp_path, changed, dumping, version="19.0")
        assert _told_of_changes() == {"ruth", "rita"}
        title, link = rows("SELECT DISTINCT title, link FROM notification")[0]
        assert (title, link) == ("ATT&CK 19.0 changed T1059 you have tests of", "/technique/T1059")
        assert run.state == "succeeded"


def _told_of_changes() -> set[str]:
    outbox.deliver()
    told = rows("SELECT username, kind FROM notification n JOIN user_account u ON u.id = n.user_id")
    assert {kind for _, kind in told} <= {"attack_changed"}
    return {name for name, _ in told}


def test_reading_is_for_oneself() -> None:
    ruth, ben, rita, _ = _people()
    for who, team in ((ruth, Team.RED), (ben, Team.BLUE)):
        do(planned(ruth), rita, actions.Assign(team=team, assignee_id=who.id))
    outbox.deliver()
    ids = [row[0] for row in rows("SELECT id FROM notification")]
    assert ruth.id
    assert ben.id
    notifications.mark_read(ruth.id, Role.RED_TECH, ids)
    unread = "SELECT username FROM notification n JOIN user_account u ON u.id = n.user_id WHERE read_at IS NULL"
    assert rows(unread) == [("ben",)]
    notifications.mark_read(ben.id, Role.BLUE_TECH, None, until=datetime.now(UTC) - timedelta(hours=1))
    assert rows(unread) == [("ben",)], "it came after what was seen"
    notifications.mark_read(ben.id, Role.BLUE_TECH, None)
    assert rows(unread) == []
    with pytest.raises(BadInput):
        notifications.mark_read(ben.id, Role.BLUE_TECH, ids * notifications.MARKED_MAX)


def test_a_tick_of_the_schedule_does_it_all() -> None:
    ruth, _, rita, _ = _people()
    do(planned(ruth), rita, actions.Assign(team=Team.RED, assignee_id=ruth.id))
    assert schedule.tick() > 1
    assert _told_by_now() == {("ruth", "assigned")}


def test_what_was_read_long_ago_is_forgotten_and_what_was_not_is_kept() -> None:
    ruth, *_ = _people()
    for key, read in (("old", "now() - interval '400 days'"), ("new", "now()"), ("unread", "NULL")):
        execute(
            "INSERT INTO notification (user_id, kind, title, event_key, created_at, read_at)"
            f" VALUES (:me, 'mentioned', 'x', :key, now() - interval '500 days', {read})",
            me=ruth.id, key=key,
        )  # fmt: skip
    notifications.daily(datetime.now(UTC))
    assert set(rows("SELECT event_key FROM notification")) == {("new",), ("unread",)}
