"""One run of a campaign against an earlier one, like for like: only procedures that were evaluated in both."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.outcomes import Detection, Outcome
from domain.statistics import Share

_BEST_FIRST = tuple(Outcome)


class Change(StrEnum):
    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    NEW = "new"  # not evaluated in the earlier run
    GONE = "gone"  # not evaluated in this one


@dataclass(frozen=True, slots=True)
class Result:
    """What the defence did in the latest evaluated test of a procedure on a platform, in one run."""

    outcome: Outcome
    detection: Detection


@dataclass(frozen=True, slots=True)
class Comparison:
    """`counts` by change; `now` and `before` are the detected of the procedures evaluated in both runs."""

    counts: Counter[Change]
    now: Share
    before: Share


def change(now: Result | None, before: Result | None) -> Change:
    """On the one scale blocked > alerted > logged > missed."""
    if now is None or before is None:
        return Change.GONE if now is None else Change.NEW
    step = _BEST_FIRST.index(before.outcome) - _BEST_FIRST.index(now.outcome)
    return Change.BETTER if step > 0 else Change.WORSE if step < 0 else Change.SAME


def compare(pairs: Iterable[tuple[Result | None, Result | None]]) -> Comparison:
    """`pairs` of results of the same procedure on the same platform: now, before."""
    known = list(pairs)
    both = [(now, before) for now, before in known if now is not None and before is not None]
    return Comparison(
        Counter(change(now, before) for now, before in known),
        Share.count(sum(now.detection is Detection.ALERTED for now, _ in both), len(both)),
        Share.count(sum(before.detection is Detection.ALERTED for _, before in both), len(both)),
    )
