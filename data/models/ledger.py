"""What must never be lost: the audit log (chained by hash in the database), the outbox, and the generations of data."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, Moment


class AuditEntry(Base):
    """Append-only. `seq`, `prev_hash` and `hash` are set by a trigger; updates and deletes are refused by another.

    People are named by value, not by reference: an entry outlives the account it speaks of.
    """

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, server_default=text("0"))
    at: Mapped[Created]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    ip: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]
    action: Mapped[str]
    entity_type: Mapped[str | None]
    entity_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))

    __table_args__ = (
        Index("ix_audit_log_at", "at"),
        Index("ix_audit_log_entity", "entity_type", "entity_id"),
        Index("ix_audit_log_actor", "actor_id", "at"),
        Index("ix_audit_log_action", "action", "seq", postgresql_ops={"action": "text_pattern_ops"}),
    )


class OutboxEvent(Base):
    """Something the world should hear of, written in the transaction that made it true and delivered afterwards."""

    __tablename__ = "outbox_event"

    id: Mapped[Key]
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]
    available_at: Mapped[Created]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    delivered_at: Mapped[Moment | None]
    failed_at: Mapped[Moment | None]
    last_error: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_outbox_event_due",
            "available_at",
            postgresql_where=text("delivered_at IS NULL AND failed_at IS NULL"),
        ),
        Index("ix_outbox_event_failed", "failed_at", postgresql_where=text("failed_at IS NOT NULL")),
    )


class DataGeneration(Base):
    """How often the data of a topic changed. Cached results carry the numbers they were computed from."""

    __tablename__ = "data_generation"

    topic: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
