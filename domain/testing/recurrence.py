"""When a campaign comes again: five cron fields, read on the clock of a time zone."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

from domain.errors import BadInput, TooLarge

CRON_MAX = 100  # characters
ZONE_MAX = 64

# No R or H, which croniter fills in at random, and no seconds or years.
_FIELD = re.compile(r"(?:[0-9*,/#-]|[A-Za-z]{3}|L)+")
_ONE_MINUTE = re.compile(r"[0-5]?[0-9]")
_LONGEST_GAP = timedelta(hours=24)  # a zone has skipped a whole day (Samoa, 2011)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`minute hour day month weekday`, once an hour at most. Raises BadInput for what is not one.

    A wall clock time that comes twice when the clock goes back fires once, the first time; one that is skipped fires
    as much later as the clock was moved.
    """

    cron: str
    zone: str = "UTC"
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cron", " ".join(self.cron.split()))
        object.__setattr__(self, "_zone", _zone_of(self.zone))
        _check(self.cron)

    def next_after(self, moment: datetime) -> datetime:
        """The first time later than `moment`, in UTC."""
        return next(self._after(moment))

    def missed_between(self, start: datetime, end: datetime, *, most: int = 100) -> tuple[datetime, ...]:
        """Times later than `start` and not later than `end`, in order, in UTC; of more than `most` the last ones."""
        kept: deque[datetime] = deque(maxlen=most)
        for moment in self._after(start):
            if moment > end:
                break
            kept.append(moment)
        return tuple(kept)

    def _after(self, moment: datetime) -> Iterator[datetime]:
        """Strictly rising. Counted on the wall clock, from far enough back not to lose a time in a gap."""
        if moment.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        wall = moment.astimezone(self._zone).replace(tzinfo=None) - _LONGEST_GAP
        last = moment
        for found in map(self._in_utc, croniter(self.cron, wall).all_next(datetime)):
            if found > last:
                yield found
                last = found

    def _in_utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self._zone).astimezone(UTC)


def _check(cron: str) -> None:
    if len(cron) > CRON_MAX:
        raise TooLarge(f"A schedule has at most {CRON_MAX} characters.", errors={"cron": "too long"})
    parts = cron.split(" ")
    if len(parts) != 5 or not all(_FIELD.fullmatch(part) for part in parts):
        raise BadInput(
            "A schedule has five fields: minute, hour, day of the month, month and day of the week.",
            errors={"cron": "invalid"},
        )
    if not _ONE_MINUTE.fullmatch(parts[0]):
        raise BadInput("A schedule names one minute: once an hour at most.", errors={"cron": "too often"})
    try:
        croniter(cron, datetime(2000, 1, 1)).get_next(datetime)  # noqa: DTZ001  # a wall clock has no zone
    except CroniterBadDateError:
        raise BadInput("A time like this never comes.", errors={"cron": "never"}) from None
    except CroniterError:
        raise BadInput("This schedule cannot be read.", errors={"cron": "invalid"}) from None


def _zone_of(name: str) -> ZoneInfo:
    try:
        if len(name) <= ZONE_MAX:
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass  # said below, the same for everything that is not a zone
    raise BadInput("There is no such time zone; write it like Europe/Madrid.", errors={"zone": "unknown"})
