"""What changed since a day, in sentences that are computed: the score and its causes, proof, tests and their results.

The sentences stand on two points of the trend and on the change of the score between them
(`domain/score_change.py`), so that they say nothing the figures do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.score_change import Change, Step
from domain.snapshots import TrendPoint

_MINUS = "\N{MINUS SIGN}"
_LEAST = 1  # tenths of a point under which a cause is not worth a clause


class Since(StrEnum):
    """Spans a person looks back over."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"

    @property
    def days(self) -> int:
        return {Since.WEEK: 7, Since.MONTH: 30, Since.QUARTER: 91}[self]

    @property
    def label(self) -> str:
        return {Since.WEEK: "week", Since.MONTH: "month", Since.QUARTER: "quarter"}[self]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests in scope as counted up to a day; the differences of two days are what happened between them."""

    planned: int
    executed: int
    evaluated: int
    alerted: int
    prevented: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """`about` names the screen it leads to: score, coverage, tests, stale."""

    about: str
    text: str


def story(before: TrendPoint, after: TrendPoint, change: Change, tests: tuple[Counts, Counts]) -> list[Sentence]:
    """At least one sentence; `tests` are those of `before` and `after`."""
    return [
        _score(before.day, change),
        *_proof(before, after),
        *_work(*tests),
        *_age(before, after),
        *_scope(before, after),
    ]


def _score(since: date, change: Change) -> Sentence:
    day = f"{since.day} {since:%b %Y}"
    if change.tenths is None or change.after is None:
        return Sentence("score", f"On {day} nothing was in scope, so that there is nothing to compare the score with.")
    if not change.tenths and not any(abs(step.tenths) >= _LEAST for step in change.steps):
        return Sentence("score", f"The score is what it was on {day}: {change.after / 10:.1f}.")
    now, causes = f"{change.after / 10:.1f}", _causes(change.steps)
    if not change.tenths:
        return Sentence("score", f"The score is {now}, as on {day}{causes}.")
    way = "rose" if change.tenths > 0 else "fell"
    return Sentence("score", f"The score {way} by {abs(change.tenths) / 10:.1f} to {now} since {day}{causes}.")


def _causes(steps: Sequence[Step]) -> str:
    told = sorted((step for step in steps if abs(step.tenths) >= _LEAST), key=lambda step: -abs(step.tenths))[:4]
    said = [f"{step.cause.label.lower().replace('att&ck', 'ATT&CK')} {_signed(step.tenths)}" for step in told]
    return f": {', '.join(said)}" if said else ""


def _signed(tenths: int) -> str:
    sign = "+" if tenths > 0 else _MINUS
    return f"{sign}{abs(tenths) / 10:.1f}"


def _proof(before: TrendPoint, after: TrendPoint) -> list[Sentence]:
    more = after.proven.n - before.proven.n
    now = f"{after.proven.n:,} of {after.proven.of:,} techniques"
    if not more:
        return [Sentence("coverage", f"Proven as before: {now}.")] if after.proven.n else []
    way = "more" if more > 0 else "fewer"
    return [Sentence("coverage", f"{_count(abs(more), way + ' technique')} proven by tests: {now}.")]


def _work(before: Counts, after: Counts) -> list[Sentence]:
    ran, judged = after.executed - before.executed, after.evaluated - before.evaluated
    if ran <= 0 and judged <= 0:
        return [Sentence("tests", "No test was executed.")]
    said = f"{_count(max(ran, 0), 'test')} executed and {max(judged, 0):,} evaluated"
    if judged > 0:
        caught, stopped = max(0, after.alerted - before.alerted), max(0, after.prevented - before.prevented)
        said += f"; {min(caught, judged):,} raised an alert, {min(stopped, judged):,} {_were(stopped)} prevented"
    return [Sentence("tests", f"{said}.")]


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _age(before: TrendPoint, after: TrendPoint) -> list[Sentence]:
    more = after.stale - before.stale
    if not more:
        return []
    way = "went stale, net" if more > 0 else "are fresh again, net"
    return [Sentence("stale", f"{_count(abs(more), 'technique')} {way}; {after.stale:,} are stale now.")]


def _scope(before: TrendPoint, after: TrendPoint) -> list[Sentence]:
    said = []
    if before.attack_version != after.attack_version:
        said.append(Sentence("coverage", f"ATT&CK went from {before.attack_version} to {after.attack_version}."))
    if before.techniques != after.techniques:
        said.append(Sentence("coverage", f"Techniques in scope: {before.techniques:,} then, {after.techniques:,} now."))
    return said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
