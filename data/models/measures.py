"""What measuring needs: scope, weights, priorities, and the rollups kept by triggers (see the migration)."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, Moment, one_of


class ScoreWeights(Base):
    """One version of the weights. Never changed: a new row takes over, and every stored score names its version."""

    __tablename__ = "score_weights"

    id: Mapped[Key]
    version: Mapped[int] = mapped_column(unique=True)
    tests: Mapped[float] = mapped_column(Numeric(5, 2))
    rules: Mapped[float] = mapped_column(Numeric(5, 2))
    countermeasures: Mapped[float] = mapped_column(Numeric(5, 2))
    freshness: Mapped[float] = mapped_column(Numeric(5, 2))
    platforms: Mapped[float] = mapped_column(Numeric(5, 2))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)  # outcome values, half-life, saturation: domain/score.py
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[Created]

    __table_args__ = (
        CheckConstraint("tests + rules + countermeasures + freshness + platforms = 100", name="sums_to_100"),
        CheckConstraint("least(tests, rules, countermeasures, freshness, platforms) >= 0", name="not_negative"),
    )


class ScopeDecision(Base):
    """A platform or technique taken out of scope, by whom and why. Without a row: in scope.

    `in_scope` is true only for a sub-technique that stays in while its parent is out.
    """

    __tablename__ = "scope_decision"

    id: Mapped[Key]
    domain: Mapped[str]
    kind: Mapped[str]
    ref: Mapped[str]  # platform name or ATT&CK id
    in_scope: Mapped[bool]
    reason: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]

    __table_args__ = (one_of("kind", ("platform", "technique")), UniqueConstraint("domain", "kind", "ref"))


class ServiceLevel(Base):
    """What the organisation promises itself: `share` of cases within `seconds`. One standing promise a measure."""

    __tablename__ = "service_level"

    measure: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[int]
    share: Mapped[float] = mapped_column(Double)
    reason: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_at: Mapped[Created]

    __table_args__ = (
        one_of("measure", ("time_to_detect", "time_to_contain", "time_to_remediate")),
        CheckConstraint("seconds > 0", name="seconds"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
    )


class TestMonth(Base):
    """A month (UTC) in which validated tests were executed; the stamp is another after every change of any of them."""

    __test__ = False
    __tablename__ = "test_month"

    month: Mapped[date] = mapped_column(primary_key=True)
    stamp: Mapped[UUID]


class TestRollup(Base):
    """Tests per technique, platform and month (UTC) of execution, or of creation while not executed."""

    __test__ = False
    __tablename__ = "rollup_technique_month"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    draft: Mapped[int]
    red_executing: Mapped[int]
    blue_evaluating: Mapped[int]
    in_review: Mapped[int]
    validated: Mapped[int]
    rejected: Mapped[int]
    cancelled: Mapped[int]
    executed: Mapped[int]  # executed_at is set, whatever the state
    evaluated: Mapped[int]  # validated and applicable: the denominator of outcomes
    not_applicable: Mapped[int]
    prevented: Mapped[int]
    partly_prevented: Mapped[int]
    not_prevented: Mapped[int]
    alerted: Mapped[int]
    logged: Mapped[int]
    missed: Mapped[int]
    blocked_outcome: Mapped[int]
    alerted_outcome: Mapped[int]
    logged_outcome: Mapped[int]
    missed_outcome: Mapped[int]

    __table_args__ = (Index("ix_rollup_technique_month_month", "month"),)


class ProcedureLatest(Base):
    """The latest validated test of each procedure on each platform: what coverage is computed from."""

    __tablename__ = "rollup_procedure_latest"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    procedure_key: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)
    test_id: Mapped[UUID]
    prevention: Mapped[str]
    detection: Mapped[str]
    executed_at: Mapped[Moment | None]
    validated_at: Mapped[Moment]
    evaluated_by: Mapped[UUID | None]  # who submitted the side of blue
    round: Mapped[int]

    __table_args__ = (
        one_of("prevention", ("none", "partial", "full")),
        one_of("detection", ("missed", "logged", "alerted")),
    )


class TechniqueRollup(Base):
    """All tests of a technique: for each platform in scope, and ('') for all of them together.

    The nine columns of the mix are the shares, 0..1, of procedures whose latest result was that: prevention_detection.
    """

    __tablename__ = "rollup_technique"

    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id", ondelete="CASCADE"), primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)
    draft: Mapped[int]
    red_executing: Mapped[int]
    blue_evaluating: Mapped[int]
    in_review: Mapped[int]
    validated: Mapped[int]
    rejected: Mapped[int]
    cancelled: Mapped[int]
    executed: Mapped[int]
    evaluated: Mapped[int]
    not_applicable: Mapped[int]
    prevented: Mapped[int]
    partly_prevented: Mapped[int]
    not_prevented: Mapped[int]
    alerted: Mapped[int]
    logged: Mapped[int]
    missed: Mapped[int]
    blocked_outcome: Mapped[int]
    alerted_outcome: Mapped[int]
    logged_outcome: Mapped[int]
    missed_outcome: Mapped[int]
    procedures: Mapped[int]
    full_alerted: Mapped[float] = mapped_column(Double)
    full_logged: Mapped[float] = mapped_column(Double)
    full_missed: Mapped[float] = mapped_column(Double)
    partial_alerted: Mapped[float] = mapped_column(Double)
    partial_logged: Mapped[float] = mapped_column(Double)
    partial_missed: Mapped[float] = mapped_column(Double)
    none_alerted: Mapped[float] = mapped_column(Double)
    none_logged: Mapped[float] = mapped_column(Double)
    none_missed: Mapped[float] = mapped_column(Double)
    newest_at: Mapped[Moment | None]  # of the attack, among the tests that count for coverage

    __table_args__ = (Index("ix_rollup_technique_platform", "platform"),)


class UnplacedRollup(Base):
    """Enabled, present rules per technique id that lies nowhere on the loaded maps."""

    __tablename__ = "rollup_rules_not_placed"

    claimed_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    rules: Mapped[int]


class NavigatorOverlay(Base):
    """An imported Navigator layer, shown over our own heatmap and never mixed into our figures."""

    __tablename__ = "navigator_overlay"

    id: Mapped[Key]
    name: Mapped[str]
    domain: Mapped[str]
    attack_version: Mapped[str | None]
    layer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    placed: Mapped[int]
    not_placed: Mapped[int]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    created_at: Mapped[Created]


class KeptAnswer(Base):
    """What takes a worker long to find out: shown as of its moment until a newer one is there."""

    __tablename__ = "kept_answer"

    name: Mapped[str] = mapped_column(primary_key=True)
    generations: Mapped[dict[str, int]] = mapped_column(JSONB)  # of the data it was computed from
    computed_at: Mapped[Moment]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
