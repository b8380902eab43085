"""Keeping snapshots: the head and a row a technique, by COPY, in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data import bulk
from data.models import AttackRelease, SecurityTest, Snapshot, Technique
from domain.snapshots import Kind, end_of

# Columns of snapshot_technique, in the order of a row.
COLUMNS = (
    "attack_id", "name", "parent", "tactics", "platforms", "in_scope", "review", "groups", "own_groups", "exploited",
    "priority", "relevance", "status", "stale", "share", "procedures", "newest_on", "rules", "not_counted_rules", "mix",
    "tests", "tests_value", "rules_value", "rule_total", "freshness_value", "platforms_value", "countermeasures_value",
    "points", "tested",
)  # fmt: skip
_BY_DAY = ("daily", "reconstructed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A snapshot without its techniques; fields are columns."""

    domain: str
    day: date
    taken_at: datetime
    kind: Kind
    label: str
    attack_version: str
    weights_version: int
    weights: Mapping[str, Any]
    totals: Mapping[str, Any]
    controls: Mapping[str, Any]
    notes: Sequence[str]
    author_name: str
    is_demo: bool
    platforms_out: Sequence[str]


def add(session: Session, head: Head, techniques: Iterable[Sequence[object]]) -> UUID | None:
    """Keep a snapshot; None when the day has one already (of those asked for a day may have many)."""
    values = {name: getattr(head, name) for name in Head.__dataclass_fields__}
    # whatever the totals hold is written as the matrix writes it
    values["totals"] = orjson.loads(orjson.dumps(head.totals))
    values |= {"notes": list(head.notes), "platforms_out": list(head.platforms_out)}
    made: UUID | None = session.scalar(
        insert(Snapshot).values(**values).on_conflict_do_nothing().returning(Snapshot.id)
    )
    if made is None:
        return None
    key = str(made)
    bulk.copy_rows(session, "snapshot_technique", ("snapshot_id", *COLUMNS), ((key, *row) for row in techniques))
    return made


def kept_days(session: Session, domain: str) -> list[date]:
    """Days with a snapshot that was taken or reconstructed by itself."""
    asked = select(Snapshot.day).where(Snapshot.domain == domain, Snapshot.kind.in_(_BY_DAY)).order_by(Snapshot.day)
    return list(session.scalars(asked))


def without(session: Session, day: date) -> list[str]:
    """Domains that had a map at the end of the day and have no snapshot of it."""
    has = select(Snapshot.id).where(
        Snapshot.domain == AttackRelease.domain, Snapshot.day == day, Snapshot.kind.in_(_BY_DAY)
    )
    loaded = (
        select(AttackRelease.domain)
        .where(AttackRelease.loaded_at < end_of(day), ~has.exists())
        .group_by(AttackRelease.domain)
        .order_by(AttackRelease.domain)
    )
    return list(session.scalars(loaded))


def loaded(session: Session) -> list[str]:
    """Domains with a map."""
    adopted = select(AttackRelease.domain).where(AttackRelease.state == "adopted").order_by(AttackRelease.domain)
    return list(session.scalars(adopted))


def first_test(session: Session, domain: str) -> date | None:
    """The day (UTC) of the first validated test of a domain."""
    first = (
        select(func.min(SecurityTest.validated_at))
        .join(Technique, Technique.id == SecurityTest.technique_id)
        .where(Technique.domain == domain, SecurityTest.state == "validated")
    )
    found = session.scalar(first)
    return found.date() if found else None
