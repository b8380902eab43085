"""What moved the score adds up to the last digit, names who did it, and does not hang on an order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from math import factorial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.freshness import age_days, decay
from domain.relevance import Priority, Threat, relevance
from domain.score import Inputs, Scored, Scorer, Weights, organisation, rules_part
from domain.score_change import RESULTS, Cause, Change, Moment, Standing, explain

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


def points_of(one: Standing, at: Moment) -> float:
    """One technique's score, as every screen computes it."""
    weights, usable = at.weights, one.platforms - at.platforms_out
    tested = one.newest_on is not None
    inputs = Inputs(
        sum(n * weights.test_value(*result) for n, result in zip(one.mix, RESULTS, strict=True)) if tested else None,
        rules_part(one.rule_total, weights.rule_saturation),
        one.rule_count,
        decay(age_days(one.newest_on, at.day), weights.half_life_days) if one.newest_on else None,
        len(usable & one.tested) / len(usable) if usable else None,
        one.countermeasures,
    )
    return sum(Scorer(weights).points(inputs))


def score_of(at: Moment) -> int | None:
    counted = [one for one in at.techniques.values() if one.in_scope]
    five = (0.0, 0.0, 0.0, 0.0, 0.0)
    return organisation(
        Scored(relevance(one.threat, at.weights), (points_of(one, at), 0, 0, 0, 0), five, True) for one in counted
    ).weighted_tenths


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


def between(before: Moment, after: Moment, happened: frozenset[Cause]) -> Moment:
    """As it would be had these causes happened, and no other."""

    def end(cause: Cause) -> Moment:
        return after if cause in happened else before

    def put_together(key: str) -> Standing:
        left = before.techniques.get(key) or after.techniques[key]
        right = after.techniques.get(key) or before.techniques[key]

        def of(cause: Cause, *names: str) -> dict[str, Any]:
            return {name: getattr(right if cause in happened else left, name) for name in names}

        return Standing(
            **of(Cause.TESTS, "mix", "newest_on"),
            **of(Cause.RULES, "rule_total", "rule_count"),
            **of(Cause.ATTACK, "platforms"),
            **of(Cause.PLATFORMS, "tested"),
            **of(Cause.COUNTERMEASURES, "countermeasures"),
            **of(Cause.THREATS, "threat"),
            **of(Cause.SCOPE, "in_scope"),
        )

    return Moment(
        end(Cause.DECAY).day,
        end(Cause.WEIGHTS).weights,
        end(Cause.SCOPE).platforms_out,
        {key: put_together(key) for key in end(Cause.ATTACK).techniques},
    )


def exact(at: Moment) -> float:
    counted = [
        (relevance(one.threat, at.weights), points_of(one, at)) for one in at.techniques.values() if one.in_scope
    ]
    whole = sum(weight for weight, _ in counted)
    return sum(weight * points for weight, points in counted) / whole if whole else 0.0


@settings(max_examples=100, deadline=None)  # of up to 512 states each
@given(moments(), moments())
def test_it_is_the_mean_over_all_orders(before: Moment, after: Moment) -> None:
    """By its definition: every state that lies between the two is put together and scored as a whole."""
    change = explain(before, after)
    if change.tenths is None:
        return
    causes = [step.cause for step in change.steps]
    scores = {some: exact(between(before, after, some)) for n in range(len(causes) + 1) for some in sets_of(causes, n)}
    for step in change.steps:
        expected = 0.0
        for happened in (some for some in scores if step.cause not in some):
            orders = factorial(len(happened)) * factorial(len(causes) - len(happened) - 1)
            expected += orders * (scores[happened | {step.cause}] - scores[happened]) / factorial(len(causes))
        assert step.points == pytest.approx(expected, abs=1e-9)
    assert sum(step.points for step in change.steps) == pytest.approx(exact(after) - exact(before), abs=1e-9)


def sets_of(causes: list[Cause], n: int) -> Iterator[frozenset[Cause]]:
    return map(frozenset, combinations(causes, n))


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
