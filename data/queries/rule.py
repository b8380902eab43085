"""One detection rule with what it claims, what tests have shown of it, and what was decided of its logs."""

from typing import Any
from uuid import UUID

import orjson

from data.queries import reader
from domain.errors import NotFound

TESTS_MAX = 50

_RULE = """
SELECT r.id::text, r.external_id, r.source, r.title, r.description, r.author, coalesce(r.licence, '') AS licence,
  coalesce(r.status, '') AS status, coalesce(r.level, '') AS level, r.language, r.body, r.details::text AS details,
  r.path, r.written_on, r.changed_on, r.enabled, r.removed_at, r.created_at, r.updated_at,
  array_to_json(r.tags)::text AS tags, array_to_json(r.references)::text AS references,
  k.product, k.category, k.service, k.truth, k.fired, k.last_fired_at,
  logs.collected, coalesce(logs.note, '') AS logs_note, coalesce(logs.author_name, '') AS logs_author,
  (SELECT json_agg(json_build_object('claimed', claim.claimed_id, 'resolution', claim.resolution,
     'attack_id', technique.attack_id, 'name', technique.name, 'active', technique.active,
     'rules', (SELECT sum(kept.rules) FROM rollup_technique_rules AS kept WHERE kept.technique_id = technique.id))
     ORDER BY claim.claimed_id)
   FROM rule_technique AS claim LEFT JOIN technique ON technique.id = claim.technique_id
   WHERE claim.rule_id = r.id)::text AS claims
FROM detection_rule AS r
JOIN rollup_rule AS k ON k.rule_id = r.id
LEFT JOIN log_source AS logs ON (logs.product, logs.category, logs.service) = (k.product, k.category, k.service)
WHERE r.id = $1::uuid
"""
# Validated tests that speak of the rule: those it fired in, and those of what it claims on platforms it covers.
_TESTS = f"""
WITH about AS (
  SELECT test.id, false AS fired FROM rollup_rule AS k
  JOIN rule_technique AS claim ON claim.rule_id = k.rule_id AND claim.technique_id IS NOT NULL
  JOIN security_test AS test ON test.technique_id = claim.technique_id
  WHERE k.rule_id = $1::uuid AND test.state = 'validated' AND NOT test.not_applicable
    AND (rule_platforms(k.product) IS NULL OR test.platform = ANY (rule_platforms(k.product)))
  UNION ALL
  SELECT test.id, seen.detection = 'alerted' FROM observation AS seen
  JOIN security_test AS test ON test.id = seen.test_id AND test.round = seen.round
  WHERE seen.rule_id = $1::uuid AND test.state = 'validated' AND NOT test.not_applicable
), each AS (SELECT id, bool_or(fired) AS fired FROM about GROUP BY 1)
SELECT test.number, test.title, test.platform, test.outcome, test.executed_at, technique.attack_id, each.fired,
  count(*) OVER () AS total, count(*) FILTER (WHERE each.fired) OVER () AS fired_total
FROM each JOIN security_test AS test ON test.id = each.id JOIN technique ON technique.id = test.technique_id
ORDER BY each.fired DESC, test.executed_at DESC NULLS LAST, test.number DESC LIMIT {TESTS_MAX}
"""


def rule(key: UUID) -> dict[str, Any]:
    """Everything the page of a rule shows. Raises NotFound.

    `tests` are at most TESTS_MAX, those it fired in first; `tests_total` and `fired_total` count all of them.
    """
    found = reader.rows(_RULE, str(key))
    if not found:
        raise NotFound("There is no such detection rule.")
    (row,) = found
    for name in ("tags", "references", "claims", "details"):
        row[name] = orjson.loads(row[name]) if row[name] else []
    row["tests"] = reader.rows(_TESTS, str(key))
    row["tests_total"] = row["tests"][0]["total"] if row["tests"] else 0
    row["fired_total"] = row["tests"][0]["fired_total"] if row["tests"] else 0
    return row
