"""Measuring several things at the same time of day: taking turns, so that noise falls on all of them alike."""

import time
from collections.abc import Callable, Mapping

Sample = list[float]
WARM_UP = 3


def by_turns(
    subjects: Mapping[str, Callable[[], object]], rounds: int, before: Callable[[], object] = lambda: None
) -> dict[str, Sample]:
    """Milliseconds of `rounds` calls of each, after a few that do not count; who begins changes from round to round.

    `before` is called at the start of each round, and does not count.
    """
    names = list(subjects)
    samples: dict[str, Sample] = {name: [] for name in names}
    for number in range(-WARM_UP, rounds):
        before()
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            started = time.perf_counter()
            subjects[name]()
            taken = (time.perf_counter() - started) * 1000
            if number >= 0:
                samples[name].append(taken)
    return samples


def once(subject: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    subject()
    return time.perf_counter() - started
