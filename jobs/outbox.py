"""Delivering what the outbox holds, at least once: each topic has one handler, and handlers are idempotent."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from data.database import unit_of_work
from data.repositories import outbox, rollups
from jobs import notifications

log = logging.getLogger(__name__)


def _check_rollups(_payload: Mapping[str, Any]) -> None:
    """After a bulk change the rollups are compared with the rows they sum up, and repaired where they differ."""
    with unit_of_work() as session:
        repaired = rollups.repair(session)
    if repaired:
        log.warning("Rollups differed from their rows and were rebuilt: %s", ", ".join(repaired))


HANDLERS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "sync.finished": _check_rollups,
    "demo.loaded": _check_rollups,
    "demo.cleared": _check_rollups,
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
