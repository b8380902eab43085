"""What goes stale, when, and which tests to repeat so that it does not."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from data import cache
from data.queries import counting, heatmap, measured, reader
from domain.outcomes import Outcome

ROWS_MAX = 300
_TESTS = f"""
SELECT technique.attack_id, test.id::text AS test, test.number, test.title, latest.platform,
  coalesce(latest.executed_at, latest.validated_at)::date AS on, test.outcome,
  EXISTS (SELECT FROM security_test AS again WHERE again.retest_of_id = test.id
            AND again.state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review')) AS planned
FROM rollup_procedure_latest AS latest
JOIN technique ON technique.id = latest.technique_id AND technique.domain = $1 AND technique.active
JOIN security_test AS test ON test.id = latest.test_id
WHERE technique.attack_id = ANY ({reader.split("$2")}) AND coalesce(latest.executed_at, latest.validated_at)::date < $3
  AND {counting.platform_counts("latest.platform")}
ORDER BY technique.attack_id, test.number
"""


def plan(domain: str, until: date) -> Mapping[str, Any]:
    """Techniques in scope whose newest evidence is stale by then, the first to go first, then the most relevant.

    `{window_days, techniques (that go), already (of them stale today), tests (to repeat), tested (in scope), rows:
    [{attack_id, name, relevance, stale_on, test (id), number, title, platform, on, outcome|null, planned}]}`: a row a
    test, at most ROWS_MAX; `planned`: a retest of it is under way.
    """
    params = {"domain": domain, "until": until, "day": measured.today()}
    answer: Mapping[str, Any] = cache.answer(
        "retests", params, heatmap.TOPICS, lambda: _plan(domain, until), read=_read
    )
    return answer


def _read(answer: dict[str, Any]) -> dict[str, Any]:
    for row in answer["rows"]:
        row |= {name: date.fromisoformat(row[name]) for name in ("stale_on", "on")}
        row["outcome"] = Outcome(row["outcome"]) if row["outcome"] else None
    return answer


def _plan(domain: str, until: date) -> dict[str, Any]:
    today = measured.today()
    found = measured.read(domain, as_of=today)
    window = timedelta(days=found.scorer.weights.freshness_window_days)
    tested = [one for one in found.techniques if one.in_scope and one.newest_on is not None]
    going = {
        one.attack_id: (one.newest_on + window + timedelta(days=1), -one.relevance, one)
        for one in tested
        if one.newest_on is not None and one.newest_on + window < until
    }
    rows = reader.rows(_TESTS, domain, reader.joined(going), until - window)
    rows.sort(key=lambda row: (*going[row["attack_id"]][:2], row["attack_id"], row["number"]))
    return {
        "window_days": window.days,
        "techniques": len(going),
        "already": sum(stale_on <= today for stale_on, _, _ in going.values()),
        "tested": len(tested),
        "tests": len(rows),
        "rows": [
            {
                **row,
                "name": going[row["attack_id"]][2].name,
                "relevance": going[row["attack_id"]][2].relevance,
                "stale_on": going[row["attack_id"]][0],
            }
            for row in rows[:ROWS_MAX]
        ],
    }
