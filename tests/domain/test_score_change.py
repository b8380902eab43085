"""What moved the score adds up to the last digit, names who did it, and does not hang on an order."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.relevance import Priority, Threat, relevance
from domain.score import Scored, Weights, organisation
from domain.score_change import RESULTS, Cause, Change, Moment, Standing, _Reading, _Side, explain

DAY = date(2026, 11, 1)
WEIGHTS = Weights(version=1)
PLATFORMS = ("Windows", "Linux", "macOS")


def mix(result: str) -> tuple[float, ...]:
    return tuple(float(f"{prevention}/{detection}" == result) for prevention, detection in RESULTS)


def standing(result: str = "", days: int = 10, **more: Any) -> Standing:
    values: dict[str, Any] = {
        "mix": mix(result) if result else (),
        "newest_on": DAY - timedelta(days=days) if result else None,
        "rule_total": 0.0,
        "rule_count": 0,
        "platforms": frozenset({"Windows"}),
        "tested": frozenset({"Windows"}) if result else frozenset(),
        "countermeasures": None,
        "threat": Threat(0),
        "in_scope": True,
    }
    return Standing(**(values | more))


def moment(techniques: dict[str, Standing], day: date = DAY, **more: Any) -> Moment:
    return Moment(**{"day": day, "weights": WEIGHTS, "platforms_out": frozenset(), "techniques": techniques, **more})


def steps(change: Change) -> dict[str, int]:
    return {step.cause.value: step.tenths for step in change.steps}


_days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
_mixes = st.one_of(
    st.just(()),
    st.lists(st.integers(0, 5), min_size=9, max_size=9).filter(any).map(lambda n: tuple(one / sum(n) for one in n)),
)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    made = draw(_mixes)
    count = draw(st.integers(0, 9))
    return Standing(
        mix=made,
        newest_on=draw(_days) if made else None,
        rule_total=count * draw(st.floats(0, 1)),
        rule_count=count,
        platforms=draw(st.frozensets(st.sampled_from(PLATFORMS))),
        tested=draw(st.frozensets(st.sampled_from(PLATFORMS))) if made else frozenset(),
        countermeasures=draw(st.one_of(st.none(), st.floats(0, 1))),
        threat=Threat(
            draw(st.integers(0, 60)), draw(st.integers(0, 3)), draw(st.integers(0, 9)),
            draw(st.sampled_from([None, *Priority])),
        ),
        in_scope=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    names = draw(st.lists(st.sampled_from([f"T{n}" for n in range(1000, 1008)]), unique=True, max_size=6))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=4, max_size=4)))
    five = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
    weights = Weights(draw(st.integers(1, 9)), *map(float, five), half_life_days=draw(st.floats(30, 400)))
    return Moment(
        draw(_days),
        draw(st.sampled_from([WEIGHTS, weights])),
        draw(st.frozensets(st.sampled_from(PLATFORMS), max_size=2)),
        {name: draw(standings()) for name in names},
    )


def score_of(at: Moment) -> int | None:
    """By the way every screen computes it."""
    reading = _Reading(at, at)
    scored = []
    for one in at.techniques.values():
        if one.in_scope:
            points = reading._score((one, one), _Side())
            scored.append(Scored(relevance(one.threat, at.weights), (points, 0, 0, 0, 0), (0, 0, 0, 0, 0), True))
    return organisation(scored).weighted_tenths


@given(moments(), moments())
def test_the_parts_add_up_to_the_last_digit(before: Moment, after: Moment) -> None:
    change = explain(before, after)
    assert (change.before, change.after) == (score_of(before), score_of(after))
    if change.tenths is None:
        assert not change.steps
        return
    assert sum(step.tenths for step in change.steps) == change.tenths
    assert sum(step.points for step in change.steps) == pytest.approx(change.tenths / 10, abs=0.1001)
    for step in change.steps:
        assert abs(step.tenths - 10 * step.points) < 1.001
    for one in change.moved:
        if one.before is not None and one.after is not None:
            assert sum(one.own.values()) == pytest.approx(one.after - one.before, abs=1e-9)


@given(moments(), moments())
def test_the_way_back_undoes_the_way_there(before: Moment, after: Moment) -> None:
    there, back = explain(before, after), explain(after, before)
    assert {step.cause: step.points for step in there.steps} == pytest.approx(
        {step.cause: -step.points for step in back.steps}
    )


def test_nothing_changed_is_no_step() -> None:
    same = moment({"T1000": standing("none/alerted")})
    assert explain(same, same) == Change(671, 671, [], [])


def test_each_cause_alone_is_the_whole_change() -> None:
    base = standing("none/alerted", rule_total=1.0, rule_count=1, countermeasures=0.5, platforms=frozenset(PLATFORMS))
    other = standing("none/logged", threat=Threat(9), platforms=frozenset(PLATFORMS))
    before = moment({"T1000": base, "T1001": other})
    cases: dict[Cause, Moment] = {
        Cause.TESTS: moment({"T1000": base._replace(mix=mix("none/missed")), "T1001": other}),
        Cause.RULES: moment({"T1000": base._replace(rule_total=3.0, rule_count=3), "T1001": other}),
        Cause.COUNTERMEASURES: moment({"T1000": base._replace(countermeasures=1.0), "T1001": other}),
        Cause.PLATFORMS: moment({"T1000": base._replace(tested=frozenset({"Windows", "Linux"})), "T1001": other}),
        Cause.DECAY: replace(before, day=DAY + timedelta(days=90)),
        Cause.SCOPE: moment({"T1000": base._replace(in_scope=False), "T1001": other}),
        Cause.WEIGHTS: replace(before, weights=Weights(2, logged=0.6)),
        Cause.ATTACK: moment({"T1001": other}),
        Cause.THREATS: moment({"T1000": base._replace(threat=Threat(40)), "T1001": other}),
    }
    assert set(cases) == set(Cause)
    for cause, after in cases.items():
        change = explain(before, after)
        assert list(steps(change)) == [cause.value]
        assert change.tenths
        assert steps(change)[cause.value] == change.tenths


def test_a_platform_out_of_scope_is_scope() -> None:
    one = standing("none/alerted", platforms=frozenset({"Windows", "Linux"}))
    before = moment({"T1000": one, "T1001": standing(platforms=frozenset({"macOS"}))})
    change = explain(before, replace(before, platforms_out=frozenset({"Linux"})))
    assert steps(change) == {"scope": change.tenths}
    assert [moved.attack_id for moved in change.moved] == ["T1000"]
    assert change.moved[0].own[Cause.SCOPE] == pytest.approx(50 / 9)  # platforms weigh 10 of 90


def test_it_is_the_mean_over_all_orders() -> None:
    """Three causes on two techniques, worked out the long way."""
    before = moment({"T1000": standing("none/logged", days=100), "T1001": standing(rule_total=2.0, rule_count=2)})
    tests = {"T1000": standing("none/alerted", days=2)}
    rules = {"T1001": standing(rule_total=5.0, rule_count=5)}
    later = DAY + timedelta(days=60)
    expected = dict.fromkeys((Cause.TESTS, Cause.RULES, Cause.DECAY), 0.0)
    for order in permutations(expected):
        at = before
        for cause in order:
            changed = (
                at
                if cause is Cause.DECAY
                else replace(at, techniques={**at.techniques, **(tests if cause is Cause.TESTS else rules)})
            )
            after = replace(changed, day=later) if cause is Cause.DECAY else changed
            expected[cause] += (exact(after) - exact(at)) / 6
            at = after
    found = explain(before, replace(before, day=later, techniques={**tests, **rules}))
    assert {step.cause: step.points for step in found.steps} == pytest.approx(expected)


def exact(at: Moment) -> float:
    reading = _Reading(at, at)
    counted = [
        (relevance(one.threat, at.weights), reading._score((one, one), _Side()))
        for one in at.techniques.values()
        if one.in_scope
    ]
    return sum(weight * points for weight, points in counted) / sum(weight for weight, _ in counted)


def test_a_technique_is_told_with_its_reasons() -> None:
    before = moment({"T1000": standing(), "T1001": standing("none/alerted", days=0)})
    after = moment(
        {"T1000": standing("none/alerted"), "T1001": standing("none/alerted", days=0)}, DAY + timedelta(days=30)
    )
    change = explain(before, after)
    first, second = change.moved
    assert (first.attack_id, first.before) == ("T1000", 0.0)
    assert set(first.own) == {Cause.TESTS, Cause.PLATFORMS, Cause.DECAY}
    assert (second.attack_id, set(second.own)) == ("T1001", {Cause.DECAY})
    assert second.own[Cause.DECAY] < 0 < first.own[Cause.TESTS]


def test_without_anything_in_scope_there_is_nothing_to_explain() -> None:
    empty, full = moment({}), moment({"T1000": standing("none/alerted")})
    assert explain(empty, full) == Change(None, 671)
    assert explain(full, empty) == Change(671, None)
