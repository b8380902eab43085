"""The estimator over many cases at once says what the definition says."""

import random

import polars as pl
import pytest

from data.queries import survival
from domain.survival import Case, Curve, Summary

HORIZON = 60


def cases(dice: random.Random, size: int, latest: int) -> list[Case]:
    return [Case(dice.randint(0, latest), dice.random() < 0.55) for _ in range(size)]


def key(case: Case) -> int:
    return 2 * int(case.seconds) + (not case.happened)


@pytest.mark.parametrize("seed", range(12))
def test_every_figure_of_every_group_is_the_definitions_to_a_billionth(seed: int) -> None:
    dice = random.Random(seed)
    groups = {number: cases(dice, size, dice.choice((5, 90, 10_000))) for number, size in
              enumerate(dice.choices((1, 2, 3, 8, 50, 700), k=9))}  # fmt: skip
    rows = [(number, key(case)) for number, all_of in groups.items() for case in all_of]
    dice.shuffle(rows)
    frame = pl.DataFrame(rows, schema={"group": pl.Int64, "key": pl.Int64}, orient="row")
    found = survival.summaries(frame.lazy(), horizon=HORIZON, level=40)
    assert found["group"].to_list() == list(groups)
    for row in found.to_dicts():
        expected = Summary.of(groups[row["group"]], HORIZON)
        curve = Curve.of(groups[row["group"]])
        assert (row["cases"], row["happened"]) == (expected.cases, expected.share.n)
        pairs = [
            (row["median"], expected.median.value), (row["median_low"], expected.median.low),
            (row["median_high"], expected.median.high), (row["p90"], expected.p90.value),
            (row["mean"], expected.mean.value), (row["mean_low"], expected.mean.low),
            (row["mean_high"], expected.mean.high), (row["naive_mean"], expected.naive_mean),
            (row["open_at_level"], curve.open_share(40)),
        ]  # fmt: skip
        for ours, theirs in pairs:
            assert ours == (None if theirs is None else pytest.approx(theirs, abs=1e-9)), row


def test_without_bands_the_figures_are_the_same() -> None:
    frame = pl.DataFrame({"group": [0, 0, 1], "key": [2, 5, 8]}).lazy()
    names = ["group", "cases", "happened", "median", "p90", "mean", "naive_mean"]
    with_them, without = (survival.summaries(frame, horizon=HORIZON, bands=bands) for bands in (True, False))
    assert with_them.select(names).equals(without.select(names))
    assert without["mean_low"].to_list() == [None, None]


def test_of_nothing_there_is_nothing() -> None:
    empty = pl.DataFrame(schema={"group": pl.Int64, "key": pl.Int64}).lazy()
    assert survival.summaries(empty, horizon=HORIZON).is_empty()
    drawn = survival.curve(empty, [60])
    assert (drawn["seconds"], drawn["at_risk"]) == ([], [0])


def test_each_drawn_point_lies_on_the_curve() -> None:
    known = cases(random.Random(3), 5000, 200_000)
    curve = Curve.of(known)
    drawn = survival.curve(pl.DataFrame({"key": [key(case) for case in known]}).lazy(), [0, 3600, 100_000])
    assert 50 < len(drawn["seconds"]) <= 800
    assert drawn["seconds"] == sorted(drawn["seconds"])
    for seconds, share, low, high in zip(*(drawn[name] for name in ("seconds", "open", "low", "high")), strict=True):
        assert share == pytest.approx(curve.open_share(seconds), abs=1e-9)
        step = next(step for step in reversed(curve.steps) if step.seconds <= seconds and step.happened)
        assert (low, high) == pytest.approx(step.band or (None, None), abs=1e-9)
    for seconds, share in zip(drawn["censored_at"], drawn["censored_open"], strict=True):
        assert share == pytest.approx(curve.open_share(seconds), abs=1e-9)
    assert drawn["at_risk"] == [curve.at_risk(tick) for tick in (0, 3600, 100_000)]
