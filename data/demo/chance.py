"""Reproducible chance, and keys made from it."""

import math
import random
from collections.abc import Sequence
from uuid import UUID


def stream(seed: int, name: str) -> random.Random:
    """A generator of its own for every part, so that a change in one part leaves the others as they were."""
    return random.Random(f"{seed}/{name}")  # noqa: S311 - made-up data, nothing secret


def key(dice: random.Random, moment: int) -> UUID:
    """A UUIDv7 of `moment` (seconds since 1970), unique as far as chance goes."""
    bits = dice.getrandbits(74)
    return UUID(int=moment * 1000 << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (1 << 62) - 1)


def lognormal(dice: random.Random, median: float, spread: float) -> float:
    """Durations: most near the median, a long tail. `spread` is the standard deviation of the logarithm."""
    return median * math.exp(dice.gauss(0.0, spread))


def likelihood(score: float) -> float:
    """Logistic: 0 is even odds."""
    return 1.0 / (1.0 + math.exp(-score))


def cumulative(weights: Sequence[float]) -> list[float]:
    """Running totals, as `random.Random.choices` wants them."""
    totals, total = [], 0.0
    for weight in weights:
        total += weight
        totals.append(total)
    return totals
