"""Digests come at eight in the morning of whoever reads them, whatever the clocks do."""

from datetime import UTC, datetime

import pytest

from domain.digests import DIGEST_MAX, Digest, digest_of, next_digest


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("digest", "zone", "after", "due"),
    [
        (Digest.DAILY, "UTC", at(24, 7, 59), at(24, 8)),
        (Digest.DAILY, "UTC", at(24, 8), at(25, 8)),
        (Digest.DAILY, "Asia/Tokyo", at(24, 7), at(24, 23)),
        (Digest.DAILY, "America/Los_Angeles", at(24, 7), at(24, 16)),
        (Digest.WEEKLY, "UTC", at(24, 7), at(30, 8)),  # a Tuesday
        (Digest.WEEKLY, "UTC", at(30, 7), at(30, 8)),
        (Digest.WEEKLY, "UTC", at(30, 8), at(7, 8, month=12)),
        (Digest.WEEKLY, "Pacific/Auckland", at(29, 18), at(29, 19)),  # Monday there, Sunday in UTC
        (Digest.DAILY, "Europe/Berlin", at(24, 7, month=10), at(25, 7, month=10)),  # summer ends on the 25th
        (Digest.DAILY, "Europe/Berlin", at(23, 7, month=10), at(24, 6, month=10)),
    ],
)
def test_the_next_one(digest: Digest, zone: str, after: datetime, due: datetime) -> None:
    assert next_digest(digest, zone, after) == due


def test_at_once_is_no_digest() -> None:
    assert next_digest(Digest.NONE, "UTC", at(24, 7)) is None


def test_what_does_not_fit_is_counted() -> None:
    title, body = digest_of(
        [(f"Note {n}", "https://a.example/test/1") for n in range(DIGEST_MAX + 3)], "https://a.example"
    )
    assert title == "Aegis: 53 notifications"
    assert body.startswith("- Note 0\n  https://a.example/test/1\n- Note 1\n")
    assert body.endswith("- and 3 more: https://a.example/notifications")
    assert digest_of([("One", "")], "") == ("Aegis: 1 notification", "- One")
