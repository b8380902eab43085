"""What a person was told, and how their channels and the messages on them stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from data import lane

_UNREAD = "SELECT count(*) FROM notification WHERE user_id = %(me)s AND read_at IS NULL"
_LATEST = text("""
SELECT id, kind, title, body, link, created_at, read_at IS NOT NULL AS read,
  (SELECT count(*) FROM notification WHERE user_id = :me AND read_at IS NULL) AS unread
FROM notification
WHERE user_id = :me AND (NOT :unread_only OR read_at IS NULL)
  AND (CAST(:before AS uuid) IS NULL OR (created_at, id) < (
    SELECT last.created_at, last.id FROM notification AS last WHERE last.id = :before AND last.user_id = :me))
ORDER BY created_at DESC, id DESC LIMIT :limit
""")
# Of one's own channels, and with `roles` of those of roles.
_VISIBLE = "(channel.user_id = :me OR (:roles AND channel.role IS NOT NULL))"
_FAILED = text(f"""
SELECT message.id, channel.id AS channel_id, channel.name AS channel, channel.role, message.title, message.created_at,
  message.attempts, coalesce(message.last_error, '') AS reason, count(*) OVER () AS total
FROM notification_delivery AS message JOIN notification_channel AS channel ON channel.id = message.channel_id
WHERE message.state = 'failed' AND {_VISIBLE}
ORDER BY message.created_at DESC, message.id DESC LIMIT :limit
""")
_STANDING = text("""
SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'held') AS held,
  max(sent_at) AS last_sent_at,
  (array_agg(last_error ORDER BY available_at) FILTER (WHERE state = 'queued' AND last_error IS NOT NULL))[1] AS trouble
FROM notification_delivery WHERE channel_id = :channel
""")
_MESSAGE = text(f"""
SELECT message.state, coalesce(message.last_error, '') AS reason
FROM notification_delivery AS message JOIN notification_channel AS channel ON channel.id = message.channel_id
WHERE message.id = :id AND {_VISIBLE}
""")


@dataclass(frozen=True, slots=True)
class Told:
    """One notification, with how many unread ones the person has in all."""

    id: UUID
    kind: str
    title: str
    body: str
    link: str
    created_at: datetime
    read: bool
    unread: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that was given up; `total` of them there are."""

    id: UUID
    channel_id: UUID
    channel: str
    role: str | None
    title: str
    created_at: datetime
    attempts: int
    reason: str
    total: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is on its way on a channel; `trouble` is why the next message did not go at its last attempt."""

    queued: int
    held: int
    last_sent_at: datetime | None
    trouble: str | None


def unread(me: UUID) -> int:
    """Asked by every open page again and again, so it goes through the short lane."""
    return int(lane.ask(_UNREAD, {"me": me})[0][0])


def latest(
    session: Session, me: UUID, *, limit: int, unread_only: bool = False, before: UUID | None = None
) -> list[Told]:
    """What the person was told, newest first; with `before` what comes after that one."""
    asked: dict[str, Any] = {"me": me, "limit": limit, "unread_only": unread_only, "before": before}
    return [Told(**row._mapping) for row in session.execute(_LATEST, asked)]


def failed(session: Session, me: UUID, *, roles: bool, limit: int) -> list[Failed]:
    """Messages given up on channels the person may see, newest first."""
    return [Failed(**row._mapping) for row in session.execute(_FAILED, {"me": me, "roles": roles, "limit": limit})]


def standing(session: Session, channel_id: UUID) -> Standing:
    return Standing(**session.execute(_STANDING, {"channel": channel_id}).one()._mapping)


def message(session: Session, delivery_id: UUID, me: UUID, *, roles: bool) -> tuple[str, str] | None:
    """(state, reason) of a message on a channel the person may see; None when it is gone."""
    row = session.execute(_MESSAGE, {"id": delivery_id, "me": me, "roles": roles}).one_or_none()
    return (row.state, row.reason) if row else None
