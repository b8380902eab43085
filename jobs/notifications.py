"""Telling people what happened: handlers of the outbox, so that no action waits for it or fails with it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from data import messenger
from data import redis as redis_connection
from data.database import unit_of_work
from data.repositories import deliveries, notifications, sync_runs
from domain.errors import BadInput
from domain.notifications import TELLING, Happened, of_attack_change, of_failed_sync, of_overdue, of_test
from domain.roles import Permission, Role, require

MARKED_MAX = 200
# A test makes its people care for its technique for so long.
OWNED_FOR = timedelta(days=365)
_READ_KEPT = timedelta(days=365)
_MESSAGES_KEPT = timedelta(days=90)
_DAILY = "aegis:notifications:day:{day}"
_DAILY_EXPIRES = timedelta(days=2)


def of_test_event(payload: Mapping[str, Any]) -> None:
    """Handler of `test.event`: whoever it concerns is told, once however often the event is delivered."""
    if payload["kind"] not in TELLING:
        return
    happened = Happened.read(payload)
    with unit_of_work() as session:
        test = notifications.subject(session, happened.test_id)
        if test is not None:
            notifications.tell(session, of_test(happened, test), messenger.base_url())


def of_sync(payload: Mapping[str, Any]) -> None:
    """Handler of `sync.finished`: whose techniques ATT&CK changed is told which."""
    if payload["source"] != "attack":
        return
    run_id = UUID(payload["run_id"])
    with unit_of_work() as session:
        run = sync_runs.get(session, run_id)
        owners = notifications.owners_of_changed(session, run_id, datetime.now(UTC) - OWNED_FOR)
        told = [of_attack_change(person, str(run_id), run.version or "", changed) for person, changed in owners]
        notifications.tell(session, told, messenger.base_url())


def of_failed(payload: Mapping[str, Any]) -> None:
    """Handler of `sync.failed`."""
    notice = of_failed_sync(
        payload["run_id"],
        payload["source"],
        payload["name"],
        payload["error"],
        datetime.fromisoformat(payload["at"]),
    )
    with unit_of_work() as session:
        notifications.tell(session, [notice], messenger.base_url())


def daily(now: datetime) -> bool:
    """Once a day, by whichever scheduler comes first: tell of overdue remediations, and forget what is long read.

    Returns whether it was done now. A day is one of UTC, as due dates are. Done twice it tells nobody twice.
    """
    lease = _DAILY.format(day=now.date())
    client = redis_connection.client()
    if not client.set(lease, b"1", nx=True, ex=_DAILY_EXPIRES):
        return False
    try:
        with unit_of_work() as session:
            late = notifications.overdue(session, now.date())
            notifications.tell(session, map(of_overdue, late), messenger.base_url())
            notifications.forget(session, now - _READ_KEPT)
            deliveries.forget(session, now - _MESSAGES_KEPT)
    except Exception:
        client.delete(lease)
        raise
    return True


def mark_read(user_id: UUID, role: Role, ids: Sequence[UUID] | None, *, until: datetime | None = None) -> None:
    """Mark these of one's own notifications as read; with None all that were there at `until` (now, when not given)."""
    require(role, Permission.READ)
    if ids is not None and len(ids) > MARKED_MAX:
        raise BadInput(f"At most {MARKED_MAX} notifications at a time.")
    now = datetime.now(UTC)
    with unit_of_work() as session:
        notifications.mark_read(session, user_id, ids, until=min(until or now, now), now=now)
