"""What the defence did: two axes, per defence tool (DESIGN: prevention and detection never hide each other)."""

from collections.abc import Iterable
from enum import StrEnum


class Prevention(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"

    @property
    def rank(self) -> int:
        return list(Prevention).index(self)


class Detection(StrEnum):
    MISSED = "missed"
    LOGGED = "logged"
    ALERTED = "alerted"

    @property
    def rank(self) -> int:
        return list(Detection).index(self)


class Outcome(StrEnum):
    """The one scale other tools speak; best first: blocked > alerted > logged > missed."""

    BLOCKED = "blocked"
    ALERTED = "alerted"
    LOGGED = "logged"
    MISSED = "missed"

    @classmethod
    def of(cls, prevention: Prevention, detection: Detection) -> "Outcome":
        """Only full prevention is *blocked*: a partly stopped attack went on."""
        if prevention is Prevention.FULL:
            return cls.BLOCKED
        return cls(detection.value)


class TestState(StrEnum):
    __test__ = False  # not a pytest class

    DRAFT = "draft"
    RED_EXECUTING = "red_executing"
    BLUE_EVALUATING = "blue_evaluating"
    IN_REVIEW = "in_review"
    VALIDATED = "validated"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def unfinished(self) -> bool:
        return self in (TestState.DRAFT, TestState.RED_EXECUTING, TestState.BLUE_EVALUATING, TestState.IN_REVIEW)


class RemediationState(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    RISK_ACCEPTED = "risk_accepted"


def best_prevention(values: Iterable[Prevention]) -> Prevention | None:
    """The overall prevention of a test: the best over its tools; None when nobody observed anything."""
    return max(values, key=lambda value: value.rank, default=None)


def best_detection(values: Iterable[Detection]) -> Detection | None:
    """The overall detection of a test: the best over its tools; None when nobody observed anything."""
    return max(values, key=lambda value: value.rank, default=None)
