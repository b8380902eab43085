"""Taking in a source's test templates and adversaries: in the caller's transaction, in a fixed number of statements.

A template whose content changed gets a further version; the older ones stay, because tests were made from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.bulk import copy_rows
from data.repositories import claims
from data.repositories.rules import why_not_placed
from data.repositories.sync_runs import Item
from data.sources.template_records import AdversaryRecord, TemplateRecord, TemplateSet
from domain.sync import Change, Plan, State, changed_fields, plan
from domain.templates import Template, procedure_key, search_words

# Their sources tell no authors of changes; a version says which sync brought it.
_BY = "Aegis"
# What of a template is named when it changed; a change of its name is a renaming.
_COMPARED = (
    "description",
    "technique",
    "platforms",
    "executors",
    "arguments",
    "dependencies",
    "dependency_tool",
    "elevation_required",
    "facts",
)
_COLUMNS = (
    "source_id",
    "procedure_key",
    "name",
    "description",
    "claimed_technique",
    "technique_id",
    "resolution",
    "platforms",
    "named_platforms",
    "tools",
    "elevation_required",
    "author",
    "licence",
    "path",
    "words",
    "content_hash",
)
_STAGE = """
CREATE TEMPORARY TABLE staged_template (
  source_id text, procedure_key text, name text, description text, claimed_technique text, technique_id uuid,
  resolution text, platforms text[], named_platforms text[], tools text[], elevation_required boolean, author text,
  licence text, path text, words text, content_hash bytea, content jsonb
) ON COMMIT DROP
"""
_SELECTED = ", ".join("to_tsvector('simple', words)" if name == "words" else name for name in _COLUMNS)
_UPDATED = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("source_id", "procedure_key"))
_UPSERT = f"""
INSERT INTO test_template (source, {", ".join(_COLUMNS)}) SELECT :source, {_SELECTED} FROM staged_template
ON CONFLICT (source, source_id) DO UPDATE SET {_UPDATED}, removed_at = NULL, updated_at = now()
"""  # noqa: S608 - the columns named above
_ADD_VERSIONS = """
INSERT INTO template_version (template_id, version, content, made_by_name, note)
SELECT template.id, CASE WHEN held.version IS NULL THEN 1 ELSE held.version + 1 END, staged.content, :by, :note
FROM staged_template AS staged
JOIN test_template AS template ON template.source = :source AND template.source_id = staged.source_id
LEFT JOIN template_version AS held ON held.template_id = template.id AND held.version = template.version
WHERE held.content IS DISTINCT FROM staged.content
"""
_NAME_VERSIONS = """
UPDATE test_template AS template SET version = newest.version
FROM (
  SELECT held.template_id, max(held.version) AS version FROM template_version AS held
  JOIN test_template AS mine ON mine.id = held.template_id AND mine.source = :source GROUP BY held.template_id
) AS newest
WHERE newest.template_id = template.id AND newest.version <> template.version
"""
_KNOWN = "SELECT source_id, content_hash, name, removed_at IS NOT NULL AS gone FROM {table} WHERE source = :source"
_VANISH = """
UPDATE {table} SET removed_at = :now, updated_at = :now
WHERE source = :source AND source_id = ANY(CAST(:keys AS text[]))
"""
_CONTENTS = """
SELECT template.source_id, held.content
FROM test_template AS template
JOIN template_version AS held ON held.template_id = template.id AND held.version = template.version
WHERE template.source = :source AND template.source_id = ANY(CAST(:keys AS text[]))
"""
_NOT_PLACED = """
SELECT source_id, name, claimed_technique FROM test_template
WHERE source = :source AND removed_at IS NULL AND resolution = 'not_placed'
ORDER BY claimed_technique, name
"""
_STAGE_ADVERSARIES = """
CREATE TEMPORARY TABLE staged_adversary (
  source_id text, name text, description text, path text, content_hash bytea, steps text[]
) ON COMMIT DROP
"""
_UPSERT_ADVERSARIES = """
INSERT INTO adversary (source, source_id, name, description, path, content_hash)
SELECT :source, source_id, name, description, path, content_hash FROM staged_adversary
ON CONFLICT (source, source_id) DO UPDATE
SET name = excluded.name, description = excluded.description, path = excluded.path,
  content_hash = excluded.content_hash, removed_at = NULL, updated_at = now()
"""
_DROP_STEPS = """
DELETE FROM adversary_step AS step USING adversary, staged_adversary AS staged
WHERE adversary.source = :source AND adversary.source_id = staged.source_id AND step.adversary_id = adversary.id
"""
_ADD_STEPS = """
INSERT INTO adversary_step (adversary_id, position, template_source_id)
SELECT adversary.id, step.position, step.template_source_id
FROM staged_adversary AS staged
JOIN adversary ON adversary.source = :source AND adversary.source_id = staged.source_id
CROSS JOIN LATERAL unnest(staged.steps) WITH ORDINALITY AS step (template_source_id, position)
"""
_STEPS_NOT_FOUND = """
SELECT count(*) FROM adversary_step AS step
JOIN adversary ON adversary.id = step.adversary_id AND adversary.source = :source AND adversary.removed_at IS NULL
WHERE NOT EXISTS (
  SELECT FROM test_template AS template
  WHERE template.source = :source AND template.source_id = step.template_source_id AND template.removed_at IS NULL)
"""


@dataclass(slots=True)
class TakenIn:
    """What taking templates in did. `counts` is what the run keeps; `items` its lines."""

    changed: bool
    counts: dict[str, Any]
    items: list[Item] = field(default_factory=list)


def take_in(session: Session, source: str, brought: TemplateSet, *, now: datetime) -> TakenIn:
    """Make `brought` the templates of `source`, or add them when they are not the whole. Nothing for nothing."""
    claims.lock(session)
    templates = {record.source_id: record for record in brought.templates}
    adversaries = {record.source_id: record for record in brought.adversaries}
    known = _known(session, "test_template", source)
    of_templates = _plan(known, templates.values(), whole=brought.whole)
    known_adversaries = _known(session, "adversary", source)
    of_adversaries = _plan(known_adversaries, adversaries.values(), whole=brought.whole)
    changed = not (of_templates.empty and of_adversaries.empty)
    counts: dict[str, Any] = {
        "read": len(templates),
        "partial": not brought.whole,
        "rejected": len(brought.rejected),
    }
    items: list[Item] = []
    if changed:
        fields = _changed_fields(session, source, of_templates, templates)
        _write(session, source, [templates[key] for key in sorted(of_templates.write)], note=brought.version or "")
        _write_adversaries(session, source, [adversaries[key] for key in sorted(of_adversaries.write)])
        _vanish(session, "test_template", source, of_templates.vanish, now)
        _vanish(session, "adversary", source, of_adversaries.vanish, now)
        of_profiles = dict.fromkeys(of_adversaries.compare, ("profile",))
        objects = {"template": _counts(of_templates, fields), "adversary": _counts(of_adversaries, of_profiles)}
        counts["objects"] = {kind: counted for kind, counted in objects.items() if counted}
        if known:
            items = _items("template", of_templates, templates, known, fields)
            items += _items("adversary", of_adversaries, adversaries, known_adversaries, of_profiles)
    not_placed = _not_placed(session, source)
    counts["not_placed"] = len(not_placed)
    if missing := session.execute(text(_STEPS_NOT_FOUND), {"source": source}).scalar_one():
        counts["steps_not_found"] = missing
    return TakenIn(changed=changed, counts=counts, items=items + not_placed)


def _plan(known: Mapping[str, State], records: Iterable[TemplateRecord | AdversaryRecord], *, whole: bool) -> Plan:
    incoming = {record.source_id: State(record.content_hash, _name(record)) for record in records}
    return plan(known, incoming, whole=whole)


def _name(record: TemplateRecord | AdversaryRecord) -> str:
    return record.value.name if isinstance(record, TemplateRecord) else record.name


def _known(session: Session, table: str, source: str) -> dict[str, State]:
    rows = session.execute(text(_KNOWN.format(table=table)), {"source": source})
    return {row.source_id: State(bytes(row.content_hash), row.name, gone=row.gone) for row in rows}


def _changed_fields(
    session: Session, source: str, made: Plan, records: Mapping[str, TemplateRecord]
) -> dict[str, tuple[str, ...]]:
    """Key -> what changed in it, of templates that were and are there. A new name alone is a renaming."""
    if not made.compare:
        return {}
    rows = session.execute(text(_CONTENTS), {"source": source, "keys": sorted(made.compare)})
    return {
        row.source_id: tuple(
            name.replace("_", " ")
            for name in changed_fields(
                Template.of(row.content).as_dict(), records[row.source_id].value.as_dict(), _COMPARED
            )
        )
        for row in rows
    }


def _write(session: Session, source: str, records: list[TemplateRecord], *, note: str) -> None:
    if not records:
        return
    loaded = claims.index(session)
    session.execute(text(_STAGE))
    rows = []
    for record in records:
        value, at = record.value, loaded.place(record.value.technique)
        rows.append(
            (
                record.source_id,
                procedure_key(source, record.source_id),
                value.name,
                value.description,
                value.technique,
                at.key,
                at.resolution.value,
                value.platforms,
                record.named_platforms,
                record.tools,
                value.elevation_required,
                record.author,
                record.licence,
                record.path,
                search_words(value, *record.tools),
                record.content_hash,
                value.as_dict(),
            )
        )
    copy_rows(session, "staged_template", (*_COLUMNS, "content"), rows)
    session.execute(text("ANALYZE staged_template"))
    session.execute(text(_UPSERT), {"source": source})
    session.execute(text(_ADD_VERSIONS), {"source": source, "by": _BY, "note": note})
    session.execute(text(_NAME_VERSIONS), {"source": source})


def _write_adversaries(session: Session, source: str, records: list[AdversaryRecord]) -> None:
    if not records:
        return
    session.execute(text(_STAGE_ADVERSARIES))
    columns = ("source_id", "name", "description", "path", "content_hash", "steps")
    rows = [tuple(getattr(record, name) for name in columns) for record in records]
    copy_rows(session, "staged_adversary", columns, rows)
    for statement in (_UPSERT_ADVERSARIES, _DROP_STEPS, _ADD_STEPS):
        session.execute(text(statement), {"source": source})


def _vanish(session: Session, table: str, source: str, keys: Iterable[str], now: datetime) -> None:
    if gone := sorted(keys):
        session.execute(text(_VANISH.format(table=table)), {"source": source, "keys": gone, "now": now})


def _not_placed(session: Session, source: str) -> list[Item]:
    return [
        Item(Change.NOT_PLACED.value, "template", row.source_id, row.name, why_not_placed(row.claimed_technique))
        for row in session.execute(text(_NOT_PLACED), {"source": source})
    ]


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
    kind: str,
    made: Plan,
    records: Mapping[str, TemplateRecord] | Mapping[str, AdversaryRecord],
    known: Mapping[str, State],
    fields: Mapping[str, tuple[str, ...]],
) -> list[Item]:
    items = []
    for event in made.events:
        record = records.get(event.key)
        name = _name(record) if record else known[event.key].name
        detail = f"was: {known[event.key].name}" if event.change is Change.RENAMED else None
        items.append(Item(_WORDS.get(event.change, event.change).value, kind, event.key, name, detail))
    items.extend(
        Item(Change.CHANGED.value, kind, key, _name(records[key]), ", ".join(changed))
        for key, changed in sorted(fields.items())
        if changed
    )
    return items
