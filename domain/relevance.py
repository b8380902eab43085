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
