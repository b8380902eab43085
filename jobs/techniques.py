"""What people decide about techniques and the rules that claim them."""

from datetime import UTC, datetime
from uuid import UUID

from data.database import Actor, unit_of_work
from data.models import DetectionRule
from data.repositories import audit, techniques
from domain.errors import NotFound, RuleViolated
from domain.roles import Permission, Role, require


def mark_reviewed(actor: Actor, role: Role, attack_id: str, domain: str = "") -> None:
    """Somebody has looked at what ATT&CK changed. Doing it twice changes nothing."""
    require(role, Permission.REVIEW_TECHNIQUE)
    with unit_of_work() as session:
        technique = techniques.by_attack_id(session, attack_id.strip().upper(), domain)
        if technique is None:
            raise NotFound(f"There is no technique {attack_id[:20]} on the loaded maps.")
        if technique.review_since is None:
            return
        before = {"attack_id": technique.attack_id, "review_since": technique.review_since.isoformat()}
        technique.review_since = None
        technique.reviewed_at = datetime.now(UTC)
        technique.reviewed_by = actor.id
        audit.record(session, actor, "technique.reviewed", entity=("technique", str(technique.id)), before=before)


def set_rule_enabled(actor: Actor, role: Role, rule_id: UUID, *, enabled: bool) -> None:
    """Whether a rule counts as a claim of coverage. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_RULES)
    with unit_of_work() as session:
        rule = session.get(DetectionRule, rule_id, with_for_update=True)
        if rule is None:
            raise NotFound("There is no such rule.")
        if rule.removed_at is not None:
            raise RuleViolated("Its source no longer has this rule, so that it cannot be enabled or disabled.")
        if rule.enabled == enabled:
            return
        rule.enabled = enabled
        action = "rule.enabled" if enabled else "rule.disabled"
        entity = ("rule", str(rule.id))
        audit.record(session, actor, action, entity=entity, after={"title": rule.title, "source": rule.source})
