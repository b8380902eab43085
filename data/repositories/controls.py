"""Controls and what people decide about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import Control, ControlDecision, Framework
from domain.compliance import Decision, code_key
from domain.errors import NotFound


def find(session: Session, slug: str, code: str) -> Control:
    """A control by its framework and code, also without its leading zeros; locked. Raises NotFound."""
    rows = session.execute(
        select(Control.id, Control.code)
        .join(Framework, Framework.id == Control.framework_id)
        .where(Framework.slug == slug, Framework.removed_at.is_(None), Control.removed_at.is_(None))
    ).all()
    wanted = code_key(code)
    found: UUID | None = next((row.id for row in rows if row.code == code), None)
    found = found or next((row.id for row in rows if code_key(row.code) == wanted), None)
    control = session.get(Control, found, with_for_update=True) if found else None
    if control is None:
        raise NotFound("There is no such control.")
    return control


def standing(session: Session, control: Control) -> ControlDecision | None:
    """What was decided last and not withdrawn; it may have expired."""
    return session.scalars(
        select(ControlDecision).where(ControlDecision.control_id == control.id, ControlDecision.withdrawn_at.is_(None))
    ).one_or_none()


def withdraw(session: Session, decision: ControlDecision, actor: Actor, now: datetime) -> None:
    decision.withdrawn_at, decision.withdrawn_by_name = now, actor.name
    session.flush()


def add(session: Session, control: Control, made: Decision, actor: Actor, now: datetime) -> None:
    session.add(
        ControlDecision(
            control_id=control.id,
            kind=made.kind,
            reason=made.reason,
            expires_on=made.expires_on,
            author_id=actor.id,
            author_name=actor.name,
            created_at=now,
        )
    )
