"""Views of a page under a name: a person's own, and those that others share."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.models import SavedView, User
from domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`by` is the name of whose it is."""

    id: UUID
    name: str
    query: str
    shared: bool
    owner_id: UUID
    by: str


def of(session: Session, user_id: UUID, page: str) -> Sequence[View]:
    """What this person can open: their own first, then what others share; by name."""
    rows = session.execute(
        select(SavedView.id, SavedView.name, SavedView.query, SavedView.shared, SavedView.user_id, User.display_name)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.page == page, or_(SavedView.user_id == user_id, SavedView.shared))
        .order_by(SavedView.user_id != user_id, func.lower(SavedView.name), SavedView.id)
    )
    return [
        View(id=one.id, name=one.name, query=one.query, shared=one.shared, owner_id=one.user_id, by=one.display_name)
        for one in rows
    ]


def names(session: Session, user_id: UUID, page: str) -> set[str]:
    """Of a person's own views."""
    return set(session.scalars(select(SavedView.name).where(SavedView.user_id == user_id, SavedView.page == page)))


def keep(session: Session, user_id: UUID, page: str, name: str, query: str, *, shared: bool) -> UUID:
    """Under this name; the same name again replaces what it stood for."""
    stored = insert(SavedView).values(user_id=user_id, page=page, name=name, query=query, shared=shared)
    changed = {"query": query, "shared": shared}
    kept = stored.on_conflict_do_update(index_elements=["user_id", "page", "name"], set_=changed)
    return session.execute(kept.returning(SavedView.id)).scalar_one()


def get(session: Session, view_id: UUID) -> SavedView:
    row = session.get(SavedView, view_id)
    if row is None:
        raise NotFound("There is no such view any more.")
    return row


def remove(session: Session, view_id: UUID) -> None:
    session.execute(delete(SavedView).where(SavedView.id == view_id))
