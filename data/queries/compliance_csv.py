"""A framework with everything behind it as CSV: a line for each row of its mapping, with the tests that count."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import orjson

from data.queries import compliance, counting, measured, reader
from domain.csv_text import spreadsheet_safe

TESTS_MAX = 50  # numbers in one cell; how many there are stands beside
COLUMNS = (
    "framework",
    "framework_version",
    "as_of",
    "control",
    "control_name",
    "group",
    "state",
    "decision",
    "decision_reason",
    "decision_until",
    "decision_holds",
    "source_attack_version",
    "claimed_id",
    "claimed_name",
    "placed_id",
    "placed_name",
    "resolution",
    "retired",
    "mapping_type",
    "score_category",
    "score_value",
    "comment",
    "references",
    "more",
    "technique_status",
    "technique_stale",
    "technique_in_scope",
    "evidence_age_days",
    "tests_counting",
    "tests",
    "templates",
)
_ROWS = """
SELECT coalesce(control.code, '') AS code, mapping.claimed_id, mapping.claimed_name, mapping.resolution,
  mapping.mapping_type, mapping.score_category, mapping.score_value, mapping.comment,
  array_to_string(mapping."references", ' ') AS "references", mapping.details::text AS details,
  coalesce(technique.attack_id, '') AS attack_id, coalesce(technique.name, '') AS name,
  coalesce(NOT technique.active, false) AS retired
FROM control_mapping AS mapping
JOIN framework ON framework.id = mapping.framework_id
LEFT JOIN control ON control.id = mapping.control_id
LEFT JOIN technique ON technique.id = mapping.technique_id
WHERE framework.slug = $1 ORDER BY control.position NULLS LAST, control.code, mapping.position, mapping.id
"""
_TESTS = f"""
SELECT wanted.attack_id, counted.counting, counted.numbers
FROM (SELECT id, attack_id FROM technique
      WHERE domain = $1 AND active AND attack_id = ANY ({reader.split("$2")})) AS wanted
CROSS JOIN LATERAL (
  SELECT count(*) AS counting,
    array_to_string((array_agg(test.number::text ORDER BY kept.held, test.number DESC))[:{TESTS_MAX}], ' ') AS numbers
  FROM (SELECT result.test_id, {counting.held("result")} AS held FROM rollup_procedure_latest AS result
        WHERE result.technique_id = wanted.id AND result.validated_at < $3::date + 1
          AND {counting.platform_counts("result.platform")}) AS kept
  JOIN security_test AS test ON test.id = kept.test_id) AS counted
WHERE counted.counting > 0
"""
_FLUSH = 64 * 1024


def stream(slug: str, day: date | None = None) -> Iterator[bytes]:
    """UTF-8 with a mark. A control without a row has one line of its own; so has a technique without a control.

    Raises NotFound before the first block.
    """
    on = day or measured.today()
    found = compliance.framework(slug, on)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in reader.frame(_ROWS, slug).iter_rows(named=True):
        rows.setdefault(row["code"], []).append(row)
    tests = {row["attack_id"]: row for row in reader.rows(_TESTS, found["domain"], reader.joined(found["map"]), on)}
    return _blocks(found, rows, tests)


def _blocks(
    found: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]], tests: Mapping[str, Mapping[str, Any]]
) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    text.write("\ufeff")
    writer.writeheader()
    for control in [*found["controls"], None]:
        for row in rows.get(control["code"] if control else "", [{}] if control else []):
            line = _line(found, control, row, tests)
            writer.writerow({name: spreadsheet_safe(value) for name, value in line.items()})
        if text.tell() > _FLUSH:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _line(
    found: Mapping[str, Any],
    control: Mapping[str, Any] | None,
    row: Mapping[str, Any],
    tests: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    head = {"framework": found["name"], "framework_version": found["version"], "as_of": found["as_of"]}
    line: dict[str, Any] = {**head, **_of_control(control), "source_attack_version": found["attack_version"]}
    if row:
        details = orjson.loads(row["details"])
        line |= {name: row[name] for name in ("claimed_id", "claimed_name", "resolution", "mapping_type", "comment")}
        line |= {name: row[name] for name in ("score_category", "score_value", "references")}
        line |= {"placed_id": row["attack_id"], "placed_name": row["name"]}
        line |= {"retired": "yes" if row["retired"] else "", "more": orjson.dumps(details).decode() if details else ""}
        technique = found["map"].get(row["attack_id"])
        if technique is not None:
            line |= _of_technique(technique, tests.get(row["attack_id"]))
    return line


def _of_control(control: Mapping[str, Any] | None) -> dict[str, Any]:
    if control is None:
        return {}
    decision = control["decision"] or {}
    return {
        "control": control["code"],
        "control_name": control["name"],
        "group": control["group"],
        "state": control["state"],
        "decision": decision.get("kind"),
        "decision_reason": decision.get("reason"),
        "decision_until": decision.get("expires_on"),
        "decision_holds": ("yes" if decision["holds"] else "no") if decision else "",
    }


def _of_technique(technique: Mapping[str, Any], tests: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "technique_status": technique["status"],
        "technique_stale": "yes" if technique["stale"] else "",
        "technique_in_scope": "yes" if technique["in_scope"] else "no",
        "evidence_age_days": technique["age_days"],
        "tests_counting": tests["counting"] if tests else 0,
        "tests": tests["numbers"] if tests else "",
        "templates": technique["templates"],
    }
