"""What leads decide about a control: that it is out of scope, or that its risk is accepted until a day."""

from datetime import UTC, date, datetime
from typing import Any

from data.database import Actor, unit_of_work
from data.models import ControlDecision
from data.repositories import audit, controls
from domain.compliance import Decision, DecisionKind
from domain.errors import NotFound
from domain.roles import Permission, Role, require

NEEDS = {DecisionKind.OUT_OF_SCOPE: Permission.MANAGE_FRAMEWORKS, DecisionKind.RISK_ACCEPTED: Permission.ACCEPT_RISK}


def decide(actor: Actor, role: Role, slug: str, code: str, *, kind: str, reason: str, expires_on: date | None) -> None:
    """Decide; what was decided before is withdrawn by it and stays in the history. The same again changes nothing."""
    now = datetime.now(UTC)
    require(role, Permission.ACCEPT_RISK)
    made = Decision.asked(kind, reason, expires_on, today=now.date())
    require(role, NEEDS[made.kind])
    with unit_of_work() as session:
        control = controls.find(session, slug, code)
        before = controls.standing(session, control)
        if before is not None:
            if (before.kind, before.reason, before.expires_on) == (made.kind, made.reason, made.expires_on):
                return
            controls.withdraw(session, before, actor, now)
        controls.add(session, control, made, actor, now)
        audit.record(
            session,
            actor,
            f"control.{made.kind}",
            entity=("control", f"{slug} {control.code}"),
            before=_facts(before),
            after={"reason": made.reason, "expires_on": made.expires_on and made.expires_on.isoformat()},
        )


def withdraw(actor: Actor, role: Role, slug: str, code: str) -> None:
    """What was decided no longer holds. Raises NotFound when nothing is."""
    require(role, Permission.ACCEPT_RISK)
    with unit_of_work() as session:
        control = controls.find(session, slug, code)
        before = controls.standing(session, control)
        if before is None:
            raise NotFound("Nothing is decided about this control.")
        require(role, NEEDS[DecisionKind(before.kind)])
        controls.withdraw(session, before, actor, datetime.now(UTC))
        entity = ("control", f"{slug} {control.code}")
        audit.record(session, actor, "control.decision_withdrawn", entity=entity, before=_facts(before))


def _facts(decision: ControlDecision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "kind": decision.kind,
        "reason": decision.reason,
        "expires_on": decision.expires_on and decision.expires_on.isoformat(),
        "by": decision.author_name,
    }
