"""Times in logs: with and without a zone, fractions, what only looks like one, and limits."""

from datetime import UTC, datetime

import pytest

from domain.evidence_times import LINE_MAX, READ_MAX, TIMES_MAX, times_in

RAN = datetime(2026, 11, 24, 9, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "zoned"),
    [
        ("2026-11-24T09:30:05Z start", RAN, True),
        ('{"time":"2026-11-24T10:30:05.250+01:00"}', RAN.replace(microsecond=250_000), True),
        ("a,2026-11-24 04:30:05,123456789 -0500,b", RAN.replace(microsecond=123_456), True),
        ("[2026-11-24 09:30:05 UTC] alert", RAN, True),
        ("2026-11-24 09:30:05 alert", RAN, False),
    ],
)
def test_a_time_with_its_zone_or_without(text: str, moment: datetime, *, zoned: bool) -> None:
    (found,) = times_in(text.encode())
    assert (found.moment, found.zoned, found.line) == (moment, zoned, text)


@pytest.mark.parametrize(
    "text", ["", "2026-02-31T09:30:05Z", "2026-11-24T25:30:05Z", "12026-11-24T09:30:05Z", "2026-11-24", "09:30:05"]
)
def test_what_only_looks_like_a_time(text: str) -> None:
    assert times_in(text.encode()) == []


def test_each_moment_once_and_the_first_of_a_line() -> None:
    text = "2026-11-24T09:30:05Z to 2026-11-24T09:31:00Z\n2026-11-24T09:30:05Z again\n2026-11-24T09:32:00Z"
    assert [one.moment.minute for one in times_in(text.encode())] == [30, 32]


def test_utf_16_as_windows_writes_it() -> None:
    assert [one.moment for one in times_in("2026-11-24T09:30:05Z".encode("utf-16"))] == [RAN]


def test_limits_of_file_times_and_line() -> None:
    many = "\n".join(f"2026-11-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:00Z" for n in range(TIMES_MAX + 5))
    assert len(times_in(many.encode())) == TIMES_MAX
    assert times_in(b"x" * READ_MAX + b"\n2026-11-24T09:30:05Z") == []
    (found,) = times_in(b"y" * 500 + b" 2026-11-24T09:30:05Z " + b"z" * 500)
    assert len(found.line) <= LINE_MAX
    assert "2026-11-24T09:30:05Z" in found.line
