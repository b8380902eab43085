"""What a new version of ATT&CK would do: techniques that split, merge or move, and where what stands on them lands.

Pure comparison of the map before and after. "Nowhere" is what lies on no active technique: it counts in no total.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from domain.errors import InvalidTransition, RuleViolated

K = TypeVar("K", bound=Hashable)


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    ADOPTED = "adopted"
    DISCARDED = "discarded"

    @property
    def under_way(self) -> bool:
        return self in (State.QUEUED, State.RUNNING)

    @property
    def over(self) -> bool:
        return self in (State.ADOPTED, State.DISCARDED)


class Content(StrEnum):
    """What stands on techniques, by the ATT&CK id it claims."""

    TESTS = "tests"
    RULES = "rules"
    TEMPLATES = "templates"
    MAPPINGS = "mappings"
    COUNTERMEASURES = "countermeasures"


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique of a map, by the key it keeps over versions. `named` are all ids that revocations lead to."""

    attack_id: str
    name: str
    active: bool
    parent: str | None = None
    tactics: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    successor: str | None = None
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one technique: the ids it comes from and goes to, or the tactics or platforms it left and took."""

    attack_id: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turns:
    """`new`: active now and not before. `parents`: became a parent, so that what stands on it may belong to a
    sub-technique. `split`: revoked in favour of several. `merged`: takes in techniques beside what it was. `replaced`:
    goes on under another id. `lost`: no longer active, and nothing takes over."""

    new: Sequence[Turn] = ()
    parents: Sequence[Turn] = ()
    split: Sequence[Turn] = ()
    merged: Sequence[Turn] = ()
    replaced: Sequence[Turn] = ()
    lost: Sequence[Turn] = ()
    tactics: Sequence[Turn] = ()
    platforms: Sequence[Turn] = ()


def turns(before: Mapping[K, Technique], after: Mapping[K, Technique]) -> Turns:
    was_active = {one.attack_id for one in before.values() if one.active}
    retired = [(before[key], one) for key, one in after.items() if key in before and before[key].active != one.active]
    gone = [(old, new) for old, new in retired if old.active]
    into: dict[str, list[Technique]] = defaultdict(list)
    for old, new in gone:
        if new.successor:
            into[new.successor].append(old)
    stayed = [(before[key], one) for key, one in after.items() if key in before and before[key].active and one.active]
    names = {one.attack_id: one.name for one in after.values() if one.active}
    held = {key for key, one in before.items() if one.active}
    return Turns(
        new=_sorted(
            Turn(one.attack_id, one.name, (), ()) for key, one in after.items() if one.active and key not in held
        ),
        parents=_sorted(_parents(stayed, before, after)),
        split=_sorted(
            Turn(old.attack_id, old.name, (), tuple(sorted(new.named))) for old, new in gone if len(new.named) > 1
        ),
        merged=_sorted(
            Turn(end, names.get(end, ""), tuple(sorted(one.attack_id for one in sources)), ())
            for end, sources in into.items()
            if len(sources) > 1 or end in was_active
        ),
        replaced=_sorted(
            Turn(sources[0].attack_id, sources[0].name, (), (end,))
            for end, sources in into.items()
            if len(sources) == 1 and end not in was_active
        ),
        lost=_sorted(Turn(old.attack_id, old.name, (), ()) for old, new in gone if not new.successor),
        tactics=_sorted(_moved(stayed, lambda one: one.tactics)),
        platforms=_sorted(_moved(stayed, lambda one: one.platforms)),
    )


def _parents(
    stayed: Iterable[tuple[Technique, Technique]], before: Mapping[K, Technique], after: Mapping[K, Technique]
) -> Iterable[Turn]:
    had = {one.parent for one in before.values() if one.active and one.parent}
    children: dict[str, list[str]] = defaultdict(list)
    for one in after.values():
        if one.active and one.parent:
            children[one.parent].append(one.attack_id)
    for _, new in stayed:
        if new.attack_id not in had and children[new.attack_id]:
            yield Turn(new.attack_id, new.name, (), tuple(sorted(children[new.attack_id])))


def _moved(stayed: Iterable[tuple[Technique, Technique]], of: Callable[[Technique], frozenset[str]]) -> Iterable[Turn]:
    for old, new in stayed:
        if of(old) != of(new):
            yield Turn(new.attack_id, new.name, tuple(sorted(of(old) - of(new))), tuple(sorted(of(new) - of(old))))


def _sorted(found: Iterable[Turn]) -> tuple[Turn, ...]:
    return tuple(sorted(found, key=lambda one: one.attack_id))


@dataclass(frozen=True, slots=True)
class Held(Generic[K]):
    """`number` of one kind of content that claim an id and lie on the technique `key` (None: on none)."""

    content: Content
    claimed: str
    key: K | None
    number: int


@dataclass(frozen=True, slots=True)
class Move:
    """Where content lies now and then, by ATT&CK id; None is nowhere."""

    content: Content
    claimed: str
    before: str | None
    after: str | None
    number: int

    @property
    def lost(self) -> bool:
        return self.after is None


def moves(
    held: Iterable[Held[K]],
    place: Callable[[str], K | None],
    before: Mapping[K, Technique],
    after: Mapping[K, Technique],
) -> list[Move]:
    """What would lie elsewhere. `place` says where the new map has an id; a test without a place stays where it was."""
    found = []
    for one in held:
        placed = place(one.claimed)
        key = one.key if placed is None and one.content is Content.TESTS else placed
        old, new = _home(before, one.key), _home(after, key)
        if old != new:
            found.append(Move(one.content, one.claimed, old, new, one.number))
    return sorted(found, key=lambda one: (one.content, not one.lost, one.claimed, one.before or ""))


def _home(techniques: Mapping[K, Technique], key: K | None) -> str | None:
    found = techniques.get(key) if key is not None else None
    return found.attack_id if found and found.active else None


def check_adoption(state: State, *, changes: bool, same_map: bool) -> None:
    """Raises InvalidTransition when it is not ready, RuleViolated when its report holds no longer."""
    if state is not State.READY:
        raise InvalidTransition("Only a rehearsal that is ready can be adopted.")
    if not same_map:
        raise RuleViolated("The loaded map has changed since this was rehearsed. Rehearse it again, then adopt it.")
    if not changes:
        raise RuleViolated("This is the loaded map to the letter; there is nothing to adopt.")


def check_repeating(state: State, *, kept: bool) -> None:
    if state not in (State.READY, State.FAILED) or not kept:
        raise InvalidTransition("Its bundle is not kept; start a new rehearsal with the file.")


def check_discarding(state: State) -> None:
    if state not in (State.READY, State.FAILED):
        raise InvalidTransition("Only a rehearsal that is ready or has failed can be discarded.")
