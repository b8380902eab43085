"""Coverage divided by tactic, technique, platform, data component, rule source, team, person, or defence tool.

What a technique's status is comes from the matrix. Beside it stand its latest results, one a procedure and platform:
they are what coverage is made of, and each is a test that can be opened.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl

from data import cache
from data.queries import ahead, counting, heatmap, measured, reader
from data.queries.ahead import Begun
from data.queries.map_columns import MIX, RESULTS
from data.queries.reader import Prepared
from domain.coverage import CoverageStatus
from domain.coverage_view import NOTHING, Claim, Division, Results
from domain.outcomes import Outcome
from domain.statistics import Share

TREND_MONTHS = 12


def _counted(of: str) -> str:
    return ", ".join(
        f"count(*) FILTER (WHERE {counting.outcome(of)} = '{word}')::integer AS {word}" for word in Outcome
    )


def _rolled(outcome: Outcome) -> str:
    """On one platform a procedure has one result: there its shares are counts."""
    names = [name for name, result in zip(MIX, RESULTS, strict=True) if Outcome.of(*result) is outcome]
    return f"sum(round(({' + '.join(f'kept.{name}' for name in names)}) * kept.procedures))::integer AS {outcome}"


_ON_PLATFORMS = counting.platform_counts("latest.platform")

# $1 domain. Latest results by technique and `part`, all columns of `Results`; the tool's own observation where it is by
# tool. The rollup has those of platforms in scope, and of all of them together under ''.
_RESULTS = f"""
SELECT technique.attack_id, {{part}} AS part, sum(kept.procedures)::integer AS n, {", ".join(map(_rolled, Outcome))}
FROM rollup_technique AS kept JOIN technique ON technique.id = kept.technique_id
WHERE technique.domain = $1 AND technique.active AND kept.platform <> '' AND kept.procedures > 0
GROUP BY 1, 2"""
_WHOLE, _BY_PLATFORM = Prepared(_RESULTS.format(part="''")), Prepared(_RESULTS.format(part="kept.platform"))
_BY_PART: Mapping[Division, str] = {
    Division.PLATFORM: _BY_PLATFORM,
    Division.TOOL: f"""
SELECT technique.attack_id, tool.slug AS part, count(*)::integer AS n, {_counted("seen")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
JOIN observation AS seen ON seen.test_id = latest.test_id AND seen.round = latest.round
JOIN defence_tool AS tool ON tool.id = seen.tool_id
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
    Division.TEAM: f"""
SELECT technique.attack_id, coalesce(evaluator.team, '') AS part, count(*)::integer AS n,
  {_counted("latest")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
LEFT JOIN user_account AS evaluator ON evaluator.id = latest.evaluated_by
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
    Division.PERSON: f"""
SELECT technique.attack_id, coalesce(latest.evaluated_by::text, '') AS part, count(*)::integer AS n,
  {_counted("latest")}
FROM rollup_procedure_latest AS latest JOIN technique ON technique.id = latest.technique_id
WHERE technique.domain = $1 AND technique.active AND {_ON_PLATFORMS}
GROUP BY 1, 2""",
}
_NAMES: Mapping[Division, str] = {
    Division.TOOL: "SELECT slug AS key, name FROM defence_tool",
    Division.TEAM: "SELECT DISTINCT team AS key, team AS name FROM user_account WHERE team <> ''",
    Division.PERSON: "SELECT id::text AS key, display_name AS name FROM user_account",
}
_NAMELESS: Mapping[Division, str] = {Division.TEAM: "No team"}
_COMPONENTS = Prepared("""
WITH map AS MATERIALIZED (
  SELECT id, attack_id FROM technique WHERE domain = $1 AND active
), component AS MATERIALIZED (
  SELECT id, coalesce(attack_id, name) AS key, name FROM attack_object
  WHERE domain = $1 AND kind = 'data_component' AND active
)
SELECT component.key, component.name, map.attack_id
FROM technique_link AS link
JOIN component ON component.id = link.object_id
JOIN map ON map.id = link.technique_id
WHERE link.kind = 'data_component'
""")
_SOURCES = Prepared("""
SELECT claimed.source AS key, technique.attack_id
FROM rollup_technique_rules AS claimed JOIN technique ON technique.id = claimed.technique_id
WHERE technique.domain = $1 AND technique.active
""")
_MEMBERS: Mapping[Division, str] = {Division.DATA: _COMPONENTS, Division.SOURCE: _SOURCES}
# Tests evaluated and detected by month of the attack and what they are told apart by; $2 the first month. Techniques
# are summed before it is known which they are: keys compare quicker than ids.
_MONTHS_OF_TECHNIQUES = f"""
SELECT technique.attack_id AS member, summed.month, summed.evaluated, summed.alerted
FROM (
  SELECT latest.technique_id, latest.month, sum(latest.evaluated)::bigint AS evaluated,
    sum(latest.alerted)::bigint AS alerted
  FROM rollup_technique_month AS latest
  WHERE latest.month >= $2 AND latest.evaluated > 0 AND {_ON_PLATFORMS} GROUP BY 1, 2
) AS summed JOIN technique ON technique.id = summed.technique_id
WHERE technique.domain = $1 AND technique.active
"""
# $3 the techniques out of scope.
_MONTHS_OF_PLATFORMS = f"""
SELECT latest.platform AS member, latest.month, sum(latest.evaluated)::bigint AS evaluated,
  sum(latest.alerted)::bigint AS alerted
FROM rollup_technique_month AS latest JOIN technique ON technique.id = latest.technique_id
WHERE technique.domain = $1 AND technique.active AND latest.month >= $2 AND latest.evaluated > 0
  AND technique.attack_id <> ALL ({reader.split("$3")}) AND {_ON_PLATFORMS}
GROUP BY 1, 2
"""


def coverage(domain: str, division: Division) -> Mapping[str, Any]:
    """Everything the coverage page shows.

        {domain, version, techniques, tested, stale, proven Share, claimed Share, claims {claim: techniques},
         results Results, months: [first day of each month], groups: [group], rows: {field: [value of each technique]}}

    A group: `{key, name, techniques, tested, stale, proven Share, claimed Share, results, trend}`, the trend being
    [evaluated, alerted] of each month, or null. By tool, team and person, its techniques are those tested with it, and
    proven are those of which all results there held; the group without a name has the key ''. Rows are there only by
    technique, as parallel arrays `{attack_id, name, tactics, platforms, status, stale, age_days, procedures, held,
    rules, claim, results (in the order of Results), subs (of its sub-techniques: all, evaluated, covered)}`.

    Techniques in scope only, each counted once in every group it belongs to.
    """
    params = {"domain": domain, "by": division, "day": measured.today()}
    answer: Mapping[str, Any] = cache.answer(
        "coverage", params, heatmap.TOPICS, lambda: _Dividing(domain, division).answer()
    )
    return answer


class _Counts(NamedTuple):
    """Techniques of a group, or what one technique adds to it."""

    techniques: int
    tested: int
    stale: int
    proven: int
    claimed: int

    @classmethod
    def total(cls, each: Iterable["_Counts"]) -> "_Counts":
        return cls(*map(sum, zip(_NONE, *each, strict=True)))


_NONE = _Counts(0, 0, 0, 0, 0)
_STATUSES = {status.value: status for status in CoverageStatus}  # much quicker than making one of its word


@functools.cache
def _claim(claimed: bool, status: str) -> Claim:
    return Claim.of(claimed, _STATUSES[status])


class _Dividing:
    """One division, computed: the matrix's techniques, their latest results, and the groups that they fall into."""

    def __init__(self, domain: str, division: Division) -> None:
        self.domain, self.division, self.months = domain, division, _months()
        # Asked while the matrix is computed; what takes longest first.
        parts = [_BY_PART[division]] if division in _BY_PART else []
        self.asked: dict[str, Begun[pl.DataFrame]] = {
            statement: ahead.ask(statement, domain) for statement in (*parts, _WHOLE)
        }
        if division in _MEMBERS:
            self.asked[_MEMBERS[division]] = ahead.begin(self._held)
        if division in (Division.TACTIC, Division.DATA):
            self.asked[_MONTHS_OF_TECHNIQUES] = ahead.ask(_MONTHS_OF_TECHNIQUES, domain, self.months[0])
        self.matrix = heatmap.matrix(domain)
        self.cells: Mapping[str, Sequence[Any]] = self.matrix["cells"]
        within = zip(self.cells["id"], self.cells["in_scope"], strict=True)
        self.places = {key: at for at, (key, inside) in enumerate(within) if inside}
        self.results = {key: parts[""] for key, parts in self._results(_WHOLE).items()}
        self.counts = {key: self._counts_of(at) for key, at in self.places.items()}

    def _results(self, statement: str) -> dict[str, dict[str, Results]]:
        """Technique in scope -> part -> its latest results there."""
        found: dict[str, dict[str, Results]] = defaultdict(dict)
        for attack_id, part, *counts in self.asked[statement].result().iter_rows():
            if attack_id in self.places:
                found[attack_id][part] = Results(*counts)
        return found

    def _counts_of(self, at: int) -> _Counts:
        status = _STATUSES[self.cells["status"][at]]
        stale, claimed = self.cells["stale"][at], self.cells["rules"][at] > 0
        proven = status is CoverageStatus.COVERED
        return _Counts(1, status.evaluated, stale, proven, claimed)

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
            "results": Results.total(self.results.values())._asdict(),
            "months": [month.isoformat() for month in self.months],
            "groups": [] if self.division is Division.TECHNIQUE else self._groups(),
            "rows": self._rows() if self.division is Division.TECHNIQUE else {},
        }

    def _claims(self, keys: Iterable[str]) -> dict[str, int]:
        rules, statuses = self.cells["rules"], self.cells["status"]
        alike = Counter((rules[at] > 0, statuses[at]) for at in map(self.places.__getitem__, keys))
        counted = dict.fromkeys(Claim, 0)
        for (claimed, status), number in alike.items():
            counted[_claim(claimed, status)] += number
        return {str(claim): number for claim, number in counted.items()}

    # -- by technique

    def _rows(self) -> dict[str, Sequence[Any]]:
        cells, places = self.cells, self.places
        children: dict[int, list[str]] = defaultdict(list)
        for key, at in places.items():
            children[cells["parent"][at]].append(key)
        below = {at: _Counts.total(map(self.counts.__getitem__, keys)) for at, keys in children.items()}

        def of(name: str) -> list[Any]:
            return [cells[name][at] for at in places.values()]

        def named(name: str, names: Sequence[str]) -> list[list[str]]:
            return [[names[place] for place in under] for under in of(name)]

        subs = [below.get(at, _NONE) for at in places.values()]
        rules, status = of("rules"), of("status")
        return {
            "attack_id": list(places),
            "name": of("name"),
            "tactics": named("tactics", [tactic["key"] for tactic in self.matrix["tactics"]]),
            "platforms": named("platforms", self.matrix["platforms"]),
            "status": status,
            "stale": of("stale"),
            "age_days": of("freshness_days"),
            "procedures": of("procedures"),
            "held": of("proven"),
            "rules": rules,
            "claim": [_claim(n > 0, word) for n, word in zip(rules, status, strict=True)],
            "results": [tuple(self.results.get(key, NOTHING)) for key in places],
            "subs": [(one.techniques, one.tested, one.proven) for one in subs],
        }

    # -- by groups

    def _groups(self) -> list[dict[str, Any]]:
        if self.division is Division.TACTIC:
            under = self._members("tactics")
            members = {one["key"]: under[place] for place, one in enumerate(self.matrix["tactics"])}
            return self._of_techniques(members, {one["key"]: one["name"] for one in self.matrix["tactics"]})
        if self.division is Division.PLATFORM:
            return self._by_platform()
        if self.division is Division.DATA:
            return self._by_component()
        if self.division is Division.SOURCE:
            return self._by_source()
        return self._by_part(reader.rows(_NAMES[self.division]))

    def _members(self, by: str) -> Mapping[int, list[str]]:
        """Index of a tactic or platform -> techniques in scope that name it."""
        found: dict[int, list[str]] = defaultdict(list)
        for key, at in self.places.items():
            for place in self.cells[by][at]:
                found[place].append(key)
        return found

    def _group(self, key: str, name: str, techniques: Sequence[str]) -> dict[str, Any]:
        counts = _Counts.total(map(self.counts.__getitem__, techniques))
        return {
            "key": key,
            "name": name,
            "techniques": counts.techniques,
            "tested": counts.tested,
            "stale": counts.stale,
            "proven": Share.count(counts.proven, counts.techniques),
            "claimed": Share.count(counts.claimed, counts.techniques),
            "results": Results.total(self.results.get(one, NOTHING) for one in techniques)._asdict(),
            "trend": None,
        }

    def _group_of(self, key: str, name: str, techniques: Sequence[str], there: Sequence[Results]) -> dict[str, Any]:
        """A group in which only its own results count: a technique that held on Windows has proven nothing on Linux.
        Staleness is a matter of the technique, not of one platform, team or tool."""
        proven = sum(one.n > 0 and one.held == one.n for one in there)
        return self._group(key, name, techniques) | {
            "tested": sum(one.n > 0 for one in there),
            "stale": None,
            "proven": Share.count(proven, len(techniques)),
            "results": Results.total(there)._asdict(),
        }

    def _by_platform(self) -> list[dict[str, Any]]:
        out = [key for key in self.cells["id"] if key not in self.places]
        months = ahead.ask(_MONTHS_OF_PLATFORMS, self.domain, self.months[0], reader.joined(out))
        results = self._results(_BY_PART[Division.PLATFORM])
        on = self._members("platforms")
        groups = [
            self._group_of(name, name, on[place], [results[key].get(name, NOTHING) for key in on[place]])
            for place, name in enumerate(self.matrix["platforms"])
        ]
        return self._with_trend(groups, months.frame())

    def _by_component(self) -> list[dict[str, Any]]:
        names: dict[str, str] = {}
        members: dict[str, list[str]] = defaultdict(list)
        for key, name, attack_id in self.asked[_COMPONENTS].result().iter_rows():
            names[key] = name
            if attack_id in self.places:
                members[key].append(attack_id)
        return self._of_techniques({key: members[key] for key in sorted(members, key=names.__getitem__)}, names)

    def _by_source(self) -> list[dict[str, Any]]:
        members: dict[str, list[str]] = defaultdict(list)
        for key, attack_id in self.asked[_SOURCES].result().iter_rows():
            if attack_id in self.places:
                members[key].append(attack_id)
        whole = len(self.places)
        return [
            self._group(key, key, sorted(members[key]))
            | {"claimed": Share.count(len(members[key]), whole), "claims": self._claims(members[key])}
            for key in sorted(members)
        ]

    def _by_part(self, named: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        names = {row["key"]: row["name"] for row in named}
        members: dict[str, dict[str, Results]] = defaultdict(dict)
        for technique, parts in self._results(_BY_PART[self.division]).items():
            for part, one in parts.items():
                members[part][technique] = one
        nameless = _NAMELESS.get(self.division, "Not recorded")
        return [
            self._group_of(part, names.get(part, nameless), list(members[part]), list(members[part].values()))
            for part in sorted(members, key=lambda key: (not key, names.get(key, "")))
        ]

    def _of_techniques(self, members: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> list[dict[str, Any]]:
        """Groups by the techniques that belong to them; a technique's tests count in each."""
        groups = [self._group(key, names[key], techniques) for key, techniques in members.items()]
        belongs = pl.DataFrame(
            [(key, one) for key, techniques in members.items() for one in techniques],
            schema={"key": pl.String, "member": pl.String},
            orient="row",
        )
        months = belongs.join(self.asked[_MONTHS_OF_TECHNIQUES].result(), on="member")
        summed = months.group_by("key", "month").agg(pl.col("evaluated", "alerted").sum())
        return self._with_trend(groups, summed)

    def _with_trend(self, groups: Iterable[dict[str, Any]], months: pl.DataFrame) -> list[dict[str, Any]]:
        """`months`: {key of a group, month, evaluated, alerted}."""
        found = {(key, month): counts for key, month, *counts in months.iter_rows()}
        return [
            group | {"trend": [found.get((group["key"], month), [0, 0]) for month in self.months]} for group in groups
        ]

    def _held(self) -> pl.DataFrame:
        """Which techniques belong to which group, where no test changes it."""
        params = {"domain": self.domain, "by": self.division}
        return cache.held(
            "members", params, ("rules", "techniques"), lambda: reader.frame(_MEMBERS[self.division], self.domain)
        )


def _months() -> list[date]:
    """First days of the last twelve months, this one last."""
    month = measured.today().replace(day=1)
    found = [month]
    while len(found) < TREND_MONTHS:
        month = (month - timedelta(days=1)).replace(day=1)
        found.insert(0, month)
    return found
