"""Telling people what happened: handlers of the outbox, so that no action waits for it or fails with it."""

from collections.abc import Mapping
from typing import Any

from data.database import unit_of_work
from data.repositories import notifications
from domain.notifications import TELLING, Happened, of_test


def of_test_event(payload: Mapping[str, Any]) -> None:
    """Handler of `test.event`: whoever it concerns is told, once however often the event is delivered."""
    if payload["kind"] not in TELLING:
        return
    happened = Happened.read(payload)
    with unit_of_work() as session:
        test = notifications.subject(session, happened.test_id)
        if test is not None:
            notifications.tell(session, of_test(happened, test))
