"""The state at a moment, kept: what every technique in the map measured, and where every control stood."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models.base import Base, Created, Key, Moment, one_of

SNAPSHOT_KINDS = ("daily", "asked", "reconstructed")


class Snapshot(Base):
    """One domain at a moment. `weights` is the whole version it was scored by; `totals` as the matrix gives them.

    A *reconstructed* one was computed afterwards from the tests of that day, with everything else as it was known when
    it was made; `notes` says what that leaves open.
    """

    __tablename__ = "snapshot"

    id: Mapped[Key]
    domain: Mapped[str]
    day: Mapped[date]  # UTC: by which evidence ages
    taken_at: Mapped[Moment]
    kind: Mapped[str]
    label: Mapped[str] = mapped_column(server_default=text("''"))
    attack_version: Mapped[str]
    weights_version: Mapped[int]
    weights: Mapped[dict[str, Any]] = mapped_column(JSONB)
    totals: Mapped[dict[str, Any]] = mapped_column(JSONB)
    controls: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]
    platforms_out: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))

    __table_args__ = (
        one_of("kind", SNAPSHOT_KINDS),
        Index(
            "uq_snapshot_day",
            "domain",
            "day",
            unique=True,
            postgresql_where=text("kind IN ('daily', 'reconstructed')"),
        ),
        Index("ix_snapshot_taken", "domain", "taken_at"),
    )


class SnapshotTechnique(Base):
    """One technique in a snapshot: what its score was made of. It outlives the technique, so it names it by value."""

    __tablename__ = "snapshot_technique"

    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True)
    attack_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent: Mapped[str | None]
    tactics: Mapped[str]  # short names, separated by spaces
    platforms: Mapped[str]  # separated by "|"
    in_scope: Mapped[bool]
    review: Mapped[bool]
    groups: Mapped[int]
    own_groups: Mapped[int]
    exploited: Mapped[int]
    priority: Mapped[str | None]
    relevance: Mapped[float] = mapped_column(Double)
    status: Mapped[str]
    stale: Mapped[bool]
    share: Mapped[float | None] = mapped_column(Double)
    procedures: Mapped[int]
    newest_on: Mapped[date | None]
    rules: Mapped[int]
    not_counted_rules: Mapped[int]
    # shares of procedures by latest result, as in rollup_technique, in its order; empty without a validated test
    mix: Mapped[list[float]] = mapped_column(JSONB)
    # counts of tests in the order of data/queries/measured.py Tests
    tests: Mapped[list[int]] = mapped_column(JSONB)
    # the parts of the score, 0 to 1
    tests_value: Mapped[float | None] = mapped_column(Double)
    rules_value: Mapped[float] = mapped_column(Double)
    rule_total: Mapped[float] = mapped_column(Double)  # before saturation
    freshness_value: Mapped[float | None] = mapped_column(Double)
    platforms_value: Mapped[float | None] = mapped_column(Double)
    countermeasures_value: Mapped[float | None] = mapped_column(Double)
    points: Mapped[float] = mapped_column(Double)
    tested: Mapped[str] = mapped_column(server_default=text("''"))  # platforms with a validated test, as `platforms`

    __table_args__ = (Index("ix_snapshot_technique_attack_id", "attack_id", "snapshot_id"),)
