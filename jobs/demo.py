"""Loading and removing the demo organisation."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from data.database import Actor, reading, unit_of_work
from data.demo import answers, framework, organisation
from data.demo.catalogue import Catalogue
from data.demo.records import (
    CampaignRow,
    ClaimRow,
    ObservationRow,
    PersonRow,
    RemediationRow,
    RoundRow,
    RuleRow,
    TestRow,
    TimelineRow,
    ToolRow,
)
from data.repositories import audit, controls, demo, demo_answers, frameworks, outbox, scope, service_levels
from data.repositories.demo import Cleared
from domain.errors import Duplicate, RuleViolated
from domain.roles import Permission, Role, require
from jobs import snapshots


def is_loaded() -> bool:
    with reading() as session:
        return demo.is_loaded(session)


def load(
    actor: Actor, actor_role: Role = Role.ADMIN, *, seed: int = organisation.SEED, today: date | None = None
) -> Mapping[str, int]:
    """Invent a year that ends `today` (default: the present day, UTC) and store it; returns rows by table.

    The default role is that of whoever can run commands on the instance. Raises Duplicate when it is loaded, and
    RuleViolated when there is no map to invent it on.
    """
    require(actor_role, Permission.MANAGE_DEMO)
    with unit_of_work() as session:
        demo.lock(session)
        if demo.is_loaded(session):
            raise Duplicate("The demo organisation is loaded already.")
        catalogue = demo.catalogue(session)
        if catalogue is None:
            raise RuleViolated("The demo organisation needs MITRE ATT&CK; load it first, on the Sources page.")
        day = today or datetime.now(UTC).date()
        made = organisation.Organisation(catalogue, day, seed=seed)
        rules = list(made.rules())
        stories = sorted(made.stories(organisation.firing(rules)), key=lambda story: story.test.created_at)
        stored = demo.store(
            session,
            {
                PersonRow: made.person_rows(),
                ToolRow: made.tool_rows(),
                CampaignRow: made.campaign_rows(),
                RuleRow: [rule.row for rule in rules],
                ClaimRow: [claim for rule in rules for claim in rule.claims],
                TestRow: [story.test for story in stories],
                RoundRow: [row for story in stories for row in story.rounds],
                ObservationRow: [row for story in stories for row in story.observations],
                TimelineRow: [row for story in stories for row in story.timeline],
                RemediationRow: [story.remediation for story in stories if story.remediation is not None],
            },
        )
        lead = made.lead()
        service_levels.of_demo(session, made.targets(), Actor(name=lead.name, id=lead.id))
        scope.of_demo(session, catalogue.domain, made.out_of_scope())
        stored |= _policy(session, catalogue, day)
        demo_answers.store(session, catalogue.domain, answers.decide(catalogue, made.staff, rules))
        audit.record(session, actor, "demo.loaded", after={"domain": catalogue.domain, "seed": seed, "rows": stored})
        outbox.add(session, "demo.loaded", {"tests": stored["security_test"]})
    snapshots.look_back(catalogue.domain, is_demo=True)
    return stored


def _policy(session: Session, catalogue: Catalogue, day: date) -> dict[str, int]:
    """Its security policy as a framework, with what was decided about the controls; returns rows by table."""
    now = datetime.combine(day, time(), UTC)
    record = framework.record({one.attack_id for one in catalogue.subjects})
    frameworks.add_own(session, record, now=now, is_demo=True)
    decided = framework.decisions(day)
    for one in decided:
        control = controls.find(session, record.slug, one.code)
        controls.add(session, control, one.value, Actor(name="demo_kowalski"), now - timedelta(days=one.days_ago))
    return {
        "framework": 1,
        "control": len(record.controls),
        "control_mapping": len(record.mappings),
        "control_decision": len(decided),
    }


def clear(actor: Actor, actor_role: Role) -> Cleared:
    """Remove the demo organisation; what real people made stays. Doing it again changes nothing and is no error."""
    require(actor_role, Permission.MANAGE_DEMO)
    with unit_of_work() as session:
        demo.lock(session)
        cleared = demo.clear(session)
        if cleared.anything:
            after = {"removed": dict(cleared.removed), "tools_kept": cleared.tools_kept}
            audit.record(session, actor, "demo.cleared", after=after)
            outbox.add(session, "demo.cleared", {"tests": cleared.removed["security_test"]})
    return cleared
