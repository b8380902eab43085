"""What is declared of the logs that rules read: collected here, not collected, or (no row) not known."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import LogSource, RuleSummary
from domain.errors import NotFound

LogKey = tuple[str, str, str]  # product, category, service; '' where a rule names none


class Declared(NamedTuple):
    collected: bool
    note: str


_AT = tuple_(LogSource.product, LogSource.category, LogSource.service)


def check_known(session: Session, keys: Collection[LogKey]) -> None:
    """Raises NotFound for logs that no rule reads and of which nothing is declared."""
    read = tuple_(RuleSummary.product, RuleSummary.category, RuleSummary.service)
    columns = (RuleSummary.product, RuleSummary.category, RuleSummary.service)
    known = {tuple(row) for row in session.execute(select(*columns).where(read.in_(keys)).distinct())}
    if set(keys) - known - held(session, keys).keys():
        raise NotFound("No rule reads such logs. Reload the page and try again.")


def held(session: Session, keys: Collection[LogKey]) -> dict[LogKey, Declared]:
    """What is declared of these."""
    return {
        (row.product, row.category, row.service): Declared(row.collected, row.note)
        for row in session.scalars(select(LogSource).where(_AT.in_(keys)))
    }


def declare(session: Session, actor: Actor, said: Mapping[LogKey, Declared | None]) -> None:
    """Write it down; None: nothing is known any more."""
    gone = [key for key, value in said.items() if value is None]
    if gone:
        session.execute(delete(LogSource).where(_AT.in_(gone)).execution_options(synchronize_session=False))
    rows = [
        {"product": key[0], "category": key[1], "service": key[2], "collected": value.collected, "note": value.note}
        | {"author_id": actor.id, "author_name": actor.name, "is_demo": False, "decided_at": func.now()}
        for key, value in said.items()
        if value is not None
    ]
    if rows:
        added = insert(LogSource).values(rows)
        kept = ("collected", "note", "author_id", "author_name", "is_demo", "decided_at")
        session.execute(
            added.on_conflict_do_update(
                index_elements=["product", "category", "service"],
                set_={name: added.excluded[name] for name in kept},
            )
        )
