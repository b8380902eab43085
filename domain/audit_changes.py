"""What an entry of the audit log changed, field by field, in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_DEEP = 4
_SHORT = 90
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `after` are None where the field was not there or empty."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field}: {self.after}"
        return f"{self.field}: {self.before} → {self.after or 'nothing'}"


def changes(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None, people: Mapping[str, str] | None = None
) -> list[Change]:
    """The fields that differ, in the order of `before`, then of `after`; what stayed as it was is left out.

    `people`: id -> name, shown in place of the id.
    """
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    names = dict.fromkeys([*old, *new])
    known = people or {}
    said = [(name, old.get(name), new.get(name)) for name in names]
    found = [Change(name, known.get(was or "", was), known.get(now or "", now)) for name, was, now in said]
    return [one for one in found if one.before != one.after]


def summary(found: Sequence[Change]) -> str:
    """The changes on one short line."""
    text = "; ".join(map(str, found))
    return text if len(text) <= _SHORT else text[: _SHORT - 1].rstrip(" ;,") + "…"


def _flat(given: Mapping[str, object], above: str = "", depth: int = 0) -> Iterator[tuple[str, str | None]]:
    for name, value in given.items():
        field = f"{above}{name.replace('_', ' ')}"
        if isinstance(value, Mapping) and value and depth < _DEEP:
            yield from _flat(value, f"{field}, ", depth + 1)
        else:
            yield field, _words(value)


def _words(value: object) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_words(one) or 'empty'}" for name, one in value.items())
    if isinstance(value, list):
        return ("; " if any(isinstance(one, Mapping) for one in value) else ", ").join(
            _words(one) or "empty" for one in value
        )
    text = str(value)
    return _moment(text) if _MOMENT.fullmatch(text) else text


def _moment(text: str) -> str:
    """24 Nov 2026, 10:00:00 UTC"""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return f"{at.day} {at:%b %Y, %H:%M:%S} UTC"
