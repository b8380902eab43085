"""Detection rules of every source, and the techniques they claim to detect."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of
from domain.rule_truth import RuleTruth

LEVELS = ("informational", "low", "medium", "high", "critical")
RESOLUTIONS = ("direct", "revoked_by", "known_successor", "not_placed")
_EMPTY_ARRAY = text("'{}'::text[]")


class DetectionRule(Base):
    __tablename__ = "detection_rule"

    id: Mapped[Key]
    source: Mapped[str]
    external_id: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    status: Mapped[str | None]  # the source's own word: stable, test, experimental, production, ...
    level: Mapped[str | None]
    author: Mapped[str] = mapped_column(server_default=text("''"))
    licence: Mapped[str | None]
    product: Mapped[str | None]
    category: Mapped[str | None]
    service: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    references: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=_EMPTY_ARRAY)
    language: Mapped[str]
    body: Mapped[str]  # the whole rule as its source wrote it
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    path: Mapped[str | None]
    written_on: Mapped[date | None]
    changed_on: Mapped[date | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    removed_at: Mapped[Moment | None]  # its source no longer has it
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]

    __table_args__ = (
        one_of("level", LEVELS),
        UniqueConstraint("source", "external_id"),
        Index("ix_detection_rule_counting", "id", postgresql_where=text("enabled AND removed_at IS NULL")),
        Index("ix_detection_rule_demo", "id", postgresql_where=text("is_demo")),
        Index(
            "ix_detection_rule_title_words",
            text("to_tsvector('simple'::regconfig, title)"),
            postgresql_using="gin",
        ),
    )


class RuleTechnique(Base):
    """A rule's claim: `claimed_id` is what it says, `technique_id` where that lies on the loaded map, if anywhere."""

    __tablename__ = "rule_technique"

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("detection_rule.id", ondelete="CASCADE"), primary_key=True)
    claimed_id: Mapped[str] = mapped_column(primary_key=True)
    technique_id: Mapped[UUID | None] = mapped_column(ForeignKey("technique.id"))
    resolution: Mapped[str]

    __table_args__ = (
        one_of("resolution", RESOLUTIONS),
        Index("ix_rule_technique_technique", "technique_id", "rule_id"),
        Index("ix_rule_technique_claimed", "claimed_id"),
        Index(
            "ix_rule_technique_not_placed",
            "claimed_id",
            "rule_id",
            postgresql_where=text("resolution = 'not_placed'"),
        ),
    )


class RuleRollup(Base):
    """Enabled, present rules per technique and source, kept by triggers: counting 200,000 takes too long."""

    __tablename__ = "rollup_technique_rules"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    rules: Mapped[int]
    value: Mapped[Decimal] = mapped_column(Numeric)  # summed, as `domain/score.py` values each


class RuleSummary(Base):
    """What the list of rules filters and orders by, with each rule's truth; kept by triggers. '' where a rule has none.

    `level` counts from informational (1) to critical (5), 0 without one; `changed_on` falls back on when it was
    written; `fired` counts validated tests in which it alerted.
    """

    __tablename__ = "rollup_rule"

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("detection_rule.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str]
    title: Mapped[str]
    status: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    enabled: Mapped[bool]
    present: Mapped[bool]  # its source still has it
    product: Mapped[str]
    category: Mapped[str]
    service: Mapped[str]
    changed_on: Mapped[date | None]
    truth: Mapped[str]
    fired: Mapped[int]
    last_fired_at: Mapped[Moment | None]

    __table_args__ = (
        one_of("truth", RuleTruth),
        Index(
            "ix_rollup_rule_words",
            text("to_tsvector('simple'::regconfig, title)"),
            postgresql_using="gin",
        ),
        Index("ix_rollup_rule_counting", "present", "source", "enabled", "truth"),
        Index("ix_rollup_rule_logs", "product", "category", "service"),
        *(
            Index(f"ix_rollup_rule_by_{name}", text(order), "rule_id", postgresql_where=text("present"))
            for name, order in (
                ("title", "title"),
                ("level", "level DESC"),
                ("change", "changed_on DESC NULLS LAST"),
                ("fired", "fired DESC"),
                ("last", "last_fired_at DESC NULLS LAST"),
            )
        ),
    )


class RuleCount(Base):
    """How many rules that their sources have are alike; kept by triggers. The texts are those of `RuleSummary`."""

    __tablename__ = "rollup_rule_count"

    source: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool] = mapped_column(primary_key=True)
    truth: Mapped[str] = mapped_column(primary_key=True)
    rules: Mapped[int]


class ProvenTechnique(Base):
    """How many claims of a technique are of an enabled, proven rule that its source has; kept by triggers."""

    __tablename__ = "rollup_technique_proven"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    claims: Mapped[int]


class TestedPlatform(Base):
    """A platform on which a technique has a validated test; kept by triggers."""

    __test__ = False
    __tablename__ = "rollup_technique_tested"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)


class LogSource(Base):
    """Whether the logs that rules of this kind read are collected here, and who says so. Without a row: not known.

    The three texts are those of a rule (`product`, `category`, `service`), '' where it names none.
    """

    __tablename__ = "log_source"

    id: Mapped[Key]
    product: Mapped[str]
    category: Mapped[str]
    service: Mapped[str]
    collected: Mapped[bool]
    note: Mapped[str] = mapped_column(server_default=text("''"))
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_at: Mapped[Created]

    __table_args__ = (UniqueConstraint("product", "category", "service"),)
