"""Coverage status of a technique: what its newest tests prove.

Only the latest validated test of each procedure on each platform counts, so that ten runs of one procedure are one
procedure. A procedure is the mean over its platforms, a technique the mean over its procedures: one procedure tried on
five platforms weighs as much as one tried on a single platform.

A test *held* when the attack was alerted on or fully prevented. Logged only is not detected, and a partly stopped
attack went on; both earn something in the score (`domain/score.py`) and nothing here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean

from domain.freshness import age_days, is_stale
from domain.outcomes import Detection, Prevention


class CoverageStatus(StrEnum):
    COVERED = "covered"
    PARTIAL = "partial"
    UNCOVERED = "uncovered"
    IN_PROGRESS = "in_progress"
    UNTESTED = "untested"

    @property
    def label(self) -> str:
        return {
            CoverageStatus.COVERED: "Covered",
            CoverageStatus.PARTIAL: "Partly covered",
            CoverageStatus.UNCOVERED: "Not covered",
            CoverageStatus.IN_PROGRESS: "In progress",
            CoverageStatus.UNTESTED: "Not tested",
        }[self]

    @property
    def evaluated(self) -> bool:
        """Whether validated tests stand behind it."""
        return self is not CoverageStatus.UNTESTED and self is not CoverageStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class LatestResult:
    """The latest validated test of one procedure on one platform. `on` is the day (UTC) of the attack."""

    procedure: str
    platform: str
    prevention: Prevention
    detection: Detection
    on: date


@dataclass(frozen=True, slots=True)
class Coverage:
    """`share` of procedures that held, 0..1, None without validated tests; `age_days` of the newest evidence."""

    status: CoverageStatus
    share: float | None
    procedures: int
    age_days: int | None
    stale: bool


def held(prevention: Prevention, detection: Detection) -> bool:
    return prevention is Prevention.FULL or detection is Detection.ALERTED


def status_of(share: float | None, unfinished: int) -> CoverageStatus:
    """The status for a share of procedures that held, and the number of tests that are not finished."""
    if share is None:
        return CoverageStatus.IN_PROGRESS if unfinished else CoverageStatus.UNTESTED
    if share >= 1.0:
        return CoverageStatus.COVERED
    return CoverageStatus.PARTIAL if share > 0.0 else CoverageStatus.UNCOVERED


def is_gap(status: CoverageStatus, *, stale: bool) -> bool:
    """Whether something is left to be shown: anything but covered, or covered by evidence that is too old."""
    return stale or status is not CoverageStatus.COVERED


def mean_of_means(values: Iterable[tuple[str, float]]) -> tuple[float, int] | None:
    """Mean over (procedure, value) within each procedure, then over procedures; with the number of procedures."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for procedure, value in values:
        grouped[procedure].append(value)
    if not grouped:
        return None
    return fmean(fmean(found) for found in grouped.values()), len(grouped)


def coverage_of(results: Sequence[LatestResult], *, unfinished: int, as_of: date, window_days: int) -> Coverage:
    found = mean_of_means((one.procedure, float(held(one.prevention, one.detection))) for one in results)
    share, procedures = found or (None, 0)
    age = age_days(max(one.on for one in results), as_of) if results else None
    return Coverage(status_of(share, unfinished), share, procedures, age, is_stale(age, window_days))


@dataclass(frozen=True, slots=True)
class SubtechniqueCoverage:
    """How far below a technique anything was shown: a figure of its own that never colours the parent."""

    of: int
    evaluated: int
    covered: int

    @classmethod
    def count(cls, statuses: Iterable[CoverageStatus]) -> "SubtechniqueCoverage":
        seen = list(statuses)
        return cls(len(seen), sum(one.evaluated for one in seen), seen.count(CoverageStatus.COVERED))
