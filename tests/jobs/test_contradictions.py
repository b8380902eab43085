"""Looking for contradictions as a job: once for each change, one at a time, all of it as of one moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from rq import Queue
from sqlalchemy import Engine

from data import redis as redis_connection
from data import sync_lock
from data.queries import contradictions as query
from domain.roles import Role
from jobs import contradictions as jobs
from tests.data import world
from tests.jobs.syncing import execute, rows

KEPT = "SELECT computed_at, (answer ->> 'tests')::integer, generations ->> 'tests' FROM kept_answer"


@pytest.fixture(autouse=True)
def many(database: Engine, redis_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tactics("execution")
    world.security_test(world.technique("T1059", under=["execution"]))
    monkeypatch.setattr(jobs, "SMALL", 0)


def test_it_is_done_once_for_each_change() -> None:
    assert jobs.look_through()
    (first,) = rows(KEPT)
    assert not jobs.look_through()
    assert rows(KEPT) == [first]
    execute("UPDATE security_test SET title = 'Another'")
    assert jobs.look_through()
    (second,) = rows(KEPT)
    assert second[0] > first[0]
    assert second[2] != first[2]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE evidence SET deleted_at = now()",
        "UPDATE detection_rule SET enabled = false",
        "DELETE FROM observation",
        "UPDATE technique SET name = 'x'",
    ],
)
def test_whatever_it_looks_at_makes_a_new_answer_due(change: str) -> None:
    jobs.look_through()
    assert not jobs.standing(Role.VIEWER).changed
    execute(change)
    assert jobs.standing(Role.VIEWER).changed
    assert jobs.look_through()
    assert not jobs.standing(Role.VIEWER).changed


def test_one_looks_at_a_time() -> None:
    with sync_lock.held("contradictions"):
        assert not jobs.look_through()
    assert rows(KEPT) == []


def test_what_changes_while_it_looks_is_left_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PART", 1)
    execute("UPDATE security_test SET validated_at = NULL, state = 'draft'")

    def meddle(done: int, _total: int) -> None:
        if done == 0:
            execute("UPDATE security_test SET state = 'validated', validated_at = now()")

    monkeypatch.setattr(jobs.lone_job, "tell", meddle)
    jobs.look_through()
    standing = jobs.standing(Role.VIEWER)
    assert standing.found is not None
    assert {one.total for one in standing.found.kinds} == {0}
    assert standing.changed


def test_an_answer_from_before_a_kind_was_known_is_not_shown() -> None:
    jobs.look_through()
    execute("UPDATE kept_answer SET answer = answer #- '{kinds,no_evidence}'")
    assert jobs.standing(Role.VIEWER).found is None
    assert jobs.look_through()
    assert jobs.standing(Role.VIEWER).found is not None


def test_many_who_ask_at_once_make_one_job() -> None:
    queue = Queue(jobs.QUEUE, connection=redis_connection.client())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: jobs.standing(Role.VIEWER), range(16)))
    assert queue.count == 1
