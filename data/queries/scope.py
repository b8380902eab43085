"""What the scope page shows: every platform, every technique taken out by hand, and what each keeps from counting."""

from collections.abc import Mapping
from typing import Any

from data import cache
from data.queries import ahead, heatmap, reader

# $1 domain. Tests whose technique or platform is out of scope count in no total; here they are counted all the same.
_PLATFORMS = """
WITH named AS (
  SELECT unnest(platforms) AS name, cardinality(platforms) = 1 AS alone
  FROM technique WHERE domain = $1 AND active
), tests AS (
  SELECT kept.platform AS name, sum(kept.evaluated)::integer AS evaluated
  FROM rollup_technique_month AS kept JOIN technique ON technique.id = kept.technique_id
  WHERE technique.domain = $1 AND technique.active GROUP BY 1
)
SELECT coalesce(found.name, decided.ref) AS name, coalesce(found.techniques, 0)::integer AS techniques,
  coalesce(found.alone, 0)::integer AS alone, coalesce(tests.evaluated, 0) AS tests,
  coalesce(decided.in_scope, true) AS in_scope, decided.reason, decided.author_name AS by, decided.created_at AS at
FROM (SELECT name, count(*) AS techniques, count(*) FILTER (WHERE alone) AS alone FROM named GROUP BY 1) AS found
FULL JOIN (SELECT * FROM scope_decision WHERE domain = $1 AND kind = 'platform') AS decided ON decided.ref = found.name
LEFT JOIN tests ON tests.name = coalesce(found.name, decided.ref)
ORDER BY 1
"""
_TECHNIQUES = """
SELECT decided.ref AS attack_id, home.name, decided.in_scope, decided.reason, decided.author_name AS by,
  decided.created_at AS at, count(DISTINCT kin.id)::integer - 1 AS subs, coalesce(sum(tests.evaluated), 0)::integer
  AS tests
FROM scope_decision AS decided
LEFT JOIN technique AS home ON home.domain = decided.domain AND home.attack_id = decided.ref AND home.active
LEFT JOIN technique AS kin ON kin.active AND (kin.id = home.id OR kin.parent_id = home.id)
LEFT JOIN LATERAL (SELECT sum(evaluated) AS evaluated FROM rollup_technique_month AS kept
  WHERE kept.technique_id = kin.id) AS tests ON true
WHERE decided.domain = $1 AND decided.kind = 'technique'
GROUP BY decided.id, home.name ORDER BY 1
"""


def scope(domain: str) -> Mapping[str, Any]:
    """The declared scope of a map.

        {version, totals (as in the matrix), whole: techniques of the map, by_platform, by_hand,
         platforms: [{name, techniques, alone, tests, in_scope, reason, by, at}],
         techniques: [{attack_id, name|null, subs, tests, in_scope, reason, by, at}],
         map: [[attack_id, name, tactic short names, in scope 0|1]], tactics: [{id, key, name}]}

    `by_platform` techniques are out because every platform they name is, `by_hand` because of a decision on them or
    their parent; together with those in scope they are the `whole`. `alone` names no other platform. `tests` are those
    evaluated, whether they count or not; `subs` sub-techniques go with their parent.
    """
    answer: Mapping[str, Any] = cache.answer("scope", {"domain": domain}, heatmap.TOPICS, lambda: _scope(domain))
    return answer


def _scope(domain: str) -> Mapping[str, Any]:
    asked = ahead.ask(_PLATFORMS, domain)
    found = heatmap.matrix(domain)
    cells, platforms = found["cells"], asked.rows()
    outside = {row["name"] for row in platforms if not row["in_scope"]}
    places = {at for at, name in enumerate(found["platforms"]) if name in outside}
    out = [at for at, inside in enumerate(cells["in_scope"]) if not inside]
    by_platform = sum(bool(cells["platforms"][at]) and places.issuperset(cells["platforms"][at]) for at in out)
    keys = [tactic["key"] for tactic in found["tactics"]]
    return {
        "version": found["version"],
        "totals": found["totals"],
        "whole": len(cells["id"]),
        "by_platform": by_platform,
        "by_hand": len(out) - by_platform,
        "platforms": platforms,
        "techniques": reader.rows(_TECHNIQUES, domain),
        "map": [
            [cells["id"][at], cells["name"][at], [keys[tactic] for tactic in cells["tactics"][at]], inside]
            for at, inside in enumerate(cells["in_scope"])
        ],
        "tactics": found["tactics"],
    }
