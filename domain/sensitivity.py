"""How much of the score hangs on the choice of weights: the same techniques under many weights that would do as well.

Weights are drawn around those decided, by a Dirichlet distribution whose mean they are (concentration 50: a weight of
40 varies by about 7 points, one of 10 by about 4; a weight of 0 stays 0), always the same draws. The band holds the
middle 90 % of the scores. Outcome values, half-life and the like stay as decided.

The score is linear in the effective weights, and techniques differ only in which parts apply to them: summed once by
these kinds, a draw costs a few multiplications however many techniques there are.
"""

import math
import operator
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from domain.packed import ONE, pack, weighted_sums
from domain.score import Five, Inputs, PartName, Weights

DRAWS = 1_000
CONCENTRATION = 50.0
LOW, HIGH = 0.05, 0.95
_SEED = 20_260
_KINDS = tuple((countermeasures, platforms) for countermeasures in (False, True) for platforms in (False, True))


Kind = tuple[bool, bool]  # whether countermeasures apply, and platforms


class _Row(NamedTuple):
    """One technique: its weight, and that times its parts."""

    kind: Kind
    weight: float
    tests: float
    rules: float
    countermeasures: float
    freshness: float
    platforms: float


class Weighed(NamedTuple):
    """One technique in scope: its weight, its parts, and the tactics it stands under."""

    relevance: float
    inputs: Inputs
    tactics: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """Points: the middle 90 % of the scores under plausible weights, and the score under those decided."""

    low: float
    score: float
    high: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`last` is the tactic that ranks last most often, in `last_share` (0..1) of the draws; None with fewer than two.

    `tactics` are the bands by tactic; one without a technique in scope has none. A tactic without a point under any
    weights is not ranked: nothing about it hangs on them.
    """

    band: Band
    draws: int
    tactics: Mapping[str, Band]
    last: str | None
    last_share: float


def sensitivity(techniques: Iterable[Weighed], weights: Weights) -> Sensitivity | None:
    """None when nothing is in scope."""
    by_tactic: dict[str, list[_Row]] = defaultdict(list)
    everything = []
    for one in techniques:
        row = _row(one)
        everything.append(row)
        for tactic in one.tactics:
            by_tactic[tactic].append(row)
    if not everything:
        return None
    whole = _mean(everything)
    rows = {tactic: _mean(some) for tactic, some in sorted(by_tactic.items())}
    drawn = _packed(weights.points)
    decided = _effective(weights.points)
    scores = {tactic: _scores(row, drawn) for tactic, row in rows.items()}
    bands = {tactic: _band(of, _dot(rows[tactic], decided)) for tactic, of in scores.items()}
    last, share = None, 0.0
    ranked = {tactic: of for tactic, of in scores.items() if bands[tactic].high > 0}
    if len(ranked) > 1:
        names = list(ranked)
        counts = Counter(each.index(min(each)) for each in zip(*ranked.values(), strict=True))
        place, times = counts.most_common(1)[0]
        last = names[place]
        share = times / DRAWS
    band = _band(_scores(whole, drawn), _dot(whole, decided))
    return Sensitivity(band, DRAWS, bands, last, share)


def _scores(row: Sequence[float], drawn: Sequence[int]) -> Sequence[int]:
    """The score of each draw, in units of 1 / ONE."""
    return weighted_sums(((by, value) for by, value in zip(drawn, row, strict=True) if value), DRAWS)


def _dot(row: Sequence[float], by: Sequence[float]) -> float:
    total: float = sum(map(operator.mul, row, by))
    return total


def _row(one: Weighed) -> "_Row":
    inputs = one.inputs
    by = one.relevance
    return _Row(
        (inputs.countermeasures is not None, inputs.platforms is not None),
        by,
        by * (inputs.tests or 0.0),
        by * inputs.rules,
        by * (inputs.countermeasures or 0.0),
        by * (inputs.freshness or 0.0),
        by * (inputs.platforms or 0.0),
    )


def _mean(rows: Sequence["_Row"]) -> list[float]:
    """By kind and part: the mean of the part's values, weighted by relevance; one of another kind counts with 0."""
    of_kinds: dict[Kind, list[_Row]] = defaultdict(list)
    for row in rows:
        of_kinds[row.kind].append(row)
    sums = {kind: list(map(math.fsum, list(zip(*some, strict=True))[1:])) for kind, some in of_kinds.items()}
    weight = math.fsum(by for by, *_ in sums.values())
    nothing = [0.0] * (1 + len(PartName))
    return [part / weight for kind in _KINDS for part in sums.get(kind, nothing)[1:]]


def _effective(points: Sequence[float]) -> list[float]:
    """The weights by kind and part: those of parts that do not apply are spread over the others."""
    made: list[float] = []
    for countermeasures, platforms in _KINDS:
        applies = (True, True, countermeasures, True, platforms)
        kept = [weight if yes else 0.0 for weight, yes in zip(points, applies, strict=True)]
        total = sum(kept)
        made += [100.0 * weight / total if total else 0.0 for weight in kept]
    return made


@lru_cache(maxsize=8)
def _draws(points: Five) -> tuple[tuple[float, ...], ...]:
    """By kind and part: the weight of each draw."""
    dice = random.Random(_SEED)  # noqa: S311 - the same draws for everybody
    drawn = []
    for _ in range(DRAWS):
        made = [dice.gammavariate(CONCENTRATION * weight / 100, 1.0) if weight else 0.0 for weight in points]
        drawn.append(tuple(_effective(made)))
    return tuple(zip(*drawn, strict=True))


@lru_cache(maxsize=8)
def _packed(points: Five) -> tuple[int, ...]:
    return tuple(map(pack, _draws(points)))


def _band(scores: Sequence[int], decided: float) -> Band:
    ordered = sorted(scores)
    last = len(ordered) - 1
    return Band(ordered[round(LOW * last)] / ONE, decided, ordered[round(HIGH * last)] / ONE)
