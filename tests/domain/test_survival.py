"""Kaplan-Meier by hand, by its properties, and against lifelines."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import Z_95
from domain.survival import Case, Curve, Summary, band

CASES = st.lists(st.builds(Case, st.integers(0, 50), st.booleans()), max_size=60)
# Miller's and Kaplan's textbook example of remission in weeks, maintained arm; + is censored.
REMISSION = [Case(t, d) for t, d in ((9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0),
                                     (48, 1), (161, 0))]  # fmt: skip


def test_the_textbook_example() -> None:
    """R. G. Miller, "Survival Analysis" (1981), p. 49: S(13) = .82, S(18) = .72, S(31) = .49, S(48) = .18."""
    curve = Curve.of(REMISSION)
    expected = {9: 10 / 11, 13: 9 / 11, 18: 0.7159, 23: 0.6136, 31: 0.4909, 34: 0.3682, 48: 0.1841}
    for time, share in expected.items():
        assert curve.open_share(time) == pytest.approx(share, abs=5e-5)
    assert curve.median.value == 31
    assert curve.at_risk(18) == 8
    assert curve.open_share(8.9) == 1.0
    assert curve.open_share(1000) == curve.open_share(48)


def test_hand_counted_with_ties() -> None:
    """At 2 two of four end and one is censored: who is censored at a time was at risk at it."""
    curve = Curve.of([Case(1, True), Case(2, True), Case(2, True), Case(2, False), Case(5, False)])
    assert [(s.seconds, s.at_risk, s.happened, s.censored) for s in curve.steps] == [
        (1, 5, 1, 0), (2, 4, 2, 1), (5, 1, 0, 1)]  # fmt: skip
    assert [s.open_share for s in curve.steps] == pytest.approx([0.8, 0.4, 0.4])
    assert curve.steps[1].variance == pytest.approx(1 / 20 + 2 / 8)
    assert curve.median.value == 2
    assert curve.percentile(0.9).value is None
    assert curve.restricted_mean(4).value == pytest.approx(1 + 0.8 + 2 * 0.4)


def test_what_is_never_reached_is_said_so() -> None:
    curve = Curve.of([Case(10, False)] * 6 + [Case(5, True)] * 4)
    assert curve.median.value is None
    assert curve.median.high is None
    assert curve.restricted_mean(20).value == pytest.approx(5 + 15 * 0.6)


def test_exactly_one_half_is_reached_whatever_the_rounding() -> None:
    for n in range(2, 60, 2):
        assert Curve.of([Case(t, True) for t in range(1, n + 1)]).median.value == n // 2


def test_nothing_gives_no_figures() -> None:
    summary = Summary.of([], 100)
    assert (summary.median.value, summary.mean.value, summary.naive_mean, summary.share.value) == (None,) * 4
    assert Curve.of([]).share_within(5).value is None


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_impossible_times_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a time"):
        Curve.of([Case(seconds, True)])


@given(CASES)
def test_without_censoring_it_is_the_share_still_open(cases: list[Case]) -> None:
    took = [Case(case.seconds, True) for case in cases]
    curve = Curve.of(took)
    for time in range(52):
        left = sum(case.seconds > time for case in took)
        assert curve.open_share(time) == pytest.approx(left / len(took) if took else 1.0)


@given(CASES)
def test_it_never_rises_and_its_band_holds_it(cases: list[Case]) -> None:
    steps = Curve.of(cases).steps
    shares = [1.0, *(step.open_share for step in steps)]
    assert all(a >= b for a, b in itertools.pairwise(shares))
    assert all(step.band.low <= step.open_share <= step.band.high for step in steps if step.band)
    assert sum(step.happened + step.censored for step in steps) == len(cases)


@given(CASES, st.integers(1, 60))
def test_leaving_out_the_undetected_only_ever_flatters(cases: list[Case], horizon: int) -> None:
    """The reason why censored cases stay in."""
    summary = Summary.of(cases, horizon)
    detected = Curve.of([case for case in cases if case.happened])
    if summary.median.value is not None:
        assert detected.median.value is not None
        assert detected.median.value <= summary.median.value
    if detected.steps and summary.mean.value is not None:
        mean = detected.restricted_mean(horizon).value
        assert mean is not None
        assert mean <= summary.mean.value + 1e-9


@given(CASES, st.integers(1, 60))
def test_the_restricted_mean_is_the_area_under_the_curve(cases: list[Case], horizon: int) -> None:
    curve = Curve.of(cases)
    if not cases:
        return
    area = sum(curve.open_share(t) for t in range(horizon))  # times are whole: the curve is level between them
    found = curve.restricted_mean(horizon)
    assert found.value == pytest.approx(area)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= horizon


def test_lifelines_finds_the_same_on_random_cases() -> None:
    # every process that collects the tests would pay seconds for this
    from lifelines import KaplanMeierFitter
    from lifelines.utils import qth_survival_times, restricted_mean_survival_time

    dice = random.Random(7)
    for size in (3, 10, 57, 400):
        cases = [Case(dice.randint(1, 90), dice.random() < 0.6) for _ in range(size)]
        theirs = KaplanMeierFitter().fit([c.seconds for c in cases], [c.happened for c in cases])
        ours = Curve.of(cases)
        bands = theirs.confidence_interval_
        for step in ours.steps:
            assert step.open_share == pytest.approx(theirs.predict(step.seconds), abs=1e-12)
            if step.band:
                low, high = bands.loc[step.seconds]
                assert (step.band.low, step.band.high) == pytest.approx((low, high), abs=1e-9)
        for share in (0.5, 0.9):
            reached = qth_survival_times(1 - share, theirs.survival_function_)
            assert ours.percentile(share).value == (None if math.isinf(reached) else reached)
        assert ours.restricted_mean(60).value == pytest.approx(restricted_mean_survival_time(theirs, t=60))


def test_the_interval_of_a_percentile_is_where_the_bands_reach_it() -> None:
    curve = Curve.of(REMISSION)
    found = curve.median
    for end, side in ((found.low, 0), (found.high, 1)):
        reached = [step.seconds for step in curve.steps if step.band and step.band[side] <= 0.5]
        assert end == (reached[0] if reached else None)


def test_the_standard_error_of_the_restricted_mean_by_hand() -> None:
    """Two of three end, at 1 and 3, one is censored at 2; to the horizon 4 the areas are 2 1/3 - ... counted out."""
    found = Curve.of([Case(1, True), Case(2, False), Case(3, True)]).restricted_mean(4)
    after_first = 2 / 3 * 2  # level at 2/3 from 1 to 3, then 0
    variance = after_first**2 * 1 / (3 * 2)
    assert found.value == pytest.approx(1 + after_first)
    assert found.high == pytest.approx(1 + after_first + Z_95 * math.sqrt(variance))


def test_no_band_at_the_ends() -> None:
    assert band(1.0, 0.1) is None
    assert band(0.0, math.inf) is None
