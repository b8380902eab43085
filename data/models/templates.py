"""Test templates of every source and our own, their versions, and the adversary profiles that string them together."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of
from data.models.rules import RESOLUTIONS

_EMPTY_ARRAY = text("'{}'::text[]")
_EMPTY_TEXT = text("''")


class TestTemplate(Base):
    """What people look for and count of a template; what it runs stands in the row of its version.

    `claimed_technique` is what it says, `technique_id` where that lies on the loaded map, if anywhere.
    """

    __test__ = False
    __tablename__ = "test_template"

    id: Mapped[Key]
    source: Mapped[str]  # a slug of data/sources/registry.py, or 'own'
    source_id: Mapped[str]
    procedure_key: Mapped[str] = mapped_column(unique=True)  # goes to the tests made from it
    version: Mapped[int] = mapped_column(server_default=text("1"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=_EMPTY_TEXT)
    claimed_technique: Mapped[str]
    technique_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"))
    resolution: Mapped[str]
    platforms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)  # in ATT&CK's words
    named_platforms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)  # in its source's
    tools: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    elevation_required: Mapped[bool] = mapped_column(server_default=text("false"))
    author: Mapped[str] = mapped_column(server_default=_EMPTY_TEXT)
    licence: Mapped[str] = mapped_column(server_default=_EMPTY_TEXT)
    path: Mapped[str | None]
    words: Mapped[Any] = mapped_column(TSVECTOR)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    retired_at: Mapped[Moment | None]  # somebody decided against it
    retired_reason: Mapped[str | None]
    removed_at: Mapped[Moment | None]  # its source no longer has it
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]

    __table_args__ = (
        one_of("resolution", RESOLUTIONS),
        UniqueConstraint("source", "source_id"),
        Index("ix_test_template_technique", "technique_id"),
        Index("ix_test_template_claimed", "claimed_technique"),
        Index("ix_test_template_words", "words", postgresql_using="gin"),
    )


class TemplateVersion(Base):
    """A template as it was; `content` is a `domain.templates.Template`. Never changed: tests refer to it."""

    __tablename__ = "template_version"

    template_id: Mapped[UUID] = mapped_column(ForeignKey("test_template.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[Created]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    made_by_name: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=_EMPTY_TEXT)


class Adversary(Base):
    """A profile of a source: templates in the order in which its attacker would use them."""

    __tablename__ = "adversary"

    id: Mapped[Key]
    source: Mapped[str]
    source_id: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=_EMPTY_TEXT)
    path: Mapped[str | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    removed_at: Mapped[Moment | None]
    created_at: Mapped[Created]
    updated_at: Mapped[Created]

    __table_args__ = (UniqueConstraint("source", "source_id"),)


class AdversaryStep(Base):
    """`template_source_id` is an id of the profile's source; whether that template is here may change with a sync."""

    __tablename__ = "adversary_step"

    adversary_id: Mapped[UUID] = mapped_column(ForeignKey("adversary.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    template_source_id: Mapped[str]
