"""How much a technique matters here: the weight it has in the organisation's score and in what to do next.

    (1 + log2(1 + groups) + own_group x log2(1 + own groups) + exploitation x log2(1 + vulnerabilities)) x priority

*groups* use it directly according to ATT&CK; *own groups* are those of them that somebody named as a threat to this
organisation; *vulnerabilities* are those of CISA's catalogue whose exploitation involves it, as CTID mapped
them; *priority* is set by hand. A technique nobody is known to use still counts once; the fortieth group adds less than
the second. With nothing named here it is the first two terms alone.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from domain.score import Weights


class Priority(StrEnum):
    HIGH = "high"
    LOW = "low"

    @property
    def label(self) -> str:
        return {Priority.HIGH: "High", Priority.LOW: "Low"}[self]


class Threat(NamedTuple):
    """What is known of a technique's users; `priority` None: as the threat alone says."""

    groups: int
    own_groups: int = 0
    exploited: int = 0
    priority: Priority | None = None


def relevance(threat: Threat, by: Weights) -> float:
    """The weight of a technique, above 0."""
    weight = 1.0 + math.log2(1.0 + threat.groups)
    if threat.own_groups:
        weight += by.own_group * math.log2(1.0 + threat.own_groups)
    if threat.exploited:
        weight += by.exploitation * math.log2(1.0 + threat.exploited)
    if threat.priority is None:
        return weight
    return weight * (by.high_priority if threat.priority is Priority.HIGH else by.low_priority)


class Term(NamedTuple):
    """What one reason adds to the weight; `reason` in words ("3 own groups use it")."""

    reason: str
    amount: float


def terms(threat: Threat, by: Weights) -> list[Term]:
    """What the weight is made of before the priority; they add up to it. Only what is there is named."""
    made = [Term("every technique counts once", 1.0)]
    if threat.groups:
        made.append(Term(_counted(threat.groups, "group uses", "groups use"), math.log2(1.0 + threat.groups)))
    if threat.own_groups:
        added = by.own_group * math.log2(1.0 + threat.own_groups)
        made.append(Term(_counted(threat.own_groups, "own group uses", "own groups use"), added))
    if threat.exploited:
        added = by.exploitation * math.log2(1.0 + threat.exploited)
        made.append(
            Term(f"{threat.exploited} known exploited vulnerabilit{'y' if threat.exploited == 1 else 'ies'}", added)
        )
    return made


def factor(priority: Priority | None, by: Weights) -> float:
    """What the priority multiplies the sum of the terms by."""
    if priority is None:
        return 1.0
    return by.high_priority if priority is Priority.HIGH else by.low_priority


def explained(threat: Threat, by: Weights) -> str:
    """The weight as a sum: "12.0 = (1.0 every technique counts once + 5.0 31 groups use it) x 2 high priority"."""
    inside = " + ".join(f"{term.amount:.1f} ({term.reason})" for term in terms(threat, by))
    whole = f"{relevance(threat, by):.1f}"
    if threat.priority is None:
        return f"{whole} = {inside}"
    return f"{whole} = ({inside}) × {factor(threat.priority, by):g} ({threat.priority.label.lower()} priority)"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many} it"
