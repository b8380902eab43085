"""Figures in words."""

from datetime import date

import pytest

from pages.components import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (8040, "2 h 14 min"),
        (86400, "1 d"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_duration_says_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(3.2, "+3"), (-1200, "−1,200"), (0, "±0"), (0.4, "±0"), (-0.4, "±0")])
def test_a_change_carries_its_sign(value: float, text: str) -> None:
    assert words.signed(value) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 rules"), (1, "1 rule"), (1204, "1,204 rules")])
def test_one_is_singular(count: int, text: str) -> None:
    assert words.plural(count, "rule") == text


@pytest.mark.parametrize(
    ("count", "text"), [(840, "840 B"), (12_300, "12 KB"), (47_290_000, "45.1 MB"), (209_715_200, "200 MB")]
)
def test_a_size_in_its_own_unit(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_make_a_sentence(names: list[str], text: str) -> None:
    assert words.sentence(names) == text


def test_a_day_and_a_share() -> None:
    assert words.day(date(2026, 9, 4)) == "4 Sep 2026"
    assert words.percent(0.684) == "68 %"


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.0, 0, "0 %"),
        (2 / 599, 0, "<1 %"),
        (0.005, 0, "<1 %"),
        (0.006, 0, "1 %"),
        (0.994, 0, "99 %"),
        (598 / 599, 0, ">99 %"),
        (1.0, 0, "100 %"),
        (0.0004, 1, "<0.1 %"),
        (0.9996, 1, ">99.9 %"),
        (0.002, 1, "0.2 %"),
    ],
)
def test_none_and_all_are_said_of_exactly_none_and_all(share: float, digits: int, text: str) -> None:
    assert words.percent(share, digits) == text
