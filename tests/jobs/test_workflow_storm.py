"""Many people at once from several processes, and services that die in the middle: nothing is lost or done twice."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, func, select

from app.embedded.postgres import Cluster
from app.embedded.redis import RedisServer
from data import database as db
from data import migrate
from data import redis as redis_connection
from data.database import Actor, reading
from data.models import SecurityTest, WorkflowAction
from data.repositories import audit, security_tests
from domain.outcomes import TestState
from domain.roles import Role
from domain.testing import actions
from domain.testing.payload import to_payload
from domain.testing.person import Team
from jobs import outbox, workflow
from tests.data import world
from tests.jobs.acting import do, person, planned
from tests.jobs.syncing import rows

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
# what an action that was done leaves in the timeline, once
TOLD = {
    "start": "execution_started",
    "pause": "paused",
    "resume": "resumed",
    "submit_red": "red_submitted",
    "edit_plan": "plan_edited",
    "comment": "commented",
    "cancel": "cancelled",
    "assign": "assigned",
}
MADE = 40  # actions before the storm: twenty tests planned, and given to somebody
MENTION = re.compile(r"@(\w+)")
LONGEST = 90.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "postgres", fsync=False)
    made.start()
    yield made
    made.destroy()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path / "redis", save=False)
    made.start()
    redis_connection.configure(made.url)
    yield made
    redis_connection.close()
    made.destroy()


@pytest.fixture
def engine(cluster: Cluster, own_redis: RedisServer) -> Iterator[Engine]:
    made = create_engine(db.psycopg_url(cluster.url))
    migrate.upgrade(made)
    made.dispose()
    yield db.configure(cluster.url)
    db.dispose()


@pytest.fixture
def process(
    engine: Engine, cluster: Cluster, own_redis: RedisServer, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start `aegis worker` or `aegis scheduler` on these services; all are ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AEGIS_DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": cluster.url,
        "REDIS_URL": own_redis.url,
    }

    def start(kind: str, queues: str = "workflow") -> "subprocess.Popen[bytes]":
        command, own = [sys.executable, "-m", "app.cli.main", kind], environment | {"AEGIS_WORKER_QUEUES": queues}
        with (tmp_path / f"{kind}-{len(started)}.log").open("wb") as log:
            made = subprocess.Popen(command, cwd=ROOT, env=own, stdout=log, stderr=log)
        started.append(made)
        return made

    yield start
    for one in started:
        one.kill()
        one.wait()


def _tests_and_people() -> tuple[list[UUID], list[Actor]]:
    world.tactics("execution")
    home = world.technique("T1059", under=["execution"])
    roles = [Role.RED_TECH] * 4 + [Role.RED_LEAD] * 3 + [Role.BLUE_TECH, Role.BLUE_LEAD, Role.ADMIN]
    people = [person(f"user{number}", role) for number, role in enumerate(roles)]
    tests = [planned(people[0], home) for _ in range(20)]
    for test_id in tests:  # somebody has to be told when red submits
        do(test_id, people[6], actions.Assign(team=Team.BLUE, assignee_id=people[7].id))
    return tests, people


def _asked(test_id: UUID, by: Actor, action: actions.Action, seen: int | None = None) -> dict[str, Any]:
    return {
        "key": str(uuid4()),
        "test": str(test_id),
        "actor": str(by.id),
        "name": by.name,
        "kind": action.kind,
        "payload": to_payload(action),
        "seen": seen,
    }


@contextmanager
def _asking(batches: list[list[dict[str, Any]]], cluster: Cluster, redis: RedisServer) -> Iterator[None]:
    """Processes that ask for their share of the actions while the block runs; they have ended after it."""
    running = []
    for batch in batches:
        command = [sys.executable, "-m", "tests.jobs.asker", cluster.url, redis.url]
        one = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)
        assert one.stdin is not None
        one.stdin.write("".join(json.dumps(line) + "\n" for line in batch))
        one.stdin.close()
        running.append(one)
    yield
    assert [one.wait(timeout=LONGEST) for one in running] == [0] * len(running)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def _states() -> Counter[str]:
    return Counter(dict(rows("SELECT state, count(*) FROM workflow_action GROUP BY 1")))


def _told_once_each() -> None:
    """Every action that was done stands once in the timeline, the audit log and the outbox; nothing else does."""
    actions_done = rows("SELECT test_id, kind FROM workflow_action WHERE state = 'done' AND kind <> 'create'")
    done = Counter((test_id, TOLD[kind]) for test_id, kind in actions_done)
    timeline = Counter(rows("SELECT test_id, action FROM test_timeline WHERE action <> 'created'"))
    written = Counter(
        rows(
            "SELECT entity_id::uuid, substr(action, 6) FROM audit_log"
            " WHERE action LIKE 'test.%' AND action <> 'test.created'"
        )
    )
    leaving = Counter(
        rows(
            "SELECT (payload ->> 'test')::uuid, payload ->> 'kind' FROM outbox_event"
            " WHERE topic = 'test.event' AND payload ->> 'kind' <> 'created'"
        )
    )
    assert timeline == done
    assert written == done
    assert leaving == done
    with reading() as session:
        assert audit.verify(session).broken_at is None


def _all_delivered() -> bool:
    while outbox.deliver():  # what no worker has delivered; an event that one has in hand is passed over
        continue
    return not rows("SELECT 1 FROM outbox_event WHERE delivered_at IS NULL")


def _notified_once_each() -> None:
    """Whoever an action concerns was told of it once, and of nothing else, however often the event was delivered."""
    _until(_all_delivered)
    names = dict(rows("SELECT lower(username), id FROM user_account"))
    blue = dict(rows("SELECT id, blue_assignee FROM security_test"))
    expected: Counter[tuple[Any, ...]] = Counter()
    for test_id, kind, by, payload in rows(
        "SELECT test_id, kind, actor_id, payload FROM workflow_action WHERE state = 'done'"
    ):
        if kind == "assign":
            told, addressed = "assigned", {UUID(payload["assignee_id"])}
        elif kind == "submit_red":
            told, addressed = "your_turn", {blue[test_id]}
        elif kind == "comment":
            told, addressed = "mentioned", {names[name] for name in MENTION.findall(payload["text"])}
        else:
            continue
        expected.update((person_id, told, test_id) for person_id in addressed - {by})
    assert expected
    assert Counter(rows("SELECT user_id, kind, test_id FROM notification")) == expected


def _legal(test_id: UUID) -> None:
    with reading() as session:
        test = security_tests.get(session, test_id)
        version = session.get_one(SecurityTest, test_id).version
        changes = session.scalar(
            select(func.count()).where(
                WorkflowAction.test_id == test_id, WorkflowAction.state == "done", WorkflowAction.kind != "comment"
            )
        )
    assert version == changes, "each change that was done is one version"
    assert (test.started_at is not None) >= (test.state is TestState.RED_EXECUTING)
    assert (test.executed_at is not None) >= (test.state is TestState.BLUE_EVALUATING)
    assert test.red_effort_seconds >= 0
    assert test.current.closed == (test.state is TestState.CANCELLED)


def test_two_hundred_conflicting_actions_from_several_processes(
    process: Callable[..., object], cluster: Cluster, own_redis: RedisServer
) -> None:
    tests, people = _tests_and_people()
    dice = random.Random(7)
    ran = datetime.now(UTC)

    def some() -> actions.Action:
        return dice.choice(
            (
                actions.Start(),
                actions.Pause(),
                actions.Resume(),
                actions.EditPlan(title=f"Title {dice.randrange(10**9)}"),
                actions.SubmitRed(executed_at=ran, attack_succeeded=True, confirmed=True),
                actions.Cancel(reason="not wanted"),
            )
        )

    batches = [
        [_asked(dice.choice(tests), dice.choice(people), some(), dice.choice((None, 2, 3))) for _ in range(50)]
        for _ in range(4)
    ]
    doubled = [*batches, batches[0]]  # every click of the first process comes twice
    for queues in ("workflow", "workflow", "workflow,default"):  # the last one forks
        process("worker", queues)
    with _asking(doubled, cluster, own_redis):
        pass
    _until(lambda: _states()["queued"] == 0)
    states = _states()
    assert states.total() == 200 + MADE
    assert states["failed"] == 0
    assert states["done"] > MADE
    assert states["refused"] > 0
    for test_id in tests:
        _legal(test_id)
    _told_once_each()
    _notified_once_each()


def test_five_hundred_actions_survive_a_killed_worker_and_restarts(
    process: Callable[..., "subprocess.Popen[bytes]"],
    cluster: Cluster,
    own_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tests, people = _tests_and_people()

    def comment(share: int, n: int) -> actions.Comment:
        return actions.Comment(text=f"@user{n * 7 % 10} and @user{n % 3}: {share} {n}")

    batches = [[_asked(tests[n % 20], people[n % 10], comment(share, n)) for n in range(250)] for share in range(2)]
    process("scheduler")
    worker = process("worker")
    with _asking(batches, cluster, own_redis):
        _until(lambda: _states()["done"] > MADE + 50)
        worker.send_signal(signal.SIGKILL)
        process("worker")
        _until(lambda: _states()["done"] > MADE + 120)
        own_redis.stop()  # all queued jobs are gone with it
        own_redis.start()
        _until(lambda: _states()["done"] > MADE + 180)
        cluster.stop()
        cluster.start()
        _until(lambda: _states().total() == 500 + MADE)

    def all_done() -> bool:
        workflow.relay(datetime.now(UTC) + workflow.FORGOTTEN)  # rather than wait for what the scheduler does in time
        return _states()["queued"] == 0

    _until(all_done)
    assert _states() == Counter(done=500 + MADE)
    _told_once_each()
    _notified_once_each()
