"""Own groups and priorities of techniques, each with who said so and why."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import AttackObject, TechniquePriority, ThreatGroup
from data.repositories import techniques
from domain.errors import NotFound


def group_names(session: Session, domain: str, attack_ids: Collection[str]) -> dict[str, str]:
    """Id -> name. Raises NotFound when one is no group of the loaded map."""
    rows = session.execute(
        select(AttackObject.attack_id, AttackObject.name).where(
            AttackObject.domain == domain,
            AttackObject.kind == "group",
            AttackObject.active,
            AttackObject.attack_id.in_(attack_ids),
        )
    )
    found = {str(row.attack_id): row.name for row in rows}
    if missing := sorted(set(attack_ids) - found.keys()):
        raise NotFound(f"ATT&CK has no group {missing[0][:20]} on the loaded map. Nothing was changed.")
    return found


def own_groups(session: Session, domain: str, attack_ids: Collection[str]) -> dict[str, ThreatGroup]:
    rows = session.scalars(
        select(ThreatGroup).where(ThreatGroup.domain == domain, ThreatGroup.attack_id.in_(attack_ids)).with_for_update()
    )
    return {row.attack_id: row for row in rows}


def priority(session: Session, domain: str, attack_id: str) -> TechniquePriority | None:
    found = select(TechniquePriority).where(
        TechniquePriority.domain == domain, TechniquePriority.attack_id == attack_id
    )
    return session.scalars(found.with_for_update()).one_or_none()


def technique_name(session: Session, domain: str, attack_id: str) -> str:
    """Raises NotFound when it is no active technique of the domain."""
    found = techniques.by_attack_id(session, attack_id, domain)
    if found is None or found.domain != domain or not found.active:
        raise NotFound(f"ATT&CK has no technique {attack_id[:20]} on the loaded map.")
    return found.name
