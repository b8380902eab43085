"""What leads promise for the three times: so many of the cases within so long, with a reason."""

from data.database import Actor, unit_of_work
from data.repositories import audit, service_levels
from domain.durations import Measure, ServiceLevel, check_reason
from domain.roles import Permission, Role, require


def put(actor: Actor, role: Role, measure: Measure, level: ServiceLevel, reason: str) -> None:
    """Takes the place of the one that stands; the audit log keeps both, with the reason. Raises BadInput."""
    require(role, Permission.SET_SERVICE_LEVEL)
    said = check_reason(reason)
    with unit_of_work() as session:
        before = service_levels.get(session, measure)
        service_levels.put(session, measure, level, said, actor)
        audit.record(
            session,
            actor,
            "service_level.set",
            entity=("service_level", measure.value),
            before=_facts(before) if before else None,
            after={**_facts(level), "reason": said},
        )


def remove(actor: Actor, role: Role, measure: Measure, reason: str) -> None:
    """No target any more. Doing it again changes nothing."""
    require(role, Permission.SET_SERVICE_LEVEL)
    said = check_reason(reason)
    with unit_of_work() as session:
        before = service_levels.get(session, measure)
        if before is None:
            return
        service_levels.remove(session, measure)
        audit.record(
            session,
            actor,
            "service_level.removed",
            entity=("service_level", measure.value),
            before=_facts(before),
            after={"reason": said},
        )


def _facts(level: ServiceLevel) -> dict[str, float]:
    return {"seconds": level.seconds, "share": level.share}
