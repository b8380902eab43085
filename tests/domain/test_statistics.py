"""Shares, intervals and rounding."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import Share, apportion, percent, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # published values of the score interval without continuity correction
        (3, 3, 0.4385, 1.0),
        (5, 5, 0.5655, 1.0),
        (50, 50, 0.9287, 1.0),
        (4, 10, 0.1682, 0.6873),
        (0, 10, 0.0, 0.2775),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_agrees_with_published_values(hits: int, of: int, low: float, high: float) -> None:
    found = wilson(hits, of)
    assert found is not None
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_nothing_counted_has_no_share_and_no_interval() -> None:
    assert wilson(0, 0) is None
    empty = Share.count(0, 0)
    assert (empty.value, empty.low, empty.high, empty.too_few) == (None, None, None, True)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(hits, of)


shares = st.integers(1, 5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(shares)
def test_the_interval_holds_the_share_and_stays_between_0_and_1(share: tuple[int, int]) -> None:
    hits, of = share
    found = wilson(hits, of)
    assert found is not None
    assert 0.0 <= found.low <= hits / of <= found.high <= 1.0


@given(shares)
def test_the_interval_solves_its_own_equation(share: tuple[int, int]) -> None:
    """Each end inside 0..1 is a p that lies exactly z standard errors away from the share."""
    hits, of = share
    found = wilson(hits, of)
    assert found is not None
    for p in found:
        if 0.0 < p < 1.0:
            assert abs(hits / of - p) == pytest.approx(1.959963984540054 * math.sqrt(p * (1 - p) / of), rel=1e-6)


@given(shares)
def test_misses_mirror_hits(share: tuple[int, int]) -> None:
    hits, of = share
    here, there = wilson(hits, of), wilson(of - hits, of)
    assert here is not None
    assert there is not None
    assert here.low == pytest.approx(1 - there.high, abs=1e-9)


@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=12))
def test_apportioned_numbers_add_up_and_stay_near(values: list[float]) -> None:
    total = math.floor(sum(values) + 0.5)
    shown = apportion(values, total)
    assert sum(shown) == total
    assert all(abs(one - value) < 1 + 1e-9 for one, value in zip(shown, values, strict=True))


def test_the_largest_remainders_are_rounded_up() -> None:
    assert apportion([1.2, 1.7, 1.1], 4) == [1, 2, 1]
    assert apportion([0.5, 0.5], 1) == [1, 0]  # a tie goes to the first
    assert apportion([2.0, 0.0], 2) == [2, 0]


def test_a_total_the_values_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="rounded sum"):
        apportion([1.0, 1.0], 5)


@pytest.mark.parametrize(("share", "shown"), [(0.0, 0), (1.0, 100), (0.996, 99), (0.004, 1), (0.5, 50), (1 / 3, 33)])
def test_only_none_is_0_and_only_all_is_100(share: float, shown: int) -> None:
    assert percent(share) == shown
