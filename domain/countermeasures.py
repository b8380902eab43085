"""Countermeasures of D3FEND: what can be said of one here, and which would raise the organisation's score most.

A technique's part *countermeasures* is the share of the applicable ones that are in place, so that each further one
adds the same. What one adds to the organisation's score is therefore exactly the sum over the techniques it applies to
of

    relevance x effective weight of the part / applicable countermeasures

over the summed relevance of all techniques in scope; the gains of several add up, and the best few are the best set.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class CountermeasureState(StrEnum):
    IN_PLACE = "in_place"
    PLANNED = "planned"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> str:
        return {
            CountermeasureState.IN_PLACE: "In place",
            CountermeasureState.PLANNED: "Planned",
            CountermeasureState.NOT_APPLICABLE: "Not applicable",
        }[self]


UNDECIDED = "Not in place"  # nobody has said anything
TACTICS = ("Model", "Harden", "Detect", "Isolate", "Deceive", "Evict", "Restore")


class Weighed(NamedTuple):
    """A technique in scope: `weight` is what the part counts there, in points; `applicable` at least 1."""

    relevance: float
    weight: float
    applicable: int


class Gain(NamedTuple):
    """What putting `key` in place would add to the organisation's score, in points, over `techniques` in scope."""

    key: str
    points: float
    techniques: int


def gains(
    candidates: Mapping[str, Iterable[str]], weighed: Mapping[str, Weighed], whole_relevance: float
) -> Sequence[Gain]:
    """Each candidate (key -> ids of techniques it applies to) that adds anything, the greatest gain first.

    `weighed` are the techniques in scope to which any countermeasure applies, `whole_relevance` is of all in scope.
    """
    found = []
    for key, ids in candidates.items():
        met = [weighed[one] for one in ids if one in weighed]
        points = sum(one.relevance * one.weight / one.applicable for one in met)
        if points > 0 and whole_relevance > 0:
            found.append(Gain(key, points / whole_relevance, len(met)))
    return sorted(found, key=lambda gain: (-gain.points, gain.key))
