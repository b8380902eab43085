"""What people asked to be done to tests, kept before it is done, and the evidence that goes with it."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, Moment, one_of

ACTION_STATES = ("queued", "done", "refused", "failed", "cancelled")
_EMPTY_OBJECT = text("'{}'::jsonb")
_NO_TEXT = text("''")


class WorkflowAction(Base):
    """One accepted action. Its `id` is the key that whoever asks has made, so that asking twice does it once.

    `test_id` has no foreign key: the action that makes a test is there before the test. `refused` is an answer of the
    rules, `failed` a defect that repeating did not mend; `version` is that of the test after the action.
    """

    __tablename__ = "workflow_action"

    id: Mapped[Key]
    kind: Mapped[str]
    test_id: Mapped[UUID]
    batch_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    seen_version: Mapped[int | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    actor_id: Mapped[UUID]
    actor_name: Mapped[str]
    ip: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    code: Mapped[str | None]
    detail: Mapped[str | None]
    version: Mapped[int | None]
    accepted_at: Mapped[Created]
    available_at: Mapped[Created]
    finished_at: Mapped[Moment | None]

    __table_args__ = (
        one_of("state", ACTION_STATES),
        Index("ix_workflow_action_test", "test_id", "accepted_at"),
        Index("ix_workflow_action_batch", "batch_id", "position"),
        Index("ix_workflow_action_open", "available_at", postgresql_where=text("state = 'queued'")),
        Index("ix_workflow_action_failed", "finished_at", postgresql_where=text("state = 'failed'")),
        Index("ix_workflow_action_accepted", "accepted_at"),
    )


class Evidence(Base):
    """A file that shows what happened. A deleted one leaves this row; its content is gone from the object store."""

    __tablename__ = "evidence"

    id: Mapped[Key]
    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"))
    round: Mapped[int]
    side: Mapped[str]
    name: Mapped[str]
    caption: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    media_type: Mapped[str]  # by content, never by name
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    object_key: Mapped[str] = mapped_column(unique=True)
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    uploaded_by_name: Mapped[str]
    uploaded_at: Mapped[Created]
    deleted_at: Mapped[Moment | None]
    deleted_by_name: Mapped[str | None]
    deleted_reason: Mapped[str | None]

    __table_args__ = (
        one_of("side", ("red", "blue")),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("length(sha256) = 32", name="sha256"),
        Index("ix_evidence_test", "test_id", "uploaded_at"),
    )


class SavedView(Base):
    """A page's query under a name, for one person or for everybody."""

    __tablename__ = "saved_view"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    page: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]

    __table_args__ = (UniqueConstraint("user_id", "page", "name"),)
