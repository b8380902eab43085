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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import chain, compress
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


_CAUSES = tuple(Cause)
# The others change what a technique scores, and leave alone how much it weighs.
_MOVE_WEIGHTS = frozenset({Cause.SCOPE, Cause.WEIGHTS, Cause.ATTACK, Cause.THREATS})


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
    reading = _Reading(before, after)
    told = {key: reading.told(pair, key) for key, pair in _pairs(before, after).items()}
    causes = tuple(filter(frozenset(chain.from_iterable(one.causes for one in told.values())).__contains__, _CAUSES))
    moving = tuple(cause for cause in causes if cause in _MOVE_WEIGHTS)
    whole = [0.0] * (1 << len(moving))
    for one in told.values():
        whole = list(map(operator.add, whole, _over(moving, one.causes, one.weights)))
    ends = [
        math.fsum(one.weights[end] * one.scores[end] for one in told.values()) / whole[end] if whole[end] > 0 else None
        for end in (0, -1)
    ]
    shown = [None if score is None else tenths_of(score) for score in ends]
    if shown[0] is None or shown[1] is None:
        return Change(shown[0], shown[1])
    own = {key: _shapley(one.causes, one.scores) for key, one in told.items()}
    pulls = {key: _pulls(one, own[key], causes, moving, whole) for key, one in told.items()}
    exact = [math.fsum(of.get(cause, 0.0) for of in pulls.values()) for cause in causes]
    tenths = apportion_signed([10 * points for points in exact], shown[1] - shown[0])
    moved = [_moved(key, one, pulls[key], own[key]) for key, one in told.items() if one.causes]
    moved.sort(key=lambda one: (-round(abs(one.pull), 9), one.attack_id))  # equals by their id
    return Change(shown[0], shown[1], [Step(*one) for one in zip(causes, exact, tenths, strict=True)], moved)


class _Told(NamedTuple):
    """One technique: the causes that touch it and, for every coalition of these, its score and its weight, which is 0
    while it is not counted. A coalition is a bit mask: cause i has happened where bit i is set."""

    causes: tuple[Cause, ...]
    scores: Sequence[float]
    weights: Sequence[float]


def _pulls(
    one: _Told,
    own: Mapping[Cause, float],
    causes: tuple[Cause, ...],
    moving: tuple[Cause, ...],
    whole: Sequence[float],
) -> dict[Cause, float]:
    """What the technique does to the organisation's score, by cause. Only causes that touch it or move the sum of the
    weights (`whole`, by coalitions of `moving`) can do anything: the others get nothing, and leaving players out of a
    game who get nothing leaves what the others get as it is. Where weights stay, it is its part of what the causes did
    to its own score (`own`)."""
    if not moving:
        share = one.weights[0] / whole[0]
        return {cause: share * points for cause, points in own.items()}
    players = tuple(cause for cause in causes if cause in one.causes or cause in moving)
    points = list(map(operator.mul, one.weights, one.scores))
    values = [
        part / all_ if all_ > 0 else 0.0
        for part, all_ in zip(_over(players, one.causes, points), _over(players, moving, whole), strict=True)
    ]
    return _shapley(players, values)


def _moved(key: str, one: _Told, pulls: Mapping[Cause, float], own: Mapping[Cause, float]) -> Moved:
    # how much a technique matters is nothing of its own score
    own = {cause: points for cause, points in own.items() if cause is not Cause.THREATS}
    before, after = (one.scores[end] if one.weights[end] else None for end in (0, -1))
    return Moved(key, before, after, {cause: pulls[cause] for cause in one.causes}, own)


def _shapley(players: tuple[Cause, ...], values: Sequence[float]) -> dict[Cause, float]:
    """`values` by coalition."""
    return {
        cause: sum(map(operator.mul, values, by))
        for cause, by in zip(players, _coefficients(len(players)), strict=True)
    }


def _over(players: tuple[Cause, ...], known: tuple[Cause, ...], values: Sequence[float]) -> Sequence[float]:
    """Values by coalitions of `known`, as they are by coalitions of `players`: those of `known` who are none of these
    have not happened, and the others change nothing."""
    return values if players == known else [values[at] for at in _projection(players, known)]


class _Side(NamedTuple):
    """By cause: 0 as it was before, 1 as it is after."""

    tests: int = 0
    rules: int = 0
    countermeasures: int = 0
    platforms: int = 0
    decay: int = 0
    scope: int = 0
    weights: int = 0
    attack: int = 0
    threats: int = 0


@cache
def _sides(players: tuple[Cause, ...]) -> tuple[_Side, ...]:
    """For every coalition."""
    return tuple(
        _Side(**{player: mask >> place & 1 for place, player in enumerate(players)})
        for mask in range(1 << len(players))
    )


@cache
def _projection(players: tuple[Cause, ...], known: tuple[Cause, ...]) -> tuple[int, ...]:
    """For every coalition of `players` the one of `known` that is left of it."""
    bits = [1 << known.index(cause) if cause in known else 0 for cause in players]
    return tuple(sum(bit for place, bit in enumerate(bits) if mask >> place & 1) for mask in range(1 << len(players)))


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
        self._moved_out = before.platforms_out ^ after.platforms_out
        # few distinct days, sums and sets: each is worked out once
        self._freshness = cache(self._freshness_of)
        self._rules = cache(self._rules_of)
        self._platforms = cache(self._platforms_of)

    def told(self, pair: Pair, key: str) -> _Told:
        causes = tuple(compress(_CAUSES, self._touched(*pair, key)))
        weighing = tuple(cause for cause in causes if cause in _MOVE_WEIGHTS)
        weights = [self._weight(pair, key, side) for side in _sides(weighing)]
        scores = [self._score(pair, side) for side in _sides(causes)]
        return _Told(causes, scores, _over(causes, weighing, weights))

    def _touched(self, one: Standing, other: Standing, key: str) -> _Side:
        """Whether a cause may do something to this technique."""
        left, right = self._ends
        moved_out = self._moved_out
        return _Side(
            tests=one.mix != other.mix or one.newest_on != other.newest_on,
            rules=one.rule_total != other.rule_total or one.rule_count != other.rule_count,
            countermeasures=one.countermeasures != other.countermeasures,
            platforms=one.tested != other.tested,
            decay=left.day != right.day and bool(one.mix or other.mix),
            scope=one.in_scope != other.in_scope
            or not (moved_out.isdisjoint(one.platforms) and moved_out.isdisjoint(other.platforms)),
            weights=not self._same_weights,
            attack=(key in left.techniques) != (key in right.techniques) or one.platforms != other.platforms,
            threats=one.threat != other.threat,
        )

    def _weight(self, pair: Pair, key: str, side: _Side) -> float:
        if key not in self._ends[side.attack].techniques or not pair[side.scope].in_scope:
            return 0.0
        return relevance(pair[side.threats].threat, self._ends[side.weights].weights)

    def _score(self, pair: Pair, side: _Side) -> float:
        tests = pair[side.tests]
        worth = freshness = None
        if tests.mix and tests.newest_on is not None:
            worth = sum(map(operator.mul, tests.mix, self._values[side.weights]))
            freshness = self._freshness(tests.newest_on, side.decay, side.weights)
        rules = pair[side.rules]
        inputs = Inputs(
            worth,
            self._rules(rules.rule_total, side.weights),
            rules.rule_count,
            freshness,
            self._platforms(pair[side.attack].platforms, pair[side.platforms].tested, side.scope),
            pair[side.countermeasures].countermeasures,
        )
        return sum(self._scorers[side.weights].points(inputs))

    def _freshness_of(self, newest: date, decayed: int, weighed: int) -> float:
        return decay(age_days(newest, self._ends[decayed].day), self._ends[weighed].weights.half_life_days)

    def _rules_of(self, total: float, weighed: int) -> float:
        return rules_part(total, self._ends[weighed].weights.rule_saturation)

    def _platforms_of(self, platforms: frozenset[str], tested: frozenset[str], scoped: int) -> float | None:
        usable = platforms - self._ends[scoped].platforms_out
        return len(usable & tested) / len(usable) if usable else None


def _same(one: Weights, other: Weights) -> bool:
    """But for the name of the version."""
    return replace(one, version=0) == replace(other, version=0)
