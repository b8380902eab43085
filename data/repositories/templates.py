"""Templates as entities: what people write, change and retire, and what a test is made from."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import TemplateVersion, TestTemplate
from data.repositories import claims
from data.repositories.rules import why_not_placed
from domain.errors import BadInput, NotFound
from domain.templates import OWN, Template, procedure_key, search_words


@dataclass(frozen=True, slots=True)
class ForTest:
    """What a test takes from a template. `technique_id` is None where the claim is not on the loaded map."""

    id: UUID
    version: int
    procedure_key: str
    technique_id: UUID | None
    claimed_technique: str
    retired: bool
    removed: bool
    value: Template


def add_own(session: Session, actor: Actor, value: Template, *, note: str) -> TestTemplate:
    """A new template of ours, with its first version. Raises BadInput when its technique is not on the map."""
    ident = uuid4()
    made = TestTemplate(
        id=ident,
        source=OWN,
        source_id=str(ident),
        procedure_key=procedure_key(OWN, str(ident)),
        version=1,
        author=actor.name,
        created_by=actor.id,
        **_columns(session, value),
    )
    session.add(made)
    session.flush()
    _add_version(session, made, value, actor, note)
    return made


def change_own(
    session: Session, template: TestTemplate, actor: Actor, value: Template, *, note: str, now: datetime
) -> None:
    """A further version. Raises BadInput when its technique is not on the map."""
    for name, new in _columns(session, value).items():
        setattr(template, name, new)
    template.version += 1
    template.updated_at = now
    _add_version(session, template, value, actor, note)


def locked(session: Session, template_id: UUID) -> TestTemplate:
    """The template, locked for change. Raises NotFound."""
    found = session.get(TestTemplate, template_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such template.")
    return found


def value_of(session: Session, template: TestTemplate) -> Template:
    """What its newest version runs."""
    held = session.get_one(TemplateVersion, (template.id, template.version))
    return Template.of(held.content)


def for_tests(session: Session, ids: Collection[UUID]) -> list[ForTest]:
    """The newest versions of these templates, in the order given; one statement. Raises NotFound for an unknown id."""
    rows = session.execute(
        select(TestTemplate, TemplateVersion.content)
        .join(
            TemplateVersion,
            (TemplateVersion.template_id == TestTemplate.id) & (TemplateVersion.version == TestTemplate.version),
        )
        .where(TestTemplate.id.in_(ids))
    )
    found = {row.id: _for_test(row, content) for row, content in rows}
    if missing := sum(ident not in found for ident in ids):
        raise NotFound(
            "There is no such template." if missing == 1 else f"{missing:,} of these templates do not exist."
        )
    return [found[ident] for ident in ids]


def _for_test(row: TestTemplate, content: dict[str, object]) -> ForTest:
    return ForTest(
        id=row.id,
        version=row.version,
        procedure_key=row.procedure_key,
        technique_id=row.technique_id,
        claimed_technique=row.claimed_technique,
        retired=row.retired_at is not None,
        removed=row.removed_at is not None,
        value=Template.of(content),
    )


def _columns(session: Session, value: Template) -> dict[str, object]:
    claims.lock(session)
    at = claims.index(session).place(value.technique)
    if at.key is None:
        raise BadInput(f"{why_not_placed(value.technique)}.", errors={"technique": "not on the loaded map"})
    packed = orjson.dumps(value.as_dict())
    return {
        "name": value.name,
        "description": value.description,
        "claimed_technique": value.technique,
        "technique_id": at.key,
        "resolution": at.resolution.value,
        "platforms": list(value.platforms),
        "named_platforms": list(value.platforms),
        "tools": list(value.tools),
        "elevation_required": value.elevation_required,
        "words": func.to_tsvector("simple", search_words(value)),
        "content_hash": hashlib.blake2b(packed, digest_size=16).digest(),
    }


def _add_version(session: Session, template: TestTemplate, value: Template, actor: Actor, note: str) -> None:
    session.add(
        TemplateVersion(
            template_id=template.id,
            version=template.version,
            content=value.as_dict(),
            made_by=actor.id,
            made_by_name=actor.name,
            note=note,
        )
    )
