"""The four tables an ATT&CK bundle is written to: their columns, what of them is compared, and the bulk write."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.bulk import among, stage
from data.models import AttackObject, AttackRelationship, Tactic, Technique
from data.sources.attack_objects import KINDS
from data.sources.attack_records import AttackBundle

_PUBLISHED = (
    "stix_id",
    "attack_id",
    "name",
    "description",
    "url",
    "object_version",
    "published_at",
    "modified_at",
    "revoked",
    "deprecated",
    "content_hash",
)
_TEXTS = frozenset({"description", "detection"})


@dataclass(frozen=True, slots=True)
class Table:
    """`label` in reports. `columns` are also the record's fields; of a change in those `compared` people are told."""

    model: Any
    label: str
    columns: tuple[str, ...]
    compared: tuple[str, ...]
    records: Callable[[AttackBundle], Iterable[Any]]

    @property
    def compared_without_texts(self) -> tuple[str, ...]:
        return tuple(name for name in self.compared if name not in _TEXTS)

    @staticmethod
    def kind_of(stix_id: str) -> str:
        """The kind of an object that is not in the bundle any more, from its STIX id."""
        return KINDS.get(stix_id.partition("--")[0], "object")


TACTIC = Table(
    Tactic,
    "tactic",
    (*_PUBLISHED, "shortname", "position"),
    ("attack_id", "description", "shortname", "position"),
    lambda bundle: bundle.tactics,
)
TECHNIQUE = Table(
    Technique,
    "technique",
    (*_PUBLISHED, "is_subtechnique", "platforms", "tactics", "detection"),
    ("attack_id", "description", "platforms", "tactics", "detection", "is_subtechnique"),
    lambda bundle: bundle.techniques,
)
OBJECT = Table(
    AttackObject,
    "object",
    (*_PUBLISHED, "kind", "aliases", "platforms", "details"),
    ("attack_id", "description", "aliases", "platforms", "details"),
    lambda bundle: bundle.objects,
)
RELATIONSHIP = Table(
    AttackRelationship,
    "relationship",
    ("stix_id", "kind", "source_ref", "target_ref", "description", "revoked", "deprecated", "content_hash"),
    (),
    lambda bundle: bundle.relationships,
)
TABLES = (TACTIC, TECHNIQUE, OBJECT, RELATIONSHIP)


def write(
    session: Session, table: Table, domain: str, *, records: Collection[Any], vanish: Collection[str], now: datetime
) -> None:
    """Insert or update `records`, and mark `vanish` (STIX ids) as gone. No statement is sent for nothing."""
    model = table.model
    if records:
        rows = ([getattr(record, name) for name in table.columns] for record in records)
        staged = stage(session, f"staged_{model.__tablename__}", model.__tablename__, table.columns, rows)
        active = not_(or_(staged.c.revoked, staged.c.deprecated))
        copied = insert(model).from_select(
            ["domain", *table.columns, "active"],
            select(literal(domain, Text), *(staged.c[name] for name in table.columns), active),
        )
        updates = {name: copied.excluded[name] for name in (*table.columns, "active") if name != "stix_id"}
        session.execute(
            copied.on_conflict_do_update(index_elements=["domain", "stix_id"], set_={**updates, "vanished_at": None})
        )
    if vanish:
        session.execute(
            update(model)
            .where(model.domain == domain, among(model.stix_id, vanish))
            .values(vanished_at=now, active=False)
            .execution_options(synchronize_session=False)
        )
