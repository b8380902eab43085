"""Shares with their uncertainty, and numbers that still add up after rounding."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution
TOO_FEW = 3  # under this many cases a share is drawn as uncertain


class Interval(NamedTuple):
    """Both ends as shares, 0..1."""

    low: float
    high: float


def wilson(hits: int, of: int, z: float = Z_95) -> Interval | None:
    """Wilson's score interval (E. B. Wilson, 1927) of `hits` out of `of`; None when there is nothing to divide by.

    Unlike the textbook interval it stays within 0..1 and does not shrink to nothing at 0 of n and n of n.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is not a share")
    if not of:
        return None
    share, spread = hits / of, z * z / of
    centre = share + spread / 2
    margin = z * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    low, high = (centre - margin) / (1 + spread), (centre + margin) / (1 + spread)
    # at the ends the exact values are 0 and 1; do not let rounding move them past the share itself
    return Interval(0.0 if hits == 0 else max(0.0, low), 1.0 if hits == of else min(1.0, high))


@dataclass(frozen=True, slots=True)
class Share:
    """`n` of `of` with its 95 % interval. `value` is None when nothing was counted: "not tested" is not 0 %."""

    n: int
    of: int
    low: float | None
    high: float | None

    @classmethod
    def count(cls, n: int, of: int) -> "Share":
        interval = wilson(n, of)
        return cls(n, of, *(interval or (None, None)))

    @property
    def value(self) -> float | None:
        return self.n / self.of if self.of else None

    @property
    def too_few(self) -> bool:
        return self.of < TOO_FEW


def apportion(values: Sequence[float], total: int) -> list[int]:
    """Whole numbers near `values` that sum to `total`, by largest remainder (Hamilton). Values must not be negative.

    `total` has to be the rounded sum of the values: rounding then moves each by less than one.
    """
    floors = [math.floor(value) for value in values]
    missing = total - sum(floors)
    if not 0 <= missing <= len(values):
        raise ValueError(f"{total} is not the rounded sum of {list(values)}")
    by_remainder = sorted(range(len(values)), key=lambda i: (floors[i] - values[i], i))
    for i in by_remainder[:missing]:
        floors[i] += 1
    return floors


def apportion_signed(values: Sequence[float], total: int) -> list[int]:
    """Whole numbers near `values`, of either sign, that sum to `total`, which has to be near the sum of the values.

    By largest remainder as `apportion`; zeros stay zeros as long as anything else can give way.
    """
    if not values and total:
        raise ValueError(f"{total} is not the sum of nothing")
    shares = [math.floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda i: (values[i] == 0, shares[i] - values[i], i))
    missing = total - sum(shares)
    turn = 0
    while missing:
        step = 1 if missing > 0 else -1
        shares[order[turn % len(order)] if step > 0 else order[-1 - turn % len(order)]] += step
        missing -= step
        turn += 1
    return shares


def percent(share: float) -> int:
    """A share as whole per cent that says 0 and 100 only for exactly none and exactly all."""
    if share in (0.0, 1.0):
        return int(100 * share)
    return min(99, max(1, round(100 * share)))
