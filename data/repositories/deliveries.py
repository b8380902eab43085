"""Messages on their way through channels: sent, tried again when that can help, and visible when it did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.models import NotificationDelivery

MAX_ATTEMPTS = 6
_FIRST_DELAY = timedelta(seconds=30)
# Whoever takes a message has this long; then it is taken to have been lost with its worker.
_LEASE = timedelta(minutes=3)
_REASON_MAX = 300

# Active, and its person, where it is one's own, still here.
_OPEN = """
SELECT channel.id FROM notification_channel AS channel LEFT JOIN user_account AS owner ON owner.id = channel.user_id
WHERE channel.active AND owner.disabled_at IS NULL
"""
_DUE_CHANNELS = text(f"""
SELECT DISTINCT channel_id FROM notification_delivery
WHERE state = 'queued' AND available_at <= :now AND channel_id IN ({_OPEN})
""")  # noqa: S608 - put together from constants
_TAKE = text(f"""
UPDATE notification_delivery SET attempts = attempts + 1, available_at = :until
WHERE id = (
  SELECT id FROM notification_delivery
  WHERE channel_id = :channel AND state = 'queued' AND available_at <= :now AND channel_id IN ({_OPEN})
  ORDER BY available_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, title, body, attempts, event_key
""")  # noqa: S608
# New messages, if there are more than so many of them; tests are not among them.
_CROWD = text(f"""
WITH crowd AS (
  SELECT id FROM notification_delivery
  WHERE channel_id = :channel AND state = 'queued' AND attempts = 0 AND available_at <= :now
    AND event_key NOT LIKE 'test:%' AND event_key NOT LIKE 'digest:%' AND channel_id IN ({_OPEN})
  FOR UPDATE SKIP LOCKED
)
DELETE FROM notification_delivery WHERE id IN (SELECT id FROM crowd) AND (SELECT count(*) FROM crowd) > :over
RETURNING title, body, created_at, id
""")  # noqa: S608
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
    return list(session.scalars(_DUE_CHANNELS, {"now": now}))


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
    found: dict[UUID, list[tuple[str, str]]] = {}
    for row in sorted(session.execute(_HELD, {"channels": list(channels)}), key=_age):
        found.setdefault(row.channel_id, []).append((row.title, row.body))
    return found


def take_crowd(session: Session, channel_id: UUID, now: datetime, *, over: int) -> list[tuple[str, str]]:
    """More than `over` new messages of a channel that are due, taken out: (title, text), oldest first; else nothing."""
    rows = session.execute(_CROWD, {"channel": channel_id, "now": now, "over": over})
    return [(row.title, row.body) for row in sorted(rows, key=_age)]


def _age(row: Row[Any]) -> tuple[datetime, UUID]:
    return row.created_at, row.id


def has_open_test(session: Session, channel_id: UUID) -> bool:
    """Whether a test message is on its way."""
    waiting = select(NotificationDelivery.id).where(
        NotificationDelivery.channel_id == channel_id,
        NotificationDelivery.state == "queued",
        NotificationDelivery.event_key.startswith("test:"),
    )
    return session.scalars(waiting.limit(1)).first() is not None


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
