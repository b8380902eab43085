"""Messages on their way through channels: sent, tried again when that can help, and visible when it did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.models import NotificationChannel, NotificationDelivery

MAX_ATTEMPTS = 6
_FIRST_DELAY = timedelta(seconds=30)
# Whoever takes a message has this long; then it is taken to have been lost with its worker.
_LEASE = timedelta(minutes=3)
_REASON_MAX = 300

_TAKE = text("""
UPDATE notification_delivery SET attempts = attempts + 1, available_at = :until
WHERE id = (
  SELECT message.id FROM notification_delivery AS message
  JOIN notification_channel AS channel ON channel.id = message.channel_id AND channel.active
  WHERE message.channel_id = :channel AND message.state = 'queued' AND message.available_at <= :now
  ORDER BY message.available_at, message.id LIMIT 1 FOR UPDATE OF message SKIP LOCKED)
RETURNING id, title, body, attempts, event_key
""")
_HELD = text("""
DELETE FROM notification_delivery WHERE state = 'held' AND channel_id = ANY(:channels)
RETURNING channel_id, title, body, created_at, id
""")


@dataclass(frozen=True, slots=True)
class Message:
    id: UUID
    title: str
    body: str
    attempts: int
    event_key: str

    @property
    def is_test(self) -> bool:
        """Somebody waits for its result: it is tried once."""
        return self.event_key.startswith("test:")


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Write messages (channel_id, title, body, event_key); those with a key the channel has are passed over."""
    if not rows:
        return []
    made = insert(NotificationDelivery).values([dict(row) for row in rows]).on_conflict_do_nothing()
    return list(session.scalars(made.returning(NotificationDelivery.id)))


def due_channels(session: Session, now: datetime) -> list[UUID]:
    """Active channels with a message that is due."""
    found = (
        select(NotificationDelivery.channel_id)
        .join(NotificationChannel, NotificationChannel.id == NotificationDelivery.channel_id)
        .where(
            NotificationDelivery.state == "queued",
            NotificationDelivery.available_at <= now,
            NotificationChannel.active,
        )
        .distinct()
    )
    return list(session.scalars(found))


def take(session: Session, channel_id: UUID, now: datetime) -> Message | None:
    """The next message of a channel, for the caller to send; nobody else gets it before the lease ends."""
    row = session.execute(_TAKE, {"channel": channel_id, "now": now, "until": now + _LEASE}).one_or_none()
    return Message(**row._mapping) if row else None


def sent(session: Session, message: Message, now: datetime) -> None:
    _set(session, message, state="sent", sent_at=now, last_error=None)


def refused(session: Session, channel_id: UUID, message: Message, why: str, now: datetime, *, final: bool) -> None:
    """It did not go: later again, four times as late each time, and at the end visible as failed.

    What else waits for this channel waits as long, so that a service that is away is asked once, not for each.
    """
    reason = why[:_REASON_MAX]
    if final or message.is_test or message.attempts >= MAX_ATTEMPTS:
        _set(session, message, state="failed", last_error=reason)
        return
    later = now + _FIRST_DELAY * 4 ** (message.attempts - 1)
    _set(session, message, available_at=later, last_error=reason)
    session.execute(
        update(NotificationDelivery)
        .where(
            NotificationDelivery.channel_id == channel_id,
            NotificationDelivery.state == "queued",
            NotificationDelivery.available_at < later,
        )
        .values(available_at=later)
    )


def _set(session: Session, message: Message, **values: Any) -> None:
    session.execute(update(NotificationDelivery).where(NotificationDelivery.id == message.id).values(**values))


def take_held(session: Session, channels: Sequence[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """What waited for these channels' digests, taken out: (title, text) by channel, oldest first."""
    rows = sorted(session.execute(_HELD, {"channels": list(channels)}), key=lambda row: (row.created_at, row.id))
    found: dict[UUID, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.channel_id, []).append((row.title, row.body))
    return found


def release(session: Session, channel_id: UUID) -> None:
    """What waited for a digest that the channel no longer has goes now."""
    session.execute(
        update(NotificationDelivery)
        .where(NotificationDelivery.channel_id == channel_id, NotificationDelivery.state == "held")
        .values(state="queued", available_at=func.now())
    )


def try_again(session: Session, delivery_id: UUID) -> bool:
    """Let a failed message be tried anew; False when it is not one."""
    again = (
        update(NotificationDelivery)
        .where(NotificationDelivery.id == delivery_id, NotificationDelivery.state == "failed")
        .values(state="queued", attempts=0, last_error=None, available_at=func.now())
    )
    return session.execute(again.returning(NotificationDelivery.id)).first() is not None


def channel_of(session: Session, delivery_id: UUID) -> UUID | None:
    return session.scalar(select(NotificationDelivery.channel_id).where(NotificationDelivery.id == delivery_id))


def forget(session: Session, before: datetime) -> None:
    """Remove what was sent, or failed and was left so, before then."""
    session.execute(
        text("DELETE FROM notification_delivery WHERE state IN ('sent', 'failed') AND available_at < :before"),
        {"before": before},
    )
