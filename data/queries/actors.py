"""Threat actors: which techniques they use and how we know, and how well these are covered here.

Directly (ATT&CK says so of the group), through software the group uses, and through campaigns attributed to it are kept
apart: the first says what the group did, the second what its tools can do, the third what was seen in an attack.
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import Any

import orjson

from data import cache
from data.queries import ahead, heatmap, measured, reader
from data.queries.reader import Prepared
from domain.attack_ids import normalise
from domain.coverage import CoverageStatus, is_gap
from domain.errors import NotFound
from domain.statistics import Share

WAYS = ("direct", "software", "campaign")

# $1 domain, $2 ATT&CK id of the group.
_USES = """
SELECT actor.attack_id AS actor, t.attack_id AS technique, 'direct' AS way, '' AS via, '' AS via_id
FROM attack_object AS actor
JOIN technique_link AS link ON link.object_id = actor.id AND link.kind = 'group_uses'
JOIN technique AS t ON t.id = link.technique_id AND t.active
WHERE actor.domain = $1 AND actor.kind = 'group' AND actor.active AND actor.attack_id = $2
UNION ALL
SELECT actor.attack_id, t.attack_id, 'software', tool.name, coalesce(tool.attack_id, '')
FROM attack_object AS actor
JOIN attack_relationship AS uses ON uses.domain = actor.domain AND uses.source_ref = actor.stix_id
  AND uses.kind = 'uses' AND uses.active
JOIN attack_object AS tool ON tool.domain = uses.domain AND tool.stix_id = uses.target_ref
  AND tool.kind = 'software' AND tool.active
JOIN technique_link AS link ON link.object_id = tool.id AND link.kind = 'software_uses'
JOIN technique AS t ON t.id = link.technique_id AND t.active
WHERE actor.domain = $1 AND actor.kind = 'group' AND actor.active AND actor.attack_id = $2
UNION ALL
SELECT actor.attack_id, t.attack_id, 'campaign', attack.name, coalesce(attack.attack_id, '')
FROM attack_object AS actor
JOIN attack_relationship AS of_it ON of_it.domain = actor.domain AND of_it.target_ref = actor.stix_id
  AND of_it.kind = 'attributed-to' AND of_it.active
JOIN attack_object AS attack ON attack.domain = of_it.domain AND attack.stix_id = of_it.source_ref
  AND attack.kind = 'campaign' AND attack.active
JOIN technique_link AS link ON link.object_id = attack.id AND link.kind = 'campaign_uses'
JOIN technique AS t ON t.id = link.technique_id AND t.active
WHERE actor.domain = $1 AND actor.kind = 'group' AND actor.active AND actor.attack_id = $2
"""
# Of each group and way the ids of techniques, several times those that it uses through several things: telling them
# apart is quicker outside the database.
_OF_ALL = Prepared("""
WITH actor AS MATERIALIZED (
  SELECT id, stix_id, attack_id FROM attack_object WHERE domain = $1 AND kind = 'group' AND active
), software AS MATERIALIZED (
  SELECT id, stix_id FROM attack_object WHERE domain = $1 AND kind = 'software' AND active
), used AS MATERIALIZED (
  SELECT link.object_id, string_agg(technique.attack_id, ' ') AS ids
  FROM technique_link AS link JOIN technique ON technique.id = link.technique_id AND technique.active
  WHERE link.kind IN ('group_uses', 'software_uses', 'campaign_uses') GROUP BY 1
), through AS (
  SELECT attack_id, 'direct' AS way, id AS object_id FROM actor
  UNION ALL
  SELECT actor.attack_id, 'software', software.id
  FROM actor JOIN attack_relationship AS uses ON uses.domain = $1 AND uses.source_ref = actor.stix_id
    AND uses.kind = 'uses' AND uses.active
  JOIN software ON software.stix_id = uses.target_ref
  UNION ALL
  SELECT actor.attack_id, 'campaign', attack.id
  FROM actor JOIN attack_relationship AS of_it ON of_it.domain = $1 AND of_it.target_ref = actor.stix_id
    AND of_it.kind = 'attributed-to' AND of_it.active
  JOIN attack_object AS attack ON attack.domain = $1 AND attack.stix_id = of_it.source_ref
    AND attack.kind = 'campaign' AND attack.active
)
SELECT through.attack_id AS actor, through.way, string_agg(used.ids, ' ') AS ids
FROM through JOIN used USING (object_id) GROUP BY 1, 2
""")
_ACTORS = """
SELECT attack_id, name, array_to_json(aliases)::text AS aliases FROM attack_object
WHERE domain = $1 AND kind = 'group' AND active AND attack_id IS NOT NULL ORDER BY lower(name)
"""
_ONE = """
SELECT attack_id, name, domain, url, description, modified_at, array_to_json(aliases)::text AS aliases
FROM attack_object WHERE kind = 'group' AND active AND attack_id = $1
ORDER BY domain = $2 DESC, array_position(ARRAY['enterprise-attack', 'mobile-attack', 'ics-attack'], domain) LIMIT 1
"""


def actors(domain: str) -> Sequence[Mapping[str, Any]]:
    """Every group of a domain by name: `{attack_id, name, aliases, direct, software, campaign (techniques), scope,
    proven Share, claimed Share, untested}`; the last four are of the techniques in scope that it uses directly."""
    params = {"domain": domain, "day": _day()}
    found: Sequence[Mapping[str, Any]] = cache.answer("actors", params, heatmap.TOPICS, lambda: _actors(domain))
    return found


def actor(attack_id: str, domain: str = "") -> dict[str, Any]:
    """One group: `{head, techniques: [...]}`; raises NotFound.

    A technique: `{attack_id, name, tactic, order, ways {way: [[id, name] of what it goes through]}, status, stale,
    rules, tests, in_scope, gap}`, what is covered least first.
    """
    head = named(attack_id, domain)
    return {"head": head, "techniques": techniques(head["domain"], head["attack_id"])}


def named(attack_id: str, domain: str = "") -> dict[str, Any]:
    """What a group is called and where it stands: the `head` of `actor`. Raises NotFound."""
    found = reader.rows(_ONE, normalise(attack_id)[:20], domain)
    if not found:
        raise NotFound(f"ATT&CK has no threat actor {attack_id[:20]} on the loaded maps.")
    (head,) = found
    head["aliases"] = _aliases(head)
    return head


def gaps(domain: str, attack_id: str, platforms: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Of the techniques the group uses directly those that are gaps, in scope and, where `platforms` are given, on
    one of these; rows as of `actor`."""
    return [one for one in techniques(domain, attack_id, platforms) if one["gap"] and "direct" in one["ways"]]


def techniques(domain: str, attack_id: str, platforms: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The techniques of a group as `actor` gives them; with `platforms` only tests on these count."""
    asked = ahead.ask(_USES, domain, attack_id)
    matrix = heatmap.matrix(domain, platforms)
    ways: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in asked.rows():
        through = ways[row["technique"]][row["way"]]
        if row["via"]:
            through.append((row["via_id"], row["via"]))
    standing = _standing(matrix, platforms, ways)
    made = [
        {**standing[technique], "ways": {way: sorted(via, key=lambda one: one[1]) for way, via in used.items()}}
        for technique, used in ways.items()
        if technique in standing
    ]
    return sorted(made, key=lambda one: (_LEAST_FIRST[one["status"]], not one["stale"], one["attack_id"]))


_LEAST_FIRST = {
    status: place
    for place, status in enumerate(
        (
            CoverageStatus.UNTESTED,
            CoverageStatus.UNCOVERED,
            CoverageStatus.IN_PROGRESS,
            CoverageStatus.PARTIAL,
            CoverageStatus.COVERED,
        )
    )
}


def _standing(
    matrix: Mapping[str, Any], platforms: Sequence[str] = (), wanted: Container[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Techniques of the map by their id (default: all of them), as the heatmap has them. Only one in scope, and of one
    of the platforms if any are given, can be a gap."""
    cells, tactics, names = matrix["cells"], matrix["tactics"], matrix["platforms"]
    out = {}
    for place, attack_id in enumerate(cells["id"]):
        if wanted is not None and attack_id not in wanted:
            continue
        first = min(cells["tactics"][place], default=None)
        status, stale, in_scope = cells["status"][place], bool(cells["stale"][place]), bool(cells["in_scope"][place])
        usable = not platforms or any(names[one] in platforms for one in cells["platforms"][place])
        out[attack_id] = {
            "attack_id": attack_id,
            "name": cells["name"][place],
            "tactic": tactics[first]["name"] if first is not None else "",
            "order": first if first is not None else len(tactics),
            "status": status,
            "stale": stale,
            "rules": cells["rules"][place],
            "tests": cells["tests"][place],
            "in_scope": in_scope,
            "gap": in_scope and usable and is_gap(CoverageStatus(status), stale=stale),
        }
    return out


def _actors(domain: str) -> list[dict[str, Any]]:
    uses = ahead.begin(lambda: _uses(domain))
    standing = _standing(heatmap.matrix(domain))
    used: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in uses.result():
        used[row["actor"]][row["way"]] = row
    return [_counted(row, used[row["attack_id"]], standing) for row in reader.rows(_ACTORS, domain)]


def _uses(domain: str) -> Sequence[Mapping[str, Any]]:
    """Of each group and way: `{actor, way, techniques, ids (of those used directly)}`; only a sync changes it."""

    def compute() -> list[dict[str, Any]]:
        made = []
        for actor, way, ids in reader.frame(_OF_ALL, domain).iter_rows():
            used = set(ids.split())
            made.append(
                {"actor": actor, "way": way, "techniques": len(used), "ids": list(used) if way == "direct" else []}
            )
        return made

    found: Sequence[Mapping[str, Any]] = cache.answer("actor_uses", {"domain": domain}, ("techniques",), compute)
    return found


def _counted(
    row: Mapping[str, Any], used: Mapping[str, Mapping[str, Any]], standing: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    direct = used["direct"]["ids"] if "direct" in used else ()
    scope = [standing[one] for one in direct if one in standing and standing[one]["in_scope"]]
    return {
        "attack_id": row["attack_id"],
        "name": row["name"],
        "aliases": _aliases(row),
        **{way: used[way]["techniques"] if way in used else 0 for way in WAYS},
        "scope": len(scope),
        "proven": Share.count(sum(not one["gap"] for one in scope), len(scope)),
        "claimed": Share.count(sum(one["rules"] > 0 for one in scope), len(scope)),
        "untested": sum(one["status"] == CoverageStatus.UNTESTED for one in scope),
    }


def _aliases(row: Mapping[str, Any]) -> list[str]:
    return [name for name in orjson.loads(row["aliases"] or b"[]") if name != row["name"]]


def _day() -> str:
    return measured.today().isoformat()
