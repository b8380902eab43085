"""What the Sources page and `aegis sources` show: every source's state, its runs, and their reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from data import cache, generations
from data.repositories.attack import adopted_releases
from data.repositories.rules import why_not_placed
from data.sources.registry import SOURCES
from domain.attack_ids import DOMAIN_LABELS
from domain.errors import NotFound

_ACTIVE = ("queued", "running")
# A report says of these what it says whether or not the run changed anything.
_STANDING = ("rejected", "not_placed")
# What came in with a first load is counted, not listed; these are the counted kinds that are no objects of their own.
_NOT_OBJECTS = ("relationship",)

# All runs, or one, or those of a source, or (with `newest`) the last that ended and the one under way of each source.
_RUNS = """
SELECT run.id, run.source, run.state, run.trigger, run.requested_by_name AS by, run.queued_at, run.started_at,
  run.finished_at, run.version, coalesce(run.input ->> 'origin', run.input ->> 'name', '') AS origin,
  coalesce(run.phase, '') AS phase, run.done, run.total, run.counts, coalesce(run.error, '') AS error,
  (SELECT jsonb_object_agg(kind, number) FROM (
    SELECT item.kind, count(*) AS number FROM sync_item AS item
    WHERE item.run_id = run.id
      OR (item.run_id = CAST(run.counts ->> 'read_from' AS uuid) AND item.kind = ANY(:standing))
    GROUP BY item.kind) AS counted) AS kinds
FROM sync_run AS run
WHERE (CAST(:id AS uuid) IS NULL OR run.id = :id)
  AND (CAST(:source AS text) IS NULL OR run.source = :source)
  AND (NOT :newest OR run.id IN (
    SELECT DISTINCT ON (source, state IN ('queued', 'running')) id FROM sync_run
    ORDER BY source, state IN ('queued', 'running'), queued_at DESC, id DESC))
ORDER BY run.queued_at DESC, run.id DESC LIMIT :limit
"""
_ITEMS = """
SELECT item.object_type, item.ref, item.name, coalesce(item.detail, '') AS detail
FROM sync_item AS item JOIN sync_run AS run ON run.id = :run
WHERE item.kind = :kind AND (item.run_id = run.id
  OR (item.run_id = CAST(run.counts ->> 'read_from' AS uuid) AND item.kind = ANY(:standing)))
ORDER BY item.object_type, item.ref, item.name LIMIT :limit
"""
_RULE_FIGURES = """
SELECT counted.source, counted.rules, counted.enabled, coalesce(lost.not_placed, 0) AS not_placed
FROM (
  SELECT source, sum(rules) AS rules, coalesce(sum(rules) FILTER (WHERE enabled), 0) AS enabled
  FROM rollup_rule_count GROUP BY 1
) AS counted LEFT JOIN (
  SELECT rule.source, count(*) AS not_placed FROM rule_technique AS claim JOIN rollup_rule AS rule USING (rule_id)
  WHERE claim.resolution = 'not_placed' AND rule.present GROUP BY 1
) AS lost USING (source)
"""
_TEMPLATE_FIGURES = """
SELECT source, count(*) AS templates, count(*) FILTER (WHERE retired_at IS NOT NULL) AS retired,
  count(*) FILTER (WHERE resolution = 'not_placed') AS not_placed,
  (SELECT count(*) FROM adversary WHERE adversary.source = test_template.source AND adversary.removed_at IS NULL)
    AS adversaries
FROM test_template WHERE removed_at IS NULL GROUP BY source
"""
_FRAMEWORK_FIGURES = """
SELECT array_agg(DISTINCT framework.name ORDER BY framework.name) AS names, count(DISTINCT control.id) AS controls,
  count(mapping.id) AS rows,
  count(DISTINCT (mapping.control_id, mapping.claimed_id)) FILTER (
    WHERE mapping.resolution = 'not_placed' AND mapping.control_id IS NOT NULL) AS not_placed
FROM framework
LEFT JOIN control ON control.framework_id = framework.id AND control.removed_at IS NULL
LEFT JOIN control_mapping AS mapping ON mapping.control_id = control.id
WHERE framework.origin = 'mappings' AND framework.removed_at IS NULL
"""
_COUNTERMEASURE_FIGURES = """
SELECT count(DISTINCT one.id) AS countermeasures, count(DISTINCT link.technique_id) AS techniques,
  count(*) FILTER (WHERE link.resolution = 'not_placed') AS not_placed
FROM countermeasure AS one LEFT JOIN countermeasure_technique AS link ON link.countermeasure_id = one.id
WHERE one.removed_at IS NULL
"""
_MAP_FIGURES = """
SELECT count(*) FILTER (WHERE NOT is_subtechnique) AS techniques, count(*) FILTER (WHERE is_subtechnique) AS subs,
  count(*) FILTER (WHERE review_since IS NOT NULL) AS review
FROM technique WHERE active
"""
# What is counted of everything there is: each is kept until something of its topic changes.
_FIGURES: Mapping[str, tuple[str, str]] = {
    "rules": ("rules", _RULE_FIGURES),
    "templates": ("templates", _TEMPLATE_FIGURES),
    "frameworks": ("frameworks", _FRAMEWORK_FIGURES),
    "countermeasures": ("countermeasures", _COUNTERMEASURE_FIGURES),
    "map": ("techniques", _MAP_FIGURES),
}
_NOT_PLACED = """
SELECT claim.claimed_id, count(*) AS rules FROM rule_technique AS claim
JOIN detection_rule AS rule ON rule.id = claim.rule_id
WHERE rule.removed_at IS NULL AND claim.resolution = 'not_placed' AND rule.source = :source
GROUP BY claim.claimed_id
UNION ALL
SELECT claimed_technique, count(*) FROM test_template
WHERE removed_at IS NULL AND resolution = 'not_placed' AND source = :source
GROUP BY claimed_technique
UNION ALL
SELECT mapping.claimed_id, count(DISTINCT mapping.control_id) FROM control_mapping AS mapping
JOIN framework ON framework.id = mapping.framework_id
WHERE framework.removed_at IS NULL AND framework.origin = :source AND mapping.resolution = 'not_placed'
  AND mapping.control_id IS NOT NULL
GROUP BY mapping.claimed_id
UNION ALL
SELECT link.claimed_id, count(*) FROM countermeasure_technique AS link
JOIN countermeasure AS one ON one.id = link.countermeasure_id
WHERE one.removed_at IS NULL AND link.resolution = 'not_placed' AND :source = 'd3fend'
GROUP BY link.claimed_id
ORDER BY rules DESC, claimed_id
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run. `kinds`: lines of its report by kind; `counts`: everything it counted, as kept with it."""

    id: UUID
    source: str
    source_name: str
    state: str
    trigger: str
    by: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    version: str | None
    origin: str
    phase: str
    done: int | None
    total: int | None
    error: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.state in _ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    object_type: str
    ref: str | None
    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPlacedRow:
    """A claimed id that the loaded maps do not know, how many rules (or templates, or controls) claim it, and why."""

    claimed_id: str
    rules: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """`loaded`: what is in use ("Enterprise 18.1"); `figures`: what of it; `last`: the last run that has ended."""

    slug: str
    loaded: tuple[str, ...]
    figures: tuple[tuple[str, int], ...]
    shortened_from: str
    schedule_minutes: int | None
    next_run_at: datetime | None
    last: RunRow | None
    active: RunRow | None


def sources(session: Session) -> list[SourceRow]:
    """Every registered source, in their order."""
    newest = _runs(session, newest=True)
    releases = adopted_releases(session)
    numbers = generations.current()
    of = {name: _figures(session, name, numbers) for name in _FIGURES}
    rules, templates = ({row["source"]: row for row in of[name]} for name in ("rules", "templates"))
    (on_the_map,), (frameworks,), (countermeasures,) = of["map"], of["frameworks"], of["countermeasures"]
    planned = {row.slug: row for row in session.execute(text("SELECT * FROM source"))}
    rows = []
    for slug in SOURCES:
        last = next((run for run in newest if run.source == slug and not run.active), None)
        if slug == "attack":
            loaded = tuple(f"{DOMAIN_LABELS[release.domain]} {release.version}" for release in releases)
            figures = _of_map(on_the_map) if releases else []
        elif slug == "mappings":
            loaded, figures = _of_frameworks(frameworks)
        elif slug == "d3fend":
            loaded, figures = _of_countermeasures(countermeasures, last)
        elif slug in templates:
            loaded, figures = _of_templates(templates[slug], last)
        else:
            loaded, figures = _of_rules(rules.get(slug), last)
        rows.append(
            SourceRow(
                slug=slug,
                loaded=loaded,
                figures=tuple(figures),
                shortened_from=", ".join(release.origin for release in releases if release.shortened)
                if slug == "attack"
                else "",
                schedule_minutes=planned[slug].schedule_minutes if slug in planned else None,
                next_run_at=planned[slug].next_run_at if slug in planned else None,
                last=last,
                active=next((run for run in newest if run.source == slug and run.active), None),
            )
        )
    return rows


def _figures(session: Session, name: str, numbers: Mapping[str, int]) -> Sequence[Mapping[str, Any]]:
    topic, statement = _FIGURES[name]

    def compute() -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in session.execute(text(statement))]

    found: Sequence[Mapping[str, Any]] = cache.answer(
        "source_figures", {"of": name}, (topic,), compute, numbers=numbers
    )
    return found


def _of_map(row: Row) -> list[tuple[str, int]]:
    review = [("to review", row["review"])] if row["review"] else []
    return [("techniques", row["techniques"]), ("sub-techniques", row["subs"]), *review]


def _of_rules(row: Row | None, last: RunRow | None) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    if row is None:
        return (), []
    figures = [("rules", row["rules"]), ("enabled", row["enabled"]), ("technique claims not placed", row["not_placed"])]
    version = last.version if last and last.version else ""
    return (version or "rules",), [figure for figure in figures if figure[1] or figure[0] == "rules"]


def _of_countermeasures(row: Row, last: RunRow | None) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    if not row["countermeasures"]:
        return (), []
    figures = [
        ("countermeasures", row["countermeasures"]),
        ("techniques", row["techniques"]),
        ("technique claims not placed", row["not_placed"]),
    ]
    version = last.version if last and last.version else ""
    return (version or "countermeasures",), [figure for figure in figures if figure[1]]


def _of_templates(row: Row, last: RunRow | None) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    figures = [
        ("templates", row["templates"]),
        ("adversaries", row["adversaries"]),
        ("retired", row["retired"]),
        ("technique claims not placed", row["not_placed"]),
    ]
    version = last.version if last and last.version else ""
    return (version or "templates",), [figure for figure in figures if figure[1] or figure[0] == "templates"]


def _of_frameworks(row: Row) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    figures = [
        ("controls, capabilities and vulnerabilities", row["controls"]),
        ("rows", row["rows"]),
        ("technique claims not placed", row["not_placed"]),
    ]
    return tuple(row["names"] or ()), [figure for figure in figures if figure[1]]


def runs(session: Session, *, source: str | None = None, limit: int = 50) -> list[RunRow]:
    """Runs, newest first."""
    return _runs(session, source=source, limit=limit)


def run(session: Session, run_id: UUID) -> RunRow:
    """One run. Raises NotFound."""
    found = _runs(session, run_id=run_id)
    if not found:
        raise NotFound("There is no such sync run.")
    return found[0]


def items(session: Session, run_id: UUID, kind: str, *, limit: int = 1000) -> list[ItemRow]:
    """Lines of one kind of a run's report; `run.kinds` says how many there are in all."""
    found = session.execute(text(_ITEMS), {"run": run_id, "kind": kind, "limit": limit, "standing": list(_STANDING)})
    return [ItemRow(**row._mapping) for row in found]


def not_placed(session: Session, source: str) -> list[NotPlacedRow]:
    """As of now, whatever the last run said: the map may have changed since."""
    return [
        NotPlacedRow(claimed_id=row.claimed_id, rules=row.rules, why=why_not_placed(row.claimed_id))
        for row in session.execute(text(_NOT_PLACED), {"source": source})
    ]


def _runs(
    session: Session, *, run_id: UUID | None = None, source: str | None = None, newest: bool = False, limit: int = 100
) -> list[RunRow]:
    asked = {"id": run_id, "source": source, "newest": newest, "limit": limit, "standing": list(_STANDING)}
    return [_run(row) for row in session.execute(text(_RUNS), asked)]


def _run(row: Any) -> RunRow:
    values = dict(row._mapping)
    kinds = dict(values.pop("kinds") or {})
    known = SOURCES.get(row.source)
    if row.state == "succeeded" and not kinds.keys() - set(_STANDING):
        kinds |= _first_load(row.counts.get("objects", {}))
    return RunRow(**values, source_name=known.info.name if known else row.source, kinds=kinds)


def _first_load(objects: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """A first load has no lines for what it added; its counts say how much that was."""
    added = sum(counts.get("added", 0) for kind, counts in objects.items() if kind not in _NOT_OBJECTS)
    return {"added": added} if added else {}


def kinds_in_words(kinds: Mapping[str, int], order: Sequence[str]) -> str:
    """ "12 added, 3 revoked" in the given order; empty when nothing happened."""
    return ", ".join(f"{kinds[kind]:,} {kind.replace('_', ' ')}" for kind in order if kinds.get(kind))
