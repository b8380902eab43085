"""What makes techniques matter more here: own groups, exploitation, priorities, and what weighs most for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from data import cache
from data.queries import measured, reader
from data.queries.heatmap import TOPICS
from domain.relevance import explained
from domain.sectors import SECTORS, named

WEIGHTIEST = 25
# The words around a sector are looked for in what ATT&CK says of the group.
_GROUPS = """
SELECT actor.attack_id, actor.name, actor.description, array_to_string(actor.aliases, ', ') AS aliases,
  (SELECT count(*) FROM technique_link AS link JOIN technique ON technique.id = link.technique_id AND technique.active
   WHERE link.object_id = actor.id AND link.kind = 'group_uses') AS techniques,
  ours.id IS NOT NULL AS own, coalesce(ours.reason, '') AS reason, coalesce(ours.author_name, '') AS author,
  ours.created_at
FROM attack_object AS actor
LEFT JOIN threat_group AS ours ON ours.domain = actor.domain AND ours.attack_id = actor.attack_id
WHERE actor.domain = $1 AND actor.kind = 'group' AND actor.active AND actor.attack_id IS NOT NULL
ORDER BY lower(actor.name)
"""
# Named as ours, and not on the loaded map (any more).
_LOST = """
SELECT ours.attack_id, ours.reason, ours.author_name AS author FROM threat_group AS ours
WHERE ours.domain = $1 AND NOT EXISTS (SELECT FROM attack_object AS actor
  WHERE actor.domain = ours.domain AND actor.attack_id = ours.attack_id AND actor.kind = 'group' AND actor.active)
ORDER BY 1
"""
_PRIORITIES = """
SELECT said.attack_id, said.priority, said.reason, said.author_name AS author, said.created_at,
  coalesce(technique.name, '') AS name
FROM technique_priority AS said
LEFT JOIN technique ON technique.domain = said.domain AND technique.attack_id = said.attack_id AND technique.active
WHERE said.domain = $1 ORDER BY said.priority, said.attack_id
"""


def groups(domain: str, sector: str = "") -> Sequence[Mapping[str, Any]]:
    """Every group by name: `{attack_id, name, aliases, techniques, own, reason, author, created_at, words}`.

    `words`: those of its description that speak of `sector`, [] without one.
    """

    known = sector if sector in SECTORS else ""

    def compute() -> list[dict[str, Any]]:
        rows = reader.rows(_GROUPS, domain)
        for row in rows:
            description = row.pop("description") or ""
            row["words"] = named(known, description) if known else []
        return rows

    params = {"domain": domain, "sector": known}
    found: Sequence[Mapping[str, Any]] = cache.answer("threat_groups", params, ("threats", "techniques"), compute)
    return found


def lost(domain: str) -> list[dict[str, Any]]:
    """Own groups that the loaded map does not have: `{attack_id, reason, author}`. They weigh nothing."""
    return reader.rows(_LOST, domain)


def priorities(domain: str) -> list[dict[str, Any]]:
    """`{attack_id, name ('' when not on the map), priority, reason, author, created_at}`, high before low."""
    return reader.rows(_PRIORITIES, domain)


def weighing(domain: str) -> Mapping[str, Any]:
    """What weighs: `{techniques, used_by_own, exploited, raised, lowered, version, weightiest [{attack_id, name,
    relevance, why, status, stale, in_scope}]}`; counts are of techniques in scope."""
    day = measured.today()
    params = {"domain": domain, "day": day}
    found: Mapping[str, Any] = cache.answer("threat_weights", params, TOPICS, lambda: _weighing(domain))
    return found


def _weighing(domain: str) -> dict[str, Any]:
    found = measured.read(domain, as_of=measured.today())
    inside = [one for one in found.techniques if one.in_scope]
    weights = found.scorer.weights
    heaviest = sorted(inside, key=lambda one: (-one.relevance, one.attack_id))[:WEIGHTIEST]
    return {
        "techniques": len(inside),
        "used_by_own": sum(one.threat.own_groups > 0 for one in inside),
        "exploited": sum(one.threat.exploited > 0 for one in inside),
        "raised": sum(one.threat.priority == "high" for one in inside),
        "lowered": sum(one.threat.priority == "low" for one in inside),
        "version": weights.version,
        "weightiest": [
            {
                "attack_id": one.attack_id,
                "name": one.name,
                "relevance": one.relevance,
                "why": explained(one.threat, weights),
                "status": one.status,
                "stale": one.stale,
            }
            for one in heaviest
        ],
    }
