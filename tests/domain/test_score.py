"""The score: five parts that add up, none of them silently nothing."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcomes import Detection, Prevention
from domain.relevance import Threat, relevance
from domain.score import (
    PARTS,
    Inputs,
    PartName,
    PartState,
    Scored,
    Scorer,
    Weights,
    known,
    organisation,
    rule_value,
    rules_part,
    tenths_of,
    whole,
)

DEFAULT = Weights(version=1)
part = st.floats(0, 1)


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=4, max_size=4)))
    points = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return Weights(3, *map(float, points))


@st.composite
def inputs(draw: st.DrawFn) -> Inputs:
    tested = draw(st.booleans())
    return Inputs(
        tests=draw(part) if tested else None,
        rules=draw(part),
        rule_count=draw(st.integers(0, 50)),
        freshness=draw(part) if tested else None,
        platforms=draw(st.one_of(st.none(), part)) if tested else draw(st.sampled_from([None, 0.0])),
        countermeasures=draw(st.one_of(st.none(), part)),
    )


@pytest.mark.parametrize(
    ("prevention", "detection", "worth"),
    [
        (Prevention.FULL, Detection.MISSED, 1.0),
        (Prevention.FULL, Detection.ALERTED, 1.0),
        (Prevention.PARTIAL, Detection.MISSED, 0.7),
        (Prevention.PARTIAL, Detection.LOGGED, 0.7),
        (Prevention.PARTIAL, Detection.ALERTED, 0.9),
        (Prevention.NONE, Detection.ALERTED, 0.9),
        (Prevention.NONE, Detection.LOGGED, 0.4),
        (Prevention.NONE, Detection.MISSED, 0.0),
    ],
)
def test_a_test_is_worth_the_better_of_its_two_axes(prevention: Prevention, detection: Detection, worth: float) -> None:
    assert DEFAULT.test_value(prevention, detection) == worth


def test_better_results_are_never_worth_less() -> None:
    for (p, d), (q, e) in product(product(Prevention, Detection), repeat=2):
        if q.rank >= p.rank and e.rank >= d.rank:
            assert DEFAULT.test_value(q, e) >= DEFAULT.test_value(p, d)


def test_rules_by_hand() -> None:
    assert rule_value("critical", "stable") == 1.0
    assert rule_value("medium", "test") == pytest.approx(0.56)
    assert rule_value("", "") == 0.25
    assert rule_value("high", "a word of another source") == 0.45
    assert rule_value("critical", "deprecated") == 0.0
    assert rules_part(3.0, 3.0) == pytest.approx(1 - 1 / math.e)
    assert rules_part(0.0, 3.0) == 0.0


@given(st.floats(0, 500), st.floats(0, 10))
def test_more_rules_help_less_and_less_and_never_fill_it(total: float, more: float) -> None:
    here, there = rules_part(total, 3.0), rules_part(total + more, 3.0)
    assert 0.0 <= here <= there <= 1.0
    assert there - here <= rules_part(more, 3.0) + 1e-12


def test_a_technique_by_hand() -> None:
    """No countermeasures are loaded: 40/25/15/10 of 90 remain."""
    found = Scorer(DEFAULT).score(Inputs(tests=0.9, rules=0.5, rule_count=2, freshness=0.5, platforms=0.25))
    by_name = {one.name: one for one in found.parts}
    assert by_name[PartName.TESTS].points == 40.0
    assert by_name[PartName.RULES].points == 13.9  # 25 / 90 * 100 * 0.5 = 13.888...
    assert by_name[PartName.COUNTERMEASURES].state is PartState.NOT_APPLICABLE
    assert by_name[PartName.COUNTERMEASURES].points == 0.0
    assert by_name[PartName.FRESHNESS].points == 8.3  # 8.333...
    assert by_name[PartName.PLATFORMS].points == 2.8  # 2.777...
    assert found.value == 65.0


@given(inputs(), weights())
def test_parts_add_up_exactly_to_the_score_shown(one: Inputs, by: Weights) -> None:
    found = Scorer(by).score(one)
    assert sum(each.tenths for each in found.parts) == found.tenths
    assert 0 <= found.tenths <= 1_000


@given(inputs(), weights())
def test_what_is_shown_is_the_exact_score_rounded_once(one: Inputs, by: Weights) -> None:
    scorer = Scorer(by)
    assert scorer.score(one).tenths == tenths_of(sum(scorer.points(one)))


@given(inputs(), weights())
def test_the_weight_of_what_cannot_apply_is_spread_in_proportion(one: Inputs, by: Weights) -> None:
    parts = Scorer(by).score(one).parts
    usable = [each for each in parts if each.state is not PartState.NOT_APPLICABLE]
    left = sum(each.weight for each in usable)
    assert sum(each.effective for each in parts) == pytest.approx(100 if left else 0)
    for each in usable:
        if left:
            assert each.effective == pytest.approx(100 * each.weight / left)
    assert all(each.tenths == 0 for each in parts if each.state is PartState.NOT_APPLICABLE)


@given(weights())
def test_a_perfect_technique_has_100_whatever_the_weights(by: Weights) -> None:
    perfect = Inputs(tests=1.0, rules=1.0, rule_count=9, freshness=1.0, platforms=1.0, countermeasures=1.0)
    assert Scorer(by).score(perfect).tenths == 1_000
    without = perfect._replace(countermeasures=None, platforms=None)
    left = by.points[0] + by.points[1] + by.points[3]
    assert Scorer(by).score(without).tenths == (1_000 if left else 0)


def test_nothing_known_is_no_number_and_says_so_part_by_part() -> None:
    nothing = Inputs(tests=None, rules=0.0, rule_count=0, freshness=None, platforms=0.0)
    found = Scorer(DEFAULT).score(nothing)
    assert not found.known
    assert found.tenths == 0
    assert [one.state for one in found.parts] == [
        PartState.NO_EVIDENCE,
        PartState.MEASURED,  # that no rule exists is known
        PartState.NOT_APPLICABLE,
        PartState.NO_EVIDENCE,
        PartState.NO_EVIDENCE,
    ]
    assert known(nothing._replace(rule_count=1, rules=0.1))
    assert known(nothing._replace(tests=0.0, freshness=0.3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"tests": 41.0},
        {"tests": 70.0, "rules": -5.0},
        {"rule_saturation": 0.0},
        {"half_life_days": 0.0},
    ],
)
def test_weights_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="have to be"):
        Weights(version=2, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("tenths", "points"), [(0, 0), (4, 0), (5, 1), (684, 68), (685, 69), (1000, 100)])
def test_whole_points_round_halves_up(tenths: int, points: int) -> None:
    assert whole(tenths) == points


def scored(groups: int, one: Inputs) -> Scored:
    scorer = Scorer(DEFAULT)
    return Scored(relevance(Threat(groups), DEFAULT), scorer.points(one), scorer.effective_of(one), known(one))


def test_the_organisation_by_hand() -> None:
    """One technique of three groups (relevance 3) at 90, one of none (relevance 1) with nothing known at 0."""
    good = Inputs(tests=1.0, rules=0.64, rule_count=3, freshness=1.0, platforms=1.0)
    nothing = Inputs(tests=None, rules=0.0, rule_count=0, freshness=None, platforms=0.0)
    assert relevance(Threat(3), DEFAULT) == 3.0
    assert relevance(Threat(0), DEFAULT) == 1.0
    assert sum(scored(3, good).points) == pytest.approx(90.0)
    found = organisation([scored(3, good), scored(0, nothing)])
    assert (found.weighted_tenths, found.plain_tenths, found.techniques, found.unknown) == (675, 450, 2, 1)
    assert [one.name for one in found.parts] == list(PARTS)


def test_an_organisation_without_scope_has_no_score() -> None:
    found = organisation([])
    assert (found.weighted_tenths, found.plain_tenths, found.parts) == (None, None, ())


@given(st.lists(st.tuples(st.integers(0, 200), inputs()), min_size=1, max_size=30))
def test_the_organisations_parts_add_up_exactly(techniques: list[tuple[int, Inputs]]) -> None:
    each = [scored(groups, one) for groups, one in techniques]
    found = organisation(each)
    assert found.weighted_tenths == sum(one.tenths for one in found.parts)
    scores = [10 * sum(one.points) for one in each]
    assert min(scores) - 1 <= (found.weighted_tenths or 0) <= max(scores) + 1
    assert sum(one.possible for one in found.parts) == pytest.approx(100)


@given(st.lists(inputs(), min_size=1, max_size=20), st.integers(0, 50))
def test_where_all_are_as_relevant_both_means_agree(techniques: list[Inputs], groups: int) -> None:
    found = organisation([scored(groups, one) for one in techniques])
    assert abs((found.weighted_tenths or 0) - (found.plain_tenths or 0)) <= 1
