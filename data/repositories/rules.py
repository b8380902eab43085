"""Taking in a set of detection rules: everything in the caller's transaction, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TableClause, Text, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.bulk import among, copy_rows, stage
from data.database import SYSTEM
from data.models import DetectionRule
from data.repositories import audit, claims
from data.repositories.sync_runs import Item
from data.sources.rule_records import RuleRecord, RuleSet
from domain.attack_ids import predecessors_of
from domain.sync import Change, Plan, State, changed_fields, plan

_COLUMNS = (
    "external_id",
    "title",
    "description",
    "status",
    "level",
    "author",
    "licence",
    "product",
    "category",
    "service",
    "tags",
    "references",
    "language",
    "body",
    "details",
    "path",
    "written_on",
    "changed_on",
    "enabled",
    "content_hash",
)
# What of a rule is named when it changed; a change of anything else is one of its logic or its text.
_COMPARED = (
    "description",
    "status",
    "level",
    "author",
    "licence",
    "product",
    "category",
    "service",
    "tags",
    "references",
)
# `enabled` is set when a rule is new: switching rules on and off is for people. One that its source gives up (its
# status becomes one that new rules come disabled with) is disabled, and people may enable it again.
_KEPT = frozenset({"external_id", "enabled"})
_GIVEN_UP = """
SELECT rule.id, rule.title FROM detection_rule AS rule JOIN staged_rule ON staged_rule.external_id = rule.external_id
WHERE rule.source = :source AND rule.enabled AND NOT staged_rule.enabled
  AND rule.status IS DISTINCT FROM staged_rule.status
ORDER BY rule.id FOR NO KEY UPDATE OF rule
"""

_DROP_CLAIMS = """
DELETE FROM rule_technique AS claim USING detection_rule AS rule, staged_rule
WHERE rule.source = :source AND rule.external_id = staged_rule.external_id AND claim.rule_id = rule.id
  AND NOT EXISTS (SELECT FROM staged_claim AS kept
    WHERE kept.external_id = rule.external_id AND kept.claimed_id = claim.claimed_id)
"""
_ADD_CLAIMS = """
INSERT INTO rule_technique (rule_id, claimed_id, technique_id, resolution)
SELECT rule.id, staged_claim.claimed_id, staged_claim.technique_id, staged_claim.resolution
FROM staged_claim JOIN detection_rule AS rule
  ON rule.source = :source AND rule.external_id = staged_claim.external_id
ON CONFLICT (rule_id, claimed_id) DO UPDATE
SET technique_id = excluded.technique_id, resolution = excluded.resolution
WHERE (rule_technique.technique_id, rule_technique.resolution)
  IS DISTINCT FROM (excluded.technique_id, excluded.resolution)
"""
_NOT_PLACED = """
SELECT rule.external_id, rule.title, claim.claimed_id
FROM rule_technique AS claim JOIN detection_rule AS rule ON rule.id = claim.rule_id
WHERE rule.source = :source AND rule.removed_at IS NULL AND claim.resolution = 'not_placed'
ORDER BY claim.claimed_id, rule.title
"""


@dataclass(slots=True)
class TakenIn:
    """What taking rules in did. `counts` is what the run keeps; `items` its lines."""

    changed: bool
    counts: dict[str, Any]
    items: list[Item] = field(default_factory=list)


def take_in(session: Session, source: str, brought: RuleSet, *, now: datetime) -> TakenIn:
    """Make `brought` the rules of `source`, or add them when they are not the whole. Nothing is written for nothing."""
    claims.lock(session)
    records = {rule.external_id: rule for rule in brought.rules}
    known = _known(session, source)
    made = plan(
        known, {key: State(rule.content_hash, rule.title) for key, rule in records.items()}, whole=brought.whole
    )
    counts: dict[str, Any] = {
        "read": len(records),
        "partial": not brought.whole,
        "rejected": len(brought.rejected),
    }
    if made.empty:
        standing = _not_placed(session, source)
        return TakenIn(changed=False, counts=counts | {"not_placed": len(standing)}, items=standing)
    fields = _changed_fields(session, source, made, records)
    if made.write:
        _write(session, source, [records[key] for key in sorted(made.write)])
    if made.vanish:
        session.execute(
            update(DetectionRule)
            .where(DetectionRule.source == source, among(DetectionRule.external_id, made.vanish))
            .values(removed_at=now, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    not_placed = _not_placed(session, source)
    counts |= {"objects": {"rule": _counts(made, fields)}, "not_placed": len(not_placed)}
    items = _items(made, records, known, fields) if known else []
    return TakenIn(changed=True, counts=counts, items=items + not_placed)


def locked(session: Session, ids: Sequence[UUID]) -> list[DetectionRule]:
    """These rules, to be changed, in one order for everybody; one that is not there is left out."""
    found = select(DetectionRule).where(DetectionRule.id.in_(ids)).order_by(DetectionRule.id)
    return list(session.scalars(found.with_for_update()))


def _known(session: Session, source: str) -> dict[str, State]:
    rows = session.execute(
        select(
            DetectionRule.external_id,
            DetectionRule.content_hash,
            DetectionRule.title,
            DetectionRule.removed_at.is_not(None),
        ).where(DetectionRule.source == source)
    )
    return {row[0]: State(bytes(row[1]), row[2], gone=row[3]) for row in rows}


def _changed_fields(
    session: Session, source: str, made: Plan, records: Mapping[str, RuleRecord]
) -> dict[str, tuple[str, ...]]:
    """Key -> what changed in it, of rules that were and are there. A new title alone is a renaming."""
    if not made.compare:
        return {}
    columns = [getattr(DetectionRule, name) for name in ("external_id", "path", "body", *_COMPARED)]
    rows = session.execute(
        select(*columns).where(DetectionRule.source == source, among(DetectionRule.external_id, made.compare))
    )
    found = {}
    for row in rows:
        old, record = dict(row._mapping), records[row.external_id]
        new = {name: getattr(record, name) for name in ("path", "body", *_COMPARED)}
        fields = changed_fields(old, new, _COMPARED)
        if not fields and old["body"] != new["body"]:
            fields = ("rule text",)
        elif not fields:
            fields = changed_fields(old, new, ("path",))
        found[row.external_id] = fields
    return found


def _write(session: Session, source: str, rules: list[RuleRecord]) -> None:
    rows = ([getattr(rule, name) for name in _COLUMNS] for rule in rules)
    staged = stage(session, "staged_rule", "detection_rule", _COLUMNS, rows)
    loaded = claims.index(session)
    placed: list[tuple[object, ...]] = []
    for rule in rules:
        for claimed in rule.claims:
            at = loaded.place(claimed)
            placed.append((rule.external_id, claimed, at.key, at.resolution.value))
    _stage_claims(session, placed)
    _disable_given_up(session, source)
    _upsert(session, source, staged)
    session.execute(text(_DROP_CLAIMS), {"source": source})
    session.execute(text(_ADD_CLAIMS), {"source": source})


def _disable_given_up(session: Session, source: str) -> None:
    """With an entry in the audit log each, which says since when: what a rule detected before stays true."""
    found = session.execute(text(_GIVEN_UP), {"source": source}).all()
    if not found:
        return
    session.execute(
        update(DetectionRule)
        .where(DetectionRule.id.in_([row.id for row in found]))
        .values(enabled=False)
        .execution_options(synchronize_session=False)
    )
    after = {"source": source, "reason": "given up by its source"}
    entries = [
        audit.Entry("rule.disabled", entity=("rule", str(row.id)), after={"title": row.title, **after}) for row in found
    ]
    audit.record_many(session, SYSTEM, entries)


def _upsert(session: Session, source: str, staged: TableClause) -> None:
    copied = insert(DetectionRule).from_select(
        ["source", *_COLUMNS], select(literal(source, Text), *(staged.c[name] for name in _COLUMNS))
    )
    updates = {name: copied.excluded[name] for name in _COLUMNS if name not in _KEPT}
    session.execute(
        copied.on_conflict_do_update(
            index_elements=["source", "external_id"], set_={**updates, "removed_at": None, "updated_at": func.now()}
        )
    )


def _stage_claims(session: Session, rows: list[tuple[object, ...]]) -> None:
    session.execute(
        text(
            "CREATE TEMPORARY TABLE staged_claim"
            " (external_id text, claimed_id text, technique_id uuid, resolution text) ON COMMIT DROP"
        )
    )
    copy_rows(session, "staged_claim", ("external_id", "claimed_id", "technique_id", "resolution"), rows)
    session.execute(text("ANALYZE staged_claim"))


def _not_placed(session: Session, source: str) -> list[Item]:
    rows = session.execute(text(_NOT_PLACED), {"source": source})
    return [
        Item(Change.NOT_PLACED.value, "rule", row.external_id, row.title, why_not_placed(row.claimed_id))
        for row in rows
    ]


def why_not_placed(claimed: str) -> str:
    """In words: which id, and what it replaced where that is known."""
    older = predecessors_of(claimed)
    replaced = f"; it replaces {', '.join(older)}" if older else ""
    return f"{claimed} is not on the loaded map{replaced}"


def _counts(made: Plan, fields: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    counted = {
        "added": made.count(Change.ADDED),
        "changed": sum(bool(changed) for changed in fields.values()),
        "renamed": made.count(Change.RENAMED),
        "removed": made.count(Change.VANISHED),
        "restored": made.count(Change.REACTIVATED),
    }
    return {name: number for name, number in counted.items() if number}


_WORDS = {Change.VANISHED: Change.REMOVED, Change.REACTIVATED: Change.RESTORED}


def _items(
    made: Plan, records: Mapping[str, RuleRecord], known: Mapping[str, State], fields: Mapping[str, tuple[str, ...]]
) -> list[Item]:
    items = []
    for event in made.events:
        record = records.get(event.key)
        name = record.title if record else known[event.key].name
        detail = f"was: {known[event.key].name}" if event.change is Change.RENAMED else None
        items.append(Item(_WORDS.get(event.change, event.change).value, "rule", event.key, name, detail))
    items.extend(
        Item(Change.CHANGED.value, "rule", key, records[key].title, ", ".join(changed))
        for key, changed in sorted(fields.items())
        if changed
    )
    return items
