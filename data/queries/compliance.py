"""Compliance: every control of every framework with its state, why, and what would change it.

Techniques are taken as `measured` has them; what they make of a control says `domain/compliance.py`. Which techniques a
control is mapped to is that of today, also when the tests of a past day are asked for: mappings are not kept by day.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, NamedTuple

from data import cache
from data.queries import ahead, counting, heatmap, measured, reader
from data.queries.measured import Map
from domain import coverage
from domain.compliance import (
    ControlState,
    Decision,
    DecisionKind,
    Tally,
    code_key,
    standing,
    state_of,
    tally,
)
from domain.coverage import CoverageStatus
from domain.errors import NotFound
from domain.statistics import Share

TOPICS = (*heatmap.TOPICS, "control_decisions", "templates")
_SHAPE_TOPICS = ("frameworks", "techniques")

# $1 slug of one framework, or '' for all
_FRAMEWORKS = """
SELECT slug, name, version, kind, origin, domain, attack_version, mapping_published_on AS published_on,
  details ->> 'note' AS note, updated_at, is_demo
FROM framework WHERE removed_at IS NULL AND ($1 = '' OR slug = $1)
ORDER BY array_position(ARRAY['controls', 'capabilities', 'vulnerabilities'], kind),
  array_position(ARRAY['own', 'mappings', 'attack'], origin), lower(name), slug
"""
# The rows are added up before they meet their controls, so that they are read once and in one go. Techniques come with
# their repeats: telling them apart here is quicker than in the database.
_CONTROLS = """
SELECT framework.slug, control.code, control.name, control.group_code, control.group_name, control.not_mappable,
  mapped.techniques, mapped.not_placed, mapped.elsewhere
FROM framework
JOIN control ON control.framework_id = framework.id AND control.removed_at IS NULL
LEFT JOIN (
  SELECT mapping.control_id,
    string_agg(technique.attack_id, chr(31)) FILTER (WHERE technique.active AND technique.domain = home.domain)
      AS techniques,
    string_agg(mapping.claimed_id, chr(31)) FILTER (WHERE mapping.technique_id IS NULL) AS not_placed,
    string_agg(mapping.claimed_id, chr(31)) FILTER (WHERE NOT technique.active OR technique.domain <> home.domain)
      AS elsewhere
  FROM control_mapping AS mapping
  JOIN framework AS home ON home.id = mapping.framework_id AND ($1 = '' OR home.slug = $1)
  LEFT JOIN technique ON technique.id = mapping.technique_id
  GROUP BY 1) AS mapped ON mapped.control_id = control.id
WHERE framework.removed_at IS NULL AND ($1 = '' OR framework.slug = $1)
ORDER BY framework.slug, control.position, control.code
"""
# Of each control the last thing decided that was not withdrawn by the end of a day ($2).
_DECISIONS = """
SELECT DISTINCT ON (control.id) framework.slug, control.code, decision.kind, decision.reason, decision.expires_on,
  decision.author_name AS author, decision.created_at
FROM control_decision AS decision
JOIN control ON control.id = decision.control_id
JOIN framework ON framework.id = control.framework_id
WHERE ($1 = '' OR framework.slug = $1) AND decision.created_at < $2::date + 1
  AND (decision.withdrawn_at IS NULL OR decision.withdrawn_at >= $2::date + 1)
ORDER BY control.id, decision.created_at DESC
"""
# Templates that can be run: not retired, on a platform in scope.
_TEMPLATES = f"""
SELECT home.attack_id, count(*)::integer AS templates
FROM test_template AS t JOIN technique AS home ON home.id = t.technique_id AND home.active AND home.domain = $1
WHERE t.retired_at IS NULL AND t.removed_at IS NULL AND home.attack_id = ANY ({reader.split("$2")})
  AND NOT t.platforms <@ {counting.platforms_out()}
GROUP BY 1
"""
# Techniques that no control of the framework addresses, as its source says.
_UNADDRESSED = """
SELECT mapping.claimed_id, coalesce(technique.attack_id, '') AS attack_id,
  coalesce(technique.name, mapping.claimed_name) AS name, string_agg(DISTINCT mapping.comment, '; ') AS comment
FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
LEFT JOIN technique ON technique.id = mapping.technique_id
WHERE framework.slug = $1 AND mapping.control_id IS NULL GROUP BY 1, 2, 3 ORDER BY 1
"""


class _Control(NamedTuple):
    """A control before it is judged; its techniques are distinct ids on the map of its framework's domain."""

    code: str
    name: str
    group_code: str
    group_name: str
    not_mappable: bool
    techniques: Sequence[str]
    not_placed: Sequence[str]
    elsewhere: Sequence[str]


class _Judged(NamedTuple):
    """A control with its state on a day, and what was decided of it by then: `holds` on that day or has expired."""

    control: _Control
    tally: Tally
    state: ControlState
    decision: Mapping[str, Any] | None


Standings = Mapping[str, str]  # ATT&CK id -> field of a Tally
Decided = Mapping[tuple[str, str], Mapping[str, Any]]  # (framework, code) -> decision


def frameworks(day: date | None = None) -> Sequence[Mapping[str, Any]]:
    """Every framework on a day (default: today, UTC):

    `{slug, name, version, kind, origin, domain, attack_version, published_on, note, updated_at, is_demo, total,
    states {state: n}, demonstrated Share (of the controls judged), techniques {as a Tally, of all that are named},
    proven Share (of these in scope, covered by fresh evidence), not_placed, elsewhere (pairs of a control and an id),
    accepted, expired (risks)}`.
    """
    on = day or measured.today()
    found: Sequence[Mapping[str, Any]] = cache.answer("frameworks", {"day": on}, TOPICS, lambda: _frameworks(on))
    return found


def framework(slug: str, day: date | None = None) -> Mapping[str, Any]:
    """One framework; raises NotFound. As in `frameworks`, and

    `{as_of, map_version, notes [sentence], groups [{code, name, states}], controls [{code, name, group, state,
    not_mappable, tally {..}, techniques [id], not_placed [id], elsewhere [id], decision {kind, reason, expires_on,
    author, created_at, holds}|null}], map {id: {name, status, stale, in_scope, age_days, tests, unfinished, rules,
    templates}}, unaddressed [{claimed_id, attack_id, name, comment}]}`.

    `map` holds every technique that a control names; those of a control stand with the ones that fail first.
    `elsewhere` are placed, but retired or on the map of another domain.
    """
    on = day or measured.today()
    params = {"slug": slug[:100], "day": on}
    answer: Mapping[str, Any] = cache.answer("framework", params, TOPICS, lambda: _framework(slug[:100], on))
    if not answer:
        raise NotFound("There is no framework of that name; the Compliance page lists those that are here.")
    return answer


def find(answer: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    """A control of a framework's answer by its code, as written there or without the leading zeros."""
    wanted, key = code.strip(), code_key(code[:200])
    controls: list[dict[str, Any]] = answer["controls"]
    exact = next((one for one in controls if one["code"] == wanted), None)
    return exact or next((one for one in controls if code_key(one["code"]) == key), None)


def control_states(found: Map, on: date | None = None) -> dict[str, dict[str, str]]:
    """Framework -> control -> state, by the techniques of a map and what was decided on a day."""
    day = on or measured.today()
    standings = _standings(found)
    heads = {head["slug"] for head in _heads("") if head["domain"] == found.domain}
    decided = _decisions("", day)
    return {
        slug: {one.control.code: one.state.value for one in _judge(slug, controls, standings, decided)}
        for slug, controls in _controls("").items()
        if slug in heads
    }


def changes(slug: str, since: date, until: date | None = None) -> list[dict[str, Any]]:
    """Controls whose state differs between two days: `{code, name, before, after}`, in their order."""
    before = {one["code"]: one["state"] for one in framework(slug, since)["controls"]}
    return [
        {"code": one["code"], "name": one["name"], "before": before[one["code"]], "after": one["state"]}
        for one in framework(slug, until)["controls"]
        if before[one["code"]] != one["state"]
    ]


def gaps(slug: str, code: str = "") -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The framework, and what to test for it (or for one control): techniques in scope without fresh full proof.

    `{attack_id, name, status, stale, controls}`, those that hold back most controls first. Raises NotFound.
    """
    found = framework(slug)
    controls = found["controls"]
    if code:
        one = find(found, code)
        if one is None:
            raise NotFound(f"{found['name']} has no control {code[:40]}.")
        controls = [one]
    return found, gaps_of(found, controls)


def gaps_of(found: Mapping[str, Any], controls: Iterable[Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The same of an answer that is here already."""
    held: Counter[str] = Counter()
    for control in found["controls"] if controls is None else controls:
        if ControlState(control["state"]).gap:
            held.update(control["techniques"])
    wanted = [
        {"attack_id": attack_id, "controls": number, **found["map"][attack_id]}
        for attack_id, number in held.items()
        if is_gap(found["map"][attack_id])
    ]
    return sorted(wanted, key=lambda one: (-one["controls"], one["attack_id"]))


def is_gap(technique: Mapping[str, Any]) -> bool:
    """In scope, and not covered by fresh evidence."""
    return bool(technique["in_scope"]) and coverage.is_gap(
        CoverageStatus(technique["status"]), stale=technique["stale"]
    )


def _frameworks(day: date) -> list[dict[str, Any]]:
    controls = ahead.begin(lambda: _controls(""))
    heads, decided = _heads(""), _decisions("", day)
    standings = {
        domain: _standings(measured.read(domain, as_of=day))
        for domain in dict.fromkeys(head["domain"] for head in heads)
    }
    shape = controls.result()
    return [
        _counted(head, _judge(head["slug"], shape.get(head["slug"], ()), known, decided), known)
        for head in heads
        for known in (standings[head["domain"]],)
    ]


def _framework(slug: str, day: date) -> dict[str, Any]:
    heads = _heads(slug) if slug else []
    if not heads:
        return {}
    (head,) = heads
    controls = ahead.begin(lambda: _controls(slug))
    loaded = measured.read(head["domain"], as_of=day)
    standings = _standings(loaded)
    judged = _judge(slug, controls.result().get(slug, ()), standings, _decisions(slug, day))
    named = sorted({key for one in judged for key in one.control.techniques if key in standings})
    rows = reader.rows(_TEMPLATES, head["domain"], reader.joined(named))
    templates = {row["attack_id"]: row["templates"] for row in rows}
    return {
        **_counted(head, judged, standings),
        "as_of": day,
        "map_version": loaded.version,
        "notes": list(loaded.notes),
        "groups": _groups(judged),
        "controls": [_shown(one, standings) for one in judged],
        "map": _techniques(loaded, named, templates),
        "unaddressed": reader.rows(_UNADDRESSED, slug),
    }


def _standings(found: Map) -> Standings:
    of = found.columns
    return dict(zip(of.attack_id, map(standing, of.status, of.stale, of.in_scope), strict=True))


def _techniques(found: Map, named: Iterable[str], templates: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    of = found.columns
    shown: Mapping[str, Sequence[Any]] = {
        "name": of.name,
        "status": of.status,
        "stale": of.stale,
        "in_scope": of.in_scope,
        "age_days": of.age_days,
        "tests": of.count("evaluated"),
        "unfinished": of.count("unfinished"),
        "rules": of.rules,
    }
    place = {attack_id: at for at, attack_id in enumerate(of.attack_id)}
    return {
        key: {name: column[place[key]] for name, column in shown.items()} | {"templates": templates.get(key, 0)}
        for key in named
    }


def _judge(slug: str, controls: Iterable[_Control], standings: Standings, decided: Decided) -> list[_Judged]:
    judged = []
    for one in controls:
        decision = decided.get((slug, one.code))
        out = decision is not None and decision["holds"] and decision["kind"] == DecisionKind.OUT_OF_SCOPE
        counted = tally(one.techniques, standings)
        judged.append(_Judged(one, counted, state_of(counted, out_of_scope=out), decision))
    return judged


def _counted(head: Mapping[str, Any], judged: Sequence[_Judged], standings: Standings) -> dict[str, Any]:
    """The head with its figures."""
    states = Counter(one.state for one in judged)
    mapped = {key for one in judged for key in one.control.techniques if key in standings}
    counted = tally(mapped, standings)
    accepted = Counter(
        one.decision["holds"] for one in judged if one.decision and one.decision["kind"] == DecisionKind.RISK_ACCEPTED
    )
    whole = sum(number for state, number in states.items() if state.judged)
    return {
        **head,
        "total": len(judged),
        "states": {state.value: states[state] for state in ControlState},
        "demonstrated": asdict(Share.count(states[ControlState.DEMONSTRATED], whole)),
        "techniques": counted._asdict(),
        "proven": asdict(Share.count(counted.covered, counted.in_scope)),
        "not_placed": sum(len(one.control.not_placed) for one in judged),
        "elsewhere": sum(len(one.control.elsewhere) for one in judged),
        "accepted": accepted[True],
        "expired": accepted[False],
    }


def _groups(judged: Sequence[_Judged]) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    states: dict[str, Counter[ControlState]] = defaultdict(Counter)
    for one in judged:
        names.setdefault(one.control.group_code, one.control.group_name)
        states[one.control.group_code][one.state] += 1
    return [
        {"code": code, "name": name, "states": {state.value: states[code][state] for state in ControlState}}
        for code, name in names.items()
    ]


def _shown(one: _Judged, standings: Standings) -> dict[str, Any]:
    control = one.control
    known = (key for key in control.techniques if key in standings)
    return {
        "code": control.code,
        "name": control.name,
        "group": control.group_code,
        "state": one.state.value,
        "not_mappable": control.not_mappable,
        "tally": one.tally._asdict(),
        "techniques": sorted(known, key=lambda key: (_FAILING_FIRST[standings[key]], key)),
        "not_placed": control.not_placed,
        "elsewhere": control.elsewhere,
        "decision": one.decision,
    }


_FAILING_FIRST = {
    name: place
    for place, name in enumerate(
        ("uncovered", "partial", "stale", "untested", "in_progress", "covered", "out_of_scope")
    )
}


def _heads(slug: str) -> list[dict[str, Any]]:
    return reader.rows(_FRAMEWORKS, slug)


def _decisions(slug: str, day: date) -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for row in reader.rows(_DECISIONS, slug, day):
        key = row.pop("slug"), row.pop("code")
        kept = Decision(DecisionKind(row["kind"]), row["reason"], row["expires_on"])
        found[key] = {**row, "holds": kept.holds(day)}
    return found


def _controls(slug: str) -> Mapping[str, Sequence[_Control]]:
    """Framework -> controls in their order. Kept by itself: it changes with mappings and the map, not with tests."""
    found: Mapping[str, Sequence[_Control]] = cache.answer(
        "controls",
        {"slug": slug},
        _SHAPE_TOPICS,
        lambda: _shape(slug),
        read=lambda kept: {name: [_Control(*row) for row in rows] for name, rows in kept.items()},
    )
    return found


def _shape(slug: str) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for framework, *said, techniques, not_placed, elsewhere in reader.frame(_CONTROLS, slug).iter_rows():
        found[framework].append((*said, *map(_distinct, (techniques, not_placed, elsewhere))))
    return found


def _distinct(joined: str | None) -> list[str]:
    return sorted(set(joined.split("\x1f"))) if joined else []
