"""What to do next: which gaps weigh most, and which tests would raise the organisation's score most.

A gap's weight is threat relevance x (1 - score) x obligation, where obligation is 1 + log2(1 + controls) / 4 over the
controls of loaded compliance frameworks that are mapped to the technique: what one test proves for many auditors comes
first among equals.

The best tests are chosen greedily over the marginal gain, not as N independent ranks: a second test of a technique adds
less than the first, and the list knows. The gain of a test is what it is expected to add to the organisation's score: a
further procedure on one platform, run today, whose value is the mean of the latest results of its tactics so far, drawn
towards the mean of all by PRIOR results. It is an expectation, not a promise: what the test shows decides.

The score is a weighted mean over techniques and a test moves one technique only; where the gains within a technique
fall, as they do unless a test is expected to go worse than what stands, taking the largest each time is the best set.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.score import Inputs, Scorer

PRIOR = 5.0  # results: how much evidence of its own a tactic needs to be believed over the whole
UNINFORMED = 0.5  # the value expected where nothing has been tested at all
BUDGETS = (5, 10, 20, 50)


def obligation(controls: int) -> float:
    """At least 1: the more controls are mapped to a technique, the more a gap there weighs."""
    return 1.0 + math.log2(1.0 + controls) / 4.0


def gap_weight(relevance: float, points: float, controls: int) -> float:
    """0 and up; `points` is the technique's score, 0 to 100."""
    return relevance * (1.0 - points / 100.0) * obligation(controls)


def expected_value(found: Sequence[float], whole: float | None) -> float:
    """Mean of the values `found`, 0..1, drawn towards `whole`, the mean of everything, by PRIOR results."""
    towards = UNINFORMED if whole is None else whole
    return (sum(found) + PRIOR * towards) / (len(found) + PRIOR)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A technique that can be tested: what it measures now, and where.

    `platforms`: those in scope; `tested`: those with a validated test; `open`: platform -> the tests that could be run
    there (keys, the preferred first). `expected` is the value of a further procedure, 0..1.
    """

    attack_id: str
    relevance: float
    inputs: Inputs
    procedures: int
    platforms: frozenset[str]
    tested: frozenset[str]
    open: Mapping[str, tuple[str, ...]]
    expected: float


@dataclass(frozen=True, slots=True)
class Pick:
    """A test to run: `gain` in points of the organisation's score, `after` the technique's score with it."""

    attack_id: str
    platform: str
    test: str
    gain: float
    before: float
    after: float


@dataclass(order=True, slots=True)
class _Offer:
    """The best further test of one technique; heaps put the smallest first, so the gain is negative."""

    minus_gain: float
    attack_id: str
    platform: str
    before: float
    after: float
    inputs: Inputs


def best_tests(candidates: Iterable[Candidate], scorer: Scorer, *, whole: float, budget: int) -> list[Pick]:
    """Up to `budget` tests, the largest gain first. `whole`: the sum of the relevance of all techniques in scope.

    Tests that add nothing are not offered. Ties go to the lower ATT&CK id.
    """
    standing = {one.attack_id: one for one in candidates}
    heap = [offer for one in standing.values() if (offer := _offer(one, scorer, whole)) is not None]
    heapq.heapify(heap)
    picked: list[Pick] = []
    while heap and len(picked) < budget:
        best = heapq.heappop(heap)
        one = standing[best.attack_id]
        test, *left = one.open[best.platform]
        picked.append(Pick(one.attack_id, best.platform, test, -best.minus_gain, best.before, best.after))
        standing[best.attack_id] = replace(
            one,
            inputs=best.inputs,
            procedures=one.procedures + 1,
            tested=one.tested | {best.platform},
            open={**one.open, best.platform: tuple(left)},
        )
        following = _offer(standing[best.attack_id], scorer, whole)
        if following is not None:
            heapq.heappush(heap, following)
    return picked


def with_test(one: Candidate, platform: str) -> Inputs:
    """What the technique is expected to measure after a further procedure on `platform` today."""
    value = (one.procedures * (one.inputs.tests or 0.0) + one.expected) / (one.procedures + 1)
    tested = (one.tested | {platform}) & one.platforms
    share = len(tested) / len(one.platforms) if one.platforms else None
    return one.inputs._replace(tests=value, freshness=1.0, platforms=share)


def _offer(one: Candidate, scorer: Scorer, whole: float) -> _Offer | None:
    before = sum(scorer.points(one.inputs))
    best: _Offer | None = None
    for platform, tests in sorted(one.open.items()):
        if not tests:
            continue
        inputs = with_test(one, platform)
        after = sum(scorer.points(inputs))
        gain = one.relevance * (after - before) / whole
        if gain > 0 and (best is None or -gain < best.minus_gain):
            best = _Offer(-gain, one.attack_id, platform, before, after, inputs)
    return best
