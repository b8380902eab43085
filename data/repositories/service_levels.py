"""The targets the organisation set itself for its times: one standing a measure."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import ServiceLevel as Row
from domain.durations import Measure, ServiceLevel


def get(session: Session, measure: Measure) -> ServiceLevel | None:
    """Locked until the transaction ends."""
    found = session.scalars(select(Row).where(Row.measure == measure).with_for_update()).first()
    return ServiceLevel(found.seconds, found.share) if found else None


def put(session: Session, measure: Measure, level: ServiceLevel, reason: str, actor: Actor) -> None:
    session.merge(
        Row(
            measure=measure.value,
            seconds=level.seconds,
            share=level.share,
            reason=reason,
            author_id=actor.id,
            author_name=actor.name,
        )
    )


def remove(session: Session, measure: Measure) -> None:
    found = session.get(Row, measure.value)
    if found is not None:
        session.delete(found)
