"""Whether somebody is there to do what is queued: a worker that serves the queue and has been heard of lately."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from rq import Queue
from rq.worker import Worker

from data import redis as redis_connection
from jobs import presence
from jobs.workflow import QUEUE

pytestmark = pytest.mark.usefixtures("redis_server")


@pytest.fixture(autouse=True)
def _ask_anew() -> Iterator[None]:
    presence.forget()
    yield
    presence.forget()


def register(queue: str, *, silent: timedelta = timedelta()) -> None:
    client = redis_connection.client()
    worker = Worker([Queue(queue, connection=client)], connection=client)
    worker.register_birth()
    client.hset(worker.key, "last_heartbeat", (datetime.now(UTC) - silent).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def test_nobody_is_there_at_first() -> None:
    assert not presence.worker_for(QUEUE)


def test_a_worker_of_the_queue_is_there() -> None:
    register(QUEUE)
    assert presence.worker_for(QUEUE)


def test_a_worker_of_other_queues_does_not_count() -> None:
    register("reports")
    assert not presence.worker_for(QUEUE)


def test_one_that_fell_silent_is_gone() -> None:
    register(QUEUE, silent=presence.SILENT + timedelta(seconds=5))
    assert not presence.worker_for(QUEUE)


def test_the_answer_is_kept_for_a_moment() -> None:
    assert not presence.worker_for(QUEUE)
    register(QUEUE)
    assert not presence.worker_for(QUEUE)
    presence.forget()
    assert presence.worker_for(QUEUE)


def test_without_redis_nobody_is_there() -> None:
    redis_connection.configure("redis://127.0.0.1:1/0")
    assert not presence.worker_for(QUEUE)
