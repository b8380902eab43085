"""Compliance: frameworks, their controls, the techniques each is mapped to, and what people decided of them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of
from data.models.rules import RESOLUTIONS

# controls: what an auditor asks for; capabilities: what a cloud brings along; vulnerabilities: what is exploited
FRAMEWORK_KINDS = ("controls", "capabilities", "vulnerabilities")
FRAMEWORK_ORIGINS = ("attack", "mappings", "own")
CONTROL_DECISIONS = ("out_of_scope", "risk_accepted")
_NO_TEXT = text("''")
_EMPTY_ARRAY = text("'{}'::text[]")
_EMPTY_OBJECT = text("'{}'::jsonb")


class Framework(Base):
    """A catalogue of controls with its mapping to ATT&CK. `attack_version` is the version the mapping speaks."""

    __tablename__ = "framework"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    version: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    kind: Mapped[str]
    origin: Mapped[str]
    domain: Mapped[str]
    attack_version: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    mapping_published_on: Mapped[date | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    removed_at: Mapped[Moment | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]

    __table_args__ = (one_of("kind", FRAMEWORK_KINDS), one_of("origin", FRAMEWORK_ORIGINS))


class Control(Base):
    """One control (or capability, or vulnerability). `not_mappable`: its mapping's makers say no technique fits."""

    __tablename__ = "control"

    id: Mapped[Key]
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("framework.id", ondelete="CASCADE"))
    code: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    group_code: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    group_name: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    position: Mapped[int] = mapped_column(server_default=text("0"))
    not_mappable: Mapped[bool] = mapped_column(server_default=text("false"))
    note: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    removed_at: Mapped[Moment | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("framework_id", "code"),)


class ControlMapping(Base):
    """One row of a mapping: `claimed_id` is what it says, `technique_id` where that lies on the loaded map.

    `control_id` is None on rows that name a technique which no control of the framework addresses.
    """

    __tablename__ = "control_mapping"

    id: Mapped[Key]
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("framework.id", ondelete="CASCADE"))
    control_id: Mapped[UUID | None] = mapped_column(ForeignKey("control.id", ondelete="CASCADE"))
    claimed_id: Mapped[str]
    claimed_name: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    technique_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"))
    resolution: Mapped[str]
    mapping_type: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    score_category: Mapped[str | None]  # protect, detect, respond
    score_value: Mapped[str | None]  # minimal, partial, significant
    comment: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    references: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    position: Mapped[int] = mapped_column(server_default=text("0"))  # in its source, so that no row is lost or merged
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)  # what else the row says

    __table_args__ = (
        one_of("resolution", RESOLUTIONS),
        one_of("score_category", ("protect", "detect", "respond")),
        one_of("score_value", ("minimal", "partial", "significant")),
        Index("ix_control_mapping_framework", "framework_id", "control_id"),
        Index("ix_control_mapping_control", "control_id", "technique_id"),
        Index("ix_control_mapping_technique", "technique_id", "control_id"),
        Index("ix_control_mapping_claimed", "claimed_id"),
    )


class ControlDecision(Base):
    """A control taken out of scope, or its risk accepted until a day; withdrawn, or expired, it no longer holds."""

    __tablename__ = "control_decision"

    id: Mapped[Key]
    control_id: Mapped[UUID] = mapped_column(ForeignKey("control.id", ondelete="CASCADE"))
    kind: Mapped[str]
    reason: Mapped[str]
    expires_on: Mapped[date | None]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    created_at: Mapped[Created]
    withdrawn_at: Mapped[Moment | None]
    withdrawn_by_name: Mapped[str | None]

    __table_args__ = (
        one_of("kind", CONTROL_DECISIONS),
        CheckConstraint("kind <> 'risk_accepted' OR expires_on IS NOT NULL", name="accepted_expires"),
        Index(
            "uq_control_decision_standing",
            "control_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_control_decision_control", "control_id", "created_at"),
    )
