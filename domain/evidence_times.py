"""Times that stand in a log: offered to whoever says when something happened, so that nobody has to copy them by hand.

Read are ISO 8601 times of day with a date, as most tools write them. One without a zone is taken as UTC, and says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

READ_MAX = 1024 * 1024  # bytes of a file
TIMES_MAX = 200
LINE_MAX = 160  # characters shown of a line

_TIME = re.compile(
    r"(?<!\d)(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?![\d:])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LoggedTime:
    """`moment` in UTC; `zoned` whether the file says its zone; `line` is the text around it."""

    moment: datetime
    zoned: bool
    line: str


def times_in(content: bytes) -> list[LoggedTime]:
    """Times in the order of the file, the first of each line, each moment once; at most TIMES_MAX."""
    found: dict[datetime, LoggedTime] = {}
    for one in _read(content[:READ_MAX]):
        found.setdefault(one.moment, one)
        if len(found) >= TIMES_MAX:
            break
    return list(found.values())


def _read(content: bytes) -> Iterator[LoggedTime]:
    for line in _decoded(content).splitlines():
        match = _TIME.search(line)
        moment = _moment(match) if match else None
        if match and moment is not None:
            start = max(0, match.start() - LINE_MAX // 4)
            yield LoggedTime(moment, match[4] is not None, line[start : start + LINE_MAX].strip())


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, errors="replace")


def _moment(match: re.Match[str]) -> datetime | None:
    """None for what only looks like a time, such as a 31st of February."""
    day, clock, fraction, zone = match.groups()
    if zone is None or zone.upper() in ("Z", "UTC", "GMT"):
        offset = "+00:00"
    else:
        offset = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
