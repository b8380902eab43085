"""When a campaign comes again, also on the days on which clocks are changed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.testing.recurrence import Recurrence


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "first"),
    [
        ("0 9 * * 1", "UTC", "2026-03-02T09:00", "2026-03-09T09:00"),
        ("0 9 * * 1", "UTC", "2026-03-02T08:59:59", "2026-03-02T09:00"),
        ("0 9 * * mon", "Europe/Madrid", "2026-03-02T09:00", "2026-03-09T08:00"),
        ("0 9 * * mon", "Europe/Madrid", "2026-03-28T09:00", "2026-03-30T07:00"),  # summer time has begun
        ("0 9 1 */3 *", "UTC", "2026-01-02T00:00", "2026-04-01T09:00"),
        ("0 9 * * mon#1", "UTC", "2026-03-03T00:00", "2026-04-06T09:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("30 2 * * *", "Europe/Madrid", "2026-03-28T12:00", "2026-03-29T01:30"),  # skipped: 03:30 summer time
        ("30 2 * * *", "Europe/Madrid", "2026-03-29T01:15", "2026-03-29T01:30"),  # asked for inside the gap
        ("30 2 * * *", "Europe/Madrid", "2026-10-25T00:00", "2026-10-25T00:30"),  # comes twice: the first time
        ("30 2 * * *", "Europe/Madrid", "2026-10-25T00:30", "2026-10-26T01:30"),  # ... and only then
    ],
)
def test_next(cron: str, zone: str, after: str, first: str) -> None:
    assert Recurrence(cron, zone).next_after(utc(after)) == utc(first)


def test_missed_times_are_later_than_the_start_and_not_later_than_the_end() -> None:
    daily = Recurrence("0 9 * * *")
    start, end = utc("2026-03-02T09:00"), utc("2026-03-05T09:00")
    assert daily.missed_between(start, end) == tuple(utc(f"2026-03-0{day}T09:00") for day in (3, 4, 5))
    assert daily.missed_between(start, end, most=2) == (utc("2026-03-04T09:00"), utc("2026-03-05T09:00"))
    assert daily.missed_between(end, start) == ()


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("0 9 * *", "A schedule has five fields"),
        ("0 0 9 * * *", "A schedule has five fields"),
        ("@daily", "A schedule has five fields"),
        ("r r * * *", "A schedule has five fields"),
        ("h h * * *", "A schedule has five fields"),
        ("0 9 * * mon;", "A schedule has five fields"),
        ("", "A schedule has five fields"),
        ("* * * * *", "once an hour at most"),
        ("*/5 9 * * *", "once an hour at most"),
        ("0,30 9 * * *", "once an hour at most"),
        ("60 9 * * *", "once an hour at most"),
        ("0 25 * * *", "cannot be read"),
        ("0 9 * * xyz", "cannot be read"),
        ("0 0 30 2 *", "never comes"),
        ("0 " + "9," * 60 + "9 * * *", "at most 100 characters"),
    ],
)
def test_schedules_that_are_none(cron: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        Recurrence(cron)


@pytest.mark.parametrize("zone", ["Mars", "", "../etc/passwd", "Europe", "/etc/passwd", "x" * 65, "Europe/Madrid\x00"])
def test_zones_that_are_none(zone: str) -> None:
    with pytest.raises(BadInput, match="no such time zone"):
        Recurrence("0 9 * * *", zone)


def test_a_moment_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        Recurrence("0 9 * * *").next_after(datetime(2026, 3, 2))  # noqa: DTZ001  # that is what is tested


@given(
    st.sampled_from(["0 * * * *", "30 2 * * *", "10 2,3 * * *"]),
    st.sampled_from(["Europe/Madrid", "Australia/Lord_Howe", "America/New_York", "Pacific/Apia"]),
    st.integers(0, 366 * 24 * 60),
)
def test_step_by_step_and_at_once_are_the_same(cron: str, zone: str, minute: int) -> None:
    recurrence = Recurrence(cron, zone)
    start = utc("2011-12-01T00:00") + timedelta(minutes=minute)
    end = start + timedelta(days=2)
    at_once = recurrence.missed_between(start, end)
    assert list(at_once) == sorted(set(at_once))
    one = start
    for expected in at_once:
        one = recurrence.next_after(one)
        assert one == expected
    assert recurrence.next_after(one) > end
