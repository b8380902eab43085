"""What people are told: inside Aegis, and through channels they have set up."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of

DIGESTS = ("none", "daily", "weekly")
DELIVERY_STATES = ("queued", "held", "sent", "failed")
_NO_TEXT = text("''")


class Notification(Base):
    """Something one person should know. The same event tells a person once, however often it is delivered."""

    __tablename__ = "notification"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    link: Mapped[str] = mapped_column(server_default=_NO_TEXT)  # a path of ours
    test_id: Mapped[UUID | None] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"))
    event_key: Mapped[str]
    created_at: Mapped[Created]
    read_at: Mapped[Moment | None]

    __table_args__ = (
        UniqueConstraint("user_id", "event_key"),
        Index("ix_notification_user", "user_id", text("created_at DESC")),
        Index("ix_notification_unread", "user_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notification_test", "test_id", postgresql_where=text("test_id IS NOT NULL")),
    )


class NotificationChannel(Base):
    """Where else a person, or everybody of a role, is told. The Apprise address holds secrets and is encrypted."""

    __tablename__ = "notification_channel"

    id: Mapped[Key]
    name: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    role: Mapped[str | None]
    address: Mapped[bytes] = mapped_column(LargeBinary)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))  # empty: all
    digest: Mapped[str] = mapped_column(server_default=text("'none'"))
    digest_due_at: Mapped[Moment | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[Created]

    __table_args__ = (
        one_of("digest", DIGESTS),
        CheckConstraint("(user_id IS NULL) <> (role IS NULL)", name="one_recipient"),
    )


class NotificationDelivery(Base):
    """One message on its way through a channel. `held` ones wait for the channel's digest."""

    __tablename__ = "notification_delivery"

    id: Mapped[Key]
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("notification_channel.id", ondelete="CASCADE"))
    title: Mapped[str]
    body: Mapped[str]
    event_key: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    available_at: Mapped[Created]
    created_at: Mapped[Created]
    sent_at: Mapped[Moment | None]
    last_error: Mapped[str | None]

    __table_args__ = (
        one_of("state", DELIVERY_STATES),
        UniqueConstraint("channel_id", "event_key"),
        Index("ix_notification_delivery_due", "available_at", postgresql_where=text("state = 'queued'")),
    )
