"""Campaigns as leads use them: filled, ordered, moved between, copied, and coming again exactly once."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from data.database import Actor, reading
from data.repositories import audit, campaigns
from domain.errors import BadInput, Duplicate, InvalidTransition, NotFound, PermissionDenied, StaleVersion
from domain.roles import Role
from domain.testing import actions
from domain.testing import campaign_actions as do
from domain.testing.campaign import Campaign
from jobs import campaigns as commands
from jobs import schedule
from tests.conftest import Statements
from tests.data import world
from tests.jobs import acting
from tests.jobs.acting import person, planned
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")
NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


@pytest.fixture
def lead() -> Actor:
    return person("rita", Role.RED_LEAD)


def campaign(by: Actor, name: str = "Spring", tests: int = 0, **more: object) -> UUID:
    made = commands.create(by, Role.RED_LEAD, do.CreateCampaign(id=uuid4(), name=name, **more))
    if tests:
        commands.add_tests(by, Role.RED_LEAD, made, [planned(by) for _ in range(tests)])
    return made


def act(by: Actor, key: UUID, action: do.CampaignAction, seen: int | None = None) -> int:
    return commands.act(by, Role.RED_LEAD, key, action, seen_version=seen)


def state(key: UUID) -> Campaign:
    with reading() as session:
        return campaigns.get(session, key)


def order(key: UUID) -> list[UUID]:
    return [one.test_id for one in state(key).members]


def told(key: UUID) -> list[str]:
    return [
        str(row[0]) for row in rows("SELECT action FROM audit_log WHERE entity_id = :key ORDER BY seq", key=str(key))
    ]


class TestPlanning:
    def test_it_is_planned_once_however_often_it_is_asked_for(self, lead: Actor) -> None:
        action = do.CreateCampaign(id=uuid4(), name=" Spring ", starts_on=date(2027, 3, 1))
        assert commands.create(lead, Role.RED_LEAD, action) == commands.create(lead, Role.RED_LEAD, action)
        assert rows("SELECT name, state, starts_on, created_by FROM test_campaign") == [
            ("Spring", "planned", date(2027, 3, 1), lead.id)
        ]
        assert told(action.id) == ["campaign.created"]

    def test_operators_do_not_plan_campaigns(self, lead: Actor) -> None:
        action = do.CreateCampaign(id=uuid4(), name="Spring")
        with pytest.raises(PermissionDenied):
            commands.create(person("ruth", Role.RED_TECH), Role.RED_TECH, action)

    def test_a_role_that_was_taken_away_no_longer_helps(self, lead: Actor) -> None:
        key = campaign(lead)
        execute("UPDATE user_account SET role = 'viewer' WHERE id = :id", id=lead.id)
        with pytest.raises(PermissionDenied):
            act(lead, key, do.CancelCampaign(reason="no"))

    def test_an_actor_must_be_one_of_the_map(self, lead: Actor) -> None:
        with pytest.raises(BadInput, match="no such threat actor"):
            campaign(lead, actor_attack_id="G9999")
        world.attack_object("group", "G0016", "APT29", uses={})
        assert state(campaign(lead, actor_attack_id="G0016")).actor_attack_id == "G0016"

    def test_who_saw_an_older_version_is_told_who_changed_it(self, lead: Actor) -> None:
        key = campaign(lead)
        act(lead, key, do.EditCampaign(name="Summer"), seen=1)
        with pytest.raises(StaleVersion, match="by rita"):
            act(lead, key, do.EditCampaign(name="Autumn"), seen=1)
        assert state(key).name == "Summer"

    def test_starting_and_ending_keep_their_moments(self, lead: Actor) -> None:
        key = campaign(lead, tests=1)
        act(lead, key, do.StartCampaign())
        act(lead, key, do.FinishCampaign(confirmed=True))
        ((started, ended),) = rows("SELECT started_at, ended_at FROM test_campaign")
        assert started < ended
        assert told(key) == [f"campaign.{word}" for word in ("created", "tests_added", "started", "finished")]


class TestTests:
    def test_their_order_and_what_they_wait_for_are_kept(self, lead: Actor) -> None:
        key = campaign(lead, tests=3)
        first, second, third = order(key)
        act(lead, key, do.SetDependencies(test_id=third, depends_on=frozenset({first, second})))
        act(lead, key, do.MoveTest(test_id=third, position=1))
        assert order(key) == [third, first, second]
        assert state(key).members[0].depends_on == {first, second}
        act(lead, key, do.RemoveTest(test_id=first))
        assert (order(key), state(key).members[0].depends_on) == ([third, second], {second})
        assert rows("SELECT campaign_id, campaign_position FROM security_test WHERE id = :id", id=first) == [
            (None, None)
        ]

    def test_adding_one_of_another_campaign_moves_it(self, lead: Actor) -> None:
        old, new = campaign(lead, tests=3), campaign(lead, "Summer", tests=1)
        first, second, third = order(old)
        act(lead, old, do.SetDependencies(test_id=third, depends_on=frozenset({second})))
        commands.add_tests(lead, Role.RED_LEAD, new, [second])
        assert (order(old), order(new)[1:]) == ([first, third], [second])
        assert rows("SELECT count(*) FROM campaign_dependency") == [(0,)]
        assert told(old)[-1] == "campaign.test_removed"

    def test_a_finished_campaign_loses_none(self, lead: Actor) -> None:
        old, new = campaign(lead, tests=1), campaign(lead, "Summer")
        act(lead, old, do.CancelCampaign(reason="no time"))
        with pytest.raises(InvalidTransition, match="cancelled"):
            commands.add_tests(lead, Role.RED_LEAD, new, [planned(lead), *order(old)])
        assert (len(order(old)), order(new)) == (1, [])

    @pytest.mark.parametrize("over", [do.CancelCampaign(reason="no time"), do.FinishCampaign(confirmed=True)])
    def test_a_campaign_that_is_over_takes_none(self, lead: Actor, over: do.CampaignAction) -> None:
        key = campaign(lead, tests=1)
        act(lead, key, do.StartCampaign())
        planned(lead, campaign_id=key)  # a running one still does
        act(lead, key, over)
        with pytest.raises(InvalidTransition, match=r"This campaign is (cancelled|finished); it takes no more tests\."):
            planned(lead, campaign_id=key)
        with pytest.raises(InvalidTransition):
            commands.add_tests(lead, Role.RED_LEAD, key, [planned(lead)])
        assert len(order(key)) == 2
        with pytest.raises(NotFound, match="no such campaign"):
            planned(lead, campaign_id=uuid4())

    def test_a_retest_is_planned_into_its_campaign_as_long_as_that_takes_tests(self, lead: Actor) -> None:
        key = campaign(lead, tests=1)
        (first,) = order(key)
        execute(
            "UPDATE security_test SET state = 'validated', validated_at = now(), prevention = 'none',"
            " detection = 'missed' WHERE id = :id",
            id=first,
        )
        again, later = uuid4(), uuid4()
        acting.do(first, lead, actions.Retest(new_id=again))
        act(lead, key, do.CancelCampaign(reason="no time"))
        acting.do(first, lead, actions.Retest(new_id=later))
        found = dict(rows("SELECT id, campaign_id FROM security_test WHERE retest_of_id = :id", id=first))
        assert found == {again: key, later: None}

    def test_twice_and_unknown_are_refused(self, lead: Actor) -> None:
        key = campaign(lead, tests=1)
        with pytest.raises(Duplicate):
            commands.add_tests(lead, Role.RED_LEAD, key, order(key))
        with pytest.raises(NotFound):
            commands.add_tests(lead, Role.RED_LEAD, key, [uuid4()])


class TestCopies:
    def test_a_copy_has_drafts_in_the_same_order_waiting_in_the_same_way(self, lead: Actor) -> None:
        key = campaign(lead, tests=3, goal="See")
        first, _, third = order(key)
        act(lead, key, do.SetDependencies(test_id=third, depends_on=frozenset({first})))
        execute("UPDATE security_test SET template_version = 4, state = 'cancelled', red_assignee = :who", who=lead.id)
        action = do.CloneCampaign(new_id=uuid4(), name="Again", copies={})
        for _ in range(2):  # a double click
            made = commands.clone(lead, Role.RED_LEAD, key, action)
        copy = state(made)
        assert (copy.name, copy.goal, copy.state, copy.version) == ("Again", "See", "planned", 1)
        assert copy.members[2].depends_on == {copy.members[0].test_id}
        assert rows(
            "SELECT DISTINCT state, procedure_key, template_version, red_assignee, round FROM security_test"
            " WHERE campaign_id = :key",
            key=made,
        ) == [("draft", "own:encoded", 4, lead.id, 1)]
        assert rows("SELECT series_id, run_number FROM test_campaign WHERE id = :id", id=made) == [(key, 2)]
        assert rows("SELECT count(*) FROM test_round") == [(6,)]
        assert rows("SELECT count(*) FROM test_timeline WHERE action = 'created'") == [(6,)]
        assert len(order(key)) == 3

    def test_what_it_costs_does_not_grow_with_its_tests(
        self, lead: Actor, count_statements: Callable[[], AbstractContextManager[Statements]]
    ) -> None:
        counts = []
        for tests in (2, 40):
            key = campaign(lead, tests=tests)
            with count_statements() as seen:
                commands.clone(lead, Role.RED_LEAD, key, do.CloneCampaign(new_id=uuid4(), name="Again", copies={}))
            counts.append(len(seen))
        assert counts[0] == counts[1]


class TestRecurrence:
    def recurring(self, lead: Actor, due: datetime = NOON, **more: object) -> UUID:
        key = campaign(lead, tests=2, cron="0 13 1 * *", zone="Europe/Madrid", **more)
        execute("UPDATE test_campaign SET next_run_at = :due WHERE id = :key", due=due, key=key)
        return key

    def test_its_next_time_is_kept_with_its_rhythm(self, lead: Actor) -> None:
        key = campaign(lead, cron="0 13 1 * *", zone="Europe/Madrid")
        ((at,),) = rows("SELECT next_run_at FROM test_campaign")
        assert at > datetime.now(UTC)
        assert (at.minute, at.day) == (0, 1)
        act(lead, key, do.SetRecurrence())
        assert rows("SELECT next_run_at, recurrence_cron FROM test_campaign") == [(None, None)]

    def test_a_run_is_made_when_it_is_due_and_the_next_time_set(self, lead: Actor) -> None:
        key = self.recurring(lead, starts_on=date(2027, 1, 1), ends_on=date(2027, 1, 15))
        assert commands.spawn_due(NOON - timedelta(seconds=1)) == 0
        assert (schedule.tick(NOON), commands.spawn_due(NOON)) != (0, 1)
        run = rows(
            "SELECT name, state, starts_on, ends_on, series_id, run_number, recurrence_cron FROM test_campaign"
            " WHERE id <> :key",
            key=key,
        )
        assert run == [("Spring, 2027-03-01", "planned", date(2027, 3, 1), date(2027, 3, 15), key, 2, None)]
        assert rows("SELECT next_run_at FROM test_campaign WHERE id = :key", key=key) == [
            (datetime(2027, 4, 1, 11, 0, tzinfo=UTC),)  # 13 o'clock in Madrid, in summer
        ]
        assert rows("SELECT count(*) FROM security_test WHERE state = 'draft'") == [(4,)]

    def test_several_schedulers_make_it_once(self, lead: Actor) -> None:
        self.recurring(lead)
        made: list[int] = []
        threads = [threading.Thread(target=lambda: made.append(commands.spawn_due(NOON))) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert (sum(made), len(made)) == (1, 6)
        assert rows("SELECT count(*) FROM test_campaign") == [(2,)]

    def test_of_missed_runs_the_latest_is_made_up_for_and_the_others_are_counted(self, lead: Actor) -> None:
        key = self.recurring(lead)
        commands.spawn_due(NOON + timedelta(days=100))
        assert rows("SELECT name FROM test_campaign WHERE series_id = :key", key=key) == [("Spring, 2027-06-01",)]
        ((after,),) = rows("SELECT after FROM audit_log WHERE action = 'campaign.spawned'")
        assert after["skipped"] == 3

    def test_a_finished_campaign_goes_on_coming_and_a_cancelled_one_does_not(self, lead: Actor) -> None:
        key = self.recurring(lead)
        act(lead, key, do.StartCampaign())
        act(lead, key, do.FinishCampaign(confirmed=True))
        assert commands.spawn_due(NOON) == 1
        act(lead, key, do.SetRecurrence())
        assert commands.spawn_due(NOON + timedelta(days=400)) == 0
        other = self.recurring(lead)
        act(lead, other, do.CancelCampaign(reason="no"))
        assert commands.spawn_due(NOON + timedelta(days=400)) == 0

    def test_a_run_that_cannot_be_made_holds_up_nobody(self, lead: Actor) -> None:
        broken, other = self.recurring(lead), self.recurring(lead)
        execute("UPDATE test_campaign SET created_by = NULL WHERE id = :key", key=broken)
        execute("UPDATE test_campaign SET next_run_at = :due WHERE id = :key", due=NOON - timedelta(days=1), key=broken)
        assert commands.spawn_due(NOON) == 1
        assert rows("SELECT series_id FROM test_campaign WHERE run_number = 2") == [(other,)]
        assert rows("SELECT next_run_at > :now FROM test_campaign WHERE id = :key", now=NOON, key=broken) == [(True,)]
        assert told(broken)[-1] == "campaign.run_refused"

    def test_a_rhythm_that_cannot_be_read_any_more_ends(self, lead: Actor) -> None:
        key = self.recurring(lead)
        execute("UPDATE test_campaign SET recurrence_zone = 'Atlantis' WHERE id = :key", key=key)
        assert commands.spawn_due(NOON) == 0
        assert rows("SELECT next_run_at FROM test_campaign WHERE id = :key", key=key) == [(None,)]

    def test_each_run_is_the_next_of_its_series(self, lead: Actor) -> None:
        key = self.recurring(lead)
        commands.spawn_due(NOON)
        copy = do.CloneCampaign(new_id=uuid4(), name="By hand", copies={})
        commands.clone(lead, Role.RED_LEAD, key, copy)
        commands.spawn_due(NOON + timedelta(days=31))
        assert rows("SELECT run_number FROM test_campaign ORDER BY 1") == [(1,), (2,), (3,), (4,)]
        with reading() as session:
            assert audit.verify(session).broken_at is None
