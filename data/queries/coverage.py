"""Coverage divided by tactic, technique, platform, data component, rule source, team, person, or defence tool.

What a technique's status is comes from the matrix. Beside it stand its latest results, one a procedure and platform:
they are what coverage is made of, and each is a test that can be opened.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import orjson
import polars as pl

from data import cache
from data.queries import counting, heatmap, measured, reader
from domain.coverage import CoverageStatus
from domain.coverage_view import NOTHING, Claim, Division, Results
from domain.outcomes import Outcome
from domain.statistics import Share

TREND_MONTHS = 12


def _counted(of: str) -> str:
    return ", ".join(
        f"count(*) FILTER (WHERE {counting.outcome(of)} = '{word}')::integer AS {word}" for word in Outcome
    )


_ON_PLATFORMS = counting.platform_counts("latest.platform")

# $1 domain. Latest results by technique and `part`; the tool's own observation where it is by tool.
_RESULTS: Mapping[Division, str] = {
    Division.PLATFORM: f"""
SELECT technique.attack_id, latest.platform AS part, count(*)::integer AS n, {_counted("latest")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
    Division.TOOL: f"""
SELECT technique.attack_id, tool.slug AS part, count(*)::integer AS n, {_counted("seen")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
JOIN security_test AS test ON test.id = latest.test_id
JOIN observation AS seen ON seen.test_id = test.id AND seen.round = test.round
JOIN defence_tool AS tool ON tool.id = seen.tool_id
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
    Division.TEAM: f"""
SELECT technique.attack_id, coalesce(evaluator.team, '') AS part, count(*)::integer AS n,
  {_counted("latest")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
JOIN security_test AS test ON test.id = latest.test_id
LEFT JOIN user_account AS evaluator ON evaluator.id = test.blue_submitted_by
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
    Division.PERSON: f"""
SELECT technique.attack_id, coalesce(test.blue_submitted_by::text, '') AS part, count(*)::integer AS n,
  {_counted("latest")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
JOIN security_test AS test ON test.id = latest.test_id
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
}
_NAMES: Mapping[Division, str] = {
    Division.TOOL: "SELECT slug AS key, name FROM defence_tool",
    Division.TEAM: "SELECT DISTINCT team AS key, team AS name FROM user_account WHERE team <> ''",
    Division.PERSON: "SELECT id::text AS key, display_name AS name FROM user_account",
}
_NAMELESS: Mapping[Division, str] = {Division.TEAM: "No team"}
_DATA = """
SELECT coalesce(object.attack_id, object.name) AS key, object.name, technique.attack_id
FROM attack_object AS object
JOIN technique_link AS link ON link.object_id = object.id AND link.kind = 'data_component'
JOIN technique ON technique.id = link.technique_id AND technique.active
WHERE object.domain = $1 AND object.kind = 'data_component' AND object.active
"""
_SOURCES = """
SELECT claimed.source AS key, technique.attack_id, sum(claimed.rules)::integer AS rules
FROM rollup_technique_rules AS claimed JOIN technique ON technique.id = claimed.technique_id
WHERE technique.domain = $1 AND technique.active AND claimed.rules > 0 GROUP BY 1, 2
"""
# Tests evaluated and detected by month of the attack and technique; $2 the first month.
_MONTHS = f"""
SELECT technique.attack_id, latest.platform, latest.month, sum(latest.evaluated)::integer AS evaluated,
  sum(latest.alerted)::integer AS alerted
FROM rollup_technique_month AS latest JOIN technique ON technique.id = latest.technique_id
WHERE technique.domain = $1 AND technique.active AND latest.month >= $2 AND latest.evaluated > 0
  AND {_ON_PLATFORMS}
GROUP BY 1, 2, 3
"""


def coverage(domain: str, division: Division) -> dict[str, Any]:
    """Everything the coverage page shows.

        {domain, version, techniques, tested, stale, proven Share, claimed Share, claims {claim: techniques},
         results Results, months: [first day of each month], groups: [group], rows: [technique]}

    A group: `{key, name, techniques, tested, stale, proven Share, claimed Share, results, trend}`, the trend being
    [evaluated, alerted] of each month, or null. By tool, team and person, its techniques are those tested with it, and
    proven are those of which all results there held; the group without a name has the key ''. A technique:
    `{attack_id, name, parent, tactics, platforms, status, stale, age_days, procedures, held, rules, tests, claim,
    results, subs {of, evaluated, covered}}`; rows are there only by technique.

    Techniques in scope only, each counted once in every group it belongs to.
    """

    def compute() -> bytes:
        return orjson.dumps(_Dividing(domain, division).answer())

    params = {"domain": domain, "by": division, "day": measured.today()}
    answer: dict[str, Any] = orjson.loads(cache.serve("coverage", params, heatmap.TOPICS, compute))
    return answer


class _Dividing:
    """One division, computed: the matrix's techniques, their latest results, and the groups that they fall into."""

    def __init__(self, domain: str, division: Division) -> None:
        self.domain, self.division = domain, division
        self.matrix = heatmap.matrix(domain)
        cells = self.matrix["cells"]
        self.places = {
            key: at for at, (key, inside) in enumerate(zip(cells["id"], cells["in_scope"], strict=True)) if inside
        }
        self.cells: Mapping[str, Sequence[Any]] = cells
        self.children: dict[int, list[CoverageStatus]] = defaultdict(list)
        for place in self.places.values():
            self.children[cells["parent"][place]].append(CoverageStatus(cells["status"][place]))
        self.months = _months()
        self.overall = self._results(Division.PLATFORM)
        self.results = self._results(division) if division.of_tested else self.overall

    def _results(self, division: Division) -> dict[str, dict[str, Results]]:
        """Technique in scope -> part -> its latest results there."""
        found: dict[str, dict[str, Results]] = defaultdict(dict)
        for row in reader.rows(_RESULTS[division], self.domain):
            if row["attack_id"] in self.places:
                counts = (row[name] for name in ("n", "blocked", "alerted", "logged", "missed"))
                found[row["attack_id"]][row["part"]] = Results(*counts)
        return found

    def answer(self) -> dict[str, Any]:
        totals = self.matrix["totals"]
        inside = list(self.places)
        return {
            "domain": self.domain,
            "version": self.matrix["version"],
            "techniques": totals["techniques"],
            "tested": totals["tested"],
            "stale": totals["stale"],
            "proven": totals["proven"],
            "claimed": totals["claimed"],
            "claims": self._claims(inside),
            "results": asdict(_total(one for parts in self.overall.values() for one in parts.values())),
            "months": [month.isoformat() for month in self.months],
            "groups": [] if self.division is Division.TECHNIQUE else self._groups(),
            "rows": [self._row(key) for key in inside] if self.division is Division.TECHNIQUE else [],
        }

    # -- one technique

    def _cell(self, key: str, name: str) -> Any:
        return self.cells[name][self.places[key]]

    def _claim(self, key: str) -> Claim:
        return Claim.of(self._cell(key, "rules"), CoverageStatus(self._cell(key, "status")))

    def _claims(self, keys: Iterable[str]) -> dict[str, int]:
        counted = dict.fromkeys(Claim, 0)
        for key in keys:
            counted[self._claim(key)] += 1
        return {str(claim): number for claim, number in counted.items()}

    def _row(self, key: str) -> dict[str, Any]:
        at = self.places[key]
        children = self.children[at]
        names = ("name", "status", "stale", "procedures", "rules", "tests")
        parent = self.cells["parent"][at]
        return {
            "attack_id": key,
            **{name: self._cell(key, name) for name in names},
            "age_days": self._cell(key, "freshness_days"),
            "held": self._cell(key, "proven"),
            "tactics": [self.matrix["tactics"][place]["key"] for place in self._cell(key, "tactics")],
            "platforms": [self.matrix["platforms"][place] for place in self._cell(key, "platforms")],
            "parent": None if parent < 0 else self.cells["id"][parent],
            "claim": self._claim(key),
            "results": asdict(self._sum([key])),
            "subs": {
                "of": len(children),
                "evaluated": sum(one.evaluated for one in children),
                "covered": children.count(CoverageStatus.COVERED),
            },
        }

    # -- groups

    def _groups(self) -> list[dict[str, Any]]:
        if self.division is Division.TACTIC:
            under = {tactic["key"]: self._under(place) for place, tactic in enumerate(self.matrix["tactics"])}
            names = {tactic["key"]: tactic["name"] for tactic in self.matrix["tactics"]}
            return self._with_trend([self._group(key, names[key], found) for key, found in under.items()], under)
        if self.division is Division.PLATFORM:
            return self._by_platform()
        if self.division is Division.DATA:
            return self._by_data()
        if self.division is Division.SOURCE:
            return self._by_source()
        return self._by_part(reader.rows(_NAMES[self.division]))

    def _under(self, tactic: int) -> list[str]:
        return [key for key in self.places if tactic in self._cell(key, "tactics")]

    def _group(self, key: str, name: str, techniques: Sequence[str]) -> dict[str, Any]:
        statuses = [self._cell(one, "status") for one in techniques]
        return {
            "key": key,
            "name": name,
            "techniques": len(techniques),
            "tested": sum(CoverageStatus(one).evaluated for one in statuses),
            "stale": sum(self._cell(one, "stale") for one in techniques),
            "proven": Share.count(statuses.count(CoverageStatus.COVERED), len(techniques)),
            "claimed": Share.count(sum(self._cell(one, "rules") > 0 for one in techniques), len(techniques)),
            "results": asdict(self._sum(techniques)),
            "trend": None,
        }

    def _by_platform(self) -> list[dict[str, Any]]:
        groups = [self._on_platform(name, place) for place, name in enumerate(self.matrix["platforms"])]
        return self._add_trend(groups, self._months_of_tests().rename({"platform": "key"}))

    def _on_platform(self, platform: str, place: int) -> dict[str, Any]:
        """Only what was tested on it counts: a technique that held on Windows has proven nothing on Linux."""
        techniques = [key for key in self.places if place in self._cell(key, "platforms")]
        there = [self.results[key].get(platform, NOTHING) for key in techniques]
        return self._group(platform, platform, techniques) | {
            "tested": sum(one.n > 0 for one in there),
            "proven": Share.count(sum(one.n > 0 and one.held == one.n for one in there), len(techniques)),
            "results": asdict(_total(there)),
            "stale": None,  # staleness is a matter of the technique, not of one platform
        }

    def _by_data(self) -> list[dict[str, Any]]:
        names: dict[str, str] = {}
        members: dict[str, list[str]] = defaultdict(list)
        for row in reader.rows(_DATA, self.domain):
            names[row["key"]] = row["name"]
            if row["attack_id"] in self.places:
                members[row["key"]].append(row["attack_id"])
        groups = [self._group(key, names[key], members[key]) for key in sorted(members, key=lambda key: names[key])]
        return self._with_trend(groups, members)

    def _by_source(self) -> list[dict[str, Any]]:
        members: dict[str, list[str]] = defaultdict(list)
        for row in reader.rows(_SOURCES, self.domain):
            if row["attack_id"] in self.places:
                members[row["key"]].append(row["attack_id"])
        whole = len(self.places)
        return [
            self._group(key, key, sorted(members[key]))
            | {"claimed": Share.count(len(members[key]), whole), "claims": self._claims(members[key])}
            for key in sorted(members)
        ]

    def _by_part(self, named: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        names = {row["key"]: row["name"] for row in named}
        members: dict[str, dict[str, Results]] = defaultdict(dict)
        for technique, parts in self.results.items():
            for part, one in parts.items():
                members[part][technique] = one
        made = []
        nameless = _NAMELESS.get(self.division, "Not recorded")
        for part in sorted(members, key=lambda key: (not key, names.get(key, ""))):
            found = members[part]
            held = sum(one.held == one.n for one in found.values())
            made.append(
                self._group(part, names.get(part, nameless), sorted(found))
                | {
                    "tested": len(found),
                    "stale": None,
                    "proven": Share.count(held, len(found)),
                    "results": asdict(_total(found.values())),
                }
            )
        return made

    # -- sums

    def _sum(self, techniques: Iterable[str]) -> Results:
        return _total(found for key in techniques for found in self.results[key].values())

    # -- months

    def _months_of_tests(self) -> pl.DataFrame:
        """attack_id, platform, month, evaluated, alerted; techniques in scope only."""
        found = reader.frame(_MONTHS, self.domain, self.months[0])
        return found.filter(pl.col("attack_id").is_in(list(self.places)))

    def _with_trend(
        self, groups: Sequence[dict[str, Any]], members: Mapping[str, Sequence[str]]
    ) -> list[dict[str, Any]]:
        pairs = [(key, technique) for key, techniques in members.items() for technique in techniques]
        schema = {"key": pl.String, "attack_id": pl.String}
        membership = pl.DataFrame(pairs, schema=schema, orient="row")
        return self._add_trend(groups, membership.join(self._months_of_tests(), on="attack_id"))

    def _add_trend(self, groups: Sequence[dict[str, Any]], kept: pl.DataFrame) -> list[dict[str, Any]]:
        """`kept`: key, month, evaluated, alerted; summed here."""
        summed = kept.group_by("key", "month").agg(pl.col("evaluated", "alerted").sum())
        found = {(key, month): [evaluated, alerted] for key, month, evaluated, alerted in summed.iter_rows()}
        return [
            group | {"trend": [found.get((group["key"], month), [0, 0]) for month in self.months]} for group in groups
        ]


def _total(each: Iterable[Results]) -> Results:
    total = NOTHING
    for one in each:
        total += one
    return total


def _months() -> list[date]:
    """First days of the last twelve months, this one last."""
    month = measured.today().replace(day=1)
    found = [month]
    while len(found) < TREND_MONTHS:
        month = (month - timedelta(days=1)).replace(day=1)
        found.insert(0, month)
    return found
