"""Snapshots: the state of a domain at the end of a day (UTC), kept; and which days get one.

*daily* ones are taken just after midnight of the day that ended; *asked* ones by a person, at any time. A day nobody
took one of is *reconstructed* afterwards: the tests as they stood then, everything else as the nearest snapshot before
it says, or as it is now where there is none. `notes` name what that leaves open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.errors import BadInput
from domain.score import PartName, Weights
from domain.statistics import Share

LABEL_MAX = 120
EARLIEST = date(2000, 1, 1)  # no test is older than that: an earlier day is a slip of the pen
AHEAD_MAX = timedelta(days=3_650)
# A snapshot of a day that ended longer ago than this is reconstructed, not taken: people have worked since.
PROMPT = timedelta(minutes=15)
# How far back missed days are made up for by themselves.
CAUGHT_UP = timedelta(days=60)


class Kind(StrEnum):
    DAILY = "daily"
    ASKED = "asked"
    RECONSTRUCTED = "reconstructed"

    @property
    def label(self) -> str:
        return {Kind.DAILY: "Daily", Kind.ASKED: "Asked for", Kind.RECONSTRUCTED: "Reconstructed"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """A domain on one day. Scores are points, None without a technique in scope; `parts` are points by part.

    `id` is None for the present moment, which is no snapshot.
    """

    id: UUID | None
    day: date
    kind: Kind | None
    label: str
    weighted: float | None
    plain: float | None
    parts: Mapping[PartName, float]
    techniques: int
    tested: int
    stale: int
    proven: Share
    claimed: Share
    weights_version: int
    attack_version: str


@dataclass(frozen=True, slots=True)
class TimeSteps:
    """`days` to step through in order, `today` one of them."""

    days: tuple[date, ...]
    today: date


def end_of(day: date) -> datetime:
    """The first moment after a day (UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def is_prompt(day: date, now: datetime) -> bool:
    """Whether a snapshot made now still shows the day as it ended."""
    return timedelta() <= now - end_of(day) <= PROMPT


def missing(kept: Sequence[date], today: date) -> list[date]:
    """Days since the first kept one that have no snapshot, up to yesterday and not too far back; yesterday always.

    `kept` are the days of daily and reconstructed snapshots.
    """
    yesterday = today - timedelta(days=1)
    begins = max(min(kept, default=yesterday), today - CAUGHT_UP)
    have = set(kept)
    span = (yesterday - begins).days
    days = [begins + timedelta(days=n) for n in range(span + 1)] if span >= 0 else []
    return [day for day in days if day not in have]


def history_days(first: date, today: date, *, months: int = 24, days: int = 30) -> list[date]:
    """Days worth reconstructing for a first look back: ends of months, then every day of the last weeks.

    Nothing before `first`, the day of the first test.
    """
    yesterday = today - timedelta(days=1)
    found = {today - timedelta(days=n) for n in range(1, days + 1)}
    month = today.replace(day=1)
    for _ in range(months):
        end = month - timedelta(days=1)
        found.add(end)
        month = end.replace(day=1)
    return sorted(day for day in found if first <= day <= yesterday)


def steps(kept: Iterable[date], today: date) -> list[date]:
    """Days to look at one after the other, in order: those kept of the last month, then the last one kept of each week
    of half a year, and of each month before; today; and every thirty days of the coming year, as they will be if
    nobody retests. `kept` are days of daily and reconstructed snapshots."""
    found = {}
    for day in sorted(kept):
        age = (today - day).days
        if age > 0:
            each = day if age <= 31 else day.isocalendar()[:2] if age <= 183 else (day.year, day.month)
            found[each] = day
    return [*found.values(), today, *(today + timedelta(days=30 * n) for n in range(1, 13))]


def checked_label(text: str) -> str:
    label = " ".join(text.split())
    if len(label) > LABEL_MAX:
        raise BadInput(f"A label has at most {LABEL_MAX} characters.", errors={"label": "too long"})
    return label


def day_asked(text: str, today: date) -> date | None:
    """The day that an address names as `as_of`; None for today and for what is no day to look at."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day != today and EARLIEST <= day <= today + AHEAD_MAX else None


def as_of_note(day: date, notes: Sequence[str]) -> str:
    """The sentence above a screen that shows another day than today; `notes` are those of the day's map."""
    ahead = "what is known now, with evidence as old as it will be if nobody renews it."
    gone = " ".join(notes) or "as it was kept at the end of that day (UTC)."
    return f"As of {day.day} {day:%b %Y}: {ahead if day > datetime.now(UTC).date() else gone}"


_WEIGHTS = tuple(field.name for field in fields(Weights) if field.init)


def weights_kept(weights: Weights) -> dict[str, Any]:
    """A whole version of the weights as a snapshot keeps it."""
    return {name: getattr(weights, name) for name in _WEIGHTS}


def weights_of(kept: Mapping[str, Any]) -> Weights:
    return Weights(**{name: kept[name] for name in _WEIGHTS if name in kept})
