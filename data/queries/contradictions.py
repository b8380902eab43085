"""Tests whose records cannot be true: one statement a kind, counted in whole and listed up to a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from data import cache
from data.queries import reader
from domain.contradictions import KINDS
from domain.outcomes import Detection, Prevention, TestState

LISTED_MAX = 200
_TOPICS = ("tests", "rules", "techniques")
# Files have no generation. They are only added and marked as deleted, else their test goes too: both are counted.
_FILES = "SELECT count(*) AS added, count(deleted_at) AS deleted FROM evidence"
_VALIDATED = f"s.state = '{TestState.VALIDATED}' AND NOT s.not_applicable"
_LATEST = "o.test_id = s.id AND o.round = s.round"
_SEEN = "least(o.prevented_at, o.logged_at, o.detected_at)"
_FIRED = "coalesce(o.detected_at, o.logged_at, s.executed_at)"
_TOOLS = "string_agg(DISTINCT tool.name, ', ' ORDER BY tool.name)"
_NOTHING = "NULL::text"
_NEVER = "NULL::timestamptz"


def _tests(condition: str, *, at: str = _NEVER, against: str = _NEVER) -> str:
    return f"SELECT s.id, {_NOTHING} AS who, {at} AS at, {against} AS against FROM security_test AS s WHERE {condition}"


# Kind -> the tests it finds, each once: id, who, at, against (as the kind's headings say).
_FOUND: Mapping[str, str] = {
    "before_execution": f"""
SELECT s.id, {_TOOLS} AS who, min({_SEEN}) AS at, s.executed_at AS against
FROM observation AS o JOIN security_test AS s ON {_LATEST} JOIN defence_tool AS tool ON tool.id = o.tool_id
WHERE {_SEEN} < s.executed_at GROUP BY s.id""",
    "prevented_by_no_tool": _tests(
        f"s.prevention <> '{Prevention.NONE}' AND NOT EXISTS (SELECT FROM observation AS o WHERE {_LATEST}"
        f" AND o.prevention IN (s.prevention, '{Prevention.FULL}'))"
    ),
    "detected_by_no_tool": _tests(
        f"s.detection <> '{Detection.MISSED}' AND NOT EXISTS (SELECT FROM observation AS o WHERE {_LATEST}"
        f" AND o.detection IN (s.detection, '{Detection.ALERTED}'))"
    ),
    # When a rule was switched off here stands in the audit log only; one that came disabled has no such entry.
    "disabled_rule": f"""
SELECT s.id, string_agg(DISTINCT rule.title, ', ' ORDER BY rule.title) AS who, min({_FIRED}) AS at,
  min(least(switched.off_at, rule.removed_at)) AS against
FROM detection_rule AS rule JOIN observation AS o ON o.rule_id = rule.id JOIN security_test AS s ON {_LATEST}
LEFT JOIN LATERAL (
  SELECT max(entry.at) AS off_at FROM audit_log AS entry
  WHERE entry.entity_type = 'rule' AND entry.entity_id = rule.id::text AND entry.action = 'rule.disabled'
) AS switched ON NOT rule.enabled
WHERE (NOT rule.enabled OR rule.removed_at IS NOT NULL) AND o.detection <> '{Detection.MISSED}'
  AND (rule.removed_at <= {_FIRED} OR (NOT rule.enabled AND (switched.off_at IS NULL OR switched.off_at <= {_FIRED})))
GROUP BY s.id""",
    "no_evidence": _tests(
        f"{_VALIDATED} AND NOT s.is_demo AND NOT EXISTS"
        " (SELECT FROM evidence AS file WHERE file.test_id = s.id AND file.deleted_at IS NULL)"
    ),
    "no_observation": _tests(f"{_VALIDATED} AND NOT EXISTS (SELECT FROM observation AS o WHERE {_LATEST})"),
    "not_applicable_observed": f"""
SELECT s.id, {_TOOLS} AS who, {_NEVER} AS at, {_NEVER} AS against
FROM security_test AS s JOIN observation AS o ON {_LATEST} JOIN defence_tool AS tool ON tool.id = o.tool_id
WHERE s.not_applicable GROUP BY s.id""",
    "executed_after_submission": _tests(
        "s.executed_at > s.red_submitted_at + interval '1 minute'", at="s.red_submitted_at", against="s.executed_at"
    ),
    "contained_before_detected": _tests(
        "s.contained_at < s.detected_at", at="s.contained_at", against="s.detected_at"
    ),
    "remediated_before_known": _tests(
        "s.remediation_completed_at < s.blue_submitted_at",
        at="s.remediation_completed_at",
        against="s.blue_submitted_at",
    ),
    "retest_of_another": f"""
SELECT s.id, 'Test ' || first.number AS who, {_NEVER} AS at, {_NEVER} AS against
FROM security_test AS s JOIN security_test AS first ON first.id = s.retest_of_id
WHERE first.procedure_key <> s.procedure_key""",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A test that cannot be so; `who`, `at` and `against` are what the kind's headings name."""

    number: int
    title: str
    technique: str
    state: str
    who: str | None
    at: datetime | None
    against: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """`total` tests of the kind `slug`; `hits` the newest of them, 200 at most."""

    slug: str
    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradictions:
    """Of every kind, in the order of `domain.contradictions.KINDS`; `tests` were looked at."""

    tests: int
    kinds: tuple[Found, ...]


def everything() -> Contradictions:
    """One statement a kind after a change, one in all until the next."""
    (files,) = reader.rows(_FILES)
    read = orjson.loads(cache.serve("contradictions", files, _TOPICS, _everything))
    return Contradictions(
        tests=read["tests"],
        kinds=tuple(
            Found(slug=slug, total=one["total"], hits=tuple(map(_hit, one["rows"])))
            for slug, one in read["kinds"].items()
        ),
    )


def _everything() -> bytes:
    (whole,) = reader.rows("SELECT count(*) AS tests FROM security_test")
    return orjson.dumps({"tests": whole["tests"], "kinds": {slug: _of(slug) for slug in KINDS}})


def _of(slug: str) -> dict[str, Any]:
    rows = reader.rows(
        f"""WITH found AS ({_FOUND[slug]}),
listed AS (
  SELECT s.number, s.title, s.technique_id, s.state, found.who, found.at, found.against
  FROM found JOIN security_test AS s ON s.id = found.id ORDER BY s.number DESC LIMIT {LISTED_MAX}
)
SELECT (SELECT count(*) FROM found) AS total, listed.number, listed.title, technique.attack_id AS technique,
  listed.state, listed.who, listed.at, listed.against
FROM listed JOIN technique ON technique.id = listed.technique_id ORDER BY listed.number DESC"""
    )
    return {"total": rows[0].pop("total") if rows else 0, "rows": rows}


def _hit(row: Mapping[str, Any]) -> Hit:
    named = {name: row[name] for name in ("number", "title", "technique", "state", "who")}
    return Hit(**named, at=_moment(row["at"]), against=_moment(row["against"]))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
