"""Where a foreign ATT&CK id lies on the loaded map.

Content speaks several ATT&CK versions at once. An id is looked up as it is, then through `revoked-by` to the end of the
chain, then through the successors published for version 19. What none of them places is `not_placed`: kept and counted,
never dropped, and never counted as coverage. Resolution goes forward only: a newer id is not put on its predecessor.
"""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

DOMAINS = ("enterprise-attack", "mobile-attack", "ics-attack")
DOMAIN_LABELS = {"enterprise-attack": "Enterprise", "mobile-attack": "Mobile", "ics-attack": "ICS"}

# MITRE ATT&CK version 19 (April 2026), `revoked-by` relationships of its Enterprise bundle: retired id -> successor.
# Only pairs that are certain; a bundle of version 19 brings the rest with it.
KNOWN_SUCCESSORS: Mapping[str, str] = {
    "T1070.001": "T1685.005",
    "T1562": "T1685",
    "T1562.001": "T1685",
    "T1562.004": "T1686",
    "T1562.008": "T1685.002",
    "T1562.010": "T1689",
    "T1656": "T1684.001",
}

_TECHNIQUE_ID = re.compile(r"T\d{4}(\.\d{3})?")

K = TypeVar("K", bound=Hashable)


class Resolution(StrEnum):
    DIRECT = "direct"
    REVOKED_BY = "revoked_by"
    KNOWN_SUCCESSOR = "known_successor"
    NOT_PLACED = "not_placed"


@dataclass(frozen=True, slots=True)
class KnownTechnique(Generic[K]):
    """A technique of a loaded map. `successor` is the end of its revoked-by chain, if it has one."""

    key: K
    attack_id: str
    active: bool
    revoked: bool = False
    successor: K | None = None


@dataclass(frozen=True, slots=True)
class Placement(Generic[K]):
    """`key` is None exactly when the resolution is `not_placed`."""

    key: K | None
    resolution: Resolution


def normalise(claimed: str) -> str:
    """`" t1059.001 "` as ATT&CK writes it: `T1059.001`."""
    return claimed.strip().upper()


def is_technique_id(text: str) -> bool:
    """Whether `text`, normalised, has the form of a technique or sub-technique id."""
    return _TECHNIQUE_ID.fullmatch(text) is not None


def chain_end(start: K, successors: Mapping[K, K]) -> K | None:
    """The last link of a revoked-by chain; None when `start` has no successor or the chain runs in a circle."""
    seen = {start}
    current = start
    while (following := successors.get(current)) is not None:
        if following in seen:
            return None
        seen.add(following)
        current = following
    return current if current != start else None


def successor_of(claimed: str) -> str | None:
    """The version 19 id that took over from `claimed`, if that is known for certain."""
    return KNOWN_SUCCESSORS.get(normalise(claimed))


def predecessors_of(claimed: str) -> tuple[str, ...]:
    """The retired ids whose successor `claimed` is: what to show on the old technique, never to count there."""
    wanted = normalise(claimed)
    return tuple(sorted(old for old, new in KNOWN_SUCCESSORS.items() if new == wanted))


class TechniqueIndex(Generic[K]):
    """Looks ids up on the loaded maps. When an id stands on several, the active one wins, then the first given."""

    def __init__(self, techniques: Iterable[KnownTechnique[K]]) -> None:
        self._by_id: dict[str, KnownTechnique[K]] = {}
        for technique in techniques:
            held = self._by_id.get(technique.attack_id)
            if held is None or _rank(technique) > _rank(held):
                self._by_id[technique.attack_id] = technique

    def place(self, claimed: str) -> Placement[K]:
        wanted = normalise(claimed)
        known = self._by_id.get(wanted)
        if known is not None and not known.revoked:
            return Placement(known.key, Resolution.DIRECT)
        if known is not None and known.successor is not None:
            return Placement(known.successor, Resolution.REVOKED_BY)
        forward = chain_end(wanted, KNOWN_SUCCESSORS)
        if forward is not None and (taken := self._by_id.get(forward)) is not None:
            return Placement(taken.successor or taken.key, Resolution.KNOWN_SUCCESSOR)
        if known is not None:  # revoked without a successor: it still has its own page
            return Placement(known.key, Resolution.DIRECT)
        return Placement(None, Resolution.NOT_PLACED)


def _rank(technique: KnownTechnique[K]) -> int:
    return 2 * technique.active + (not technique.revoked)
