"""What the generator has to know of the loaded map."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

# Before an attacker meets the organisation: nothing to run, nothing to detect.
_NOT_RUN = frozenset({"reconnaissance", "resource-development"})


@dataclass(frozen=True, slots=True)
class Subject:
    """An active technique or sub-technique. `tactics` are shortnames; `used_by` counts the groups that use it."""

    id: UUID
    attack_id: str
    name: str
    tactics: tuple[str, ...]
    platforms: tuple[str, ...]
    used_by: int = 0

    @property
    def testable(self) -> bool:
        return bool(self.platforms) and not set(self.tactics) <= _NOT_RUN and self.platforms != ("PRE",)


@dataclass(frozen=True, slots=True)
class Adversary:
    """An active group and the ATT&CK ids of the techniques it uses."""

    attack_id: str
    name: str
    techniques: frozenset[str]


@dataclass(frozen=True)
class Catalogue:
    """The loaded map of one domain. Sorted by id, so that the order of rows in a database does not matter."""

    domain: str
    subjects: Sequence[Subject]
    adversaries: Sequence[Adversary] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "subjects", tuple(sorted(self.subjects, key=lambda one: one.attack_id)))
        object.__setattr__(self, "adversaries", tuple(sorted(self.adversaries, key=lambda one: one.attack_id)))

    @cached_property
    def testable(self) -> tuple[Subject, ...]:
        return tuple(one for one in self.subjects if one.testable)
