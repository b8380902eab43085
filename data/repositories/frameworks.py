"""Taking in frameworks with their mapping to ATT&CK: everything in the caller's transaction, in a few statements each.

A framework takes the place of the one with its slug; whatever is decided about its controls stays with their codes. A
framework never touches another one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.bulk import among, copy_rows, stage
from data.models import Control, ControlMapping, Framework
from data.repositories import claims
from data.repositories.rules import why_not_placed
from data.repositories.sync_runs import Item
from data.sources.framework_records import ControlRecord, FrameworkRecord, FrameworkSet, MappingRecord
from domain.attack_ids import DOMAIN_LABELS, DOMAINS
from domain.errors import Duplicate
from domain.sync import Change, Plan, State, plan

_CONTROL = ("framework_id", "code", "name", "group_code", "group_name", "position", "not_mappable", "note")
_MAPPING = (
    "framework_id",
    "control_id",
    "claimed_id",
    "claimed_name",
    "technique_id",
    "resolution",
    "mapping_type",
    "score_category",
    "score_value",
    "comment",
    "references",
    "position",
    "details",
)
_FACTS = ("name", "version", "kind", "origin", "domain", "attack_version", "details")
_WORDS = {Change.VANISHED: Change.REMOVED, Change.REACTIVATED: Change.RESTORED}
# As rules are counted: a pair of a control and an id that lies nowhere on the loaded maps.
_NOT_PLACED = """
SELECT mapping.claimed_id, count(DISTINCT mapping.control_id) AS controls
FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
WHERE framework.slug = :slug AND mapping.resolution = 'not_placed' AND mapping.control_id IS NOT NULL
GROUP BY 1 ORDER BY 1
"""
_MITIGATIONS = """
SELECT attack_id, name, description FROM attack_object
WHERE domain = :domain AND kind = 'mitigation' AND active AND attack_id IS NOT NULL ORDER BY attack_id
"""
_MITIGATES = """
SELECT object.attack_id AS control, technique.attack_id AS technique, technique.name, link.description
FROM attack_relationship AS link
JOIN attack_object AS object ON object.domain = link.domain AND object.stix_id = link.source_ref
  AND object.kind = 'mitigation' AND object.active AND object.attack_id IS NOT NULL
JOIN technique ON technique.domain = link.domain AND technique.stix_id = link.target_ref AND technique.active
WHERE link.domain = :domain AND link.kind = 'mitigates' AND link.active
ORDER BY 1, 2, link.stix_id
"""


@dataclass(slots=True)
class TakenIn:
    """What taking frameworks in did. `counts` is what the run keeps; `items` its lines."""

    changed: bool
    counts: dict[str, Any]
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class _Applied:
    """One framework: its plan by control code; `new` when nothing was known of it."""

    record: FrameworkRecord
    hashes: Mapping[str, bytes]
    digest: bytes
    plan: Plan
    known: Mapping[str, State]
    new: bool
    was_version: str = ""
    restored: bool = False


def take_in(session: Session, brought: FrameworkSet, *, now: datetime) -> TakenIn:
    """Each framework that is brought becomes what its slug stands for. Nothing is written for nothing."""
    claims.lock(session)
    applied = [one for record in brought.frameworks if (one := _apply(session, record, now)) is not None]
    counts: dict[str, Any] = {
        "read": sum(len(record.mappings) for record in brought.frameworks),
        "frameworks": [record.slug for record in brought.frameworks],
        "rejected": len(brought.rejected),
    }
    standing = [item for record in brought.frameworks for item in _not_placed(session, record)]
    counts["not_placed"] = sum(number for _item, number in standing)
    items = [item for item, _number in standing]
    if not applied:
        return TakenIn(changed=False, counts=counts, items=items)
    counts["objects"] = {
        kind: counted
        for kind, counted in (("framework", _framework_counts(applied)), ("control", _control_counts(applied)))
        if counted
    }
    return TakenIn(changed=True, counts=counts, items=[line for one in applied for line in _items(one)] + items)


def take_in_mitigations(session: Session, domain: str, version: str, *, now: datetime) -> None:
    """ATT&CK's own mitigations as a framework of their domain, after its map has changed."""
    controls = tuple(
        ControlRecord(code=row.attack_id, name=row.name, position=position)
        for position, row in enumerate(session.execute(text(_MITIGATIONS), {"domain": domain}), 1)
    )
    mappings = tuple(
        MappingRecord(
            control=row.control,
            technique=row.technique,
            technique_name=row.name,
            mapping_type="mitigates",
            comment=row.description,
            position=position,
        )
        for position, row in enumerate(session.execute(text(_MITIGATES), {"domain": domain}), 1)
    )
    first = domain == DOMAINS[0]
    record = FrameworkRecord(
        slug="attack_mitigations" if first else f"attack_mitigations_{domain.removesuffix('-attack')}",
        name="ATT&CK mitigations" if first else f"ATT&CK mitigations, {DOMAIN_LABELS[domain]}",
        version=version,
        kind="controls",
        origin="attack",
        domain=domain,
        attack_version=version,
        published_on=None,
        details={},
        controls=controls,
        mappings=mappings,
    )
    if controls:
        _apply(session, record, now)


def add_own(session: Session, record: FrameworkRecord, *, now: datetime, is_demo: bool = False) -> TakenIn:
    """A framework of this organisation. Raises Duplicate when its slug is that of somebody else's."""
    made = take_in(session, FrameworkSet(version=None, frameworks=(record,)), now=now)
    if is_demo:
        session.execute(update(Framework).where(Framework.slug == record.slug).values(is_demo=True))
    return made


def _apply(session: Session, record: FrameworkRecord, now: datetime) -> _Applied | None:
    """None when nothing differs."""
    held = session.scalars(select(Framework).where(Framework.slug == record.slug).with_for_update()).one_or_none()
    if held is not None and held.origin != record.origin:
        raise Duplicate(f"{held.name} goes by the name {record.slug} already; nothing was changed.")
    digest = record.content_hash
    if held is not None and held.removed_at is None and bytes(held.content_hash) == digest:
        return None
    known = _known(session, held.id) if held is not None else {}
    hashes = record.control_hashes()
    incoming = {one.code: State(hashes[one.code], one.name) for one in record.controls}
    applied = _Applied(
        record,
        hashes,
        digest,
        plan(known, incoming),
        known,
        new=held is None,
        was_version=held.version if held is not None else "",
        restored=held is not None and held.removed_at is not None,
    )
    _write(session, held or _added(session, record), applied, now)
    return applied


def _known(session: Session, framework_id: UUID) -> dict[str, State]:
    rows = session.execute(
        select(Control.code, Control.content_hash, Control.name, Control.removed_at.is_not(None)).where(
            Control.framework_id == framework_id
        )
    )
    return {row[0]: State(bytes(row[1]), row[2], gone=row[3]) for row in rows}


def _added(session: Session, record: FrameworkRecord) -> Framework:
    made = Framework(slug=record.slug, content_hash=b"", **{name: getattr(record, name) for name in _FACTS})
    session.add(made)
    session.flush()
    return made


def _write(session: Session, held: Framework, applied: _Applied, now: datetime) -> None:
    record = applied.record
    for name in _FACTS:
        setattr(held, name, getattr(record, name))
    held.mapping_published_on = record.published_on
    held.removed_at, held.content_hash, held.updated_at = None, applied.digest, now
    session.flush()
    _write_controls(session, held.id, record.controls, applied.hashes)
    if applied.plan.vanish:
        session.execute(
            update(Control)
            .where(Control.framework_id == held.id, among(Control.code, applied.plan.vanish))
            .values(removed_at=now)
            .execution_options(synchronize_session=False)
        )
    session.execute(delete(ControlMapping).where(ControlMapping.framework_id == held.id))
    _write_mappings(session, held.id, record.mappings)
    # what was an empty table has thousands of rows now, and is asked at once
    session.execute(text("ANALYZE framework, control, control_mapping"))


def _write_controls(
    session: Session, framework_id: UUID, controls: Iterable[ControlRecord], hashes: Mapping[str, bytes]
) -> None:
    """All of them: their order may differ where nothing else does."""
    columns = (*_CONTROL, "content_hash")
    rows = ((framework_id, *(getattr(one, name) for name in _CONTROL[1:]), hashes[one.code]) for one in controls)
    session.execute(text("DROP TABLE IF EXISTS staged_control"))
    staged = stage(session, "staged_control", "control", columns, rows)
    copied = insert(Control).from_select(list(columns), select(*(staged.c[name] for name in columns)))
    updates = {name: copied.excluded[name] for name in columns if name not in ("framework_id", "code")}
    session.execute(
        copied.on_conflict_do_update(index_elements=["framework_id", "code"], set_={**updates, "removed_at": None})
    )


def _write_mappings(session: Session, framework_id: UUID, mappings: Iterable[MappingRecord]) -> None:
    loaded = claims.index(session)
    rows = session.execute(select(Control.code, Control.id).where(Control.framework_id == framework_id))
    keys: dict[str, UUID] = {row.code: row.id for row in rows}

    def values(one: MappingRecord) -> tuple[object, ...]:
        at = loaded.place(one.technique)
        return (
            framework_id,
            keys[one.control] if one.control else None,
            one.technique,
            one.technique_name,
            at.key,
            at.resolution.value,
            one.mapping_type,
            one.score_category,
            one.score_value,
            one.comment,
            one.references,
            one.position,
            one.details,
        )

    copy_rows(session, "control_mapping", _MAPPING, map(values, mappings))


def _not_placed(session: Session, record: FrameworkRecord) -> list[tuple[Item, int]]:
    rows = session.execute(text(_NOT_PLACED), {"slug": record.slug})
    return [
        (
            Item(
                Change.NOT_PLACED.value,
                "mapping",
                row.claimed_id,
                f"{record.name}: named by {row.controls:,} {'control' if row.controls == 1 else 'controls'}",
                why_not_placed(row.claimed_id),
            ),
            row.controls,
        )
        for row in rows
    ]


def _framework_counts(applied: Iterable[_Applied]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for one in applied:
        counted[_framework_change(one).value] += 1
    return dict(counted)


def _framework_change(one: _Applied) -> Change:
    if one.new:
        return Change.ADDED
    return Change.RESTORED if one.restored else Change.CHANGED


def _control_counts(applied: Iterable[_Applied]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for one in applied:
        counted["added"] += one.plan.count(Change.ADDED)
        counted["changed"] += len(one.plan.compare)
        counted["renamed"] += one.plan.count(Change.RENAMED)
        counted["removed"] += one.plan.count(Change.VANISHED)
        counted["restored"] += one.plan.count(Change.REACTIVATED)
    return {name: number for name, number in counted.items() if number}


def _items(one: _Applied) -> list[Item]:
    """What of a new framework is new is counted, not listed."""
    record = one.record
    moved = one.was_version and one.was_version != record.version
    detail = f"version {record.version}, before {one.was_version}" if moved else f"version {record.version}".strip()
    items = [Item(_framework_change(one).value, "framework", record.slug, record.name, detail)]
    if one.new:
        return items
    names = {control.code: control.name for control in record.controls}
    for event in one.plan.events:
        name = names.get(event.key, one.known[event.key].name if event.key in one.known else "")
        was = f"was: {one.known[event.key].name}" if event.change is Change.RENAMED else None
        change = _WORDS.get(event.change, event.change).value
        items.append(Item(change, "control", event.key, f"{record.name}: {name}", was))
    items.extend(
        Item(Change.CHANGED.value, "control", code, f"{record.name}: {names[code]}", "its text or its mapping")
        for code in sorted(one.plan.compare)
    )
    return items


def remove(session: Session, slug: str, now: datetime) -> Framework | None:
    """Take a framework away; its controls and what was decided about them are kept. None when it is not there."""
    held = session.scalars(
        select(Framework).where(Framework.slug == slug, Framework.removed_at.is_(None)).with_for_update()
    ).one_or_none()
    if held is not None:
        held.removed_at, held.updated_at = now, func.now()
    return held
