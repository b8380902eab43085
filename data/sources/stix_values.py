"""Reading single values from STIX objects, which come from outside: a value of another type counts as absent."""

from collections.abc import Mapping
from typing import Any

Stix = Mapping[str, Any]


def text(item: Stix, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def flag(item: Stix, key: str) -> bool:
    return item.get(key) is True


def strings(item: Stix, key: str) -> tuple[str, ...]:
    value = item.get(key)
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()


def words(item: Stix, key: str) -> tuple[str, ...]:
    """A set of names in alphabetical order: upstream shuffles them between versions, which means nothing."""
    return tuple(sorted({part.strip() for part in strings(item, key) if part.strip()}))


def objects(item: Stix, key: str) -> list[Stix]:
    value = item.get(key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
