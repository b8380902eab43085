"""The overview: the totals of the matrix, and what has changed lately."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from data import cache
from data.queries import counting, heatmap, measured, reader, snapshots
from domain.change_story import Counts, Sentence, Since, story
from domain.statistics import Share

CHANGED_WITHIN = timedelta(days=30)
_NEWLY_MAX = 8

# A technique is newly covered when it is covered now and was not at the time asked about: then some procedure's latest
# test had failed to hold, or none had been validated. Only techniques covered now are looked at, one after another from
# the latest on, until there are enough.
_NEWLY_COVERED = f"""
SELECT moved.attack_id, moved.name, moved.validated_at
FROM (
  SELECT technique.id, technique.attack_id, technique.name, max(latest.validated_at) AS validated_at
  FROM technique JOIN rollup_procedure_latest AS latest ON latest.technique_id = technique.id
  WHERE technique.domain = $1 AND technique.active AND technique.attack_id = ANY ({reader.split("$2")})
  GROUP BY technique.id HAVING max(latest.validated_at) >= $3
  ORDER BY 4 DESC, 2
) AS moved CROSS JOIN LATERAL (
  SELECT coalesce(bool_and({counting.held("earlier")}), false) AS covered
  FROM rollup_procedure_latest AS latest CROSS JOIN LATERAL (
    SELECT t.detection, t.prevention FROM security_test AS t
    WHERE t.state = 'validated' AND NOT t.not_applicable AND t.validated_at < $3
      AND t.technique_id = latest.technique_id AND t.procedure_key = latest.procedure_key
      AND t.platform = latest.platform
    ORDER BY t.validated_at DESC LIMIT 1) AS earlier
  WHERE latest.technique_id = moved.id
) AS before
WHERE NOT before.covered
ORDER BY moved.validated_at DESC, moved.attack_id LIMIT {_NEWLY_MAX}
"""
# By month of execution, as the rollup has it. Validations are counted in all domains: how much work was done.
_LATELY = f"""
SELECT months.month, coalesce(kept.executed, 0) AS executed, coalesce(kept.evaluated, 0) AS evaluated,
  coalesce(kept.alerted, 0) AS alerted, coalesce(kept.prevented, 0) AS prevented,
  (SELECT count(*) FROM security_test WHERE state = 'validated' AND validated_at >= $3) AS validated
FROM (SELECT generate_series($4::date, $5::date, interval '1 month')::date AS month) AS months
LEFT JOIN (
  SELECT kept.month, sum(greatest(kept.executed, kept.evaluated))::bigint AS executed,
    sum(kept.evaluated)::bigint AS evaluated, sum(kept.alerted)::bigint AS alerted,
    sum(kept.prevented)::bigint AS prevented
  FROM rollup_technique_month AS kept JOIN technique ON technique.id = kept.technique_id
  WHERE kept.month >= $4 AND technique.domain = $1 AND technique.active
    AND technique.attack_id = ANY ({reader.split("$2")})
    AND {counting.platform_counts("kept.platform")}
  GROUP BY 1) AS kept ON kept.month = months.month
ORDER BY months.month
"""
TREND_MONTHS = 12


def overview(domain: str, as_of: date | None = None) -> Mapping[str, Any]:
    """`{version, totals (as in the matrix), weights_version, newly_covered: [{attack_id, name, validated_at}], notes}`.

    What is newly covered is told of the present only.
    """
    day = as_of or measured.today()

    def compute() -> dict[str, Any]:
        found = heatmap.matrix(domain, as_of=as_of)
        cells = found["cells"]
        covered = [
            attack_id
            for attack_id, status, inside in zip(cells["id"], cells["status"], cells["in_scope"], strict=True)
            if status == "covered" and inside
        ]
        return {
            "version": found["version"],
            "weights_version": found["weights_version"],
            "totals": found["totals"],
            "newly_covered": [] if as_of else _newly_covered(domain, covered),
            "notes": found["notes"],
        }

    answer: Mapping[str, Any] = cache.answer(
        "overview", {"domain": domain, "day": day}, heatmap.topics_of(domain, day), compute
    )
    return answer


def lately(domain: str) -> Mapping[str, Any]:
    """`{validated, within_days, months: [{month, executed, evaluated, alerted, prevented, detected Share}]}`.

    `months` are the last twelve, this one included, tests in scope by the month of the attack; `validated` counts the
    tests of every domain validated within the days named.
    """
    day = measured.today()

    def compute() -> dict[str, Any]:
        cells = heatmap.matrix(domain)["cells"]
        inside = [attack_id for attack_id, yes in zip(cells["id"], cells["in_scope"], strict=True) if yes]
        last = day.replace(day=1)
        first = (last.replace(year=last.year - 1) + timedelta(days=31)).replace(day=1)
        rows = reader.rows(_LATELY, domain, reader.joined(inside), _since(), first, last)
        months = [
            {
                **{name: row[name] for name in ("month", "executed", "evaluated", "alerted", "prevented")},
                "detected": Share.count(row["alerted"], row["evaluated"]),
            }
            for row in rows
        ]
        return {"validated": rows[-1]["validated"], "within_days": CHANGED_WITHIN.days, "months": months}

    answer: Mapping[str, Any] = cache.answer("lately", {"domain": domain, "day": day}, heatmap.TOPICS, compute)
    return answer


def changed(domain: str, since: Since) -> tuple[Sequence[Sentence], Sequence[str]]:
    """What changed since a span ago, in sentences, and what of that day was not known.

    It is compared with the last day before that of which a snapshot is kept; without one there is nothing to tell.
    """
    today = measured.today()
    day = snapshots.kept_day(domain, today - timedelta(days=since.days))
    if day is None:
        return [], []
    before, after = heatmap.matrix(domain, as_of=day), heatmap.matrix(domain)
    change, notes = snapshots.change(domain, day, today)
    told = story(snapshots.at(before), snapshots.at(after), change, (_counts(before), _counts(after)))
    return told, notes


def _counts(matrix: Mapping[str, Any]) -> Counts:
    tests = matrix["totals"]["tests"]
    return Counts(**{name: tests[name] for name in ("planned", "executed", "evaluated", "alerted", "prevented")})


def _since() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - CHANGED_WITHIN


def _newly_covered(domain: str, covered: Sequence[str]) -> list[dict[str, Any]]:
    if not covered:
        return []
    return reader.rows(_NEWLY_COVERED, domain, reader.joined(covered), _since())
