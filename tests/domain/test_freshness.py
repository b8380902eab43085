"""The age of evidence, and what it is worth."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.freshness import age_days, decay, is_stale


def test_age_is_in_whole_days() -> None:
    assert age_days(date(2026, 5, 27), date(2026, 11, 23)) == 180
    assert age_days(date(2026, 11, 24), date(2026, 11, 23)) == 0


def test_no_evidence_is_untested_not_stale() -> None:
    assert not is_stale(None, 180)
    assert not is_stale(180, 180)
    assert is_stale(181, 180)


@pytest.mark.parametrize(("age", "worth"), [(0, 1.0), (180, 0.5), (360, 0.25), (90, 0.70710678)])
def test_half_is_left_after_each_half_life(age: int, worth: float) -> None:
    assert decay(age, 180) == pytest.approx(worth)


@given(st.integers(0, 10_000), st.floats(1, 1_000))
def test_it_only_ever_falls_and_never_below_0(age: int, half_life: float) -> None:
    assert 0.0 <= decay(age + 1, half_life) <= decay(age, half_life) <= 1.0
