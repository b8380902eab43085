"""The outbox: what must still be told to the world, written with the change that caused it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from data.models import OutboxEvent

MAX_ATTEMPTS = 10
_FIRST_DELAY = timedelta(seconds=5)


def add(session: Session, topic: str, payload: Mapping[str, object]) -> None:
    """Write an event in the caller's transaction; it leaves after the commit, at least once."""
    session.add(OutboxEvent(topic=topic, payload=dict(payload)))


def add_many(session: Session, topic: str, payloads: Sequence[Mapping[str, object]]) -> None:
    """Write events in this order, by one statement."""
    session.execute(insert(OutboxEvent), [{"topic": topic, "payload": dict(payload)} for payload in payloads])


def take(session: Session) -> OutboxEvent | None:
    """The oldest event that is due, locked for this transaction; others pass over it."""
    due = (
        select(OutboxEvent)
        .where(
            OutboxEvent.delivered_at.is_(None),
            OutboxEvent.failed_at.is_(None),
            OutboxEvent.available_at <= func.now(),
        )
        .order_by(OutboxEvent.available_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(due).first()


def delivered(event: OutboxEvent) -> None:
    event.attempts += 1
    event.delivered_at = datetime.now(UTC)
    event.last_error = None


def refused(event: OutboxEvent, why: str) -> None:
    """Try again later, twice as late each time; after the last attempt it stays visible as failed."""
    event.attempts += 1
    event.last_error = why[:1000]
    now = datetime.now(UTC)
    if event.attempts >= MAX_ATTEMPTS:
        event.failed_at = now
    else:
        event.available_at = now + _FIRST_DELAY * 2 ** (event.attempts - 1)


def again(session: Session, event_id: UUID) -> bool:
    """Let a failed event be told after all; False when it is not one."""
    tried = session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == event_id, OutboxEvent.failed_at.is_not(None))
        .values(failed_at=None, attempts=0, available_at=func.now())
        .returning(OutboxEvent.id)
    )
    return tried.first() is not None


def drop(session: Session, event_id: UUID) -> str | None:
    """Give up a failed event; returns its topic, or None when it is not a failed one."""
    dropped = delete(OutboxEvent).where(OutboxEvent.id == event_id, OutboxEvent.failed_at.is_not(None))
    return session.scalars(dropped.returning(OutboxEvent.topic)).one_or_none()
