"""The score of a technique, 0 to 100: five parts, each 0..1, by weights that sum to 100.

- *tests*: mean over procedures (each the mean over its platforms) of the value of the latest validated test. The
  value of a test is the better of what prevention and what detection earned it.
- *rules*: 1 - exp(-s / saturation), where s sums LEVEL_VALUE x MATURITY_VALUE over the enabled rules. The first rules
  matter, the fiftieth hardly; at the default saturation of 3, three stable critical rules make 0.63.
- *countermeasures*: share of the applicable D3FEND countermeasures that are in place.
- *freshness*: half-life decay of the newest evidence.
- *platforms*: share of the technique's platforms in scope on which a validated test ran.

A part that cannot apply (no countermeasures are loaded; the technique names no platform in scope) is left out and its
weight is spread over the others in proportion, so that nobody loses points for what nobody could have. A part that
applies and was never looked at earns nothing.
"""

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from domain.outcomes import Detection, Prevention
from domain.statistics import apportion

# The database sums these two by technique (`rule_value`, kept by triggers): another value needs a migration.
# What a rule of each severity adds, as Sigma names them. '' stands for a rule whose source gives none.
LEVEL_VALUE: Mapping[str, float] = {
    "critical": 1.0,
    "high": 0.9,
    "medium": 0.7,
    "low": 0.4,
    "informational": 0.2,
    "": 0.5,
}
# What maturity leaves of it: Sigma's words and Elastic's. Another source's word counts as OTHER_MATURITY.
MATURITY_VALUE: Mapping[str, float] = {
    "stable": 1.0,
    "production": 1.0,
    "test": 0.8,
    "beta": 0.8,
    "experimental": 0.5,
    "development": 0.5,
    "": 0.5,
    "deprecated": 0.0,
    "unsupported": 0.0,
}
OTHER_MATURITY = 0.5


class PartName(StrEnum):
    TESTS = "tests"
    RULES = "rules"
    COUNTERMEASURES = "countermeasures"
    FRESHNESS = "freshness"
    PLATFORMS = "platforms"

    @property
    def label(self) -> str:
        return {
            PartName.TESTS: "Tests",
            PartName.RULES: "Detection rules",
            PartName.COUNTERMEASURES: "Countermeasures",
            PartName.FRESHNESS: "Freshness",
            PartName.PLATFORMS: "Platforms",
        }[self]


PARTS = tuple(PartName)

# One value a part, in the order of PARTS
Five = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """One version of the weights, in points, and the parameters of the parts."""

    version: int
    tests: float = 40.0
    rules: float = 25.0
    countermeasures: float = 10.0
    freshness: float = 15.0
    platforms: float = 10.0
    prevented: float = 1.0
    partly_prevented: float = 0.7
    alerted: float = 0.9
    logged: float = 0.4
    missed: float = 0.0
    rule_saturation: float = 3.0
    half_life_days: float = 180.0
    freshness_window_days: int = 180
    own_group: float = 2.0  # these four: domain/relevance.py
    exploitation: float = 0.5
    high_priority: float = 2.0
    low_priority: float = 0.5
    points: Five = field(init=False)

    def __post_init__(self) -> None:
        points = (self.tests, self.rules, self.countermeasures, self.freshness, self.platforms)
        object.__setattr__(self, "points", points)
        if not math.isclose(sum(points), 100.0) or min(points) < 0:
            raise ValueError(f"weights have to be at least 0 and sum to 100, not {points}")
        if self.rule_saturation <= 0 or self.half_life_days <= 0:
            raise ValueError("the saturation of rules and the half-life have to be above 0")
        if min(self.own_group, self.exploitation) < 0 or min(self.high_priority, self.low_priority) <= 0:
            raise ValueError("what threats add has to be at least 0, and priorities above 0")

    def prevention_value(self, prevention: Prevention) -> float:
        if prevention is Prevention.NONE:
            return 0.0
        return self.prevented if prevention is Prevention.FULL else self.partly_prevented

    def detection_value(self, detection: Detection) -> float:
        values = {Detection.ALERTED: self.alerted, Detection.LOGGED: self.logged, Detection.MISSED: self.missed}
        return values[detection]

    def test_value(self, prevention: Prevention, detection: Detection) -> float:
        return max(self.prevention_value(prevention), self.detection_value(detection))


def rule_value(level: str, status: str) -> float:
    """What one enabled rule adds; '' where its source says nothing."""
    return LEVEL_VALUE[level] * MATURITY_VALUE.get(status, OTHER_MATURITY)


def rules_part(total: float, saturation: float) -> float:
    """0..1 from the summed values of a technique's enabled rules."""
    return -math.expm1(-total / saturation)


class PartState(StrEnum):
    MEASURED = "measured"
    NO_EVIDENCE = "no_evidence"  # it applies and earns nothing, because nothing was tested
    NOT_APPLICABLE = "not_applicable"  # left out, its weight spread over the others


class Inputs(NamedTuple):
    """The five parts of one technique, 0..1. `tests` None: no validated test. The others None: not applicable.

    `freshness` is None exactly when `tests` is.
    """

    tests: float | None
    rules: float
    rule_count: int
    freshness: float | None
    platforms: float | None
    countermeasures: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """`weight` as decided, `effective` after spreading, in points; `tenths` is what it adds, in tenths of a point."""

    name: PartName
    state: PartState
    value: float | None
    weight: float
    effective: float
    tenths: int

    @property
    def points(self) -> float:
        return self.tenths / 10


@dataclass(frozen=True, slots=True)
class Score:
    """`tenths` is the score in tenths of a point, and exactly the sum of its parts'.

    `known` is False when the technique has neither a validated test nor an enabled rule: it is then shown without a
    number, and counts with 0 in every mean.
    """

    tenths: int
    parts: tuple[Part, ...]
    known: bool

    @property
    def value(self) -> float:
        return self.tenths / 10


def tenths_of(points: float) -> int:
    """Points as shown, in tenths, halves up."""
    return math.floor(points * 10 + 0.5)


def whole(tenths: int) -> int:
    """Tenths of a point as whole points, halves up."""
    return (tenths + 5) // 10


class Scorer:
    """Scores techniques by one version of the weights."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        # by whether countermeasures apply and whether platforms do; the other three parts always do
        self._effective = {
            (countermeasures, platforms): self._spread((True, True, countermeasures, True, platforms))
            for countermeasures in (False, True)
            for platforms in (False, True)
        }

    def _spread(self, applies: tuple[bool, bool, bool, bool, bool]) -> Five:
        kept = [weight if yes else 0.0 for weight, yes in zip(self.weights.points, applies, strict=True)]
        total = sum(kept)
        if not total:  # all weight lies on parts that do not apply: nothing can be earned
            return (0.0, 0.0, 0.0, 0.0, 0.0)
        a, b, c, d, e = (100.0 * weight / total for weight in kept)
        return (a, b, c, d, e)

    def effective(self, applies: tuple[bool, bool]) -> Five:
        """The weights after those of parts that do not apply were spread over the others: whether countermeasures do,
        and whether platforms do."""
        return self._effective[applies]

    def effective_of(self, inputs: Inputs) -> Five:
        return self._effective[inputs.countermeasures is not None, inputs.platforms is not None]

    def points(self, inputs: Inputs) -> Five:
        """What each part adds, exactly; the score is their sum."""
        weights = self.effective_of(inputs)
        return (
            weights[0] * (inputs.tests or 0.0),
            weights[1] * inputs.rules,
            weights[2] * (inputs.countermeasures or 0.0),
            weights[3] * (inputs.freshness or 0.0),
            weights[4] * (inputs.platforms or 0.0),
        )

    def score(self, inputs: Inputs) -> Score:
        points = self.points(inputs)
        tenths = tenths_of(sum(points))
        shown = apportion([10 * one for one in points], tenths)
        effective = self.effective_of(inputs)
        values = (inputs.tests, inputs.rules, inputs.countermeasures, inputs.freshness, inputs.platforms)
        tested = inputs.tests is not None
        parts = tuple(
            Part(name, _state(name, value, tested), value, weight, share, amount)
            for name, value, weight, share, amount in zip(
                PARTS, values, self.weights.points, effective, shown, strict=True
            )
        )
        return Score(tenths, parts, known(inputs))


def known(inputs: Inputs) -> bool:
    return inputs.tests is not None or inputs.rule_count > 0


def _state(name: PartName, value: float | None, tested: bool) -> PartState:
    if name in (PartName.TESTS, PartName.FRESHNESS):
        return PartState.MEASURED if tested else PartState.NO_EVIDENCE
    if value is None:
        return PartState.NOT_APPLICABLE
    return PartState.NO_EVIDENCE if name is PartName.PLATFORMS and not tested else PartState.MEASURED


@dataclass(frozen=True, slots=True)
class OrganisationPart:
    """What one part adds to the organisation's score, of at most `possible`; both in points, `tenths` in tenths."""

    name: PartName
    tenths: int
    possible: float

    @property
    def points(self) -> float:
        return self.tenths / 10


@dataclass(frozen=True, slots=True)
class OrganisationScore:
    """Mean over techniques in scope, weighted by relevance, with the plain mean beside it. None: nothing in scope.

    `parts` add up exactly to the weighted mean. `unknown` techniques have nothing to show and count with 0.
    """

    weighted_tenths: int | None
    plain_tenths: int | None
    parts: tuple[OrganisationPart, ...]
    techniques: int
    unknown: int


class Scored(NamedTuple):
    """One technique in scope, as the organisation's score takes it."""

    relevance: float  # domain/relevance.py
    points: Five
    effective: Five
    known: bool


def organisation(techniques: Iterable[Scored]) -> OrganisationScore:
    found = list(techniques)
    if not found:
        return OrganisationScore(None, None, (), 0, 0)
    shares, points, effective, sure = zip(*found, strict=True)
    weight = math.fsum(shares)
    means = [_weighted(shares, column) / weight for column in zip(*points, strict=True)]
    possible = [_weighted(shares, column) / weight for column in zip(*effective, strict=True)]
    plain = math.fsum(map(sum, points)) / len(found)
    total = tenths_of(sum(means))
    shown = apportion([10 * mean for mean in means], total)
    parts = tuple(
        OrganisationPart(name, amount, most) for name, amount, most in zip(PARTS, shown, possible, strict=True)
    )
    unknown = len(found) - sum(sure)
    return OrganisationScore(total, tenths_of(plain), parts, len(found), unknown)


def _weighted(shares: Iterable[float], amounts: Iterable[float]) -> float:
    return math.fsum(map(operator.mul, shares, amounts))
