"""Techniques as entities that people decide about."""

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from data.models import Technique


def by_attack_id(session: Session, attack_id: str, domain: str = "") -> Technique | None:
    """The active technique with this id, locked for change; of several domains the given one, then Enterprise."""
    order = case((Technique.domain == domain, 0), (Technique.domain == "enterprise-attack", 1), else_=2)
    found = select(Technique).where(Technique.attack_id == attack_id, Technique.active).order_by(order).limit(1)
    return session.scalars(found.with_for_update()).first()
