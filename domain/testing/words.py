"""How moments, spans and states are called in the sentences of this package."""

from datetime import datetime, timedelta

from domain.outcomes import TestState

_STATES = {
    TestState.DRAFT: "a draft",
    TestState.RED_EXECUTING: "with red",
    TestState.BLUE_EVALUATING: "with blue",
    TestState.IN_REVIEW: "in review",
    TestState.VALIDATED: "validated",
    TestState.REJECTED: "rejected",
    TestState.CANCELLED: "cancelled",
}


def state_words(state: TestState) -> str:
    """To follow "This test is"."""
    return _STATES[state]


def moment_words(moment: datetime) -> str:
    """`2026-11-24 09:30:00 UTC`; fractions of a second only where there are some."""
    return f"{moment.replace(tzinfo=None).isoformat(' ')} UTC"


def span_words(span: timedelta) -> str:
    """In the largest unit of which there are at least two: "9 days", "36 hours"; "1 second" at the least."""
    seconds = int(span.total_seconds())
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return "less than a second" if seconds < 1 else f"{seconds} second{'s' if seconds > 1 else ''}"
