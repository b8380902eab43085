"""D3FEND: countermeasures, the techniques each applies to, and which of them are in place here."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of
from data.models.rules import RESOLUTIONS

COUNTERMEASURE_STATES = ("in_place", "planned", "not_applicable")
_EMPTY_ARRAY = text("'{}'::text[]")
_NO_TEXT = text("''")


class Countermeasure(Base):
    """A D3FEND defensive technique. `parent` is the D3FEND id of the technique it refines."""

    __tablename__ = "countermeasure"

    id: Mapped[Key]
    d3fend_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    definition: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    tactic: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    parent: Mapped[str | None]
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    url: Mapped[str | None]
    removed_at: Mapped[Moment | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]


class CountermeasureTechnique(Base):
    """A countermeasure applies to a technique, through the digital artifacts that both touch."""

    __tablename__ = "countermeasure_technique"

    countermeasure_id: Mapped[UUID] = mapped_column(
        ForeignKey("countermeasure.id", ondelete="CASCADE"), primary_key=True
    )
    claimed_id: Mapped[str] = mapped_column(primary_key=True)
    technique_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"))
    resolution: Mapped[str]
    artifacts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)

    __table_args__ = (
        one_of("resolution", RESOLUTIONS),
        Index("ix_countermeasure_technique_technique", "technique_id", "countermeasure_id"),
        Index("ix_countermeasure_technique_claimed", "claimed_id"),
    )


class CountermeasureDecision(Base):
    """What stands for a countermeasure here, by whom and why. Without a row: not in place."""

    __tablename__ = "countermeasure_decision"

    countermeasure_id: Mapped[UUID] = mapped_column(
        ForeignKey("countermeasure.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=_NO_TEXT)
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_at: Mapped[Created]

    __table_args__ = (one_of("state", COUNTERMEASURE_STATES),)


class CountermeasureRollup(Base):
    """Of each technique: how many countermeasures apply here, and how many of them are in place. Kept by triggers."""

    __tablename__ = "rollup_technique_countermeasures"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    applicable: Mapped[int]
    in_place: Mapped[int]
