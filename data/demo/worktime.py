"""Working time: weekdays, office hours, and moments as whole seconds since 1970 (UTC), quick to reckon with."""

import random
from datetime import UTC, date, datetime, timedelta

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OPENS = 7 * HOUR  # UTC; the organisation sits in central Europe
CLOSES = 17 * HOUR
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0
_SATURDAY = 5


def midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def day_of(seconds: int) -> date:
    return date(1970, 1, 1) + timedelta(days=seconds // DAY)


def weekday(seconds: int) -> int:
    """Monday is 0."""
    return (seconds // DAY + _EPOCH_WEEKDAY) % 7


def is_working_day(seconds: int) -> bool:
    return weekday(seconds) < _SATURDAY


def at_work(seconds: int, dice: random.Random) -> int:
    """The same moment when somebody is at work, else some time in the next morning."""
    day = weekday(seconds)
    of_day = seconds % DAY
    if day < _SATURDAY and OPENS <= of_day < CLOSES:
        return seconds
    start = seconds - of_day
    if day >= _SATURDAY:
        start += (7 - day) * DAY
    elif of_day >= CLOSES:
        start += (3 if day == _SATURDAY - 1 else 1) * DAY
    return start + OPENS + int(dice.random() * 110 * MINUTE)


def back_at_work(seconds: int, dice: random.Random) -> int:
    """The same moment when somebody is at work, else some time in the afternoon before."""
    day = weekday(seconds)
    of_day = seconds % DAY
    if day < _SATURDAY and OPENS <= of_day < CLOSES:
        return seconds
    start = seconds - of_day
    if day >= _SATURDAY:
        start -= (day - _SATURDAY + 1) * DAY
    elif of_day < OPENS:
        start -= (3 if day == 0 else 1) * DAY
    return start + CLOSES - int(dice.random() * 150 * MINUTE) - 1
