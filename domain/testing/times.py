"""Which times are impossible. What is possible but odd is asked about in `questions`."""

from datetime import datetime, timedelta

from domain.errors import BadInput, RuleViolated
from domain.testing.words import moment_words

AHEAD = timedelta(seconds=60)  # how far the clock of whoever typed the time in may be ahead of ours
EARLIEST = 1990  # the year before which a time is a slip of the keyboard


def not_ahead(field: str, name: str, moment: datetime | None, at: datetime) -> None:
    """Raises BadInput for a time that is still to come, or that nobody can mean."""
    if moment is None:
        return
    if moment > at + AHEAD:
        raise BadInput(f"{name} at {moment_words(moment)} lies in the future.", errors={field: "in the future"})
    if moment.year < EARLIEST:
        raise BadInput(f"{name} at {moment_words(moment)} is before {EARLIEST}.", errors={field: "out of range"})


def in_order(field: str, later_name: str, later: datetime | None, earlier_name: str, earlier: datetime | None) -> None:
    """Raises RuleViolated, naming both, when what comes later was earlier. Names are sentences' subjects."""
    if later is not None and earlier is not None and later < earlier:
        raise RuleViolated(
            f"{later_name} at {moment_words(later)} is before {earlier_name} at {moment_words(earlier)}.",
            errors={field: "too early"},
        )
