"""Delivering what the outbox holds, at least once: each topic has one handler, and handlers are idempotent."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import redis

from data import redis as redis_connection
from data.database import unit_of_work
from data.repositories import outbox, rollups
from jobs import deliveries, notifications

log = logging.getLogger(__name__)

_CALLED = "aegis:outbox:called"
_CALLED_SECONDS = 10
_JOB_SECONDS = 600
_CHECK_MS = 300_000  # every test and rule is read, of a million and more


def _check_rollups(_payload: Mapping[str, Any]) -> None:
    """After a bulk change the rollups are compared with the rows they sum up, and repaired where they differ."""
    with unit_of_work(statement_timeout_ms=_CHECK_MS) as session:
        repaired = rollups.repair(session)
    if repaired:
        log.warning("Rollups differed from their rows and were rebuilt: %s", ", ".join(repaired))


def _after_sync(payload: Mapping[str, Any]) -> None:
    _check_rollups(payload)
    notifications.of_sync(payload)


HANDLERS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "sync.finished": _after_sync,
    "demo.loaded": _check_rollups,
    "demo.cleared": _check_rollups,
    "sync.failed": notifications.of_failed,
    "test.event": notifications.of_test_event,
}


def deliver(limit: int = 100) -> int:
    """Deliver up to `limit` due events; returns how many left. A failing one is kept and tried again later."""
    count = 0
    for _ in range(limit):
        with unit_of_work() as session:
            event = outbox.take(session)
            if event is None:
                break
            try:
                HANDLERS[event.topic](event.payload)
            except Exception as error:
                log.exception("Outbox event %s (%s) could not be delivered", event.id, event.topic)
                outbox.refused(event, f"{type(error).__name__}: {error}")
            else:
                outbox.delivered(event)
                count += 1
    return count


def call() -> None:
    """Have a worker deliver what was just written, and not only the next look of a scheduler.

    One such job waits at a time. Without Redis nothing is lost: the scheduler looks again when it is back.
    """
    from rq import Queue

    try:
        client = redis_connection.client()
        if client.set(_CALLED, b"1", nx=True, ex=_CALLED_SECONDS):
            queue = Queue(deliveries.QUEUE, connection=client)
            queue.enqueue("jobs.outbox.answer_call", job_timeout=_JOB_SECONDS, result_ttl=0, failure_ttl=24 * 3600)
    except redis.RedisError as error:
        log.info("The outbox waits for the scheduler: %s", error)


def answer_call() -> None:
    """The job of `call`. What is written from here on calls again."""
    redis_connection.client().delete(_CALLED)
    while deliver():
        continue
    deliveries.hand_out(datetime.now(UTC))
