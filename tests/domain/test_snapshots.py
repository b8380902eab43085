from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import BadInput
from domain.score import Weights
from domain.snapshots import (
    checked_label,
    day_asked,
    end_of,
    history_days,
    is_prompt,
    missing,
    steps,
    weights_kept,
    weights_of,
)

TODAY = date(2026, 3, 15)


def test_days_without_a_snapshot() -> None:
    assert missing([], TODAY) == [date(2026, 3, 14)]
    assert missing([date(2026, 3, 11), date(2026, 3, 13)], TODAY) == [date(2026, 3, 12), date(2026, 3, 14)]
    assert missing([date(2026, 3, 14)], TODAY) == []
    assert len(missing([date(2020, 1, 1)], TODAY)) == 60


def test_a_first_look_back() -> None:
    days = history_days(date(2025, 12, 20), TODAY, days=3)
    assert days == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28), *(date(2026, 3, n) for n in (12, 13, 14))]
    assert len(history_days(date(2000, 1, 1), TODAY)) == 24 + 30 - 1  # the end of February is one of the last 30 days


def test_prompt_is_right_after_midnight() -> None:
    midnight = datetime(2026, 3, 15, tzinfo=UTC)
    assert end_of(date(2026, 3, 14)) == midnight
    assert is_prompt(date(2026, 3, 14), midnight + timedelta(minutes=14))
    assert not is_prompt(date(2026, 3, 14), midnight + timedelta(minutes=16))
    assert not is_prompt(date(2026, 3, 14), midnight - timedelta(minutes=1))


def test_the_day_of_an_address() -> None:
    assert day_asked("2026-01-31", TODAY) == date(2026, 1, 31)
    assert [day_asked(text, TODAY) for text in ("", "soon", "2026-03-15", "1931-01-01", "3026-01-01")] == [None] * 5


def test_days_to_step_through() -> None:
    every = [TODAY - timedelta(days=n) for n in range(700)]
    found = steps(every, TODAY)
    assert found == sorted(set(found))
    assert found[-13:] == [TODAY + timedelta(days=30 * n) for n in range(13)]
    past = [day for day in found if day < TODAY]
    assert [day for day in past if (TODAY - day).days <= 31] == sorted(every[1:32])
    weeks = [day for day in past if 31 < (TODAY - day).days <= 183]
    assert len({day.isocalendar()[:2] for day in weeks}) == len(weeks) == 23
    assert all(day.weekday() == 6 for day in weeks[:-1])  # the last of its week
    months = [day for day in past if (TODAY - day).days > 183]
    assert len({(day.year, day.month) for day in months}) == len(months) == 18
    assert all((day + timedelta(days=1)).day == 1 for day in months[:-1])
    assert set(past) <= set(every)


def test_without_a_kept_day_there_is_only_what_is_ahead() -> None:
    assert steps([], TODAY)[0] == TODAY


def test_labels() -> None:
    assert checked_label("  before \n the audit ") == "before the audit"
    with pytest.raises(BadInput):
        checked_label("x" * 121)


def test_weights_survive_being_kept() -> None:
    weights = Weights(7, 30, 35, 10, 15, 10, logged=0.5, half_life_days=90)
    assert weights_of(weights_kept(weights)) == weights
