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

A score is a sum of parts, and the Shapley value of a sum is the sum of the Shapley values: each part is a game of its
own, of the few causes that can move it. A *coalition* of causes, those that have happened, is a bit mask. Columns run
parallel over the techniques: what is worked out is worked out for all of them at once.
"""

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from domain.freshness import age_days, decay
from domain.outcomes import Detection, Prevention
from domain.relevance import Threat, relevance
from domain.score import PARTS, PartName, Scorer, Weights, rules_part, tenths_of
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

    __hash__ = str.__hash__  # that of Enum is Python's, and slow as a key

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


# The others change what a technique scores, and leave alone how much it weighs.
_MOVE_WEIGHTS = frozenset({Cause.SCOPE, Cause.WEIGHTS, Cause.ATTACK, Cause.THREATS})
# What the value of a part depends on.
_MOVE_PART: Mapping[PartName, frozenset[Cause]] = {
    PartName.TESTS: frozenset({Cause.TESTS, Cause.WEIGHTS}),
    PartName.RULES: frozenset({Cause.RULES, Cause.WEIGHTS}),
    PartName.COUNTERMEASURES: frozenset({Cause.COUNTERMEASURES, Cause.WEIGHTS}),
    PartName.FRESHNESS: frozenset({Cause.TESTS, Cause.DECAY, Cause.WEIGHTS}),
    PartName.PLATFORMS: frozenset({Cause.PLATFORMS, Cause.SCOPE, Cause.ATTACK, Cause.WEIGHTS}),
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


Column = Sequence[float]


def explain(before: Moment, after: Moment) -> Change:
    """The change of the score between two moments of one domain; either may be the earlier."""
    if not (before.techniques or after.techniques):
        return Change(None, None)
    both = _Both(before, after)
    parts = [both.game(both.movers(part), both.points(part)) for part in PARTS]
    weight = both.game(_MOVE_WEIGHTS, both.weight)
    whole = [math.fsum(column) for column in weight.columns]
    scores = [list(map(sum, zip(*(part.columns[end] for part in parts), strict=True))) for end in (0, -1)]
    shown = [
        tenths_of(math.fsum(map(operator.mul, weight.columns[end], scores[end])) / whole[end])
        if whole[end] > 0
        else None
        for end in (0, -1)
    ]
    if shown[0] is None or shown[1] is None:
        return Change(shown[0], shown[1])
    own = both.shared(parts)
    pulls = both.shared(both.weighed(part, weight, whole) for part in parts)
    exact = list(map(math.fsum, pulls.values()))
    tenths = apportion_signed([10 * points for points in exact], shown[1] - shown[0])
    steps = [Step(*one) for one in zip(pulls, exact, tenths, strict=True)]
    return Change(shown[0], shown[1], steps, both.moved(scores, weight, pulls, own))


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


@cache
def _coefficients(n: int) -> tuple[tuple[float, ...], ...]:
    """For each of n players: what to multiply the value of every coalition by, to sum to its share."""
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


class _Game(NamedTuple):
    """A column for every coalition of the causes that can move it."""

    players: tuple[Cause, ...]
    columns: Sequence[Column]

    def over(self, players: tuple[Cause, ...]) -> Sequence[Column]:
        """For every coalition of `players`, its own among them: the others change nothing."""
        return [self.columns[at] for at in _projection(players, self.players)]

    def shares(self) -> Iterator[tuple[Cause, Column]]:
        """The Shapley values of the players."""
        for cause, by in zip(self.players, _coefficients(len(self.players)), strict=True):
            first, *rest = zip(by, self.columns, strict=True)
            share = [first[0] * value for value in first[1]]
            for factor, column in rest:
                share = [so_far + factor * value for so_far, value in zip(share, column, strict=True)]
            yield cause, share


class _Columns(NamedTuple):
    """The techniques on one day, by field of `Standing`."""

    mix: Sequence[tuple[float, ...]]
    newest_on: Sequence[date | None]
    rule_total: Column
    rule_count: Sequence[int]
    platforms: Sequence[frozenset[str]]
    tested: Sequence[frozenset[str]]
    countermeasures: Sequence[float | None]
    threat: Sequence[Threat]
    in_scope: Sequence[bool]


class _Both:
    """The techniques of two moments, with each input as it was before or after."""

    def __init__(self, before: Moment, after: Moment) -> None:
        left, right = before.techniques, after.techniques
        self._keys = sorted(left.keys() | right.keys())
        self._ends = (before, after)
        self._on_map = ([key in left for key in self._keys], [key in right for key in self._keys])
        self._columns = (
            _Columns(*zip(*(left.get(key) or right[key] for key in self._keys), strict=True)),
            _Columns(*zip(*(right.get(key) or left[key] for key in self._keys), strict=True)),
        )
        self._scorers = (Scorer(before.weights), Scorer(after.weights))
        # several coalitions are alike in what one input hangs on: each is worked out once
        self._usable = cache(self._usable_on)
        self._effective = cache(self._effective_by)
        worth, claimed = cache(self._worth), cache(self._claimed)
        fresh, tested = cache(self._fresh), cache(self._tested)
        self._values: Mapping[PartName, Callable[[_Side], Column]] = {
            PartName.TESTS: lambda side: worth(side.tests, side.weights),
            PartName.RULES: lambda side: claimed(side.rules, side.weights),
            PartName.COUNTERMEASURES: lambda side: self._in_place(side.countermeasures),
            PartName.FRESHNESS: lambda side: fresh(side.tests, side.decay, side.weights),
            PartName.PLATFORMS: lambda side: tested(side.platforms, side.attack, side.scope),
        }
        self._touched = {cause: column for cause, column in self._touches() if any(column)}
        self.causes = tuple(self._touched)
        self._spreading = frozenset(self._spread_by())

    def game(self, movers: frozenset[Cause], column: Callable[[_Side], Column]) -> _Game:
        players = tuple(filter(movers.__contains__, self.causes))
        return _Game(players, list(map(column, _sides(players))))

    def movers(self, part: PartName) -> frozenset[Cause]:
        return _MOVE_PART[part] | self._spreading

    def points(self, part: PartName) -> Callable[[_Side], Column]:
        """What the part adds to the scores."""
        place, value = PARTS.index(part), self._values[part]
        return lambda side: list(
            map(
                operator.mul,
                self._effective(side.weights, side.countermeasures, side.attack, side.scope)[place],
                value(side),
            )
        )

    def weight(self, side: _Side) -> Column:
        """How much a technique matters: not at all while it is not counted."""
        weights = self._ends[side.weights].weights
        rows = zip(
            self._on_map[side.attack],
            self._columns[side.scope].in_scope,
            self._columns[side.threats].threat,
            strict=True,
        )
        return [relevance(threat, weights) if there and counted else 0.0 for there, counted, threat in rows]

    def weighed(self, part: _Game, weight: _Game, whole: Column) -> _Game:
        """What the part adds to the organisation's score."""
        players = tuple(cause for cause in self.causes if cause in part.players or cause in weight.players)
        sums = [whole[at] for at in _projection(players, weight.players)]
        columns = [
            [points * of / all_ for points, of in zip(*column, strict=True)] if all_ > 0 else [0.0] * len(self._keys)
            for *column, all_ in zip(part.over(players), weight.over(players), sums, strict=True)
        ]
        return _Game(players, columns)

    def shared(self, games: Iterable[_Game]) -> Mapping[Cause, Column]:
        """What the causes did to the sum of `games`."""
        found: dict[Cause, list[Column]] = defaultdict(list)
        for game in games:
            for cause, column in game.shares():
                found[cause].append(column)
        return {cause: list(map(sum, zip(*found[cause], strict=True))) for cause in self.causes if cause in found}

    def moved(
        self, scores: Sequence[Column], weight: _Game, pulls: Mapping[Cause, Column], own: Mapping[Cause, Column]
    ) -> list[Moved]:
        """The techniques that a cause touched, those with the greatest pull first and equals by their id."""

        def by_cause(columns: Mapping[Cause, Column], at: int) -> dict[Cause, float]:
            return {cause: column[at] for cause, column in columns.items() if self._touched[cause][at]}

        ends = (
            [score if of else None for score, of in zip(scores[end], weight.columns[end], strict=True)]
            for end in (0, -1)
        )
        found = [
            Moved(key, before, after, by_cause(pulls, at), by_cause(own, at))
            for at, (key, before, after) in enumerate(zip(self._keys, *ends, strict=True))
            if any(column[at] for column in self._touched.values())
        ]
        return sorted(found, key=lambda one: (-round(abs(one.pull), 9), one.attack_id))

    def _touches(self) -> Iterator[tuple[Cause, Sequence[bool]]]:
        """Whether a cause may do something to a technique."""
        before, after = self._ends
        one, other = self._columns

        def differ(left: Iterable[object], right: Iterable[object]) -> list[bool]:
            return list(map(operator.ne, left, right))

        def either(left: Iterable[bool], right: Iterable[bool]) -> list[bool]:
            return list(map(operator.or_, left, right))

        yield Cause.TESTS, either(differ(one.mix, other.mix), differ(one.newest_on, other.newest_on))
        yield Cause.RULES, either(differ(one.rule_total, other.rule_total), differ(one.rule_count, other.rule_count))
        yield Cause.COUNTERMEASURES, differ(one.countermeasures, other.countermeasures)
        yield Cause.PLATFORMS, differ(one.tested, other.tested)
        aged = before.day != after.day
        yield Cause.DECAY, [aged and bool(left or right) for left, right in zip(one.mix, other.mix, strict=True)]
        out = before.platforms_out ^ after.platforms_out
        on_moved = [
            not (out.isdisjoint(left) and out.isdisjoint(right))
            for left, right in zip(one.platforms, other.platforms, strict=True)
        ]
        yield Cause.SCOPE, either(differ(one.in_scope, other.in_scope), on_moved)
        yield Cause.WEIGHTS, [not _same(before.weights, after.weights)] * len(self._keys)
        yield Cause.ATTACK, either(differ(*self._on_map), differ(one.platforms, other.platforms))
        yield Cause.THREATS, differ(one.threat, other.threat)

    def _spread_by(self) -> Iterator[Cause]:
        """Causes by which a part applies to a technique on one side only: that moves what every part weighs."""
        if self._in_use(0) != self._in_use(1):
            yield Cause.COUNTERMEASURES
        if len({tuple(map(bool, self._usable(attack, scope))) for attack in (0, 1) for scope in (0, 1)}) > 1:
            yield from (Cause.SCOPE, Cause.ATTACK)

    # -- columns of one input, each side by what it hangs on

    def _in_use(self, countermeasures: int) -> list[bool]:
        return [share is not None for share in self._columns[countermeasures].countermeasures]

    def _effective_by(self, weights: int, countermeasures: int, attack: int, scope: int) -> Sequence[Column]:
        """What each part weighs."""
        applies = zip(self._in_use(countermeasures), map(bool, self._usable(attack, scope)), strict=True)
        return list(zip(*map(self._scorers[weights].effective, applies), strict=True))

    def _worth(self, tests: int, weights: int) -> Column:
        values = [self._ends[weights].weights.test_value(*result) for result in RESULTS]
        return [sum(map(operator.mul, mix, values)) for mix in self._columns[tests].mix]

    def _claimed(self, rules: int, weights: int) -> Column:
        saturation = self._ends[weights].weights.rule_saturation
        return [rules_part(total, saturation) for total in self._columns[rules].rule_total]

    def _in_place(self, countermeasures: int) -> Column:
        return [share or 0.0 for share in self._columns[countermeasures].countermeasures]

    def _fresh(self, tests: int, decayed: int, weights: int) -> Column:
        day, half_life = self._ends[decayed].day, self._ends[weights].weights.half_life_days

        @cache  # a map has few distinct days
        def fresh(newest: date | None) -> float:
            return 0.0 if newest is None else decay(age_days(newest, day), half_life)

        return list(map(fresh, self._columns[tests].newest_on))

    def _tested(self, platforms: int, attack: int, scope: int) -> Column:
        rows = zip(self._usable(attack, scope), self._columns[platforms].tested, strict=True)
        return [len(usable & tested) / len(usable) if usable else 0.0 for usable, tested in rows]

    def _usable_on(self, attack: int, scope: int) -> Sequence[frozenset[str]]:
        out = self._ends[scope].platforms_out

        @cache  # a map has few distinct lists of them
        def usable(platforms: frozenset[str]) -> frozenset[str]:
            return platforms - out

        return list(map(usable, self._columns[attack].platforms))


def _same(one: Weights, other: Weights) -> bool:
    """But for the name of the version."""
    return replace(one, version=0) == replace(other, version=0)
