"""What to do next, counted by hand and against every set there is."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.next_best import Candidate, Pick, best_tests, expected_value, gap_weight, obligation, with_test
from domain.score import Inputs, Scorer, Weights

SCORER = Scorer(Weights(version=1))
UNTESTED = Inputs(tests=None, rules=0.0, rule_count=0, freshness=None, platforms=0.0)


def candidate(
    attack_id: str,
    *,
    relevance: float = 1.0,
    inputs: Inputs = UNTESTED,
    procedures: int = 0,
    tests: int = 3,
    expected: float = 0.9,
    platforms: tuple[str, ...] = ("Windows",),
) -> Candidate:
    return Candidate(
        attack_id,
        relevance,
        inputs,
        procedures,
        frozenset(platforms),
        frozenset(platforms[:1] if procedures else ()),
        {platform: tuple(f"{attack_id} {platform} {n}" for n in range(tests)) for platform in platforms},
        expected,
    )


def test_a_gap_weighs_by_threat_by_what_is_missing_and_by_obligation() -> None:
    assert gap_weight(3.0, 40.0, 0) == pytest.approx(1.8)
    assert gap_weight(3.0, 40.0, 15) == pytest.approx(3.6), "fifteen controls double it"
    assert (obligation(0), gap_weight(5.0, 100.0, 9)) == (1.0, 0.0)


def test_little_evidence_is_drawn_towards_the_whole() -> None:
    assert expected_value([], None) == 0.5
    assert expected_value([], 0.8) == pytest.approx(0.8)
    assert expected_value([0.0] * 5, 0.8) == pytest.approx(0.4)


def test_a_first_test_by_hand() -> None:
    """Untested, value 0.9 expected: tests 0.9 x 40, freshness 15, its platform 10, of 90 without countermeasures."""
    (pick, *_) = best_tests([candidate("T1")], SCORER, whole=4.0, budget=1)
    points = (0.9 * 40 + 15 + 10) / 0.9
    assert pick == Pick("T1", "Windows", "T1 Windows 0", pytest.approx(points / 4), 0.0, pytest.approx(points))


def test_another_platform_comes_before_more_of_the_same() -> None:
    picks = best_tests([candidate("T1", platforms=("Linux", "Windows"))], SCORER, whole=1.0, budget=4)
    assert [one.platform for one in picks] == ["Linux", "Windows"], "more procedures of the same value add nothing"
    assert picks[1].gain == pytest.approx(0.5 * 10 / 0.9)


def test_what_weighs_more_comes_first_and_what_adds_nothing_never() -> None:
    fresh = Inputs(tests=0.9, rules=0.0, rule_count=0, freshness=1.0, platforms=1.0)
    known = candidate("T1", inputs=fresh, procedures=2)
    picks = best_tests([candidate("T2"), candidate("T3", relevance=7.0), known], SCORER, whole=9.0, budget=10)
    assert [one.attack_id for one in picks] == ["T3", "T2"]


@given(
    st.lists(st.tuples(st.floats(0.5, 20), st.floats(0, 1), st.integers(1, 3), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 3),
)
def test_greedy_is_the_best_set_of_its_size(made: list[tuple[float, float, int, bool]], budget: int) -> None:
    candidates = [
        candidate(f"T{n}", relevance=relevance, expected=expected, tests=1, platforms=("A", "B", "C")[:platforms])
        if not tested
        else candidate(
            f"T{n}",
            relevance=relevance,
            expected=expected,
            tests=1,
            platforms=("A", "B", "C")[:platforms],
            procedures=1,
            inputs=Inputs(tests=0.3, rules=0.0, rule_count=0, freshness=0.4, platforms=1 / platforms),
        )
        for n, (relevance, expected, platforms, tested) in enumerate(made)
    ]
    whole = sum(one.relevance for one in candidates)
    got = sum(one.gain for one in best_tests(candidates, SCORER, whole=whole, budget=budget))
    every = [(one, platform) for one in candidates for platform in one.open]
    best = max(
        (_gain(chosen, whole) for size in range(budget + 1) for chosen in combinations(every, min(size, len(every)))),
        default=0.0,
    )
    assert got == pytest.approx(best, rel=0.12), "within what a first test, that dilutes later ones, can cost"
    assert got <= best + 1e-9


def _gain(chosen: tuple[tuple[Candidate, str], ...], whole: float) -> float:
    total = 0.0
    for attack_id in {one.attack_id for one, _ in chosen}:
        one = next(each for each, _ in chosen if each.attack_id == attack_id)
        before = sum(SCORER.points(one.inputs))
        for each, platform in chosen:
            if each.attack_id == attack_id:
                inputs = with_test(one, platform)
                one = Candidate(
                    one.attack_id,
                    one.relevance,
                    inputs,
                    one.procedures + 1,
                    one.platforms,
                    one.tested | {platform},
                    one.open,
                    one.expected,
                )
        total += one.relevance * (sum(SCORER.points(one.inputs)) - before) / whole
    return total
