import random
import statistics

import pytest

from domain.score import Inputs, Scored, Scorer, Weights, known, organisation
from domain.sensitivity import CONCENTRATION, Weighed, _draws, _mean, _row, sensitivity

WEIGHTS = Weights(version=1)


def some(count: int, seed: int = 1) -> list[Weighed]:
    dice = random.Random(seed)
    return [
        Weighed(
            dice.uniform(1, 6),
            Inputs(
                dice.random(),
                dice.random(),
                3,
                dice.random(),
                dice.choice([None, dice.random()]),
                dice.choice([None, dice.random()]),
            ),
            dice.sample(["execution", "impact", "collection"], 2),
        )
        for _ in range(count)
    ]


def test_the_decided_score_is_the_organisation_s() -> None:
    found, scorer = some(50), Scorer(WEIGHTS)
    made = sensitivity(found, WEIGHTS)
    expected = organisation(
        Scored(one.relevance, scorer.points(one.inputs), scorer.effective_of(one.inputs), known(one.inputs))
        for one in found
    )
    assert made is not None
    assert round(10 * made.band.score) == expected.weighted_tenths
    assert made.band.low < made.band.score < made.band.high
    assert set(made.tactics) == {"execution", "impact", "collection"}


def test_draws_lie_around_what_was_decided() -> None:
    drawn = list(zip(*_draws(WEIGHTS.points), strict=True))
    shares = [one[-5] for one in drawn]  # tests, where every part applies
    assert statistics.fmean(shares) == pytest.approx(40, abs=1)
    assert statistics.stdev(shares) == pytest.approx(100 * (0.4 * 0.6 / (CONCENTRATION + 1)) ** 0.5, rel=0.1)
    assert all(sum(one[at : at + 5]) == pytest.approx(100) for one in drawn[:50] for at in (0, 5, 10, 15))


def test_a_part_of_no_weight_stays_so() -> None:
    without = Weights(2, 55, 25, 0, 10, 10)
    assert all(one[-3] == 0 for one in zip(*_draws(without.points), strict=True))


def test_where_all_parts_agree_nothing_hangs_on_weights() -> None:
    same = [Weighed(1.0, Inputs(0.5, 0.5, 1, 0.5, 0.5, 0.5), ["impact"])]
    made = sensitivity(same, WEIGHTS)
    assert made is not None
    assert (made.band.low, made.band.high) == (pytest.approx(50), pytest.approx(50))
    assert (made.last, made.last_share) == (None, 0.0)


def test_the_tactic_that_ranks_last() -> None:
    strong, weak = Inputs(1.0, 0.9, 1, 1.0, 1.0, 1.0), Inputs(0.0, 0.1, 1, 0.0, 0.0, 0.0)
    made = sensitivity([Weighed(1, strong, ["impact"]), Weighed(1, weak, ["execution"])], WEIGHTS)
    assert made is not None
    assert (made.last, made.last_share) == ("execution", 1.0)
    tests_only, rules_only = Inputs(1.0, 0.0, 0, 0.0, 0.0, 0.0), Inputs(0.0, 1.0, 9, 0.0, 0.0, 0.0)
    close = sensitivity([Weighed(1, tests_only, ["impact"]), Weighed(1, rules_only, ["execution"])], WEIGHTS)
    assert close is not None
    assert close.last == "execution"
    assert 0.5 < close.last_share < 1.0


def test_nothing_in_scope() -> None:
    assert sensitivity([], WEIGHTS) is None


def test_the_band_holds_nine_of_ten_draws_and_is_the_same_for_everybody() -> None:
    found = some(20)
    made = sensitivity(found, WEIGHTS)
    assert made is not None
    row = _mean(list(map(_row, found)))
    drawn = zip(*_draws(WEIGHTS.points), strict=True)
    scores = [sum(value * weight for value, weight in zip(row, one, strict=True)) for one in drawn]
    below, above = sum(one < made.band.low for one in scores), sum(one > made.band.high for one in scores)
    assert below == pytest.approx(0.05 * len(scores), abs=2)
    assert above == pytest.approx(0.05 * len(scores), abs=2)
    _draws.cache_clear()
    assert sensitivity(found, WEIGHTS) == made
