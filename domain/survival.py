"""Times to something that need not have happened yet: the product-limit estimator and what is read off it.

A case that was watched for an hour without an alert says "more than an hour". Leaving it out would make the defence
look faster the more it misses; it stays in as *right-censored*. This module is the definition;
`data/queries/survival.py` computes the same over a million cases, and a test holds the two together.

Sources: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958); variance by
M. Greenwood (1926); pointwise bands on the log(-log) scale after J. D. Kalbfleisch and R. L. Prentice; interval of a
percentile by reading the bands at its height, R. Brookmeyer and J. Crowley, Biometrics 38 (1982).
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from domain.statistics import Z_95, Interval, Share

# Products of fractions that are exactly one half come out a hair above it; a step this close has reached its height.
CLOSE = 1e-9


class Case(NamedTuple):
    """How long it took (`happened`), or for how long at least it had not happened (right-censored). Seconds, >= 0."""

    seconds: float
    happened: bool


class Estimate(NamedTuple):
    """A figure with its 95 % interval. None: not reached within what was watched."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """What was observed at one time: `at_risk` were still open just before it; `happened` and `censored` there.

    `open_share` is the share for whom it has not happened right after it; `variance` is Greenwood's sum, the variance
    of its logarithm; infinite once the share is 0.
    """

    seconds: float
    at_risk: int
    happened: int
    censored: int
    open_share: float
    variance: float

    @property
    def band(self) -> Interval | None:
        """The 95 % band of `open_share`, on the log(-log) scale; None where it has none: at exactly 1 and 0."""
        return band(self.open_share, self.variance)


def band(open_share: float, variance: float) -> Interval | None:
    """Both ends within 0..1, as they are on this scale whatever the share."""
    if not 0 < open_share < 1:
        return None
    width = Z_95 * math.sqrt(variance) / abs(math.log(open_share))
    return Interval(open_share ** math.exp(width), open_share ** math.exp(-width))


@dataclass(frozen=True)
class Curve:
    """The share for whom it has not happened yet, over time: 1 at the start, one step per time that was observed."""

    steps: Sequence[Step]

    @classmethod
    def of(cls, cases: Iterable[Case]) -> "Curve":
        """Raises ValueError for a negative or unending time. Who is censored at a time was still open at it."""
        happened: Counter[float] = Counter()
        censored: Counter[float] = Counter()
        for seconds, did in cases:
            if not (0 <= seconds < math.inf):
                raise ValueError(f"{seconds} seconds is not a time to anything")
            (happened if did else censored)[seconds] += 1
        return cls(_steps(happened, censored))

    @cached_property
    def cases(self) -> int:
        return self.steps[0].at_risk if self.steps else 0

    @cached_property
    def happened(self) -> int:
        return sum(step.happened for step in self.steps)

    @cached_property
    def _times(self) -> list[float]:
        return [step.seconds for step in self.steps]

    def open_share(self, seconds: float) -> float:
        """For how many it has not happened after so long; after the longest watch it is held level."""
        step = self._last(seconds)
        return step.open_share if step else 1.0

    def share_within(self, seconds: float) -> Estimate:
        """For how many it happened within so long, with its band."""
        step = self._last(seconds)
        if step is None:
            return Estimate(0.0 if self.steps else None, None, None)
        found = step.band
        return Estimate(1 - step.open_share, 1 - found.high if found else None, 1 - found.low if found else None)

    def at_risk(self, seconds: float) -> int:
        """How many were still open just before that time."""
        return self.cases - sum(step.happened + step.censored for step in self.steps if step.seconds < seconds)

    def percentile(self, share: float) -> Estimate:
        """The time by which it happened for `share` (0.5: the median): the first at which no more than 1 - share is
        open. The interval's ends are the times at which its bands get there."""
        height = 1 - share + CLOSE
        return Estimate(
            next((step.seconds for step in self.steps if step.open_share <= height), None),
            next((step.seconds for step in self.steps if (step.band or (step.open_share,))[0] <= height), None),
            next((step.seconds for step in self.steps if step.band and step.band.high <= height), None),
        )

    @property
    def median(self) -> Estimate:
        return self.percentile(0.5)

    def restricted_mean(self, horizon: float) -> Estimate:
        """The mean when nobody is followed beyond `horizon` seconds: the area under the curve up to there.

        It exists whatever share is never reached. The interval is mean +- 1.96 standard errors (Greenwood's). Raises
        ValueError for a horizon of nothing.
        """
        if horizon <= 0:
            raise ValueError("a restricted mean needs a horizon")
        if not self.steps:
            return Estimate(None, None, None)
        within = [step for step in self.steps if step.seconds < horizon]
        area, variance, until = 0.0, 0.0, horizon  # from the time at hand to the horizon, from the last step backwards
        for step in reversed(within):
            area += step.open_share * (until - step.seconds)
            until = step.seconds
            left = step.at_risk - step.happened
            if left:
                variance += area * area * step.happened / (step.at_risk * left)
        mean, spread = area + until, Z_95 * math.sqrt(variance)
        return Estimate(mean, max(0.0, mean - spread), min(horizon, mean + spread))

    def _last(self, seconds: float) -> Step | None:
        at = bisect_right(self._times, seconds)
        return self.steps[at - 1] if at else None


def _steps(happened: Counter[float], censored: Counter[float]) -> list[Step]:
    at_risk, share, variance = happened.total() + censored.total(), 1.0, 0.0
    steps = []
    for seconds in sorted(happened.keys() | censored.keys()):
        did, left = happened[seconds], at_risk - happened[seconds]
        if did:
            share *= left / at_risk
            variance = variance + did / (at_risk * left) if left else math.inf
        steps.append(Step(seconds, at_risk, did, censored[seconds], share, variance))
        at_risk = left - censored[seconds]
    return steps


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said about a set of cases. `naive_mean` is the mean over those that happened: it leaves out the rest."""

    cases: int
    share: Share
    median: Estimate
    p90: Estimate
    mean: Estimate
    naive_mean: float | None

    @classmethod
    def of(cls, cases: Sequence[Case], horizon: float) -> "Summary":
        curve = Curve.of(cases)
        took = [case.seconds for case in cases if case.happened]
        return cls(
            cases=len(cases),
            share=Share.count(len(took), len(cases)),
            median=curve.median,
            p90=curve.percentile(0.9),
            mean=curve.restricted_mean(horizon),
            naive_mean=sum(took) / len(took) if took else None,
        )
