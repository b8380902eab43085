import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from rq import Queue

from data import database as db
from data import objects, sync_lock
from data import redis as redis_connection
from data.database import SYSTEM
from jobs import schedule, syncs
from tests.data.sources import stix
from tests.jobs.syncing import at, bundle_file, execute, rows

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _services(database: object, redis_server: None, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())


def _queued() -> list[str]:
    return list(Queue("sync", connection=redis_connection.client()).job_ids)


def _due(slug: str, at: datetime, minutes: int = 60) -> None:
    execute(
        "INSERT INTO source (slug, schedule_minutes, next_run_at) VALUES (:slug, :minutes, :at)"
        " ON CONFLICT (slug) DO UPDATE SET next_run_at = excluded.next_run_at",
        slug=slug,
        at=at,
        minutes=minutes,
    )


class TestDueSources:
    def test_nothing_is_due_by_itself(self) -> None:
        assert schedule.tick(NOW) == 0

    def test_one_that_is_due_is_queued_once_and_its_next_time_set(self) -> None:
        _due("sigma", NOW - timedelta(minutes=1))
        schedule.tick(NOW)
        schedule.tick(NOW)
        ((run_id, trigger, by),) = rows("SELECT id, trigger, requested_by_name FROM sync_run")
        assert (trigger, by, _queued()) == ("schedule", "Schedule", [str(run_id)])
        assert rows("SELECT next_run_at FROM source") == [(NOW + timedelta(minutes=60),)]

    def test_days_missed_are_caught_up_by_one_run(self) -> None:
        _due("sigma", NOW - timedelta(days=9))
        schedule.tick(NOW)
        assert rows("SELECT count(*) FROM sync_run") == [(1,)]
        assert rows("SELECT next_run_at > :now FROM source", now=NOW) == [(True,)]

    def test_several_schedulers_start_it_once(self) -> None:
        _due("sigma", NOW)
        _due("attack", NOW)
        barrier = threading.Barrier(4)
        failures: list[BaseException] = []

        def one() -> None:
            try:
                barrier.wait()
                schedule.tick(NOW)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert rows("SELECT source, count(*) FROM sync_run GROUP BY source ORDER BY 1") == [("attack", 1), ("sigma", 1)]
        assert len(_queued()) == 2

    def test_a_run_under_way_is_not_doubled(self) -> None:
        syncs.request_sync("sigma", actor=SYSTEM)
        _due("sigma", NOW)
        schedule.tick(NOW)
        assert rows("SELECT count(*) FROM sync_run") == [(1,)]


class TestForgottenRuns:
    def test_what_redis_lost_is_queued_again(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=SYSTEM, input=at(bundle_file(tmp_path, stix.SHELL)))
        redis_connection.client().flushall()
        schedule.tick(datetime.now(UTC))
        assert _queued() == []  # it may only be on its way
        schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert _queued() == [str(run_id)]

    def test_one_that_waits_in_the_queue_is_left_there(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=SYSTEM, input=at(bundle_file(tmp_path, stix.SHELL)))
        schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert _queued() == [str(run_id)]

    def test_redis_away_is_said_and_the_promise_stands(self, tmp_path: Path) -> None:
        redis_connection.configure("redis://127.0.0.1:1/0")
        syncs.request_sync("attack", actor=SYSTEM, input=at(bundle_file(tmp_path, stix.SHELL)))
        with pytest.raises(redis.RedisError):
            schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert rows("SELECT state FROM sync_run") == [("queued",)]


_KILLED = """
import os, signal, sys
from data import database as db, objects
from jobs import syncs
db.configure(sys.argv[1])
objects.configure(sys.argv[2])
def die(*_args, **_options):
    os.kill(os.getpid(), signal.SIGKILL)
syncs.attack.adopt = die
syncs.sync_in_place("attack", input={"kind": "path", "path": sys.argv[3]})
"""


class TestInterruptedRuns:
    def test_a_killed_worker_s_run_is_ended_and_the_source_is_free(self, tmp_path: Path) -> None:
        path = bundle_file(tmp_path, stix.SHELL)
        arguments = [db.url(), (tmp_path / "objects").as_uri(), str(path)]
        done = subprocess.run([sys.executable, "-c", _KILLED, *arguments], check=False, capture_output=True)
        assert done.returncode < 0, done.stderr.decode()
        assert rows("SELECT state FROM sync_run") == [("running",)]
        schedule.tick(datetime.now(UTC))
        assert rows("SELECT state FROM sync_run") == [("running",)]  # it may only just have begun
        schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert rows("SELECT state, error LIKE '%Start it again.' FROM sync_run") == [("interrupted", True)]
        assert syncs.sync_in_place("attack", input=at(path)).state == "succeeded"

    def test_whoever_syncs_next_need_not_wait_for_a_scheduler(self, tmp_path: Path) -> None:
        syncs.request_sync("attack", actor=SYSTEM, input=at(bundle_file(tmp_path, stix.SHELL)))
        execute("UPDATE sync_run SET state = 'running', heartbeat_at = now()")
        assert syncs.sync_in_place("attack", input=at(bundle_file(tmp_path, stix.SHELL))).state == "succeeded"
        assert rows("SELECT state FROM sync_run ORDER BY queued_at") == [("interrupted",), ("succeeded",)]

    def test_one_that_still_works_is_left_alone(self, tmp_path: Path) -> None:
        syncs.request_sync("attack", actor=SYSTEM, input=at(bundle_file(tmp_path, stix.SHELL)))
        execute("UPDATE sync_run SET state = 'running', heartbeat_at = now()")
        with sync_lock.held("attack"):
            schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert rows("SELECT state FROM sync_run") == [("running",)]

    def test_its_upload_is_forgotten(self, tmp_path: Path) -> None:
        import io

        objects.put("uploads/1", io.BytesIO(b"x"))
        syncs.request_sync("attack", actor=SYSTEM, input={"kind": "upload", "key": "uploads/1", "name": "x.json"})
        execute("UPDATE sync_run SET state = 'running', heartbeat_at = now()")
        schedule.tick(datetime.now(UTC) + timedelta(minutes=1))
        assert not (tmp_path / "objects" / "uploads" / "1").exists()


def test_what_the_outbox_holds_is_delivered(tmp_path: Path) -> None:
    syncs.sync_in_place("attack", input=at(bundle_file(tmp_path, stix.SHELL)))
    assert schedule.tick() == 1
    assert rows("SELECT delivered_at IS NOT NULL FROM outbox_event") == [(True,)]
