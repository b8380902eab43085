"""Channels: where else a person, or everybody of a role, is told. Their addresses are encrypted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data import secrets
from data.models import NotificationChannel, User
from domain.digests import Digest, next_digest
from domain.errors import NotFound

_PURPOSE = "channel address"


def sealed(address: str, shown: str) -> bytes:
    """An address as it is kept, with what may be shown of it."""
    return secrets.seal(f"{shown}\n{address}", _PURPOSE)


def opened(channel: NotificationChannel) -> tuple[str, str]:
    """(what may be shown, the address). Raises data.secrets.Unreadable."""
    shown, _, address = secrets.unseal(channel.address, _PURPOSE).partition("\n")
    return shown, address


def add(session: Session, channel: NotificationChannel) -> UUID:
    session.add(channel)
    session.flush()
    return channel.id


def count(session: Session, *, user_id: UUID | None) -> int:
    """How many channels a person has, or with None the roles have together."""
    mine = NotificationChannel.user_id == user_id if user_id else NotificationChannel.role.is_not(None)
    return session.scalar(select(func.count()).select_from(NotificationChannel).where(mine)) or 0


def get(session: Session, channel_id: UUID) -> NotificationChannel | None:
    return session.get(NotificationChannel, channel_id)


def remove(session: Session, channel: NotificationChannel) -> None:
    """With it goes what waits for it, and what was sent through it."""
    session.delete(channel)


def locked(session: Session, channel_id: UUID) -> NotificationChannel:
    found = session.get(NotificationChannel, channel_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such channel.")
    return found


def of(session: Session, user_id: UUID, *, roles: bool) -> Sequence[NotificationChannel]:
    """A person's channels, and with `roles` those of all roles, by name."""
    wanted = NotificationChannel.user_id == user_id
    if roles:
        wanted |= NotificationChannel.role.is_not(None)
    order = (NotificationChannel.role.nulls_first(), NotificationChannel.name, NotificationChannel.id)
    return session.scalars(select(NotificationChannel).where(wanted).order_by(*order)).all()


def zone_of(session: Session, user_id: UUID | None) -> str:
    """The zone in which a channel's days begin: its person's, or for a role UTC."""
    return session.scalar(select(User.time_zone).where(User.id == user_id)) or "UTC"


def with_digest_due(session: Session, now: datetime) -> list[UUID]:
    """Active channels whose digest is due, locked, with the next time set; whoever looks meanwhile gets others."""
    due = session.execute(
        select(NotificationChannel, func.coalesce(User.time_zone, "UTC"))
        .outerjoin(User, User.id == NotificationChannel.user_id)
        .where(NotificationChannel.active, NotificationChannel.digest_due_at <= now, User.disabled_at.is_(None))
        .with_for_update(of=NotificationChannel, skip_locked=True)
    ).all()
    for channel, zone in due:
        channel.digest_due_at = next_digest(Digest(channel.digest), zone, now)
    return [channel.id for channel, _ in due]
