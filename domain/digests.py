"""Digests: what a channel is told, kept together and sent once a day or week, in the morning of whoever reads it."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DIGEST_AT = time(8)
DIGEST_MAX = 50


class Digest(StrEnum):
    """How a channel gets what it is told: each at once, or together once a day or week."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def label(self) -> str:
        return {Digest.NONE: "At once", Digest.DAILY: "Once a day", Digest.WEEKLY: "Once a week"}[self]


def next_digest(digest: Digest, zone: str, after: datetime) -> datetime | None:
    """The next 08:00 in the zone, for a weekly one of a Monday, after `after`; None when there is no digest."""
    if digest is Digest.NONE:
        return None
    here = ZoneInfo(zone)
    day = after.astimezone(here).date()
    while True:
        due = datetime.combine(day, DIGEST_AT, here).astimezone(UTC)
        if due > after and (digest is Digest.DAILY or day.weekday() == 0):
            return due
        day += timedelta(days=1)


def digest_of(held: Sequence[tuple[str, str]], base_url: str) -> tuple[str, str]:
    """Title and text of a digest of (title, link) pairs, oldest first; what does not fit is counted."""
    lines = [f"- {title}" + (f"\n  {link}" if link else "") for title, link in held[:DIGEST_MAX]]
    if len(held) > DIGEST_MAX:
        lines.append(f"- and {len(held) - DIGEST_MAX:,} more: {base_url}/notifications")
    return (f"Aegis: {len(held):,} notifications" if len(held) != 1 else "Aegis: 1 notification"), "\n".join(lines)
