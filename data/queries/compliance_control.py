"""One control with everything an auditor asks for: each row of its mapping, the tests that count, what was decided."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from data import cache
from data.queries import compliance, counting, measured, reader
from domain.errors import NotFound

TESTS_EACH = 8

_ROWS = """
SELECT mapping.claimed_id, mapping.claimed_name, mapping.resolution, mapping.mapping_type, mapping.score_category,
  mapping.score_value, mapping.comment, array_to_json(mapping."references")::text AS "references",
  mapping.details::text AS details, coalesce(technique.attack_id, '') AS attack_id,
  coalesce(technique.name, '') AS technique, coalesce(technique.active, false) AS active,
  coalesce(technique.domain, '') AS domain
FROM control_mapping AS mapping
JOIN control ON control.id = mapping.control_id JOIN framework ON framework.id = control.framework_id
LEFT JOIN technique ON technique.id = mapping.technique_id
WHERE framework.slug = $1 AND control.code = $2 ORDER BY mapping.position, mapping.id
"""
# The tests that count for coverage, one a procedure and platform: those that did not hold first, then the newest.
_TESTS = f"""
SELECT wanted.attack_id, latest.number, latest.title, latest.platform, latest.outcome, latest.executed_at,
  latest.held, latest.counting
FROM (SELECT id, attack_id FROM technique
      WHERE domain = $1 AND active AND attack_id = ANY ({reader.split("$2")})) AS wanted
CROSS JOIN LATERAL (
  SELECT test.number, test.title, test.platform, test.outcome, test.executed_at, kept.held,
    count(*) OVER () AS counting
  FROM (SELECT result.test_id, result.executed_at, {counting.held("result")} AS held
        FROM rollup_procedure_latest AS result
        WHERE result.technique_id = wanted.id AND result.validated_at < $3::date + 1
          AND {counting.platform_counts("result.platform")}) AS kept
  JOIN security_test AS test ON test.id = kept.test_id
  ORDER BY kept.held, kept.executed_at DESC LIMIT {TESTS_EACH}) AS latest
ORDER BY 1, latest.held, latest.executed_at DESC
"""
_HISTORY = """
SELECT decision.kind, decision.reason, decision.expires_on, decision.author_name AS author, decision.created_at,
  decision.withdrawn_at, coalesce(decision.withdrawn_by_name, '') AS withdrawn_by
FROM control_decision AS decision
JOIN control ON control.id = decision.control_id JOIN framework ON framework.id = control.framework_id
WHERE framework.slug = $1 AND control.code = $2 ORDER BY decision.created_at DESC
"""
_NOTE = """
SELECT control.note FROM control JOIN framework ON framework.id = control.framework_id
WHERE framework.slug = $1 AND control.code = $2
"""


def control(slug: str, code: str, day: date | None = None) -> dict[str, Any]:
    """One control of a framework, its code with or without leading zeros; raises NotFound.

    `{framework {as in compliance.framework, without its controls}, control {..}, note, map {id: ..} of its techniques,
    rows [{claimed_id, claimed_name, attack_id, technique, active, domain, resolution, mapping_type, score_category,
    score_value, comment, references, details}], tests {technique: [{number, title, platform, outcome, executed_at,
    held, counting}]}, history [decision with withdrawn_at, withdrawn_by]}`. Of the `counting` tests of a technique the
    first TESTS_EACH are there.
    """
    on = day or measured.today()
    found = compliance.framework(slug, on)
    one = compliance.find(found, code)
    if one is None:
        raise NotFound(f"{found['name']} has no control {code[:40]}.")
    params = {"slug": slug, "code": one["code"], "day": on}
    evidence: Mapping[str, Any] = cache.answer(
        "control", params, compliance.TOPICS, lambda: _evidence(found["domain"], slug, one, on)
    )
    head = {name: found[name] for name in ("slug", "name", "version", "kind", "origin", "attack_version", "as_of")}
    return {
        "framework": head,
        "control": one,
        "map": {key: found["map"][key] for key in one["techniques"]},
        **evidence,
    }


def _evidence(domain: str, slug: str, one: dict[str, Any], day: date) -> dict[str, Any]:
    rows = reader.rows(_ROWS, slug, one["code"])
    for row in rows:
        row["references"], row["details"] = orjson.loads(row["references"]), orjson.loads(row["details"])
    tests: dict[str, list[dict[str, Any]]] = {}
    for test in reader.rows(_TESTS, domain, reader.joined(one["techniques"]), day):
        tests.setdefault(test.pop("attack_id"), []).append(test)
    (note,) = reader.rows(_NOTE, slug, one["code"])
    return {"rows": rows, "tests": tests, "history": reader.rows(_HISTORY, slug, one["code"]), **note}
