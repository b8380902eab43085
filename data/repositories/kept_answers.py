"""Answers that a worker finds out and keeps: one a name, with the generations of the data it was computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.models import DataGeneration
from data.models import KeptAnswer as Row


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """`generations` by topic; `computed_at` is the moment that `answer` speaks of."""

    generations: Mapping[str, int]
    computed_at: datetime
    answer: Mapping[str, Any]


def get(session: Session, name: str) -> KeptAnswer | None:
    found = session.get(Row, name)
    if found is None:
        return None
    return KeptAnswer(generations=found.generations, computed_at=found.computed_at, answer=found.answer)


def keep(session: Session, name: str, kept: KeptAnswer) -> None:
    """In the place of what was kept under this name before."""
    values = {"generations": kept.generations, "computed_at": kept.computed_at, "answer": kept.answer}
    stored = insert(Row).values(name=name, **values)
    session.execute(stored.on_conflict_do_update(index_elements=["name"], set_=values))


def generations(session: Session, topics: Iterable[str]) -> dict[str, int]:
    """Of these topics, as the session's transaction sees them."""
    wanted = DataGeneration.topic.in_(list(topics))
    return {row.topic: row.number for row in session.scalars(select(DataGeneration).where(wanted))}
