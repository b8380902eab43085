"""The matrix and what can be asked of it. `matrix` is what the heatmap draws, the exports list and the totals count."""

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import compress
from typing import Any

import orjson

from data import cache
from data.queries import measured, past, reader
from data.queries.measured import Map
from data.queries.reader import Prepared
from domain import snapshots
from domain.coverage import CoverageStatus
from domain.score import Scored, organisation, tenths_of, whole
from domain.statistics import Share, percent

TOPICS = (*measured.TOPICS, "snapshots")


def matrix(domain: str, platforms: Sequence[str] = (), as_of: date | None = None) -> Mapping[str, Any]:
    """`matrix_json`, read."""
    found: Mapping[str, Any] = cache.answer("matrix", *_asked(domain, platforms, as_of))
    return found


def matrix_json(domain: str, platforms: Sequence[str] = (), as_of: date | None = None) -> bytes:
    """Every active technique and sub-technique of a domain, as parallel arrays.

    With `platforms` only tests on these count. `as_of` (default: today, UTC) is the day by which evidence ages: one
    ahead shows what goes stale, one gone by what was known at its end, with `notes` in sentences of what was not.

        {domain, version, shortened, as_of, notes [sentence], weights_version, platforms [name],
         tactics: [{id, key, name}],
         cells: {id, name, parent (index or -1), tactics [[index]], platforms [[index]], status, stale 0|1,
                 review 0|1, score 0..100|null, proven 0..100|null (per cent of procedures that held), procedures,
                 tests (evaluated), unfinished, prevented, alerted, logged, missed, rules, not_counted_rules,
                 freshness_days|null, groups, own_groups, exploited, priority high|low|null, relevance, in_scope 0|1},
         totals: {techniques, status {status: n}, stale, review, tested, scored, proven Share, claimed Share,
                  tests {as map_columns.Tests}, score {weighted, plain (points|null), parts [{name, points, possible}],
                  unknown}, tactics [{id, key, name, techniques, tested, proven Share, claimed Share}]}}

    Totals are of techniques in scope, each counted once; a Share is {n, of, low, high}. Nothing loaded: empty arrays.
    """
    params, topics, compute = _asked(domain, platforms, as_of)
    return cache.serve("matrix", params, topics, lambda: orjson.dumps(compute()))


def topics_of(domain: str, day: date) -> tuple[str, ...]:
    """What the map of that day changes with, and all that is made of it alone."""
    return past.KEPT_TOPICS if day < measured.today() and past.is_kept(domain, day) else TOPICS


def _asked(
    domain: str, platforms: Sequence[str], as_of: date | None
) -> tuple[Mapping[str, Any], tuple[str, ...], Callable[[], Mapping[str, Any]]]:
    day = as_of or measured.today()
    wanted = tuple(sorted(set(platforms)))
    params = {"domain": domain, "platforms": wanted, "day": day}
    topics = TOPICS if wanted else topics_of(domain, day)
    return params, topics, lambda: _matrix(measured.read(domain, as_of=day, platforms=wanted), day)


def _matrix(found: Map, day: date) -> dict[str, Any]:
    platforms = sorted({name for names in set(found.columns.platforms) for name in names})
    return {
        "domain": found.domain,
        "version": found.version,
        "shortened": found.shortened,
        "as_of": day.isoformat(),
        "notes": list(found.notes),
        "weights_version": found.scorer.weights.version,
        "platforms": platforms,
        "tactics": [{"id": one.attack_id, "key": one.shortname, "name": one.name} for one in found.tactics],
        "cells": _cells(found, platforms),
        "totals": totals(found),
    }


def _cells(found: Map, platforms: Sequence[str]) -> dict[str, list[Any]]:
    of = found.columns
    place = {attack_id: i for i, attack_id in enumerate(of.attack_id)}
    tactic = {one.shortname: i for i, one in enumerate(found.tactics)}
    platform = {name: i for i, name in enumerate(platforms)}

    @functools.cache  # a map has few distinct lists of them
    def under(names: tuple[str, ...]) -> list[int]:
        return sorted(tactic[name] for name in names if name in tactic)

    @functools.cache
    def on(names: tuple[str, ...]) -> list[int]:
        return sorted(platform[name] for name in names)

    return {
        "id": of.attack_id,
        "name": of.name,
        "parent": [-1 if parent is None else place[parent] for parent in of.parent],
        "tactics": list(map(under, of.tactics)),
        "platforms": list(map(on, of.platforms)),
        "status": of.status,
        "stale": list(map(int, of.stale)),
        "review": list(map(int, of.review)),
        "score": [
            whole(tenths_of(sum(points))) if sure else None for points, sure in zip(of.points, of.known, strict=True)
        ],
        "proven": [None if share is None else percent(share) for share in of.share],
        "procedures": of.procedures,
        "tests": of.count("evaluated"),
        "unfinished": of.count("unfinished"),
        "prevented": of.count("prevented"),
        "alerted": of.count("alerted"),
        "logged": of.count("logged"),
        "missed": of.count("missed"),
        "rules": of.rules,
        "not_counted_rules": of.not_counted_rules,
        "freshness_days": of.age_days,
        "groups": [threat.groups for threat in of.threat],
        "own_groups": [threat.own_groups for threat in of.threat],
        "exploited": [threat.exploited for threat in of.threat],
        "priority": [threat.priority for threat in of.threat],
        "relevance": [round(relevance, 3) for relevance in of.relevance],
        "in_scope": list(map(int, of.in_scope)),
    }


def totals(found: Map) -> dict[str, Any]:
    of = found.columns
    inside = of.in_scope
    statuses = Counter(compress(of.status, inside))
    whole, under = _Tally(), defaultdict[str, _Tally](_Tally)
    alike = Counter(compress(zip(of.tactics, of.status, map(bool, of.rules), strict=True), inside))
    for (tactics, status, claimed), n in alike.items():
        for tally in (whole, *map(under.__getitem__, tactics)):
            tally.add(n, status, claimed=claimed)
    return {
        "techniques": whole.techniques,
        "status": {str(status): statuses[status] for status in CoverageStatus},
        "stale": sum(compress(of.stale, inside)),
        "review": sum(compress(of.review, inside)),
        "tested": whole.tested,
        "scored": sum(compress(of.known, inside)),
        "proven": whole.share_of(whole.proven),
        "claimed": whole.share_of(whole.claimed),
        "tests": of.tests_in_scope._asdict(),
        "score": score(found),
        "tactics": [_tactic(tactic, under[tactic.shortname]) for tactic in found.tactics],
    }


class _Tally:
    """Techniques in scope, and how many of them were tested, are proven and are claimed by a rule."""

    __slots__ = ("claimed", "proven", "techniques", "tested")

    def __init__(self) -> None:
        self.techniques = self.tested = self.proven = self.claimed = 0

    def add(self, n: int, status: CoverageStatus, *, claimed: bool) -> None:
        self.techniques += n
        self.tested += n * status.evaluated
        self.proven += n * (status is CoverageStatus.COVERED)
        self.claimed += n * claimed

    def share_of(self, count: int) -> Share:
        return Share.count(count, self.techniques)


def _tactic(tactic: measured.Tactic, counted: _Tally) -> dict[str, Any]:
    return {
        "id": tactic.attack_id,
        "key": tactic.shortname,
        "name": tactic.name,
        "techniques": counted.techniques,
        "tested": counted.tested,
        "proven": counted.share_of(counted.proven),
        "claimed": counted.share_of(counted.claimed),
    }


def score(found: Map) -> dict[str, Any]:
    """`totals` of the organisation's score alone: `{weighted, plain, parts, unknown}`."""
    of = found.columns
    effective = map(found.scorer.effective_of, of.inputs)
    rows = zip(of.relevance, of.points, effective, of.known, strict=True)
    made = organisation(map(Scored._make, compress(rows, of.in_scope)))
    return {
        "weighted": None if made.weighted_tenths is None else made.weighted_tenths / 10,
        "plain": None if made.plain_tenths is None else made.plain_tenths / 10,
        "parts": [{"name": part.name, "points": part.points, "possible": part.possible} for part in made.parts],
        "unknown": made.unknown,
    }


_GROUPS = """
SELECT DISTINCT technique.attack_id
FROM attack_object AS object
JOIN technique_link AS link ON link.object_id = object.id AND link.kind = $3
JOIN technique ON technique.id = link.technique_id AND technique.active
WHERE object.domain = $1 AND object.kind = $4 AND object.active
  AND coalesce(object.attack_id, object.name) = ANY ({wanted})
ORDER BY 1
"""


def technique_ids_of_groups(domain: str, group_ids: Sequence[str]) -> Sequence[str]:
    """ATT&CK ids of the techniques that any of these groups (ATT&CK ids) uses directly."""
    return _technique_ids(domain, group_ids, "group_uses", "group")


def technique_ids_of_data_components(domain: str, ids: Sequence[str]) -> Sequence[str]:
    """ATT&CK ids of the techniques that any of these data components can see (by name where ATT&CK gave no id)."""
    return _technique_ids(domain, ids, "data_component", "data_component")


def _technique_ids(domain: str, ids: Sequence[str], link: str, kind: str) -> Sequence[str]:
    if not ids:
        return []
    statement = _GROUPS.format(wanted=reader.split("$2"))

    def compute() -> list[str]:
        return reader.frame(statement, domain, reader.joined(ids), link, kind)["attack_id"].to_list()

    params = {"domain": domain, "ids": sorted(ids), "kind": kind}
    answer: Sequence[str] = cache.answer("techniques_of", params, ("techniques",), compute)
    return answer


_CHOICES = Prepared(
    """
SELECT
  (SELECT json_agg(domain ORDER BY array_position(ARRAY['enterprise-attack', 'mobile-attack', 'ics-attack'], domain))
   FROM attack_release WHERE state = 'adopted')::text AS domains,
  (SELECT json_agg(name ORDER BY name) FROM (
     SELECT DISTINCT unnest(platforms) AS name FROM technique WHERE domain = $1 AND active) AS p)::text AS platforms,
  (SELECT json_agg(json_build_object('id', attack_id, 'key', shortname, 'name', name) ORDER BY position, attack_id)
   FROM tactic WHERE domain = $1 AND active AND position IS NOT NULL)::text AS tactics,
  (SELECT json_agg(json_build_object('id', coalesce(object.attack_id, object.name), 'name', object.name, 'n', links.n)
                   ORDER BY lower(object.name))
   FROM attack_object AS object JOIN ({links}) AS links ON links.object_id = object.id AND links.kind = 'group_uses'
   WHERE object.domain = $1 AND object.kind = 'group' AND object.active)::text AS groups,
  (SELECT json_agg(json_build_object('id', coalesce(object.attack_id, object.name), 'name', object.name, 'n', links.n)
                   ORDER BY lower(object.name))
   FROM attack_object AS object
   JOIN ({links}) AS links ON links.object_id = object.id AND links.kind = 'data_component'
   WHERE object.domain = $1 AND object.kind = 'data_component' AND object.active)::text AS data_components,
  (SELECT json_agg(DISTINCT day) FROM snapshot WHERE domain = $1 AND kind <> 'asked')::text AS days
""".replace(
        "{links}",
        """SELECT link.object_id, link.kind, count(*) AS n FROM technique_link AS link
      JOIN technique ON technique.id = link.technique_id AND technique.active GROUP BY 1, 2""",
    )
)


def choices(domain: str) -> Mapping[str, Any]:
    """What filters offer: {domains: [key], platforms: [name], tactics: [{id, key, name}], groups and data_components:
    [{id, name, n}], today: ISO day, days: [ISO day] to step through}, where n counts active techniques.

    A data component without an ATT&CK id goes by its name.
    """
    today = measured.today()
    topics, params = ("techniques", "snapshots"), {"domain": domain, "day": today}
    found: Mapping[str, Any] = cache.answer("choices", params, topics, lambda: _choices(domain, today))
    return found


def _choices(domain: str, today: date) -> Mapping[str, Any]:
    row = reader.rows(_CHOICES, domain)[0]
    found = {name: orjson.loads(text) if text else [] for name, text in row.items()}
    kept = [date.fromisoformat(day) for day in found["days"]]
    return {**found, "days": snapshots.steps(kept, today), "today": today}
