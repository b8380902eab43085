"""MITRE ATT&CK as it is published: the map (tactics, techniques), what surrounds it, and the relationships.

Every object is kept per domain: Enterprise, Mobile and ICS are published apart, each in its own version, and an object
that two domains share (a group, a software) may differ between them. Nothing is ever deleted: `revoked`, `deprecated`
and `vanished_at` say what became of it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of

DOMAINS = ("enterprise-attack", "mobile-attack", "ics-attack")
OBJECT_KINDS = (
    "group",
    "software",
    "campaign",
    "mitigation",
    "data_source",
    "data_component",
    "detection_strategy",
    "analytic",
    "asset",
)
LINK_KINDS = (
    "group_uses",
    "software_uses",
    "campaign_uses",
    "mitigates",
    "data_component",
    "detection_strategy",
    "targets",
)
_EMPTY_ARRAY = text("'{}'::text[]")
_EMPTY_OBJECT = text("'{}'::jsonb")
_FALSE = text("false")


class Published:
    """Columns of everything that ATT&CK publishes as an object."""

    id: Mapped[Key]
    domain: Mapped[str]
    stix_id: Mapped[str]
    attack_id: Mapped[str | None]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    url: Mapped[str | None]
    object_version: Mapped[str | None]
    published_at: Mapped[Moment | None]
    modified_at: Mapped[Moment | None]
    revoked: Mapped[bool] = mapped_column(server_default=_FALSE)
    deprecated: Mapped[bool] = mapped_column(server_default=_FALSE)
    vanished_at: Mapped[Moment | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    # active = neither revoked nor deprecated nor vanished: what counts in every total
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class AttackRelease(Base):
    """One loading of one domain's bundle. The newest with state `adopted` is the map everybody sees."""

    __tablename__ = "attack_release"

    id: Mapped[Key]
    domain: Mapped[str]
    version: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'adopted'"))
    origin: Mapped[str]
    bundle_sha256: Mapped[str]
    shortened: Mapped[bool] = mapped_column(server_default=_FALSE)  # texts were cut by the baseline's maker
    sync_run_id: Mapped[UUID | None]
    loaded_at: Mapped[Created]

    __table_args__ = (
        one_of("domain", DOMAINS),
        one_of("state", ("adopted", "superseded")),
        Index("uq_attack_release_adopted", "domain", unique=True, postgresql_where=text("state = 'adopted'")),
    )


class AttackRehearsal(Base):
    """A bundle looked at beside the adopted map. `report` says what adopting it would do; nothing else is changed."""

    __tablename__ = "attack_rehearsal"

    id: Mapped[Key]
    domain: Mapped[str]
    version: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    origin: Mapped[str] = mapped_column(server_default=text("''"))
    input: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    bundle_key: Mapped[str | None]  # where the file is kept until it is adopted or discarded
    bundle_sha256: Mapped[str | None]
    from_version: Mapped[str | None]  # of the map it was compared with
    phase: Mapped[str | None]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    error: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    requested_by_name: Mapped[str]
    created_at: Mapped[Created]
    finished_at: Mapped[Moment | None]

    __table_args__ = (
        one_of("domain", DOMAINS),
        one_of("state", ("queued", "running", "ready", "failed", "adopted", "discarded")),
        Index("ix_attack_rehearsal_created", "created_at"),
    )


class Tactic(Published, Base):
    __tablename__ = "tactic"

    shortname: Mapped[str]
    position: Mapped[int | None]  # column in the matrix, from 0; None when it is in no active matrix

    __table_args__ = (one_of("domain", DOMAINS), UniqueConstraint("domain", "stix_id"))


class Technique(Published, Base):
    """A technique or sub-technique. `successor_id` is the end of its revoked-by chain."""

    __tablename__ = "technique"

    is_subtechnique: Mapped[bool] = mapped_column(server_default=_FALSE)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"), index=True)
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"), index=True)
    platforms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    tactics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)  # shortnames
    detection: Mapped[str] = mapped_column(server_default=text("''"))  # the text field of versions before 18
    group_count: Mapped[int] = mapped_column(server_default=text("0"))  # active groups that use it directly
    review_since: Mapped[Moment | None]  # ATT&CK changed it and nobody has looked yet
    reviewed_at: Mapped[Moment | None]
    reviewed_by: Mapped[UUID | None]

    __table_args__ = (
        one_of("domain", DOMAINS),
        UniqueConstraint("domain", "stix_id"),
        Index("ix_technique_attack_id", "attack_id"),
        Index("ix_technique_active", "domain", postgresql_where=text("active")),
    )


class TechniqueTactic(Base):
    __tablename__ = "technique_tactic"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    tactic_id: Mapped[UUID] = mapped_column(ForeignKey("tactic.id", ondelete="CASCADE"), primary_key=True, index=True)


class AttackObject(Published, Base):
    """Everything around the techniques: groups, software, campaigns, mitigations, data components, ..."""

    __tablename__ = "attack_object"

    kind: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    platforms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)

    __table_args__ = (
        one_of("domain", DOMAINS),
        one_of("kind", OBJECT_KINDS),
        UniqueConstraint("domain", "stix_id"),
        Index("ix_attack_object_kind", "domain", "kind", "attack_id"),
    )


class AttackRelationship(Base):
    """A relationship exactly as published; its ends are STIX ids because either end may be of any type."""

    __tablename__ = "attack_relationship"

    id: Mapped[Key]
    domain: Mapped[str]
    stix_id: Mapped[str]
    kind: Mapped[str]
    source_ref: Mapped[str]
    target_ref: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    revoked: Mapped[bool] = mapped_column(server_default=_FALSE)
    deprecated: Mapped[bool] = mapped_column(server_default=_FALSE)
    vanished_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        one_of("domain", DOMAINS),
        UniqueConstraint("domain", "stix_id"),
        Index("ix_attack_relationship_source", "domain", "source_ref", "kind"),
        Index("ix_attack_relationship_target", "domain", "target_ref", "kind"),
    )


class TechniqueLink(Base):
    """Derived at every sync from active relationships: which object touches which technique, and how."""

    __tablename__ = "technique_link"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    object_id: Mapped[UUID] = mapped_column(ForeignKey("attack_object.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        one_of("kind", LINK_KINDS),
        Index("ix_technique_link_object", "object_id", "kind"),
        Index("ix_technique_link_kind", "kind", "technique_id"),
    )
