"""One technique: what it is, where we stand on it, and everything that hangs on it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from data import cache
from data.queries import counting, heatmap, measured, reader, technique_lists
from data.queries.map_columns import Measured
from data.queries.measured import Map
from data.queries.reader import Prepared
from domain.attack_ids import successor_of
from domain.coverage import SubtechniqueCoverage
from domain.errors import NotFound
from domain.relevance import explained
from domain.statistics import Share

TOPICS = (*heatmap.TOPICS, "sources")  # a sync run is closed after the change it made, and its lines show then

# An id may stand on several maps and have been given up on one of them: the active one is meant, then the first map.
_HEAD = Prepared("""
SELECT t.id::text AS key, t.attack_id, t.name, t.domain, t.url, t.object_version, t.modified_at, t.description,
  t.detection, t.revoked, t.deprecated, t.active, t.vanished_at, t.review_since, t.reviewed_at, t.is_subtechnique,
  array_to_json(t.platforms)::text AS platforms, release.version, coalesce(release.shortened, false) AS shortened,
  (SELECT json_agg(json_build_array(tactic.shortname, tactic.name) ORDER BY tactic.position)
   FROM technique_tactic AS link JOIN tactic ON tactic.id = link.tactic_id
   WHERE link.technique_id = t.id)::text AS tactics,
  parent.attack_id AS parent_id, parent.name AS parent_name,
  successor.attack_id AS successor_id, successor.name AS successor_name,
  coalesce(reviewer.display_name, '') AS reviewed_by, coalesce(scope.reason, '') AS scope_reason
FROM technique AS t
LEFT JOIN attack_release AS release ON release.domain = t.domain AND release.state = 'adopted'
LEFT JOIN technique AS parent ON parent.id = t.parent_id
LEFT JOIN technique AS successor ON successor.id = t.successor_id
LEFT JOIN user_account AS reviewer ON reviewer.id = t.reviewed_by
LEFT JOIN scope_decision AS scope
  ON scope.domain = t.domain AND scope.kind = 'technique' AND scope.ref = t.attack_id AND NOT scope.in_scope
WHERE t.attack_id = $1
ORDER BY t.active DESC, t.domain = $2 DESC,
  array_position(ARRAY['enterprise-attack', 'mobile-attack', 'ics-attack'], t.domain) LIMIT 1
""")

# Procedures that held on every platform in scope where they were tested, of all tested; apart for what lies below.
_PROCEDURES = Prepared(f"""
SELECT own, count(*) FILTER (WHERE held)::integer AS held, count(*)::integer AS tested FROM (
  SELECT t.id = $1::uuid AS own, bool_and({counting.held("latest")}) AS held
  FROM technique AS t JOIN rollup_procedure_latest AS latest ON latest.technique_id = t.id
  WHERE (t.id = $1::uuid OR (t.parent_id = $1::uuid AND t.active))
    AND {counting.platform_counts("latest.platform", "t.domain")}
  GROUP BY t.id, latest.procedure_key) AS procedures
GROUP BY own
""")


def technique(attack_id: str, domain: str = "") -> Mapping[str, Any]:
    """Everything the technique page shows; raises NotFound.

    `{head, status, stale, age_days, in_scope, proven Share (procedures that held), proven_below Share|null,
    relevance {value, why},
    score {value, version, known, parts}, rules_enabled, not_counted_rules, successor_elsewhere, subtechniques [...],
    subtechniques_covered {of, evaluated, covered}, tests_by_state, and the lists of `technique_lists`}`.

    Points of the parts, in tenths, add up to the score's value. A part's `weight` is what counts here, `nominal` what
    was decided: the weight of a part that cannot apply is spread over the others.
    """
    wanted = attack_id.strip().upper()
    day = measured.today()
    params = {"id": wanted, "domain": domain, "day": day}
    answer: Mapping[str, Any] = cache.answer("technique", params, TOPICS, lambda: _technique(wanted, domain, day))
    if not answer:
        raise NotFound(f"ATT&CK has no technique {attack_id[:20]} on the loaded maps.")
    return answer


def _technique(attack_id: str, domain: str, day: date) -> dict[str, Any]:
    found = reader.rows(_HEAD, attack_id, domain)
    if not found:
        return {}
    head = found[0]
    lists = technique_lists.ask(head["key"], head["attack_id"])
    family = measured.read(head["domain"], as_of=day, family_of=head["key"])
    me = next(one for one in family.techniques if one.key == head["key"])
    children = [one for one in family.techniques if one.parent == me.attack_id and one.key != me.key]
    below = [one for one in children if one.in_scope]
    procedures = {row["own"]: Share.count(row["held"], row["tested"]) for row in reader.rows(_PROCEDURES, head["key"])}
    return {
        "head": head,
        **_standing(family, me),
        "proven": asdict(procedures.get(True, Share.count(0, 0))),
        "proven_below": asdict(procedures[False]) if False in procedures else None,
        "subtechniques": [_child(family, one) for one in children],
        "subtechniques_covered": asdict(SubtechniqueCoverage.count(one.status for one in below)),
        "tests_by_state": me.tests._asdict(),
        **{name: asked.rows() for name, asked in lists.items()},
    }


def _standing(family: Map, one: Measured) -> dict[str, Any]:
    score = family.scorer.score(one.inputs)
    return {
        "status": one.status,
        "stale": one.stale,
        "age_days": one.age_days,
        "in_scope": one.in_scope,
        "procedures": one.procedures,
        "relevance": {"value": one.relevance, "why": explained(one.threat, family.scorer.weights)},
        "score": {
            "value": score.value,
            "version": family.scorer.weights.version,
            "known": score.known,
            "parts": [
                {
                    "name": part.name.label,
                    "state": part.state,
                    "value": part.value,
                    "weight": part.effective,
                    "nominal": part.weight,
                    "points": part.points,
                }
                for part in score.parts
            ],
        },
        "rules_enabled": one.rules,
        "not_counted_rules": one.not_counted_rules,
        "successor_elsewhere": successor_of(one.attack_id),
    }


def _child(family: Map, one: Measured) -> dict[str, Any]:
    score = family.scorer.score(one.inputs)
    return {
        "attack_id": one.attack_id,
        "name": one.name,
        "status": one.status,
        "stale": one.stale,
        "score": score.value if score.known else None,
        "tests": one.tests.evaluated,
        "rules": one.rules,
    }
