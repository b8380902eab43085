"""What people decide about countermeasures, a row each; without a row nobody has said anything."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import Countermeasure, CountermeasureDecision
from domain.countermeasures import CountermeasureState
from domain.errors import NotFound


class Decided(NamedTuple):
    state: CountermeasureState
    note: str


class Known(NamedTuple):
    id: UUID
    name: str
    decided: Decided | None


def known(session: Session, d3fend_ids: Collection[str]) -> dict[str, Known]:
    """By D3FEND's id. Raises NotFound when one is not there (any more)."""
    rows = session.execute(
        select(Countermeasure, CountermeasureDecision)
        .outerjoin(CountermeasureDecision, CountermeasureDecision.countermeasure_id == Countermeasure.id)
        .where(Countermeasure.d3fend_id.in_(d3fend_ids), Countermeasure.removed_at.is_(None))
        .with_for_update(of=Countermeasure)
    )
    found = {
        row.d3fend_id: Known(row.id, row.name, Decided(CountermeasureState(said.state), said.note) if said else None)
        for row, said in rows
    }
    if missing := sorted(set(d3fend_ids) - found.keys()):
        raise NotFound(f"D3FEND has no countermeasure {missing[0][:40]} here. Nothing was changed.")
    return found


def decide(session: Session, actor: Actor, said: Mapping[UUID, Decided | None]) -> None:
    """Write it down; None takes back what was said."""
    gone = [key for key, value in said.items() if value is None]
    if gone:
        removed = delete(CountermeasureDecision).where(CountermeasureDecision.countermeasure_id.in_(gone))
        session.execute(removed.execution_options(synchronize_session=False))
    rows = [
        {"countermeasure_id": key, "state": value.state, "note": value.note}
        | {"author_id": actor.id, "author_name": actor.name, "is_demo": False, "decided_at": func.now()}
        for key, value in said.items()
        if value is not None
    ]
    if rows:
        added = insert(CountermeasureDecision).values(rows)
        kept = ("state", "note", "author_id", "author_name", "is_demo", "decided_at")
        session.execute(
            added.on_conflict_do_update(
                index_elements=["countermeasure_id"], set_={name: added.excluded[name] for name in kept}
            )
        )
