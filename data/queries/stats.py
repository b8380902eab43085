"""The figures of the loaded content, as `aegis stats` prints them. Active objects only, distinct pairs.

A pair is a direct relationship between two active ends that is itself neither revoked nor deprecated. From ATT&CK 18 on
a technique and a data component are a pair through detection strategy, analytic and log source.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.repositories.attack import adopted_releases
from domain.outcomes import TestState

_TECHNIQUES = """
SELECT domain,
  count(*) FILTER (WHERE active AND NOT is_subtechnique) AS techniques,
  count(*) FILTER (WHERE active AND is_subtechnique) AS subtechniques,
  count(*) FILTER (WHERE revoked AND vanished_at IS NULL AND successor_id IN (SELECT id FROM technique WHERE active))
    AS revoked_resolved
FROM technique GROUP BY domain
"""
_TACTICS = "SELECT domain, count(*) AS tactics FROM tactic WHERE active GROUP BY domain"
_OBJECTS = "SELECT domain, kind, count(*) AS number FROM attack_object WHERE active GROUP BY domain, kind"
_PAIRS = """
SELECT technique.domain, link.kind, count(*) AS number
FROM technique_link AS link JOIN technique ON technique.id = link.technique_id
GROUP BY technique.domain, link.kind
"""
_RULES = """
SELECT rule.source, count(DISTINCT rule.id) AS rules,
  count(DISTINCT (rule.id, technique.id)) FILTER (WHERE technique.active) AS technique_pairs,
  count(DISTINCT technique.id) FILTER (WHERE technique.active) AS techniques,
  count(*) FILTER (WHERE claim.resolution = 'not_placed') AS not_placed
FROM detection_rule AS rule
LEFT JOIN rule_technique AS claim ON claim.rule_id = rule.id
LEFT JOIN technique ON technique.id = claim.technique_id
WHERE rule.removed_at IS NULL
GROUP BY rule.source ORDER BY rule.source
"""
_COVERED = """
SELECT technique.domain, count(DISTINCT technique.id) AS number
FROM technique
JOIN rule_technique AS claim ON claim.technique_id = technique.id
JOIN detection_rule AS rule ON rule.id = claim.rule_id
WHERE technique.active AND rule.enabled AND rule.removed_at IS NULL
GROUP BY technique.domain
"""
_TEMPLATES = """
SELECT template.source, count(*) AS templates,
  count(DISTINCT technique.id) FILTER (WHERE technique.active) AS techniques,
  count(*) FILTER (WHERE template.resolution = 'not_placed') AS not_placed
FROM test_template AS template LEFT JOIN technique ON technique.id = template.technique_id
WHERE template.removed_at IS NULL
GROUP BY template.source ORDER BY template.source
"""
# A template of several platforms counts on each: the numbers add up to more than the templates.
_TEMPLATE_PLATFORMS = """
SELECT source, kind, platform, count(*) AS number
FROM test_template CROSS JOIN LATERAL (
  SELECT 'by_platform' AS kind, unnest(platforms) AS platform
  UNION ALL SELECT 'by_named_platform', unnest(named_platforms)) AS each
WHERE removed_at IS NULL
GROUP BY source, kind, platform ORDER BY source, kind, number DESC, platform
"""
# Rows without a control (a technique that no control addresses) are of no control, and counted nowhere here.
_COMPLIANCE = """
SELECT framework.slug, count(DISTINCT control.id) AS controls,
  count(DISTINCT control.id) FILTER (WHERE technique.active) AS controls_mapped,
  count(DISTINCT (control.id, technique.id)) FILTER (WHERE technique.active) AS pairs,
  count(DISTINCT technique.id) FILTER (WHERE technique.active) AS techniques,
  count(DISTINCT (control.id, mapping.claimed_id)) FILTER (WHERE mapping.resolution = 'not_placed') AS not_placed
FROM framework
LEFT JOIN control ON control.framework_id = framework.id AND control.removed_at IS NULL
LEFT JOIN control_mapping AS mapping ON mapping.control_id = control.id
LEFT JOIN technique ON technique.id = mapping.technique_id
WHERE framework.removed_at IS NULL
GROUP BY framework.slug ORDER BY framework.slug
"""
# Of D3FEND's pairs those whose technique lies, active, on a loaded map.
_D3FEND = """
SELECT count(DISTINCT countermeasure.id) AS countermeasures,
  count(DISTINCT (countermeasure.id, technique.id)) FILTER (WHERE technique.active) AS pairs,
  count(DISTINCT technique.id) FILTER (WHERE technique.active) AS techniques,
  count(*) FILTER (WHERE link.resolution = 'not_placed') AS not_placed
FROM countermeasure
LEFT JOIN countermeasure_technique AS link ON link.countermeasure_id = countermeasure.id
LEFT JOIN technique ON technique.id = link.technique_id
WHERE countermeasure.removed_at IS NULL
"""
_TESTS = "SELECT state, count(*) AS number FROM security_test GROUP BY state"

# the name in the answer -> the kind in the table
_OBJECT_NAMES = {
    "groups": "group",
    "software": "software",
    "campaigns": "campaign",
    "mitigations": "mitigation",
    "detection_strategies": "detection_strategy",
    "analytics": "analytic",
    "data_components": "data_component",
}
_PAIR_NAMES = {
    "group_technique_pairs": "group_uses",
    "software_technique_pairs": "software_uses",
    "mitigation_technique_pairs": "mitigates",
    "technique_data_component_pairs": "data_component",
}
FIRST_DOMAIN = "enterprise-attack"


def stats(session: Session, domain: str | None = None) -> dict[str, Any]:
    """`attack` and `coverage` are of `domain`; without one of Enterprise, or of the first that is loaded.

    `domains` has the figures of every loaded domain. `coverage.percent` has one decimal; None without techniques.
    Templates are those present in their source, retired or not; `by_platform` is in ATT&CK's words, `by_named_platform`
    in the source's own.

    `compliance` is by framework: `controls` of its source, `controls_mapped` to at least one active technique of the
    loaded maps, distinct `pairs` of a control and such a technique, distinct `techniques`, and `not_placed`: distinct
    pairs of a control and an id that lies nowhere on them.
    """
    domains = _domains(session)
    wanted = domain or (FIRST_DOMAIN if FIRST_DOMAIN in domains else next(iter(domains), FIRST_DOMAIN))
    attack = domains.get(wanted)
    covered = _by(session, _COVERED, "domain")
    return {
        "attack": attack,
        "rules": {row.source: _without(row, "source") for row in session.execute(text(_RULES))},
        "templates": _templates(session),
        "compliance": {row.slug: _without(row, "slug") for row in session.execute(text(_COMPLIANCE))},
        "d3fend": dict(session.execute(text(_D3FEND)).one()._mapping),
        "coverage": _coverage(attack, covered.get(wanted, 0)),
        "tests": {state.value: number for state, number in _tests(session).items()},
        "domains": domains,
    }


def _domains(session: Session) -> dict[str, dict[str, Any]]:
    techniques = {row.domain: row for row in session.execute(text(_TECHNIQUES))}
    tactics = {row.domain: row.tactics for row in session.execute(text(_TACTICS))}
    objects = _by(session, _OBJECTS, "domain", "kind")
    pairs = _by(session, _PAIRS, "domain", "kind")
    found = {}
    for release in adopted_releases(session):
        counted, name = techniques.get(release.domain), release.domain
        found[name] = {
            "domain": name,
            "version": release.version,
            "tactics": tactics.get(name, 0),
            "techniques": counted.techniques if counted else 0,
            "subtechniques": counted.subtechniques if counted else 0,
            **{shown: objects.get((name, kind), 0) for shown, kind in _OBJECT_NAMES.items()},
            **{shown: pairs.get((name, kind), 0) for shown, kind in _PAIR_NAMES.items()},
            "revoked_resolved": counted.revoked_resolved if counted else 0,
        }
    return found


def _templates(session: Session) -> dict[str, dict[str, Any]]:
    platforms = _by(session, _TEMPLATE_PLATFORMS, "source", "kind", "platform")
    return {
        row.source: _without(row, "source")
        | {
            kind: {name: n for (source, of, name), n in platforms.items() if (source, of) == (row.source, kind)}
            for kind in ("by_platform", "by_named_platform")
        }
        for row in session.execute(text(_TEMPLATES))
    }


def _coverage(attack: Mapping[str, Any] | None, covered: int) -> dict[str, Any]:
    whole = attack["techniques"] + attack["subtechniques"] if attack else 0
    return {
        "techniques_with_enabled_rule": covered,
        "percent": round(100 * covered / whole, 1) if whole else None,
        "denominator": whole,
    }


def _tests(session: Session) -> dict[TestState, int]:
    counted = _by(session, _TESTS, "state")
    return {state: counted.get(state.value, 0) for state in TestState}


def _by(session: Session, statement: str, *keys: str) -> dict[Any, int]:
    """`number` by one key, or by several as a tuple."""
    rows = session.execute(text(statement))
    return {
        (getattr(row, keys[0]) if len(keys) == 1 else tuple(getattr(row, key) for key in keys)): row.number
        for row in rows
    }


def _without(row: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in row._mapping.items() if key != name}
