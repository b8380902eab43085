"""How old evidence is, and what its age does to it."""

from datetime import date


def age_days(evidence: date, as_of: date) -> int:
    """Whole days; evidence dated after `as_of` (a clock ahead of ours) is 0 days old."""
    return max(0, (as_of - evidence).days)


def is_stale(age: int | None, window_days: int) -> bool:
    """Older than the window. No evidence at all is not stale: it is untested."""
    return age is not None and age > window_days


def decay(age: int, half_life_days: float) -> float:
    """What evidence is still worth, 1 to 0: half after each half-life."""
    return float(0.5 ** (age / half_life_days))
