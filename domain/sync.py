"""What a sync would change: the difference between what is known and what a source brings. Pure and small.

An object is *active* unless it is revoked, deprecated or gone. `changed`, `renamed` and the like speak of active
objects; retired ones are written too, but nobody needs to read about them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Change(StrEnum):
    """What happened to one object; `removed` and `restored` are the words for rules."""

    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    REVOKED = "revoked"
    DEPRECATED = "deprecated"
    VANISHED = "vanished"
    REACTIVATED = "reactivated"
    REMOVED = "removed"
    RESTORED = "restored"
    REJECTED = "rejected"
    NOT_PLACED = "not_placed"


@dataclass(frozen=True, slots=True)
class State:
    """What a plan has to know of an object. `digest` covers everything that people can see of it."""

    digest: bytes
    name: str = ""
    revoked: bool = False
    deprecated: bool = False
    gone: bool = False

    @property
    def active(self) -> bool:
        return not (self.revoked or self.deprecated or self.gone)


@dataclass(frozen=True, slots=True)
class Event:
    key: str
    change: Change


@dataclass(frozen=True, slots=True)
class Plan:
    """`write`: keys to insert or update. `vanish`: keys to mark as gone. `events`: what people read about.

    `compare`: keys of objects active before and after whose content differs; which fields, the caller finds out.
    """

    write: frozenset[str]
    vanish: frozenset[str]
    events: tuple[Event, ...]
    compare: frozenset[str]
    unchanged: int
    added_retired: int = 0
    _counts: Mapping[Change, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.write and not self.vanish

    def count(self, change: Change) -> int:
        return self._counts.get(change, 0)


def plan(known: Mapping[str, State], incoming: Mapping[str, State], *, whole: bool = True) -> Plan:
    """The difference. With `whole` false (a part of the source) nothing is taken to have vanished."""
    write: set[str] = set()
    compare: set[str] = set()
    events: list[Event] = []
    added_retired = 0
    for key, new in incoming.items():
        old = known.get(key)
        if old is None:
            write.add(key)
            events.append(Event(key, Change.ADDED))
            added_retired += not new.active
            continue
        if old == new:
            continue
        write.add(key)
        events.extend(Event(key, change) for change in _turns(old, new))
        if old.active and new.active and old.digest != new.digest:
            compare.add(key)
    vanish = {key for key, old in known.items() if not old.gone and key not in incoming} if whole else set()
    events.extend(Event(key, Change.VANISHED) for key in sorted(vanish))
    return Plan(
        write=frozenset(write),
        vanish=frozenset(vanish),
        events=tuple(events),
        compare=frozenset(compare),
        unchanged=len(incoming) - len(write),
        added_retired=added_retired,
        _counts=Counter(event.change for event in events),
    )


def _turns(old: State, new: State) -> Iterable[Change]:
    """What became of an object in both, apart from its content."""
    if new.revoked and not old.revoked:
        yield Change.REVOKED
    if new.deprecated and not old.deprecated:
        yield Change.DEPRECATED
    if new.active and not old.active:
        yield Change.REACTIVATED
    if new.active and old.name != new.name:
        yield Change.RENAMED


def changed_fields(old: Mapping[str, object], new: Mapping[str, object], fields: Iterable[str]) -> tuple[str, ...]:
    """The fields that differ, in the given order; empty is the same as absent, and the order of a list says nothing."""
    return tuple(name for name in fields if _comparable(old.get(name)) != _comparable(new.get(name)))


def _comparable(value: object) -> object:
    if isinstance(value, list | tuple):
        return sorted(value, key=str) or None
    return value or None


# What a reviewer has to look at again. A moved version number alone is not among it.
REVIEWED_FIELDS = ("name", "description", "platforms", "tactics", "detection", "is_subtechnique")


def asks_for_review(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether a technique's content changed so that somebody should look at it again.

    ATT&CK 18 emptied the detection text of every technique when it brought detection strategies: that the text went or
    (going back) came is no news about the technique.
    """
    fields = changed_fields(old, new, REVIEWED_FIELDS)
    return any(name != "detection" or (old.get(name) and new.get(name)) for name in fields)
