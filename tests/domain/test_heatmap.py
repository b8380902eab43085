"""Every colour mode: into which bucket a technique falls, and that what is not known is never 0."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.heatmap import MODES, OUT_OF_SCOPE_BUCKET, Cell, cells_of, days_words
from pages.components import tokens
from tests.domain.matrices import entry, matrix


def cell(**known: Any) -> Cell:
    return cells_of(matrix(entry("T1001", **known))["cells"])[0]


def validated(proven: int, procedures: int = 4, **known: Any) -> Cell:
    return cell(proven=proven, procedures=procedures, **known)


@pytest.mark.parametrize(
    ("mode", "one", "bucket", "value"),
    [
        ("status", cell(), "untested", ""),
        ("status", validated(75, status="partial"), "partial", "3/4"),
        ("status", validated(50, 1, status="partial"), "partial", "0.5/1"),
        ("status", validated(33, 3, status="partial"), "partial", "1/3"),
        ("status", validated(14, 7, status="partial"), "partial", "1/7"),
        ("score", cell(score=None), "none", ""),
        ("score", cell(score=0), "s0", "0"),
        ("score", cell(score=19), "s0", "19"),
        ("score", cell(score=20), "s20", "20"),
        ("score", cell(score=100), "s80", "100"),
        ("proven", cell(), "none", ""),
        ("proven", validated(0), "p0", "0"),
        ("proven", validated(1, 100), "p1", "1"),
        ("proven", validated(99, 100), "p75", "99"),
        ("proven", validated(100), "p100", "100"),
        ("claimed", cell(), "none", "0"),
        ("claimed", cell(not_counted_rules=2), "unplaced", ""),
        ("claimed", cell(rules=1, not_counted_rules=2), "r1", "1"),
        ("claimed", cell(rules=4), "r2", "4"),
        ("claimed", cell(rules=25), "r25", "25"),
        ("gap", cell(), "none", ""),
        ("gap", cell(rules=2), "claim_only", ""),
        ("gap", cell(not_counted_rules=2), "unplaced", ""),
        ("gap", validated(0, rules=1), "over3", "+100"),
        ("gap", validated(25, rules=1), "over2", "+75"),
        ("gap", validated(50, rules=1), "over1", "+50"),
        ("gap", validated(100, rules=1), "even", "0"),
        ("gap", validated(0), "even", "0"),
        ("gap", validated(50), "under1", "-50"),
        ("gap", validated(75), "under2", "-75"),
        ("gap", validated(100), "under3", "-100"),
        ("freshness", cell(), "none", ""),
        ("freshness", cell(freshness_days=0), "d30", "0 d"),
        ("freshness", cell(freshness_days=31), "d90", "31 d"),
        ("freshness", cell(freshness_days=180), "d180", "180 d"),
        ("freshness", cell(freshness_days=181), "d365", "181 d"),
        ("freshness", cell(freshness_days=366), "older", "366 d"),
        ("freshness", cell(freshness_days=-1), "d30", "0 d"),
        ("threat", cell(), "none", "0"),
        ("threat", cell(groups=2), "g1", "2"),
        ("threat", cell(groups=21), "g21", "21"),
    ],
)
def test_bucket_and_number(mode: str, one: Cell, bucket: str, value: str) -> None:
    assert MODES[mode].bucket(one) == bucket
    assert MODES[mode].value(one) == value


@pytest.mark.parametrize("mode", ["status", "score", "proven", "gap", "freshness"])
def test_what_is_not_known_has_neither_number_nor_points(mode: str) -> None:
    assert MODES[mode].value(cell()) == ""
    assert MODES[mode].points(cell()) is None


def test_unplaced_rules_are_not_zero_rules() -> None:
    assert MODES["claimed"].points(cell(not_counted_rules=1)) is None
    assert MODES["claimed"].points(cell()) == 0


@pytest.mark.parametrize(("days", "points"), [(0, 100), (73, 80), (365, 0), (4000, 0)])
def test_freshness_points_fall_evenly_over_a_year(days: int, points: int) -> None:
    assert MODES["freshness"].points(cell(freshness_days=days)) == points


def test_few_procedures_are_uncertain_only_where_a_share_is_shown() -> None:
    assert MODES["proven"].uncertain(validated(100, 2))
    assert not MODES["proven"].uncertain(validated(100, 3))
    assert not MODES["status"].uncertain(validated(100, 1))


def test_stale_marks_only_what_comes_from_tests() -> None:
    old = validated(100, stale=1)
    assert {key for key, mode in MODES.items() if mode.stale(old)} == {"status", "proven", "gap"}


def test_days_turn_into_years_when_years_are_meant() -> None:
    assert (days_words(729), days_words(730)) == ("729 d", "2 y")


def test_the_modes_of_the_issue_in_its_order() -> None:
    assert list(MODES) == ["status", "score", "proven", "claimed", "gap", "freshness", "threat"]


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.key)
def test_every_token_exists_in_both_themes(mode: Any) -> None:
    named = {bucket.token for bucket in (*mode.buckets, OUT_OF_SCOPE_BUCKET)} | set(mode.gradient)
    assert named <= set(tokens.LIGHT) & set(tokens.DARK)


cells = st.builds(
    cell,
    status=st.sampled_from(["covered", "partial", "uncovered", "in_progress", "untested"]),
    score=st.none() | st.integers(0, 100),
    proven=st.none() | st.integers(0, 100),
    procedures=st.integers(0, 50),
    rules=st.integers(0, 2000),
    not_counted_rules=st.integers(0, 5),
    freshness_days=st.none() | st.integers(-1, 5000),
    groups=st.integers(0, 300),
)


@given(one=cells)
def test_every_technique_has_a_bucket_and_points_of_the_scale(one: Cell) -> None:
    for mode in MODES.values():
        assert mode.bucket(one) in {bucket.key for bucket in mode.buckets}
        points = mode.points(one)
        assert points is None or (isinstance(points, int) and 0 <= points <= 100)
        assert (one.id, mode.value(one)) == (one.id, mode.value(one).strip())
