"""What people do with test templates: write their own, change them, and take any out of use.

Templates of a source are changed by its sync alone; whoever wants one otherwise makes an own one from it.
"""

from datetime import UTC, datetime
from uuid import UUID

from data.database import Actor, unit_of_work
from data.repositories import audit, templates
from domain.errors import BadInput, RuleViolated, StaleVersion
from domain.roles import Permission, Role, require
from domain.templates import OWN, Template, check_own

NOTE_MAX = 500


def create_own(actor: Actor, role: Role, value: Template, *, note: str = "") -> UUID:
    """A new template of ours; returns its id."""
    require(role, Permission.MANAGE_TEMPLATES)
    _check(value, note)
    with unit_of_work() as session:
        made = templates.add_own(session, actor, value, note=note)
        after = {"name": value.name, "technique": value.technique, "version": 1}
        audit.record(session, actor, "template.created", entity=("template", str(made.id)), after=after)
        return made.id


def edit_own(actor: Actor, role: Role, template_id: UUID, value: Template, *, seen_version: int, note: str = "") -> int:
    """A further version of a template of ours; returns its number. The same content again makes none.

    Raises StaleVersion when somebody else made a version after `seen_version`.
    """
    require(role, Permission.MANAGE_TEMPLATES)
    _check(value, note)
    with unit_of_work() as session:
        template = templates.locked(session, template_id)
        if template.source != OWN:
            raise RuleViolated("This template belongs to its source; make an own one from it to change it.")
        if template.version != seen_version:
            raise StaleVersion("Somebody changed this template meanwhile. Reload it and make your change again.")
        before = templates.value_of(session, template)
        if before == value:
            return template.version
        templates.change_own(session, template, actor, value, note=note, now=datetime.now(UTC))
        audit.record(
            session,
            actor,
            "template.changed",
            entity=("template", str(template.id)),
            before={"version": seen_version, "name": before.name, "technique": before.technique},
            after={"version": template.version, "name": value.name, "technique": value.technique, "note": note},
        )
        return template.version


def retire(actor: Actor, role: Role, template_id: UUID, *, reason: str) -> None:
    """Take a template out of use; tests made from it stay. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_TEMPLATES)
    why = reason.strip()
    if not why:
        raise BadInput("Say why it is taken out of use.", errors={"reason": "needed"})
    _check_note(why)
    with unit_of_work() as session:
        template = templates.locked(session, template_id)
        if template.retired_at is not None:
            return
        template.retired_at, template.retired_reason = datetime.now(UTC), why
        entity = ("template", str(template.id))
        audit.record(session, actor, "template.retired", entity=entity, after={"name": template.name, "reason": why})


def reinstate(actor: Actor, role: Role, template_id: UUID) -> None:
    """Put a retired template back into use. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_TEMPLATES)
    with unit_of_work() as session:
        template = templates.locked(session, template_id)
        if template.retired_at is None:
            return
        before = {"reason": template.retired_reason}
        template.retired_at = template.retired_reason = None
        entity = ("template", str(template.id))
        audit.record(session, actor, "template.reinstated", entity=entity, before=before, after={"name": template.name})


def _check(value: Template, note: str) -> None:
    check_own(value)
    _check_note(note)


def _check_note(note: str) -> None:
    if len(note) > NOTE_MAX or "\0" in note:
        raise BadInput(f"A note has at most {NOTE_MAX} characters.", errors={"note": "too long"})
