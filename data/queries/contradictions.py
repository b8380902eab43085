"""Tests whose records cannot be true, found in one walk over all of them: counted in whole and listed up to a limit.

A part of the walk is one statement, so that none of them grows with the organisation. `everything` answers at once
where there are few tests; of many a worker keeps the answer, see `jobs/contradictions.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import pairwise
from typing import Any

from data import cache
from data.queries import reader
from domain.contradictions import KINDS
from domain.outcomes import Detection, Prevention, TestState

LISTED_MAX = 200
TOPICS = ("tests", "rules", "techniques", "evidence")
PART = 100_000  # tests that one statement looks through
_AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"

_STATES = " + ".join(state.value for state in TestState)
# By month and platform: the sums over these leave out platforms that are out of scope.
_TESTS = f"SELECT coalesce(sum({_STATES}), 0)::bigint AS tests FROM rollup_technique_month"
# Where each part begins.
_PARTS = """SELECT id::text AS id FROM (
  SELECT id, row_number() OVER (ORDER BY id) AS place FROM security_test
) AS each WHERE (place - 1) % $1::bigint = 0 ORDER BY id"""

_VALIDATED = f"s.state = '{TestState.VALIDATED}' AND NOT s.not_applicable"
_LATEST = "o.test_id = s.id AND o.round = s.round"
_SEEN = "least(o.prevented_at, o.logged_at, o.detected_at)"
_FIRED = "coalesce(o.detected_at, o.logged_at, s.executed_at)"
_TOOLS = "string_agg(DISTINCT tool.name, ', ' ORDER BY tool.name)"
_NEVER = "NULL::timestamptz"
# Since when a rule is out of use. When it was switched off here stands in the audit log only; of one that came
# disabled there is no such entry, and it never was in use.
_SINCE = """least(rule.removed_at, CASE WHEN NOT rule.enabled THEN coalesce((
  SELECT max(entry.at) FROM audit_log AS entry
  WHERE entry.entity_type = 'rule' AND entry.entity_id = rule.id::text AND entry.action = 'rule.disabled'
), '-infinity') END)"""
_OUT_OF_USE = "(NOT rule.enabled OR rule.removed_at IS NOT NULL)"
_TOO_LATE = f"(out.since = '-infinity' OR out.since <= {_FIRED})"

# Kind -> what is true of its tests. `seen` is what the tools did in the latest round, NULL where none is recorded.
_SO: Mapping[str, str] = {
    "before_execution": "seen.first_at < s.executed_at",
    "prevented_by_no_tool": f"s.prevention <> '{Prevention.NONE}' AND NOT (coalesce(seen.fully_prevented, false)"
    f" OR (s.prevention = '{Prevention.PARTIAL}' AND coalesce(seen.prevented, false)))",
    "detected_by_no_tool": f"s.detection <> '{Detection.MISSED}' AND NOT (coalesce(seen.alerted, false)"
    f" OR (s.detection = '{Detection.LOGGED}' AND coalesce(seen.detected, false)))",
    "no_evidence": f"{_VALIDATED} AND NOT s.is_demo AND NOT EXISTS"
    " (SELECT FROM evidence AS file WHERE file.test_id = s.id AND file.deleted_at IS NULL)",
    "no_observation": f"{_VALIDATED} AND seen.test_id IS NULL",
    "not_applicable_observed": "s.not_applicable AND seen.test_id IS NOT NULL",
    "executed_after_submission": "s.executed_at > s.red_submitted_at + interval '1 minute'",
    "contained_before_detected": "s.contained_at < s.detected_at",
    "remediated_before_known": "s.remediation_completed_at < s.blue_submitted_at",
    "retest_of_another": "s.retest_of_id IS NOT NULL AND s.procedure_key <>"
    " (SELECT first.procedure_key FROM security_test AS first WHERE first.id = s.retest_of_id)",
}
# The newest by number, the only order that people see: ids may have been made elsewhere, at any time.
_NEWEST = f"array_to_string((array_agg(number ORDER BY number DESC) {{which}})[1:{LISTED_MAX}], ',')"
_LOOKED = f"""
WITH found AS MATERIALIZED (
  SELECT * FROM (
    SELECT s.number, {", ".join(f"({so}) AS {slug}" for slug, so in _SO.items())}
    FROM security_test AS s LEFT JOIN (
      SELECT o.test_id, o.round, min({_SEEN}) AS first_at,
        bool_or(o.prevention = '{Prevention.FULL}') AS fully_prevented,
        bool_or(o.prevention <> '{Prevention.NONE}') AS prevented,
        bool_or(o.detection = '{Detection.ALERTED}') AS alerted,
        bool_or(o.detection <> '{Detection.MISSED}') AS detected
      FROM observation AS o WHERE o.test_id >= $1::uuid AND o.test_id < $2::uuid GROUP BY o.test_id, o.round
    ) AS seen ON seen.test_id = s.id AND seen.round = s.round
    WHERE s.id >= $1::uuid AND s.id < $2::uuid
    OFFSET 0  -- else each condition is worked out twice: to choose rows, and to say which kinds they are of
  ) AS looked WHERE {" OR ".join(_SO)}
)
SELECT {", ".join(f"count(*) FILTER (WHERE {slug}) AS {slug}" for slug in _SO)},
  {", ".join(f"{_NEWEST.format(which=f'FILTER (WHERE {slug})')} AS {slug}_newest" for slug in _SO)}
FROM found"""
# From the rules, which are few: OFFSET 0 keeps the planner from reading all observations with a rule instead.
_FIRED_OUT_OF_USE = f"""
WITH out AS MATERIALIZED (SELECT rule.id, {_SINCE} AS since FROM detection_rule AS rule WHERE {_OUT_OF_USE}),
found AS (
  SELECT DISTINCT s.number FROM out
  CROSS JOIN LATERAL (SELECT * FROM observation AS fired WHERE fired.rule_id = out.id OFFSET 0) AS o
  JOIN security_test AS s ON {_LATEST}
  WHERE o.detection <> '{Detection.MISSED}' AND {_TOO_LATE}
)
SELECT count(*) AS disabled_rule, {_NEWEST.format(which="")} AS disabled_rule_newest FROM found"""

# Kind -> what its headings name, of a test `s` of that kind: who, at, against.
_SAID: Mapping[str, str] = {
    "before_execution": f"SELECT {_TOOLS}, min({_SEEN}), s.executed_at"
    f" FROM observation AS o JOIN defence_tool AS tool ON tool.id = o.tool_id"
    f" WHERE {_LATEST} AND {_SEEN} < s.executed_at",
    "disabled_rule": "SELECT string_agg(DISTINCT rule.title, ', ' ORDER BY rule.title),"
    f" min({_FIRED}), min(nullif(out.since, '-infinity'))"
    " FROM observation AS o JOIN detection_rule AS rule ON rule.id = o.rule_id"
    f" CROSS JOIN LATERAL (SELECT {_SINCE} AS since) AS out"
    f" WHERE {_LATEST} AND {_OUT_OF_USE} AND o.detection <> '{Detection.MISSED}' AND {_TOO_LATE}",
    "not_applicable_observed": f"SELECT {_TOOLS}, {_NEVER}, {_NEVER}"
    f" FROM observation AS o JOIN defence_tool AS tool ON tool.id = o.tool_id WHERE {_LATEST}",
    "executed_after_submission": "SELECT NULL, s.red_submitted_at, s.executed_at",
    "contained_before_detected": "SELECT NULL, s.contained_at, s.detected_at",
    "remediated_before_known": "SELECT NULL, s.remediation_completed_at, s.blue_submitted_at",
    "retest_of_another": f"SELECT 'Test ' || first.number, {_NEVER}, {_NEVER}"
    " FROM security_test AS first WHERE first.id = s.retest_of_id",
}
_LISTED = f"""
SELECT found.slug, s.number, s.title, technique.attack_id AS technique, s.state, said.who, said.at, said.against
FROM unnest({reader.split("$1")}, {reader.split("$2")}::bigint[]) AS found (slug, number)
JOIN security_test AS s ON s.number = found.number JOIN technique ON technique.id = s.technique_id
LEFT JOIN LATERAL (
  SELECT NULL::text AS who, {_NEVER} AS at, {_NEVER} AS against WHERE false
  {" ".join(f"UNION ALL SELECT * FROM ({said}) AS said WHERE found.slug = '{slug}'" for slug, said in _SAID.items())}
) AS said ON true
ORDER BY s.number DESC"""

Tell = Callable[[int, int], None]  # tests looked through, of how many


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


def tests() -> int:
    """How many there are, by the rollups."""
    (row,) = reader.rows(_TESTS)
    return int(row["tests"])


def everything() -> Contradictions:
    """As of now; looked for anew after each change, however long that takes."""
    found = read(cache.answer("contradictions", {}, TOPICS, look_through))
    assert found is not None  # noqa: S101 - answers of older code are not in the cache
    return found


def look_through(tell: Tell = lambda _done, _tests: None) -> dict[str, Any]:
    """All tests, looked through now, as plain JSON that `read` makes sense of."""
    parts, whole = reader.rows(_PARTS, PART), tests()
    totals, newest = dict.fromkeys(KINDS, 0), dict[str, list[int]]((slug, []) for slug in KINDS)
    for done, (start, end) in enumerate(pairwise([*(part["id"] for part in parts), _AFTER_ALL])):
        tell(done * PART, whole)
        _add(totals, newest, reader.rows(_LOOKED, start, end)[0], _SO)
    tell(whole, whole)
    _add(totals, newest, reader.rows(_FIRED_OUT_OF_USE)[0], ("disabled_rule",))
    listed = _listed(newest)
    return {"tests": whole, "kinds": {slug: {"total": totals[slug], "rows": listed[slug]} for slug in KINDS}}


def read(kept: Mapping[str, Any]) -> Contradictions | None:
    """What `look_through` answered; None when that was before a kind became known."""
    if not KINDS.keys() <= kept["kinds"].keys():
        return None
    found = ((slug, kept["kinds"][slug]) for slug in KINDS)
    kinds = (Found(slug=slug, total=one["total"], hits=tuple(map(_hit, one["rows"]))) for slug, one in found)
    return Contradictions(tests=kept["tests"], kinds=tuple(kinds))


def _add(totals: dict[str, int], newest: dict[str, list[int]], found: Mapping[str, Any], kinds: Iterable[str]) -> None:
    for slug in kinds:
        totals[slug] += found[slug]
        numbers = map(int, filter(None, (found[f"{slug}_newest"] or "").split(",")))
        newest[slug] = nlargest(LISTED_MAX, [*newest[slug], *numbers])


def _listed(newest: Mapping[str, list[int]]) -> Mapping[str, list[dict[str, Any]]]:
    """Each test of each kind with what is shown of it, newest first."""
    listed: dict[str, list[dict[str, Any]]] = {slug: [] for slug in newest}
    pairs = [(slug, str(number)) for slug, numbers in newest.items() for number in numbers]
    if pairs:
        slugs, numbers = zip(*pairs, strict=True)
        for row in reader.rows(_LISTED, reader.joined(slugs), reader.joined(numbers)):
            moments = {name: row[name] and row[name].isoformat() for name in ("at", "against")}
            listed[row.pop("slug")].append({**row, **moments})
    return listed


def _hit(row: Mapping[str, Any]) -> Hit:
    named = {name: row[name] for name in ("number", "title", "technique", "state", "who")}
    return Hit(**named, at=_moment(row["at"]), against=_moment(row["against"]))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
