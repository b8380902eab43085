"""A snapshot a night and domain, whoever fires it; missed days made up for; kept under a name on request."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from rq import Queue

from data import redis as redis_connection
from data.database import Actor
from data.queries import heatmap, measured, past
from data.queries import snapshots as query
from domain.errors import BadInput, NotFound, PermissionDenied
from domain.roles import Role
from domain.score import PartName
from domain.snapshots import Kind, end_of
from jobs import schedule, snapshots
from tests.data import world
from tests.jobs.syncing import execute, rows

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
MIDNIGHT = end_of(YESTERDAY)
ADA = Actor(name="ada")


@pytest.fixture(autouse=True)
def _map(database: object, redis_server: None) -> None:
    world.release()
    world.tactics("execution")
    technique = world.technique("T1000", under=["execution"], platforms=("Windows", "Linux"), groups=3)
    world.technique("T1001", under=["execution"])
    world.security_test(technique, "none/alerted", days=200)
    world.rule({"T1000": technique})
    execute("UPDATE attack_release SET loaded_at = now() - interval '90 days'")


def _queued() -> list[str]:
    queue = Queue(snapshots.QUEUE, connection=redis_connection.client())
    return [job.description for job in queue.jobs]


def _kept() -> list[tuple[object, ...]]:
    return rows("SELECT day, kind FROM snapshot ORDER BY day, taken_at")


class TestByNight:
    def test_it_is_due_once_a_day(self) -> None:
        schedule.tick(MIDNIGHT + timedelta(seconds=2))
        schedule.tick(MIDNIGHT + timedelta(seconds=4))
        assert _queued() == ["jobs.snapshots.catch_up('enterprise-attack')"]

    def test_a_domain_loaded_since_has_nothing_to_keep(self) -> None:
        execute("UPDATE attack_release SET loaded_at = now()")
        assert snapshots.plan(MIDNIGHT) == 0

    def test_the_day_that_ended_is_kept_once_however_often_the_job_is_made(self) -> None:
        barrier = threading.Barrier(3)
        made: list[int] = []

        def work() -> None:
            barrier.wait()
            made.append(snapshots.catch_up(world.ENTERPRISE, MIDNIGHT + timedelta(minutes=1)))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(made) == [0, 0, 1]
        assert _kept() == [(YESTERDAY, "daily")]
        assert rows("SELECT count(*) FROM snapshot_technique") == [(2,)]
        redis_connection.client().flushall()
        assert snapshots.plan(MIDNIGHT) == 0

    def test_missed_days_are_reconstructed(self) -> None:
        snapshots._take(world.ENTERPRISE, TODAY - timedelta(days=5), Kind.DAILY)
        assert snapshots.catch_up(world.ENTERPRISE, MIDNIGHT + timedelta(hours=9)) == 4
        days = [TODAY - timedelta(days=n) for n in (5, 4, 3, 2, 1)]
        assert _kept() == [(day, "daily" if day == days[0] else "reconstructed") for day in days]
        notes = rows("SELECT notes ->> 0 FROM snapshot WHERE kind = 'reconstructed'")
        assert all("the nearest snapshot before it" in note for (note,) in notes)

    def test_years_missed_are_not_all_made_up_for(self) -> None:
        snapshots._take(world.ENTERPRISE, TODAY - timedelta(days=400), Kind.DAILY)
        assert snapshots.catch_up(world.ENTERPRISE, MIDNIGHT) == 60


class TestOnRequest:
    def test_what_is_kept_is_what_was_measured(self) -> None:
        found = measured.read(world.ENTERPRISE, as_of=TODAY)
        key = snapshots.ask(ADA, Role.RED_LEAD, world.ENTERPRISE, "  Before  the audit ")
        kept = past.read_snapshot(world.ENTERPRISE, str(key))
        assert kept is not None
        assert list(kept.techniques) == list(found.techniques)
        assert (kept.tactics, kept.scorer.weights, kept.version) == (found.tactics, found.scorer.weights, "18.1")
        assert rows("SELECT label, kind, day FROM snapshot") == [("Before the audit", "asked", TODAY)]
        ((action, name),) = rows("SELECT action, actor_name FROM audit_log")
        assert (action, name) == ("snapshot.taken", "ada")

    def test_there_may_be_several_a_day(self) -> None:
        for label in ("one", "two"):
            snapshots.ask(ADA, Role.ADMIN, world.ENTERPRISE, label)
        assert [point.label for point in query.trend(world.ENTERPRISE)] == ["one", "two"]

    def test_who_may_and_what_is_refused(self) -> None:
        with pytest.raises(PermissionDenied):
            snapshots.ask(ADA, Role.BLUE_TECH, world.ENTERPRISE)
        with pytest.raises(BadInput):
            snapshots.ask(ADA, Role.ADMIN, world.ENTERPRISE, "x" * 121)
        with pytest.raises(NotFound):
            snapshots.ask(ADA, Role.ADMIN, "ics-attack")
        assert _kept() == []

    def test_control_states_are_kept_with_it(self) -> None:
        technique = rows("SELECT id FROM technique WHERE attack_id = 'T1000'")[0][0]
        world.framework("ours", {"AC-2": [technique]}, not_mappable=["AC-1"])
        snapshots.ask(ADA, Role.ADMIN, world.ENTERPRISE)
        ((controls,),) = rows("SELECT controls FROM snapshot")
        assert controls == {"ours": {"AC-1": "not_mappable", "AC-2": "partly"}}  # covered, by evidence that is stale


class TestTrend:
    def test_looking_back_makes_ends_of_months_and_the_last_weeks(self) -> None:
        made = snapshots.look_back(world.ENTERPRISE)
        points = query.trend(world.ENTERPRISE)
        assert len(points) == made == len({point.day for point in points})
        assert points[-1].day == YESTERDAY
        assert points[0].day >= world.days_ago(200).date()
        assert snapshots.look_back(world.ENTERPRISE) == 0
        fresh, old = points[0], points[-1]
        assert fresh.weighted is not None
        assert old.weighted is not None
        assert fresh.weighted > old.weighted  # nothing happened but age
        assert (fresh.proven.n, fresh.techniques, fresh.stale, old.stale) == (1, 2, 0, 1)

    def test_the_last_point_is_the_present(self) -> None:
        point = query.now(world.ENTERPRISE)
        assert point.weighted == heatmap.matrix(world.ENTERPRISE)["totals"]["score"]["weighted"]
        assert sum(point.parts[part] for part in PartName) == pytest.approx(point.weighted)

    def test_one_technique_by_day(self) -> None:
        snapshots.look_back(world.ENTERPRISE)
        found = query.of_technique("T1000", world.ENTERPRISE)
        assert found[-1]["day"] == YESTERDAY
        (me,) = [one for one in measured.read(world.ENTERPRISE, as_of=YESTERDAY).techniques if one.attack_id == "T1000"]
        assert found[-1]["score"] == round(sum(me.points), 1)
        assert found[-1]["evaluated"] == 1
        assert query.of_technique("T1001", world.ENTERPRISE)[-1]["score"] is None

    def test_a_change_is_explained_and_adds_up(self) -> None:
        technique = rows("SELECT id FROM technique WHERE attack_id = 'T1001'")[0][0]
        snapshots._take(world.ENTERPRISE, TODAY - timedelta(days=30), Kind.DAILY)
        world.security_test(technique, "none/alerted", days=2)
        world.rule({"T1001": technique})
        change, notes = query.change(world.ENTERPRISE, TODAY - timedelta(days=30), TODAY)
        assert {step.cause.value for step in change.steps} == {"tests", "rules", "platforms", "decay"}
        assert sum(step.tenths for step in change.steps) == change.tenths
        assert (change.after or 0) / 10 == query.now(world.ENTERPRISE).weighted
        assert change.moved[0].attack_id == "T1001"
        assert notes == []
        assert query.change(world.ENTERPRISE, TODAY - timedelta(days=30), TODAY)[0] == change  # as it was kept
