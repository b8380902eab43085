"""The times of validated tests, a frame a month, kept as files and read again where the month has changed.

A case is a key as `data.queries.survival` takes it. Besides, in the same column: null where the test is not of the
measure's population, LEFT_OUT where it is but a time it needs is missing or impossible, and STILL_OPEN where it is
censored now, whenever that is, since `opened` (seconds since 1970).

`month` is `number_of` it. Codes (technique, platform, ...) are 64-bit hashes of ids: the same whenever they are made,
and eight bytes wide.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import polars as pl

from data import frames
from data.queries import reader
from domain.durations import Measure
from domain.durations_view import shifted

LEFT_OUT, STILL_OPEN = -1, -2
_AT_ONCE = 3  # months in one answer: what it takes of the memory
_EACH: Mapping[str, type[pl.DataType]] = {
    "month": pl.Int32,
    **dict.fromkeys(("technique", "platform", "campaign", "person", "template"), pl.Int64),
}
TESTS: Mapping[str, type[pl.DataType]] = {
    **_EACH,
    **dict.fromkeys(("procedure", "executed", "opened", *(measure.value for measure in Measure)), pl.Int64),
    "red_effort": pl.Int32,
    "blue_effort": pl.Int32,
}
TOOLS: Mapping[str, type[pl.DataType]] = {**_EACH, "tool": pl.Int64, Measure.DETECT.value: pl.Int64}
_STAMPS = "SELECT month, stamp::text FROM test_month ORDER BY month"


def code(value: str) -> str:
    """SQL of the code of an id or a word."""
    return f"hashtextextended(({value})::text, 0)"


def _seconds(later: str, earlier: str) -> str:
    return f"floor(extract(epoch FROM {later} - {earlier}))::bigint"


def _key(later: str, earlier: str, censored: int) -> str:
    """The key, or LEFT_OUT when a moment is missing or the later one came first."""
    return f"CASE WHEN {later} >= {earlier} THEN 2 * {_seconds(later, earlier)} + {censored} ELSE {LEFT_OUT} END"


_WATCHED = "coalesce(t.watched_until, t.blue_submitted_at)"
_DETECT = f"""CASE WHEN t.detection = 'alerted' THEN {_key("t.detected_at", "t.executed_at", 0)}
    ELSE {_key(_WATCHED, "t.executed_at", 1)} END"""
_CONTAIN = f"""CASE WHEN t.detection <> 'alerted' OR t.prevention = 'full' THEN NULL
    WHEN t.contained_at IS NOT NULL THEN {_key("t.contained_at", "t.detected_at", 0)}
    ELSE {_key(_WATCHED, "t.detected_at", 1)} END"""
_ACCEPTED = """(SELECT max(said.at) FROM test_timeline AS said
     WHERE said.test_id = t.id AND said.action = 'risk_accepted' AND t.remediation_state = 'risk_accepted')"""
_REMEDIATE = f"""CASE t.remediation_state
    WHEN 'done' THEN {_key("t.remediation_completed_at", "t.blue_submitted_at", 0)}
    WHEN 'risk_accepted' THEN {_key("accepted.at", "t.blue_submitted_at", 1)}
    WHEN 'open' THEN {STILL_OPEN} WHEN 'in_progress' THEN {STILL_OPEN} END"""
_DIMENSIONS = f"""
  date_trunc('month', t.executed_at AT TIME ZONE 'UTC')::date AS month,
  {code("t.technique_id")} AS technique, {code("t.platform")} AS platform, {code("t.campaign_id")} AS campaign,
  {code("t.blue_submitted_by")} AS person, {code("t.template_id")} AS template"""
_WHICH = f"""t.state = 'validated' AND NOT t.not_applicable AND t.executed_at >= $1 AND t.executed_at < $2
  AND date_trunc('month', t.executed_at AT TIME ZONE 'UTC')::date = ANY ({reader.split("$3")}::date[])"""
_TESTS = f"""
SELECT {_DIMENSIONS}, {code("t.procedure_key || '|' || t.platform")} AS procedure,
  floor(extract(epoch FROM t.executed_at))::bigint AS executed,
  {_DETECT} AS time_to_detect, {_CONTAIN} AS time_to_contain, {_REMEDIATE} AS time_to_remediate,
  floor(extract(epoch FROM t.blue_submitted_at))::bigint AS opened,
  t.red_effort_seconds AS red_effort, t.blue_effort_seconds AS blue_effort
FROM security_test AS t CROSS JOIN LATERAL (SELECT {_ACCEPTED} AS at) AS accepted
WHERE {_WHICH}
"""
_TOOLS = f"""
SELECT {_DIMENSIONS}, {code("o.tool_id")} AS tool,
  CASE WHEN o.detection = 'alerted' THEN {_key("o.detected_at", "t.executed_at", 0)}
    ELSE {_key(_WATCHED, "t.executed_at", 1)} END AS time_to_detect
FROM security_test AS t JOIN observation AS o ON o.test_id = t.id AND o.round = t.round
WHERE {_WHICH}
"""


def stamps() -> dict[date, str]:
    """The months that have validated tests, oldest first, each with the stamp of its last change."""
    return {row["month"]: row["stamp"] for row in reader.rows(_STAMPS)}


def tests(known: Mapping[date, str]) -> list[pl.LazyFrame]:
    """A row a validated, applicable test, for each of the months: codes, keys, and the seconds people worked."""
    return frames.months("tests-2", known, lambda months: _read(_TESTS, TESTS, months))


def tools(known: Mapping[date, str]) -> list[pl.LazyFrame]:
    """A row for each tool that was observed in such a test: its own time to its own alert."""
    return frames.months("tools-2", known, lambda months: _read(_TOOLS, TOOLS, months))


def number_of(month: date) -> int:
    """A month as a whole number that goes on over the years."""
    return 12 * month.year + month.month - 1


def _read(statement: str, schema: Mapping[str, type[pl.DataType]], months: Sequence[date]) -> dict[date, pl.DataFrame]:
    found: dict[date, pl.DataFrame] = {}
    ordered = sorted(months)
    for start in range(0, len(ordered), _AT_ONCE):
        asked = ordered[start : start + _AT_ONCE]
        frame = reader.frame(
            statement,
            _midnight(asked[0]),
            _midnight(shifted(asked[-1], 1)),
            reader.joined(month.isoformat() for month in asked),
        )
        for month in asked:
            of_month = frame.lazy().filter(pl.col("month") == month).with_columns(month=number_of(month))
            found[month] = of_month.select(pl.col(name).cast(kind) for name, kind in schema.items()).collect().rechunk()
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
