"""What is known of a domain besides its tests: its techniques and all that is said of them, and by what it is measured.

Tests change all day long, the rest with a sync or a decision: so it is read on its own, and held until it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from data import cache as answers
from data.queries import reader
from data.queries.reader import Prepared
from domain.attack_ids import KNOWN_SUCCESSORS

TOPICS = ("rules", "techniques", "weights", "countermeasures", "threats", "frameworks")


@dataclass(frozen=True, slots=True)
class Context:
    """`head`: release [version, shortened], tactics [[attack_id, shortname, name]], weights, platforms_out, decided,
    own_groups, priorities, not_placed; None where there is none. `rows`: one an active technique, by its ATT&CK id.
    """

    domain: str
    head: Mapping[str, Any]
    rows: pl.DataFrame


_SPLIT = "chr(31)"  # lists travel as one text: reading them back is ten times cheaper
# $1 domain, $2 key of a technique for it with its family ('' for the whole map).
WHOLE = "domain = $1 AND active AND $2 = ''"
FAMILY = """domain = $1 AND id IN (
    SELECT kin.id FROM technique AS asked
    JOIN technique AS kin ON kin.id IN (asked.id, asked.parent_id) OR (kin.parent_id = asked.id AND kin.active)
    WHERE asked.domain = $1 AND asked.id = $2::uuid)"""

# The head travels on the first row only; an empty map has that row alone.
_STATEMENT = """
WITH map AS (
  SELECT id, attack_id, name, parent_id, tactics, platforms, review_since IS NOT NULL AS review, group_count
  FROM technique WHERE {which}
), head AS (
  SELECT json_build_object(
    'release', (SELECT json_build_array(version, shortened)
                FROM attack_release WHERE domain = $1 AND state = 'adopted'),
    'tactics', (SELECT json_agg(json_build_array(attack_id, shortname, name) ORDER BY position, attack_id)
                FROM tactic WHERE domain = $1 AND active AND position IS NOT NULL),
    'weights', (SELECT json_build_object('version', version, 'tests', tests, 'rules', rules,
                  'countermeasures', countermeasures, 'freshness', freshness, 'platforms', platforms,
                  'parameters', parameters) FROM score_weights ORDER BY version DESC LIMIT 1),
    'platforms_out', (SELECT json_agg(ref) FROM scope_decision
                      WHERE domain = $1 AND kind = 'platform' AND NOT in_scope),
    'decided', (SELECT json_object_agg(ref, in_scope) FROM scope_decision WHERE domain = $1 AND kind = 'technique'),
    'own_groups', (SELECT json_object_agg(used.technique_id, used.groups) FROM (
                     SELECT link.technique_id, count(*) AS groups
                     FROM threat_group AS ours
                     JOIN attack_object AS object ON object.domain = ours.domain AND object.attack_id = ours.attack_id
                       AND object.kind = 'group' AND object.active
                     JOIN technique_link AS link ON link.object_id = object.id AND link.kind = 'group_uses'
                     WHERE ours.domain = $1 GROUP BY 1) AS used),
    'priorities', (SELECT json_object_agg(attack_id, priority) FROM technique_priority WHERE domain = $1),
    'not_placed', (SELECT json_object_agg(claimed_id, rules) FROM (
                     SELECT claimed_id, sum(rules) AS rules FROM rollup_rules_not_placed
                     WHERE claimed_id = ANY (ARRAY[{successors}]) GROUP BY 1) AS kept)
  )::text AS head
)
SELECT CASE WHEN row_number() OVER (ORDER BY map.attack_id) = 1 THEN (SELECT head FROM head) END AS head,
  map.id::text AS key, map.attack_id, map.name, map.parent_id::text AS parent,
  array_to_string(map.tactics, {split}) AS tactics, array_to_string(map.platforms, {split}) AS platforms,
  map.review, map.group_count AS groups,
  claimed.rules, claimed.rule_value, exploited.vulnerabilities AS exploited, defended.applicable, defended.in_place
FROM (SELECT 1) AS always LEFT JOIN map ON true
LEFT JOIN (
  SELECT technique_id, sum(rules)::integer AS rules, sum(value)::double precision AS rule_value
  FROM rollup_technique_rules GROUP BY 1
) AS claimed ON claimed.technique_id = map.id
LEFT JOIN (
  SELECT mapping.technique_id, count(DISTINCT mapping.control_id)::integer AS vulnerabilities
  FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
  WHERE framework.kind = 'vulnerabilities' AND framework.removed_at IS NULL GROUP BY 1
) AS exploited ON exploited.technique_id = map.id
LEFT JOIN rollup_technique_countermeasures AS defended ON defended.technique_id = map.id
ORDER BY map.attack_id
"""


def _statement(which: str) -> Prepared:
    return Prepared(
        _STATEMENT.format(
            which=which,
            successors=", ".join(f"'{new}'" for new in sorted(set(KNOWN_SUCCESSORS.values()))),
            split=_SPLIT,
        )
    )


_OF_ALL = _statement(WHOLE)
_OF_FAMILY = _statement(FAMILY)


def read(domain: str, family_of: str = "") -> Context:
    """Of all active techniques of a domain; or (`family_of` its key) of one with its parent and children."""

    def compute() -> Context:
        found = reader.frame(_OF_FAMILY if family_of else _OF_ALL, domain, family_of)
        return Context(domain, orjson.loads(found["head"][0]), found.drop("head").drop_nulls("key"))

    return compute() if family_of else answers.held("context", {"domain": domain}, TOPICS, compute)
