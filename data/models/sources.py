"""Sources that Aegis syncs from, their runs, and what each run found."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, Moment, one_of

RUN_STATES = ("queued", "running", "succeeded", "unchanged", "failed", "interrupted")
RUN_TRIGGERS = ("person", "command", "schedule", "first_run")
ITEM_KINDS = (
    "added",
    "changed",
    "renamed",
    "revoked",
    "deprecated",
    "vanished",
    "reactivated",
    "removed",
    "restored",
    "rejected",
    "not_placed",
)
_EMPTY_OBJECT = text("'{}'::jsonb")


class Source(Base):
    """The part of a source that people set; what it is stands in `data/sources/registry.py`."""

    __tablename__ = "source"

    slug: Mapped[str] = mapped_column(primary_key=True)
    schedule_minutes: Mapped[int | None]  # None: only on demand
    next_run_at: Mapped[Moment | None]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)

    __table_args__ = (Index("ix_source_due", "next_run_at"),)


class SyncRun(Base):
    """One run of one source, written before its job exists: the row is the promise, the job only its carrier."""

    __tablename__ = "sync_run"

    id: Mapped[Key]
    source: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    trigger: Mapped[str]
    requested_by: Mapped[UUID | None]
    requested_by_name: Mapped[str]
    input: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    requested_version: Mapped[str | None]
    version: Mapped[str | None]
    queued_at: Mapped[Created]
    enqueued_at: Mapped[Moment | None]
    started_at: Mapped[Moment | None]
    heartbeat_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]
    phase: Mapped[str | None]
    done: Mapped[int | None]
    total: Mapped[int | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    error: Mapped[str | None]

    __table_args__ = (
        one_of("state", RUN_STATES),
        one_of("trigger", RUN_TRIGGERS),
        Index("uq_sync_run_active", "source", unique=True, postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_sync_run_history", "source", "queued_at"),
    )


class SyncItem(Base):
    """One line of a run's report: what was added, changed, rejected, could not be placed, ... and why."""

    __tablename__ = "sync_item"

    id: Mapped[Key]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"))
    kind: Mapped[str]
    object_type: Mapped[str]
    ref: Mapped[str | None]
    name: Mapped[str]
    detail: Mapped[str | None]

    __table_args__ = (
        one_of("kind", ITEM_KINDS),
        Index("ix_sync_item_run", "run_id", "kind"),
        Index("ix_sync_item_ref", "object_type", "ref"),
    )
