"""What hangs on a technique: its tests, rules, actors, mitigations, ways to detect it, and its history.

Each list is one statement, however long it is; what could grow without end is cut, with its whole count beside it.
"""

from collections.abc import Mapping
from typing import Any

from data.queries import ahead, reader
from data.queries.ahead import Asked
from data.queries.countermeasures import OF_TECHNIQUE
from data.queries.reader import Prepared

TESTS_MAX = 50
RULES_MAX = 300
HISTORY_MAX = 40

_TESTS = Prepared(f"""
SELECT t.number, t.title, t.state, t.platform, t.prevention, t.detection, t.executed_at, t.validated_at,
       t.claimed_technique, t.not_applicable, coalesce(c.name, '') AS campaign,
       (SELECT json_agg(json_build_object('tool', tool.name, 'prevention', o.prevention, 'detection', o.detection)
                        ORDER BY tool.name)
        FROM observation AS o JOIN defence_tool AS tool ON tool.id = o.tool_id
        WHERE o.test_id = t.id AND o.round = t.round)::text AS observations
FROM security_test AS t LEFT JOIN test_campaign AS c ON c.id = t.campaign_id
WHERE t.technique_id = $1::uuid
ORDER BY t.created_at DESC, t.number DESC LIMIT {TESTS_MAX}
""")

_RULES = Prepared(f"""
SELECT r.id::text, r.title, r.level, r.status, r.author, r.source, r.enabled, claim.claimed_id, claim.resolution,
       concat_ws(' / ', r.product, r.category, r.service) AS log_source,
       count(*) OVER () AS total, count(*) FILTER (WHERE r.enabled) OVER () AS enabled_total
FROM rule_technique AS claim JOIN detection_rule AS r ON r.id = claim.rule_id
WHERE claim.technique_id = $1::uuid AND r.removed_at IS NULL
ORDER BY r.enabled DESC, array_position(ARRAY['critical', 'high', 'medium', 'low', 'informational'], r.level), r.title,
  r.id
LIMIT {RULES_MAX}
""")

_RELATED = Prepared("""
WITH said AS MATERIALIZED (
  SELECT DISTINCT ON (r.source_ref) r.source_ref, r.description
  FROM technique AS t JOIN attack_relationship AS r
    ON r.domain = t.domain AND r.target_ref = t.stix_id AND r.kind IN ('uses', 'mitigates') AND r.active
  WHERE t.id = $1::uuid ORDER BY r.source_ref, r.id
)
SELECT o.kind, o.attack_id, o.name, o.url, coalesce(said.description, '') AS note
FROM technique_link AS link JOIN attack_object AS o ON o.id = link.object_id
LEFT JOIN said ON said.source_ref = o.stix_id
WHERE link.technique_id = $1::uuid AND link.kind <> 'detection_strategy'
ORDER BY o.name, o.id
""")

_STRATEGIES = Prepared("""
SELECT s.attack_id, s.name, s.url,
       (SELECT json_agg(json_build_object(
                 'attack_id', a.attack_id, 'name', a.name, 'platforms', a.platforms, 'description', a.description,
                 'log_sources', a.details -> 'log_sources') ORDER BY a.attack_id)
        FROM jsonb_array_elements_text(s.details -> 'analytic_refs') AS named (stix_id)
        JOIN attack_object AS a ON a.domain = s.domain AND a.stix_id = named.stix_id
        WHERE a.kind = 'analytic' AND a.active)::text AS analytics
FROM technique_link AS link JOIN attack_object AS s ON s.id = link.object_id
WHERE link.technique_id = $1::uuid AND link.kind = 'detection_strategy'
ORDER BY s.attack_id
""")

_HISTORY = Prepared(f"""
(SELECT run.finished_at AS at, 'attack' AS side, item.kind AS what, item.detail AS detail,
        coalesce(run.version, '') AS version, run.requested_by_name AS who, NULL::bigint AS number
 FROM sync_item AS item JOIN sync_run AS run ON run.id = item.run_id
 WHERE item.ref = $2 AND item.object_type IN ('technique', 'subtechnique') AND run.finished_at IS NOT NULL
 ORDER BY run.finished_at DESC LIMIT {HISTORY_MAX})
UNION ALL
(SELECT t.validated_at, 'lead', coalesce(t.outcome, 'not_applicable'), t.title, '', '', t.number
 FROM security_test AS t WHERE t.technique_id = $1::uuid AND t.state = 'validated'
 ORDER BY t.validated_at DESC LIMIT {HISTORY_MAX})
ORDER BY at DESC LIMIT {HISTORY_MAX}
""")

_RULE = Prepared("""
SELECT r.id::text, r.external_id, r.title, r.description, r.level, r.status, r.author, r.source, r.enabled,
       r.licence, r.body, r.language, r.written_on, r.changed_on, r.removed_at IS NOT NULL AS removed,
       concat_ws(' / ', r.product, r.category, r.service) AS log_source,
       array_to_json(r.references)::text AS references,
       (SELECT json_agg(coalesce(t.attack_id, claim.claimed_id || ' (not placed)') ORDER BY claim.claimed_id)
        FROM rule_technique AS claim LEFT JOIN technique AS t ON t.id = claim.technique_id
        WHERE claim.rule_id = r.id)::text AS techniques
FROM detection_rule AS r WHERE r.id = $1::uuid
""")


def ask(technique_key: str, attack_id: str) -> Mapping[str, Asked]:
    """All that hangs on a technique, by its primary key: `rules`, `related`, `tests`, `strategies`, `countermeasures`,
    and `history` (what ATT&CK changed and which tests were validated, newest first).

    Rows as the statements above name them; `rules` carry `total` and `enabled_total` on each row.
    """
    return {
        "rules": ahead.ask(_RULES, technique_key),
        "related": ahead.ask(_RELATED, technique_key),
        "tests": ahead.ask(_TESTS, technique_key),
        "strategies": ahead.ask(_STRATEGIES, technique_key),
        "countermeasures": ahead.ask(OF_TECHNIQUE, technique_key),
        "history": ahead.ask(_HISTORY, technique_key, attack_id),
    }


def rule(key: str) -> dict[str, Any] | None:
    """One rule to read in full; None when there is none with this primary key."""
    found = reader.rows(_RULE, key)
    return found[0] if found else None
