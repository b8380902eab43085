"""Why the organisation's score is another than it was: its change, split over causes so that they add up exactly.

Each technique is described by what its score is made of on both days. A *cause* is a group of these inputs that moves
from the one day's values to the other's. What a cause contributes is its Shapley value (L. S. Shapley, 1953): the mean
of what it changes when the causes happen one after the other, over all orders in which they could. No order is
preferred, causes that changed nothing get nothing, and the contributions sum to the whole change.

- *tests*: results of tests, with the day of the newest evidence; *rules*, *countermeasures*: those;
  *platforms*: platforms tested. These four are own work.
- *decay*: the days that passed. *scope*: decisions about techniques and platforms. *weights*: another version of them.
- *attack*: techniques that came with or left the map, and the platforms it names. *threats*: how techniques matter.

A technique that is on the map on one day only has that day's values on both: coming or leaving is all that it does.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from domain.freshness import age_days, decay
from domain.outcomes import Detection, Prevention
from domain.relevance import Threat, relevance
from domain.score import Inputs, Scorer, Weights, rules_part, tenths_of
from domain.statistics import apportion_signed

RESULTS = tuple((prevention, detection) for prevention in Prevention for detection in Detection)


class Cause(StrEnum):
    TESTS = "tests"
    RULES = "rules"
    COUNTERMEASURES = "countermeasures"
    PLATFORMS = "platforms"
    DECAY = "decay"
    SCOPE = "scope"
    WEIGHTS = "weights"
    ATTACK = "attack"
    THREATS = "threats"

    @property
    def label(self) -> str:
        return _LABELS[self][0]

    @property
    def says(self) -> str:
        return _LABELS[self][1]

    @property
    def own_work(self) -> bool:
        return self in (Cause.TESTS, Cause.RULES, Cause.COUNTERMEASURES, Cause.PLATFORMS)


_LABELS: Mapping[Cause, tuple[str, str]] = {
    Cause.TESTS: ("Tests", "New results, and evidence made fresh by them."),
    Cause.RULES: ("Detection rules", "Rules enabled, disabled, added or changed."),
    Cause.COUNTERMEASURES: ("Countermeasures", "D3FEND countermeasures put in place, or taken out."),
    Cause.PLATFORMS: ("Platforms", "Platforms tested for the first time."),
    Cause.DECAY: ("Ageing", "Evidence that nobody renewed counts for less every day."),
    Cause.SCOPE: ("Scope", "Techniques and platforms taken out of scope, or back in."),
    Cause.WEIGHTS: ("Weights", "Another version of the weights."),
    Cause.ATTACK: ("ATT&CK version", "Techniques that came or left, and the platforms ATT&CK names."),
    Cause.THREATS: ("Threat relevance", "Which techniques matter more: groups, exploitation, own priority."),
}


class Standing(NamedTuple):
    """What one technique's score is made of on one day; `mix` are shares by latest result, () without any."""

    mix: tuple[float, ...]
    newest_on: date | None
    rule_total: float
    rule_count: int
    platforms: frozenset[str]
    tested: frozenset[str]
    countermeasures: float | None
    threat: Threat
    in_scope: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A domain on one day; techniques by ATT&CK id."""

    day: date
    weights: Weights
    platforms_out: frozenset[str]
    techniques: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Moved:
    """One technique. `before` and `after` are its score in points, None while it was not in scope and on the map.

    `pulls`: what it did to the organisation's score, in points, by cause; `own`: what the causes did to its own score.
    """

    attack_id: str
    before: float | None
    after: float | None
    pulls: Mapping[Cause, float]
    own: Mapping[Cause, float]

    @property
    def pull(self) -> float:
        return math.fsum(self.pulls.values())


@dataclass(frozen=True, slots=True)
class Step:
    """What one cause did to the organisation's score, exactly in points and shown in tenths."""

    cause: Cause
    points: float
    tenths: int


@dataclass(frozen=True, slots=True)
class Change:
    """From `before` to `after`, both in tenths of a point; the steps' tenths sum to the difference.

    A side is None when nothing was in scope on its day: there are no steps then. `moved` are techniques that a cause
    touched, those with the greatest pull first.
    """

    before: int | None
    after: int | None
    steps: Sequence[Step] = ()
    moved: Sequence[Moved] = field(default_factory=tuple)

    @property
    def tenths(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before


def explain(before: Moment, after: Moment) -> Change:
    """The change of the score between two moments of one domain; either may be the earlier."""
    pairs = _pairs(before, after)
    reading = _Reading(before, after)
    touched = {key: reading.touched(one, other, key) for key, (one, other) in pairs.items()}
    causes = tuple(cause for cause in Cause if any(cause in each for each in touched.values()))
    whole = 1 << len(causes)
    columns = {
        key: reading.column(pair, key, tuple(cause for cause in causes if cause in touched[key]), causes)
        for key, pair in pairs.items()
    }
    weight = [0.0] * whole
    for _, weighs in columns.values():
        weight = list(map(operator.add, weight, weighs))
    ends = (0, whole - 1)
    scores = [
        math.fsum(points[end] for points, _ in columns.values()) / weight[end] if weight[end] > 0 else None
        for end in ends
    ]
    shown = [None if score is None else tenths_of(score) for score in scores]
    if shown[0] is None or shown[1] is None:
        return Change(shown[0], shown[1])
    shares = {
        cause: [one / all_ if all_ > 0 else 0.0 for one, all_ in zip(by, weight, strict=True)]
        for cause, by in zip(causes, _coefficients(len(causes)), strict=True)
    }
    pulls = {
        key: {cause: sum(map(operator.mul, points, shares[cause])) for cause in causes}
        for key, (points, _) in columns.items()
    }
    exact = [math.fsum(of[cause] for of in pulls.values()) for cause in causes]
    tenths = apportion_signed([10 * points for points in exact], shown[1] - shown[0])
    moved = [reading.moved(key, pairs[key], touched[key], pulls[key]) for key in pairs if touched[key]]
    moved.sort(key=lambda one: (-abs(one.pull), one.attack_id))
    return Change(shown[0], shown[1], [Step(*one) for one in zip(causes, exact, tenths, strict=True)], moved)


Pair = tuple[Standing, Standing]


def _pairs(before: Moment, after: Moment) -> dict[str, Pair]:
    keys = before.techniques.keys() | after.techniques.keys()
    return {
        key: (
            before.techniques.get(key) or after.techniques[key],
            after.techniques.get(key) or before.techniques[key],
        )
        for key in sorted(keys)
    }


@cache
def _coefficients(n: int) -> tuple[tuple[float, ...], ...]:
    """For each of n players: what to multiply the value of every coalition (a bit mask) by, to sum to its share."""
    facts = [math.factorial(i) for i in range(n + 1)]
    sizes = [mask.bit_count() for mask in range(1 << n)]
    return tuple(
        tuple(
            facts[size - 1] * facts[n - size] / facts[n]
            if mask >> player & 1
            else -facts[size] * facts[n - size - 1] / facts[n]
            for mask, size in enumerate(sizes)
        )
        for player in range(n)
    )


class _Reading:
    """Scores techniques with each input as it was before or after."""

    def __init__(self, before: Moment, after: Moment) -> None:
        self._ends = (before, after)
        self._scorers = (Scorer(before.weights), Scorer(after.weights))
        self._values = tuple(tuple(moment.weights.test_value(*result) for result in RESULTS) for moment in self._ends)
        self._same_weights = _same(before.weights, after.weights)
        self._same_out = before.platforms_out == after.platforms_out
        self._projections: dict[tuple[tuple[Cause, ...], tuple[Cause, ...]], list[int]] = {}

    def touched(self, one: Standing, other: Standing, key: str) -> frozenset[Cause]:
        """The causes that may do something to this technique."""
        left, right = self._ends
        found = set()
        if one.mix != other.mix or one.newest_on != other.newest_on:
            found.add(Cause.TESTS)
        if (one.rule_total, one.rule_count) != (other.rule_total, other.rule_count):
            found.add(Cause.RULES)
        if one.countermeasures != other.countermeasures:
            found.add(Cause.COUNTERMEASURES)
        if one.tested != other.tested:
            found.add(Cause.PLATFORMS)
        if left.day != right.day and (one.mix or other.mix):
            found.add(Cause.DECAY)
        if one.in_scope != other.in_scope or not (
            self._same_out or self._moved_out.isdisjoint(one.platforms | other.platforms)
        ):
            found.add(Cause.SCOPE)
        if not self._same_weights:
            found.add(Cause.WEIGHTS)
        if (key in left.techniques) != (key in right.techniques) or one.platforms != other.platforms:
            found.add(Cause.ATTACK)
        if one.threat != other.threat:
            found.add(Cause.THREATS)
        return frozenset(found)

    @property
    def _moved_out(self) -> frozenset[str]:
        return self._ends[0].platforms_out ^ self._ends[1].platforms_out

    def column(
        self, pair: Pair, key: str, local: tuple[Cause, ...], causes: tuple[Cause, ...]
    ) -> tuple[list[float], list[float]]:
        """For every coalition of `causes`: weight times score, and weight; a weight of 0 while it is not counted."""
        points, weights = [], []
        for mask in range(1 << len(local)):
            done = self._done(local, mask)
            weight = self._weight(pair, key, done)
            weights.append(weight)
            points.append(weight * self._score(pair, done) if weight else 0.0)
        if local == causes:
            return points, weights
        places = self._projection(local, causes)
        return [points[at] for at in places], [weights[at] for at in places]

    def moved(self, key: str, pair: Pair, causes: frozenset[Cause], pulls: Mapping[Cause, float]) -> Moved:
        local = tuple(cause for cause in Cause if cause in causes and cause is not Cause.THREATS)
        scores = [self._score(pair, self._done(local, mask)) for mask in range(1 << len(local))]
        own: dict[Cause, float] = {
            cause: sum(map(operator.mul, scores, by))
            for cause, by in zip(local, _coefficients(len(local)), strict=True)
        }
        ends = (self._done(local, 0), self._done(local, len(scores) - 1))
        before, after = (self._score(pair, done) if self._weight(pair, key, done) else None for done in ends)
        return Moved(key, before, after, {cause: pulls[cause] for cause in causes}, own)

    @staticmethod
    def _done(local: tuple[Cause, ...], mask: int) -> Callable[[Cause], bool]:
        return frozenset(cause for place, cause in enumerate(local) if mask >> place & 1).__contains__

    def _weight(self, pair: Pair, key: str, done: Callable[[Cause], bool]) -> float:
        if key not in self._ends[done(Cause.ATTACK)].techniques or not pair[done(Cause.SCOPE)].in_scope:
            return 0.0
        return relevance(pair[done(Cause.THREATS)].threat, self._ends[done(Cause.WEIGHTS)].weights)

    def _score(self, pair: Pair, done: Callable[[Cause], bool]) -> float:
        which = done(Cause.WEIGHTS)
        weights, scorer = self._ends[which].weights, self._scorers[which]
        tests, rules = pair[done(Cause.TESTS)], pair[done(Cause.RULES)]
        worth = freshness = None
        if tests.mix and tests.newest_on is not None:
            worth = sum(map(operator.mul, tests.mix, self._values[which]))
            freshness = decay(age_days(tests.newest_on, self._ends[done(Cause.DECAY)].day), weights.half_life_days)
        usable = pair[done(Cause.ATTACK)].platforms - self._ends[done(Cause.SCOPE)].platforms_out
        tested = pair[done(Cause.PLATFORMS)].tested
        inputs = Inputs(
            worth,
            rules_part(rules.rule_total, weights.rule_saturation),
            rules.rule_count,
            freshness,
            len(usable & tested) / len(usable) if usable else None,
            pair[done(Cause.COUNTERMEASURES)].countermeasures,
        )
        return sum(scorer.points(inputs))

    def _projection(self, local: tuple[Cause, ...], causes: tuple[Cause, ...]) -> list[int]:
        """For every coalition of `causes` the one of `local` that is left of it."""
        if (local, causes) not in self._projections:
            places = [causes.index(cause) for cause in local]
            self._projections[local, causes] = [
                sum((mask >> place & 1) << at for at, place in enumerate(places)) for mask in range(1 << len(causes))
            ]
        return self._projections[local, causes]


def _same(one: Weights, other: Weights) -> bool:
    """But for the name of the version."""
    return replace(one, version=0) == replace(other, version=0)
