"""Taking in D3FEND's countermeasures: in the caller's transaction, in a fixed number of statements.

A countermeasure is known by its page, which holds its name in the ontology: of D3FEND's files only the ontology gives
the short ids. What a mapping does not say (definition, parent, short id) stays as an ontology said it before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.bulk import copy_rows
from data.repositories import claims
from data.repositories.rules import why_not_placed
from data.repositories.sync_runs import Item
from data.sources.countermeasure_records import CountermeasureRecord, CountermeasureSet
from domain.sync import Change, Plan, State, plan

_KNOWN = """
SELECT url, content_hash, name, d3fend_id, removed_at IS NOT NULL AS gone FROM countermeasure WHERE url IS NOT NULL
"""
_STAGE = """
CREATE TEMPORARY TABLE staged_countermeasure (
  url text, d3fend_id text, name text, definition text, tactic text, parent text, synonyms text[], content_hash bytea
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_application (
  url text, claimed_id text, technique_id uuid, resolution text, artifacts text[]
) ON COMMIT DROP
"""
# A class of the ontology under another name: its short id says that it is the same.
_MOVE = """
UPDATE countermeasure AS kept SET url = staged.url FROM staged_countermeasure AS staged
WHERE kept.d3fend_id = staged.d3fend_id AND kept.url IS DISTINCT FROM staged.url
  AND NOT EXISTS (SELECT FROM countermeasure AS other WHERE other.url = staged.url)
"""
_UPDATE = """
UPDATE countermeasure AS kept SET
  d3fend_id = CASE WHEN staged.d3fend_id LIKE 'd3f:%' THEN kept.d3fend_id ELSE staged.d3fend_id END,
  name = staged.name, definition = coalesce(nullif(staged.definition, ''), kept.definition),
  tactic = coalesce(nullif(staged.tactic, ''), kept.tactic), parent = coalesce(nullif(staged.parent, ''), kept.parent),
  synonyms = CASE WHEN staged.synonyms = '{}' THEN kept.synonyms ELSE staged.synonyms END,
  content_hash = staged.content_hash, removed_at = NULL, is_demo = false, updated_at = :now
FROM staged_countermeasure AS staged WHERE kept.url = staged.url
"""
_INSERT = """
INSERT INTO countermeasure (d3fend_id, name, definition, tactic, parent, synonyms, url, content_hash)
SELECT d3fend_id, name, definition, tactic, nullif(parent, ''), synonyms, url, content_hash
FROM staged_countermeasure AS staged WHERE NOT EXISTS (SELECT FROM countermeasure AS kept WHERE kept.url = staged.url)
"""
_DROP = """
DELETE FROM countermeasure_technique AS link USING countermeasure AS kept, staged_countermeasure AS staged
WHERE kept.url = staged.url AND link.countermeasure_id = kept.id
"""
_ADD = """
INSERT INTO countermeasure_technique (countermeasure_id, claimed_id, technique_id, resolution, artifacts)
SELECT kept.id, staged.claimed_id, staged.technique_id, staged.resolution, staged.artifacts
FROM staged_application AS staged JOIN countermeasure AS kept ON kept.url = staged.url
"""
_VANISH = "UPDATE countermeasure SET removed_at = :now, updated_at = :now WHERE url = ANY(CAST(:urls AS text[]))"
_NOT_PLACED = """
SELECT kept.d3fend_id, kept.name, link.claimed_id
FROM countermeasure_technique AS link JOIN countermeasure AS kept ON kept.id = link.countermeasure_id
WHERE kept.removed_at IS NULL AND link.resolution = 'not_placed'
ORDER BY link.claimed_id, kept.name
"""
_WORDS = {Change.VANISHED: Change.REMOVED, Change.REACTIVATED: Change.RESTORED}


@dataclass(slots=True)
class TakenIn:
    """What taking countermeasures in did. `counts` is what the run keeps; `items` its lines."""

    changed: bool
    counts: dict[str, Any]
    items: list[Item] = field(default_factory=list)


def take_in(session: Session, brought: CountermeasureSet, *, now: datetime) -> TakenIn:
    """Make `brought` the countermeasures; decisions about those that stay stay. Nothing is written for nothing."""
    claims.lock(session)
    records = {record.url: record for record in brought.countermeasures}
    rows = session.execute(text(_KNOWN)).all()
    known = {row.url: State(bytes(row.content_hash), row.name, gone=row.gone) for row in rows}
    ids = {row.url: row.d3fend_id for row in rows}
    incoming = {url: State(one.content_hash(brought.revision), one.label) for url, one in records.items()}
    made = plan(known, incoming)
    counts: dict[str, Any] = {"read": len(records), "partial": False, "rejected": len(brought.rejected)}
    items: list[Item] = []
    if not made.empty:
        _write(session, [records[url] for url in sorted(made.write)], incoming, now)
        if made.vanish:
            session.execute(text(_VANISH), {"urls": sorted(made.vanish), "now": now})
        counts["objects"] = {"countermeasure": _counts(made)}
        items = _items(made, records, known, ids) if known else []
    not_placed = [
        Item(Change.NOT_PLACED.value, "countermeasure", row.d3fend_id, row.name, why_not_placed(row.claimed_id))
        for row in session.execute(text(_NOT_PLACED))
    ]
    counts["not_placed"] = len(not_placed)
    return TakenIn(changed=not made.empty, counts=counts, items=items + not_placed)


def _write(session: Session, records: list[CountermeasureRecord], incoming: Mapping[str, State], now: datetime) -> None:
    if not records:
        return
    loaded = claims.index(session)
    for statement in _STAGE.split(";"):
        session.execute(text(statement))
    facts, applications = [], []
    for one in records:
        ident = one.d3fend_id or f"d3f:{one.name}"
        hashed = incoming[one.url].digest
        facts.append((one.url, ident, one.label, one.definition, one.tactic, one.parent, list(one.synonyms), hashed))
        for claimed, artifacts in one.against.items():
            at = loaded.place(claimed)
            applications.append((one.url, claimed, at.key, at.resolution.value, list(artifacts)))
    columns = ("url", "d3fend_id", "name", "definition", "tactic", "parent", "synonyms", "content_hash")
    copy_rows(session, "staged_countermeasure", columns, facts)
    columns_of_links = ("url", "claimed_id", "technique_id", "resolution", "artifacts")
    copy_rows(session, "staged_application", columns_of_links, applications)
    session.execute(text(_MOVE))
    session.execute(text(_UPDATE), {"now": now})
    for statement in (_INSERT, _DROP, _ADD):
        session.execute(text(statement))


def _counts(made: Plan) -> dict[str, int]:
    counted = {
        "added": made.count(Change.ADDED),
        "changed": len(made.compare),
        "renamed": made.count(Change.RENAMED),
        "removed": made.count(Change.VANISHED),
        "restored": made.count(Change.REACTIVATED),
    }
    return {name: number for name, number in counted.items() if number}


def _items(
    made: Plan, records: Mapping[str, CountermeasureRecord], known: Mapping[str, State], ids: Mapping[str, str]
) -> list[Item]:
    def ref(url: str) -> str:
        return (records[url].d3fend_id if url in records else "") or ids.get(url) or f"d3f:{records[url].name}"

    items = []
    for event in made.events:
        name = records[event.key].label if event.key in records else known[event.key].name
        detail = f"was: {known[event.key].name}" if event.change is Change.RENAMED else None
        kind = _WORDS.get(event.change, event.change).value
        items.append(Item(kind, "countermeasure", ref(event.key), name, detail))
    items += [Item("changed", "countermeasure", ref(url), records[url].label) for url in sorted(made.compare)]
    return items
