"""Countermeasures for screens: all of them, what one applies to, those of a technique, and the best next ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from data import cache
from data.queries import ahead, measured, reader
from data.queries.heatmap import TOPICS
from data.queries.reader import Prepared
from domain.countermeasures import CountermeasureState, Weighed, gains
from domain.errors import NotFound

_ALL = """
SELECT one.d3fend_id, one.name, one.definition, one.tactic, coalesce(one.parent, '') AS parent,
  array_to_json(one.synonyms)::text AS synonyms, coalesce(one.url, '') AS url,
  coalesce(said.state, '') AS state, coalesce(said.note, '') AS note, coalesce(said.author_name, '') AS author,
  said.decided_at, coalesce(linked.techniques, 0)::integer AS techniques,
  coalesce(linked.not_placed, 0)::integer AS not_placed
FROM countermeasure AS one
LEFT JOIN countermeasure_decision AS said ON said.countermeasure_id = one.id
LEFT JOIN (
  SELECT link.countermeasure_id, count(DISTINCT technique.id) FILTER (WHERE technique.active) AS techniques,
    count(*) FILTER (WHERE link.resolution = 'not_placed') AS not_placed
  FROM countermeasure_technique AS link LEFT JOIN technique ON technique.id = link.technique_id GROUP BY 1
) AS linked ON linked.countermeasure_id = one.id
WHERE one.removed_at IS NULL
ORDER BY array_position(ARRAY['Model', 'Harden', 'Detect', 'Isolate', 'Deceive', 'Evict', 'Restore'], one.tactic),
  one.name
"""
_LINKS = """
SELECT one.d3fend_id, string_agg(DISTINCT technique.attack_id, ' ') AS techniques
FROM countermeasure AS one
JOIN countermeasure_technique AS link ON link.countermeasure_id = one.id
JOIN technique ON technique.id = link.technique_id AND technique.active AND technique.domain = $1
WHERE one.removed_at IS NULL GROUP BY 1
"""
_APPLIES = """
SELECT coalesce(technique.attack_id, '') AS attack_id, coalesce(technique.name, '') AS name, link.claimed_id,
  link.resolution, coalesce(technique.active, false) AS active, array_to_json(link.artifacts)::text AS artifacts,
  coalesce(kept.applicable, 0) AS applicable, coalesce(kept.in_place, 0) AS in_place
FROM countermeasure AS one JOIN countermeasure_technique AS link ON link.countermeasure_id = one.id
LEFT JOIN technique ON technique.id = link.technique_id
LEFT JOIN rollup_technique_countermeasures AS kept ON kept.technique_id = technique.id
WHERE one.d3fend_id = $1 ORDER BY coalesce(technique.attack_id, link.claimed_id)
"""
OF_TECHNIQUE = Prepared("""
SELECT one.d3fend_id, one.name, one.tactic, coalesce(said.state, '') AS state, coalesce(said.note, '') AS note,
  (SELECT array_to_json(array_agg(DISTINCT artifact ORDER BY artifact))
   FROM countermeasure_technique AS each CROSS JOIN unnest(each.artifacts) AS artifact
   WHERE each.countermeasure_id = one.id AND each.technique_id = $1::uuid)::text AS artifacts
FROM countermeasure AS one
LEFT JOIN countermeasure_decision AS said ON said.countermeasure_id = one.id
WHERE one.removed_at IS NULL AND EXISTS (SELECT FROM countermeasure_technique AS link
  WHERE link.countermeasure_id = one.id AND link.technique_id = $1::uuid)
ORDER BY array_position(ARRAY['in_place', 'planned', '', 'not_applicable'], coalesce(said.state, '')), one.name
""")


def everything() -> Sequence[Mapping[str, Any]]:
    """Every countermeasure by tactic and name, with what was decided of it and how many techniques it applies to."""
    found: Sequence[Mapping[str, Any]] = cache.answer(
        "countermeasures", {}, ("countermeasures", "techniques"), lambda: reader.rows(_ALL)
    )
    return found


def one(d3fend_id: str) -> dict[str, Any]:
    """One with `applies`: the techniques, through which artifacts, and how many others are in place there."""
    found = next((row for row in everything() if row["d3fend_id"] == d3fend_id), None)
    if found is None:
        raise NotFound(f"D3FEND has no countermeasure {d3fend_id[:40]} here.")
    rows = reader.rows(_APPLIES, d3fend_id)
    for row in rows:
        row["artifacts"] = orjson.loads(row["artifacts"]) if row["artifacts"] else []
    return {**found, "applies": rows}


def best(domain: str) -> Sequence[Mapping[str, Any]]:
    """`{d3fend_id, points, techniques}` of each not in place, by what it would add to the organisation's score."""
    day = measured.today()
    params = {"domain": domain, "day": day}
    found: Sequence[Mapping[str, Any]] = cache.answer("best_countermeasures", params, TOPICS, lambda: _best(domain))
    return found


def _links(domain: str) -> Mapping[str, Sequence[str]]:
    """Countermeasure -> techniques it works against."""

    def compute() -> Mapping[str, Sequence[str]]:
        return {key: techniques.split() for key, techniques in reader.frame(_LINKS, domain).iter_rows()}

    return cache.held("countermeasure links", {"domain": domain}, ("countermeasures", "techniques"), compute)


def _best(domain: str) -> list[dict[str, Any]]:
    asked = ahead.begin(lambda: _links(domain))
    found, every = measured.read(domain, as_of=measured.today()), everything()
    links = asked.result()
    settled = (CountermeasureState.IN_PLACE, CountermeasureState.NOT_APPLICABLE)
    done = {row["d3fend_id"] for row in every if row["state"] in settled}
    ruled_out = {row["d3fend_id"] for row in every if row["state"] == CountermeasureState.NOT_APPLICABLE}
    applicable: dict[str, int] = defaultdict(int)
    for key, techniques in links.items():
        for technique in techniques:
            applicable[technique] += key not in ruled_out
    inside = [each for each in found.techniques if each.in_scope]
    weighed = {
        each.attack_id: Weighed(each.relevance, found.scorer.effective_of(each.inputs)[2], applicable[each.attack_id])
        for each in inside
        if applicable[each.attack_id]
    }
    candidates = {key: techniques for key, techniques in links.items() if key not in done}
    ranked = gains(candidates, weighed, sum(each.relevance for each in inside))
    return [{"d3fend_id": gain.key, "points": gain.points, "techniques": gain.techniques} for gain in ranked]
