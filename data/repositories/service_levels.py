"""The targets the organisation set itself for its times: one standing a measure."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import ServiceLevel as Row
from domain.durations import Measure, ServiceLevel


def get(session: Session, measure: Measure) -> ServiceLevel | None:
    """Locked until the transaction ends."""
    found = session.scalars(select(Row).where(Row.measure == measure).with_for_update()).first()
    return ServiceLevel(found.seconds, found.share) if found else None


def put(
    session: Session, measure: Measure, level: ServiceLevel, reason: str, actor: Actor, *, is_demo: bool = False
) -> None:
    session.merge(
        Row(
            measure=measure.value,
            seconds=level.seconds,
            share=level.share,
            reason=reason,
            author_id=actor.id,
            author_name=actor.name,
            decided_at=func.now(),
            is_demo=is_demo,
        )
    )


def of_demo(session: Session, levels: Mapping[Measure, tuple[ServiceLevel, str]], actor: Actor) -> None:
    """Promise what the demo organisation promises, where nothing stands."""
    for measure, (level, reason) in levels.items():
        if get(session, measure) is None:
            put(session, measure, level, reason, actor, is_demo=True)


def remove(session: Session, measure: Measure) -> None:
    found = session.get(Row, measure.value)
    if found is not None:
        session.delete(found)
