"""A small map with tests and rules on it, put into the test's database row by row."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from data.database import unit_of_work
from data.models import (
    AttackObject,
    AttackRelease,
    Control,
    ControlMapping,
    Countermeasure,
    CountermeasureDecision,
    CountermeasureTechnique,
    DetectionRule,
    Framework,
    RuleTechnique,
    ScopeDecision,
    SecurityTest,
    Tactic,
    Technique,
    TechniqueLink,
    TechniquePriority,
    TechniqueTactic,
    ThreatGroup,
)
from domain.outcomes import Detection, Outcome, Prevention

ENTERPRISE = "enterprise-attack"
NOW = datetime.now(UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def release(version: str = "18.1", domain: str = ENTERPRISE, *, shortened: bool = False) -> None:
    with unit_of_work() as session:
        session.add(
            AttackRelease(domain=domain, version=version, origin="file", bundle_sha256="00", shortened=shortened)
        )


def tactics(*shortnames: str, domain: str = ENTERPRISE) -> None:
    """Columns in the order given, named like their short names."""
    with unit_of_work() as session:
        for position, shortname in enumerate(shortnames):
            session.add(
                Tactic(
                    domain=domain,
                    stix_id=f"x-mitre-tactic--{domain}-{shortname}",
                    attack_id=f"TA{position:04}",
                    name=shortname.replace("-", " ").capitalize(),
                    shortname=shortname,
                    position=position,
                    content_hash=b"",
                )
            )


def technique(
    attack_id: str,
    *,
    under: Sequence[str] = (),
    platforms: Sequence[str] = ("Windows",),
    groups: int = 0,
    domain: str = ENTERPRISE,
    **more: Any,
) -> UUID:
    """A technique, or (by the dot in its id) a sub-technique of one that is there."""
    with unit_of_work() as session:
        parent = None
        if "." in attack_id:
            parent = session.scalars(
                select(Technique.id).where(
                    Technique.domain == domain, Technique.attack_id == attack_id.partition(".")[0]
                )
            ).one()
        made = Technique(
            id=uuid4(),
            domain=domain,
            stix_id=f"attack-pattern--{uuid4()}",
            attack_id=attack_id,
            is_subtechnique=parent is not None,
            parent_id=parent,
            tactics=list(under),
            platforms=list(platforms),
            group_count=groups,
            content_hash=b"",
            **{"name": f"Name of {attack_id}", **more},
        )
        session.add(made)
        session.flush()
        columns = select(Tactic.id).where(Tactic.domain == domain, Tactic.shortname.in_(under))
        session.add_all(TechniqueTactic(technique_id=made.id, tactic_id=column) for column in session.scalars(columns))
        return made.id


def security_test(technique_id: UUID, result: str = "none/missed", *, days: float = 10, **more: Any) -> UUID:
    """A validated test executed so many days ago; `result` is "prevention/detection". `state` for unfinished ones."""
    state = more.get("state", "validated")
    values: dict[str, Any] = {
        "title": "A test",
        "claimed_technique": "T0000",
        "procedure_key": "procedure",
        "platform": "Windows",
        "state": state,
        "created_at": days_ago(days + 1),
    }
    if state == "validated":
        prevention, detection = result.split("/")
        values |= {
            "prevention": prevention,
            "detection": detection,
            "outcome": Outcome.of(Prevention(prevention), Detection(detection)),
            "executed_at": days_ago(days),
            "validated_at": days_ago(days - 0.5),
        }
    with unit_of_work() as session:
        made = SecurityTest(id=uuid4(), technique_id=technique_id, **(values | more))
        session.add(made)
        return made.id


def rule(claims: Mapping[str, UUID | None], *, source: str = "sigma", **more: Any) -> UUID:
    """A rule that claims these ids: where each lies on the map, or None where it lies nowhere."""
    with unit_of_work() as session:
        made = DetectionRule(
            id=uuid4(),
            source=source,
            language="sigma",
            body="detection: {}",
            content_hash=b"",
            **{"external_id": str(uuid4()), "title": "A rule", "level": "critical", "status": "stable", **more},
        )
        session.add(made)
        session.flush()
        for claimed, technique_id in claims.items():
            session.add(
                RuleTechnique(
                    rule_id=made.id,
                    claimed_id=claimed,
                    technique_id=technique_id,
                    resolution="direct" if technique_id else "not_placed",
                )
            )
        return made.id


def attack_object(kind: str, attack_id: str | None, name: str, *, uses: Mapping[UUID, str], **more: Any) -> UUID:
    """Something around the techniques; `uses` maps technique to the kind of link."""
    with unit_of_work() as session:
        made = AttackObject(
            id=uuid4(),
            domain=more.pop("domain", ENTERPRISE),
            stix_id=f"{kind}--{uuid4()}",
            kind=kind,
            attack_id=attack_id,
            name=name,
            content_hash=b"",
            **more,
        )
        session.add(made)
        session.flush()
        for technique_id, link in uses.items():
            session.add(TechniqueLink(technique_id=technique_id, object_id=made.id, kind=link))
        return made.id


def out_of_scope(kind: str, ref: str, *, domain: str = ENTERPRISE, in_scope: bool = False) -> None:
    with unit_of_work() as session:
        session.add(
            ScopeDecision(domain=domain, kind=kind, ref=ref, in_scope=in_scope, reason="Why", author_name="ana")
        )


def own_group(attack_id: str, *, domain: str = ENTERPRISE) -> None:
    with unit_of_work() as session:
        session.add(ThreatGroup(domain=domain, attack_id=attack_id, reason="Why", author_name="ana"))


def priority(attack_id: str, word: str, *, domain: str = ENTERPRISE) -> None:
    with unit_of_work() as session:
        session.add(
            TechniquePriority(domain=domain, attack_id=attack_id, priority=word, reason="Why", author_name="ana")
        )


def countermeasure(d3fend_id: str, *, against: Sequence[UUID], state: str | None = None) -> UUID:
    """A countermeasure that applies to these techniques; `state` as decided, None when nobody decided."""
    with unit_of_work() as session:
        made = Countermeasure(id=uuid4(), d3fend_id=d3fend_id, name=f"Name of {d3fend_id}", content_hash=b"")
        session.add(made)
        session.flush()
        for technique_id in against:
            session.add(
                CountermeasureTechnique(
                    countermeasure_id=made.id,
                    claimed_id=str(technique_id),
                    technique_id=technique_id,
                    resolution="direct",
                )
            )
        if state:
            session.add(CountermeasureDecision(countermeasure_id=made.id, state=state, author_name="ana"))
        return made.id


def framework(
    slug: str, mapped: Mapping[str, Sequence[UUID]], *, kind: str = "controls", not_mappable: Sequence[str] = ()
) -> UUID:
    """A framework whose controls (by code) are mapped to these techniques."""
    with unit_of_work() as session:
        made = Framework(
            id=uuid4(), slug=slug, name=f"Name of {slug}", kind=kind, origin="own", domain=ENTERPRISE, content_hash=b""
        )
        session.add(made)
        session.flush()
        for position, code in enumerate([*mapped, *not_mappable]):
            control = Control(
                id=uuid4(),
                framework_id=made.id,
                code=code,
                name=f"Name of {code}",
                position=position,
                not_mappable=code in not_mappable,
                content_hash=b"",
            )
            session.add(control)
            session.flush()
            session.add_all(
                ControlMapping(
                    framework_id=made.id,
                    control_id=control.id,
                    claimed_id=str(technique_id),
                    technique_id=technique_id,
                    resolution="direct",
                    mapping_type="mitigates",
                    position=place,
                )
                for place, technique_id in enumerate(mapped.get(code, ()))
            )
        return made.id
