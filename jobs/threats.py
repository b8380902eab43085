"""What leads say of the threat: which groups are ours to fear, and which techniques weigh more or less than it says."""

from collections.abc import Sequence

from data.database import Actor, unit_of_work
from data.models import TechniquePriority, ThreatGroup
from data.repositories import audit, threats
from domain.attack_ids import DOMAINS, normalise
from domain.errors import BadInput, NotFound
from domain.relevance import Priority
from domain.roles import Permission, Role, require

GROUPS_MAX = 100
REASON_MAX = 500


def name_groups(actor: Actor, role: Role, domain: str, attack_ids: Sequence[str], *, reason: str) -> int:
    """Say that these groups threaten us; one that is named already gets the new reason. Returns how many changed."""
    require(role, Permission.MANAGE_THREATS)
    _check_domain(domain)
    why = _reason(reason)
    wanted = sorted({normalise(one)[:20] for one in attack_ids})
    if not 1 <= len(wanted) <= GROUPS_MAX:
        raise BadInput(f"Between 1 and {GROUPS_MAX} groups at a time. Nothing was changed.")
    changed = 0
    with unit_of_work() as session:
        names = threats.group_names(session, domain, wanted)
        held = threats.own_groups(session, domain, wanted)
        entries = []
        for attack_id in wanted:
            before = held.get(attack_id)
            if before is not None and before.reason == why:
                continue
            changed += 1
            old = {"reason": before.reason} if before else None
            after = {"name": names[attack_id], "domain": domain, "reason": why}
            entries.append(audit.Entry("threat.group_named", entity=("group", attack_id), before=old, after=after))
            if before is None:
                made = ThreatGroup(
                    domain=domain, attack_id=attack_id, reason=why, author_id=actor.id, author_name=actor.name
                )
                session.add(made)
            else:
                before.reason, before.author_id, before.author_name = why, actor.id, actor.name
                before.is_demo = False
        if entries:
            session.flush()
            audit.record_many(session, actor, entries)
    return changed


def drop_group(actor: Actor, role: Role, domain: str, attack_id: str) -> None:
    """A group that is no threat of ours any more. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_THREATS)
    wanted = normalise(attack_id)[:20]
    with unit_of_work() as session:
        held = threats.own_groups(session, domain, [wanted]).get(wanted)
        if held is None:
            return
        before = {"domain": domain, "reason": held.reason}
        session.delete(held)
        audit.record(session, actor, "threat.group_dropped", entity=("group", wanted), before=before)


def set_priority(
    actor: Actor, role: Role, domain: str, attack_id: str, priority: Priority | None, *, reason: str = ""
) -> None:
    """That a technique weighs more or less here than the threat says; None: as it says. Twice changes nothing."""
    require(role, Permission.MANAGE_THREATS)
    _check_domain(domain)
    wanted = normalise(attack_id)[:20]
    why = _reason(reason) if priority is not None else ""
    with unit_of_work() as session:
        held = threats.priority(session, domain, wanted)
        before = {"priority": held.priority, "reason": held.reason} if held else None
        if priority is None:
            if held is None:
                return
            session.delete(held)
            after = None
        else:
            name = threats.technique_name(session, domain, wanted)
            after = {"priority": priority.value, "reason": why}
            if before == after:
                return
            if held is None:
                held = TechniquePriority(domain=domain, attack_id=wanted)
                session.add(held)
            held.priority, held.reason, held.is_demo = priority.value, why, False
            held.author_id, held.author_name = actor.id, actor.name
            after |= {"name": name}
        audit.record(session, actor, "threat.priority_set", entity=("technique", wanted), before=before, after=after)


def _check_domain(domain: str) -> None:
    if domain not in DOMAINS:
        raise NotFound("There is no such map.")


def _reason(given: str) -> str:
    why = given.strip()
    if not why:
        raise BadInput("Say why; whoever reads the score later asks.", errors={"reason": "needed"})
    if len(why) > REASON_MAX or "\0" in why:
        raise BadInput(f"A reason has at most {REASON_MAX} characters.", errors={"reason": "too long"})
    return why
