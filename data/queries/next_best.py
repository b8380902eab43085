"""What to do next: gaps by weight, with their reasons, and the tests that would raise the score most."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from data import cache
from data.queries import ahead, heatmap, measured, reader
from data.queries.map_columns import Measured
from data.queries.measured import Map
from data.queries.reader import Prepared
from domain import next_best
from domain.coverage import is_gap
from domain.next_best import Candidate

TOPICS = (*heatmap.TOPICS, "templates")
GAPS_MAX = 200
_TESTS_EACH = 20  # of a technique and platform: no list is longer than its budget of them

# $1 domain. Templates in use by technique and platform, those that have no validated test there yet; preferred first.
_OPEN = """
SELECT home.attack_id, named.platform, t.id::text AS template, t.name, t.source
FROM test_template AS t JOIN technique AS home ON home.id = t.technique_id AND home.active
CROSS JOIN LATERAL unnest(t.platforms) AS named (platform)
WHERE home.domain = $1 AND t.retired_at IS NULL AND t.removed_at IS NULL
  AND NOT EXISTS (SELECT FROM rollup_procedure_latest AS latest
    WHERE latest.technique_id = home.id AND latest.procedure_key = t.procedure_key AND latest.platform = named.platform)
ORDER BY 1, 2, array_position(ARRAY['own', 'atomic', 'caldera', 'lolbas'], t.source) NULLS LAST, t.name, t.id
"""
# Counted by technique before it is known which technique that is: keys are compared quicker than ids.
_CONTROLS = Prepared("""
SELECT technique.attack_id, counted.controls FROM (
  SELECT mapping.technique_id, count(DISTINCT mapping.control_id)::integer AS controls
  FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
  WHERE framework.kind = 'controls' AND framework.removed_at IS NULL AND framework.origin <> 'attack' GROUP BY 1
) AS counted JOIN technique ON technique.id = counted.technique_id AND technique.active AND technique.domain = $1
""")
_REMEDIATIONS = Prepared("""
SELECT technique.attack_id, counted.open FROM (
  SELECT technique_id, count(*)::integer AS open FROM security_test
  WHERE remediation_state IN ('open', 'in_progress') GROUP BY 1
) AS counted JOIN technique ON technique.id = counted.technique_id AND technique.active AND technique.domain = $1
""")


# Technique -> platform -> keys of the templates that could be run there and have not been
_Open = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """For which actors (ATT&CK group ids; none: the whole map), platforms (none: all) and how many tests."""

    domain: str
    groups: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    budget: int = 10


def what_next(asked: Asked) -> Mapping[str, Any]:
    """Gaps and tests, both of the techniques that `asked` is about.

        {domain, techniques, score {now, after} in points of the organisation,
         gaps: [{attack_id, name, tactics, weight, relevance, score, status, stale, age_days, facts}], all_gaps,
         tests: [{attack_id, name, tactic, platform, template, title, source, gain, before, after, total}],
         without: gaps for which no template is left}

    `facts` of a gap are what its weight and words are made of: `{groups, own_groups, exploited, priority, controls,
    rules, missed, tests, remediations}`. `total` of a test is the score when all tests up to it went as expected.
    """
    params = {
        "domain": asked.domain,
        "groups": sorted(asked.groups),
        "platforms": sorted(asked.platforms),
        "budget": asked.budget,
        "day": measured.today(),
    }
    answer: Mapping[str, Any] = cache.answer("next_best", params, TOPICS, lambda: _what_next(asked))
    return answer


def _what_next(asked: Asked) -> dict[str, Any]:
    templates, remediated = ahead.ask(_OPEN, asked.domain), ahead.ask(_REMEDIATIONS, asked.domain)
    mapped = ahead.begin(lambda: _controls(asked.domain))
    whole = measured.read(asked.domain, as_of=measured.today())
    inside = [one for one in whole.techniques if one.in_scope]
    chosen = _chosen(asked, inside)
    rows = templates.frame()
    opened = _open(asked, rows, whole.platforms_out)
    gaps = _gaps(chosen, mapped.result(), dict(remediated.frame().iter_rows()))
    weight = sum(one.relevance for one in inside)
    now = sum(one.relevance * sum(one.points) for one in inside) / weight if weight else None
    candidates = _candidates(whole, chosen, inside, opened)
    picks = next_best.best_tests(candidates, whole.scorer, whole=weight, budget=asked.budget)
    picked = rows.filter(pl.col("template").is_in([pick.test for pick in picks]))
    titles = {row["template"]: row for row in picked.iter_rows(named=True)}
    names = {one.attack_id: one for one in inside}
    order = {tactic.shortname: tactic.name for tactic in whole.tactics}
    tests, total = [], now or 0.0
    for pick in picks:
        total += pick.gain
        template, one = titles[pick.test], names[pick.attack_id]
        tests.append(
            {
                "attack_id": pick.attack_id,
                "name": one.name,
                "tactic": next((order[key] for key in one.tactics if key in order), ""),
                "platform": pick.platform,
                "template": pick.test,
                "title": template["name"],
                "source": template["source"],
                "gain": pick.gain,
                "before": pick.before,
                "after": pick.after,
                "total": total,
            }
        )
    return {
        "domain": asked.domain,
        "techniques": len(chosen),
        "score": {"now": now, "after": total if now is not None else None},
        "gaps": gaps[:GAPS_MAX],
        "all_gaps": len(gaps),
        "tests": tests,
        "without": sum(not any(opened.get(gap["attack_id"], {}).values()) for gap in gaps),
    }


def _controls(domain: str) -> Mapping[str, int]:
    """Technique -> controls of frameworks that name it."""

    def compute() -> Mapping[str, int]:
        return dict(reader.frame(_CONTROLS, domain).iter_rows())

    return cache.held("controls", {"domain": domain}, ("frameworks", "techniques"), compute)


def _chosen(asked: Asked, inside: Sequence[Measured]) -> list[Measured]:
    kept = list(inside)
    if asked.groups:
        used = set(heatmap.technique_ids_of_groups(asked.domain, asked.groups))
        kept = [one for one in kept if one.attack_id in used]
    if asked.platforms:
        wanted = set(asked.platforms)
        kept = [one for one in kept if wanted.intersection(one.platforms)]
    return kept


def _open(asked: Asked, templates: pl.DataFrame, out: frozenset[str]) -> _Open:
    platform = pl.col("platform")
    wanted = templates.filter(platform.is_in(asked.platforms) if asked.platforms else ~platform.is_in(list(out)))
    found: _Open = defaultdict(lambda: defaultdict(list))
    columns = (wanted[name].to_list() for name in ("attack_id", "platform", "template"))
    for attack_id, name, template in zip(*columns, strict=True):
        some = found[attack_id][name]
        if len(some) < _TESTS_EACH:
            some.append(template)
    return found


def _candidates(
    found: Map,
    chosen: Sequence[Measured],
    inside: Sequence[Measured],
    opened: _Open,
) -> list[Candidate]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in inside:
        if one.inputs.tests is not None:
            for tactic in one.tactics:
                values[tactic].append(one.inputs.tests)
    every = [one.inputs.tests for one in inside if one.inputs.tests is not None]
    mean = sum(every) / len(every) if every else None

    @functools.cache  # a map has few distinct lists of tactics
    def expected(tactics: tuple[str, ...]) -> float:
        return next_best.expected_value([value for key in tactics for value in values[key]], mean)

    return [
        Candidate(
            attack_id=one.attack_id,
            relevance=one.relevance,
            inputs=one.inputs,
            procedures=one.procedures,
            platforms=frozenset(one.platforms) - found.platforms_out,
            tested=frozenset(one.tested),
            open={name: tuple(some) for name, some in opened[one.attack_id].items()},
            expected=expected(one.tactics),
        )
        for one in chosen
        if one.attack_id in opened
    ]


def _gaps(
    chosen: Sequence[Measured], controls: Mapping[str, int], remediations: Mapping[str, int]
) -> list[dict[str, Any]]:
    found = []
    for one in chosen:
        if not is_gap(one.status, stale=one.stale):
            continue
        points = sum(one.points)
        mapped = controls.get(one.attack_id, 0)
        found.append(
            {
                "attack_id": one.attack_id,
                "name": one.name,
                "tactics": list(one.tactics),
                "weight": next_best.gap_weight(one.relevance, points, mapped),
                "relevance": one.relevance,
                "score": points if one.inputs.tests is not None or one.rules else None,
                "status": one.status,
                "stale": one.stale,
                "age_days": one.age_days,
                "facts": {
                    "groups": one.threat.groups,
                    "own_groups": one.threat.own_groups,
                    "exploited": one.threat.exploited,
                    "priority": one.threat.priority,
                    "controls": mapped,
                    "rules": one.rules,
                    "tests": one.tests.evaluated,
                    "missed": one.tests.missed,
                    "remediations": remediations.get(one.attack_id, 0),
                },
            }
        )
    return sorted(found, key=lambda gap: (-gap["weight"], gap["attack_id"]))
