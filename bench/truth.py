"""Whether the figures are true: on the large data set, against what its rows say when counted by other means.

Statuses and counts by SQL written for this alone, Kaplan-Meier by lifelines, the waterfall by adding it up. A figure is
the number of cases that differ; its target is none.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from bench.figures import Figure
from data.queries import durations, heatmap, measured, reader, snapshots
from domain.durations import Measure

_ROUNDING = 1e-9
GROUP = "True on all rows: cases that differ"

# A technique is covered when in every procedure tried on a platform in scope the latest validated test held.
_STATUS = """
WITH latest AS (
  SELECT DISTINCT ON (technique_id, procedure_key, platform) technique_id, procedure_key,
    (prevention = 'full' OR detection = 'alerted')::int AS held
  FROM security_test WHERE state = 'validated' AND NOT not_applicable AND platform NOT IN (
    SELECT ref FROM scope_decision WHERE kind = 'platform' AND NOT in_scope AND domain = $1)
  ORDER BY technique_id, procedure_key, platform, validated_at DESC, id DESC
), procedures AS (
  SELECT technique_id, avg(held) AS held FROM latest GROUP BY technique_id, procedure_key
), unfinished AS (
  SELECT technique_id, count(*) AS n FROM security_test
  WHERE state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review') AND platform NOT IN (
    SELECT ref FROM scope_decision WHERE kind = 'platform' AND NOT in_scope AND domain = $1)
  GROUP BY 1
)
SELECT technique.attack_id,
  CASE WHEN min(p.held) IS NULL THEN CASE WHEN max(u.n) > 0 THEN 'in_progress' ELSE 'untested' END
    WHEN min(p.held) = 1 THEN 'covered' WHEN max(p.held) = 0 THEN 'uncovered' ELSE 'partial' END AS status
FROM technique
LEFT JOIN procedures AS p ON p.technique_id = technique.id
LEFT JOIN unfinished AS u ON u.technique_id = technique.id
WHERE technique.domain = $1 AND technique.active GROUP BY 1
"""
_TESTS = """
SELECT technique.attack_id, count(*) FILTER (WHERE t.detection = 'alerted') AS alerted,
  count(*) FILTER (WHERE t.detection = 'logged') AS logged, count(*) FILTER (WHERE t.detection = 'missed') AS missed,
  count(*) AS tests
FROM security_test AS t JOIN technique ON technique.id = t.technique_id
WHERE t.state = 'validated' AND NOT t.not_applicable AND technique.domain = $1 AND technique.active
  AND t.platform NOT IN (SELECT ref FROM scope_decision WHERE kind = 'platform' AND NOT in_scope AND domain = $1)
GROUP BY 1
"""
_CASES = """
SELECT to_char(t.executed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, tactic.name AS tactic,
  array_agg(floor(extract(epoch FROM CASE t.detection WHEN 'alerted' THEN t.detected_at
    ELSE coalesce(t.watched_until, t.blue_submitted_at) END - t.executed_at))::float8) AS seconds,
  array_agg((t.detection = 'alerted')::int::float8) AS happened
FROM security_test AS t
JOIN technique_tactic AS under ON under.technique_id = t.technique_id JOIN tactic ON tactic.id = under.tactic_id
WHERE t.state = 'validated' AND NOT t.not_applicable AND tactic.active
  AND CASE t.detection WHEN 'alerted' THEN t.detected_at ELSE coalesce(t.watched_until, t.blue_submitted_at) END
    >= t.executed_at
GROUP BY 1, 2
"""


def measure(domain: str, say: Callable[[str], None]) -> Iterator[Figure]:
    say("statuses and counts of techniques, counted from the rows")
    cells = heatmap.matrix(domain)["cells"]
    place = {ident: at for at, ident in enumerate(cells["id"])}
    statuses = reader.rows(_STATUS, domain)
    wrong = sum(cells["status"][place[row["attack_id"]]] != row["status"] for row in statuses)
    yield _differ("status of techniques, from their tests", wrong, len(statuses))
    counts = reader.rows(_TESTS, domain)
    names = ("tests", "alerted", "logged", "missed")
    wrong = sum(cells[name][place[row["attack_id"]]] != row[name] for row in counts for name in names)
    yield _differ("tests, alerted, logged and missed of techniques", wrong, len(counts) * len(names))
    say("Kaplan-Meier of every month and tactic, by lifelines")
    yield _survival()
    say("the waterfall of a month")
    yield _waterfall(domain)


def _survival() -> Figure:
    horizon = Measure.DETECT.about.horizon
    ours = {
        (f"{row['month'] // 12}-{row['month'] % 12 + 1:02}", row["tactic"]): row
        for row in durations.by_month_and_tactic().to_dicts()
    }
    theirs = {(row["month"], row["tactic"]): row for row in reader.rows(_CASES)}
    wrong = len(ours.keys() ^ theirs.keys())
    for key in ours.keys() & theirs.keys():
        wrong += not _agree(ours[key], theirs[key], horizon)
    return _differ("Kaplan-Meier by month and tactic: cases, median, restricted mean", wrong, len(theirs))


def _agree(ours: dict[str, Any], rows: dict[str, Any], horizon: int) -> bool:
    fitted = KaplanMeierFitter().fit(rows["seconds"], rows["happened"])
    curve = fitted.survival_function_["KM_estimate"]
    half = curve.index[curve <= 0.5 + _ROUNDING]  # an open share of exactly a half is a little more in its sums
    with warnings.catch_warnings():  # it warns of a horizon past the last case, which is what a horizon is for
        warnings.simplefilter("ignore")
        mean = restricted_mean_survival_time(fitted, t=horizon)
    return (
        ours["cases"] == len(rows["seconds"])
        and ours["happened"] == sum(rows["happened"])
        and ours["median"] == (half[0] if len(half) else None)
        and math.isclose(ours["mean"], mean, rel_tol=1e-9)
    )


def _waterfall(domain: str) -> Figure:
    today = measured.today()
    found, _notes = snapshots.change(domain, today - timedelta(days=30), today)
    lacking = (found.tenths or 0) - sum(step.tenths for step in found.steps)
    return _differ("tenths of a point that the waterfall of a month lacks", abs(lacking), len(found.steps))


def _differ(name: str, wrong: int, of: int) -> Figure:
    return Figure(GROUP, name, wrong, unit="", n=of, target=0)
