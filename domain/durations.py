"""The three times that are measured: between which two moments, of which tests, and until when a case was watched.

Only validated, applicable tests count, by the month (UTC) of their attack. Whole seconds, rounded down.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import BadInput

_HOUR = 3600
_DAY = 24 * _HOUR
REASON_MAX = 500
LEVEL_MAX_SECONDS = 3 * 365 * _DAY


class Measure(StrEnum):
    """Both ends are in the name; nothing here is called a mean time to anything."""

    DETECT = "time_to_detect"
    CONTAIN = "time_to_contain"
    REMEDIATE = "time_to_remediate"

    @property
    def about(self) -> "About":
        return ABOUT[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """`name` holds both anchors; `happened` and `open` are words for a case that ended and one that had not.

    `horizon` (seconds) is where the restricted mean stops.
    """

    name: str
    short: str
    happened: str
    open: str
    population: str
    start: str
    end: str
    censored: str
    horizon: int


ABOUT = {
    Measure.DETECT: About(
        name="Executed to first alert",
        short="Detect",
        happened="detected",
        open="not yet detected",
        population="validated tests",
        start="the moment of the attack",
        end="the first alert of any tool",
        censored="A test without an alert was watched until the end of evaluation (or, where nobody wrote that down, "
        "until blue submitted), and is known to have taken longer than that.",
        horizon=_DAY,
    ),
    Measure.CONTAIN: About(
        name="First alert to contained",
        short="Contain",
        happened="contained",
        open="not yet contained",
        population="validated tests that raised an alert and were not fully prevented",
        start="the first alert",
        end="the moment the attack was contained",
        censored="A test that was never contained was watched until the end of evaluation, and is known to have taken "
        "longer than that. What was fully prevented has nothing to contain and is left out.",
        horizon=_DAY,
    ),
    Measure.REMEDIATE: About(
        name="Gap known to remediated",
        short="Remediate",
        happened="remediated",
        open="not yet remediated",
        population="validated tests whose gap has a remediation",
        start="blue's submission, when the gap was known",
        end="the remediation was done",
        censored="An open remediation is known to take longer than until now; one whose risk was accepted, longer than "
        "until the acceptance: accepting a risk remedies nothing.",
        horizon=90 * _DAY,
    ),
}


class By(StrEnum):
    """What tests are grouped by."""

    MONTH = "month"
    TACTIC = "tactic"
    PLATFORM = "platform"
    ACTOR = "actor"  # the one the campaign plays
    TEAM = "team"  # that of who submitted blue's side
    PERSON = "person"  # who submitted blue's side
    TOOL = "tool"  # each tool's own first alert
    SOURCE = "source"  # where the template comes from
    TEMPLATE = "template"

    @property
    def label(self) -> str:
        return _BY[self]


_BY = {
    By.MONTH: "Month",
    By.TACTIC: "Tactic",
    By.PLATFORM: "Platform",
    By.ACTOR: "Threat actor",
    By.TEAM: "Team",
    By.PERSON: "Evaluated by",
    By.TOOL: "Defence tool",
    By.SOURCE: "Template source",
    By.TEMPLATE: "Template",
}


def groupings(measure: Measure) -> list[By]:
    """A tool's own time is that to its first alert: for the other two no tool answers."""
    return [by for by in By if by is not By.TOOL or measure is Measure.DETECT]


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """`share` (0..1] of cases within `seconds`: what the organisation promises itself."""

    seconds: int
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LEVEL_MAX_SECONDS:
            raise BadInput("A target lies between a second and three years.", errors={"seconds": "out of range"})
        if not 0 < self.share <= 1:
            raise BadInput("The share to reach lies above 0 and at most at 100 %.", errors={"share": "out of range"})


def check_reason(reason: str) -> str:
    text = " ".join(reason.split())
    if not text:
        raise BadInput("Say why, for whoever reads it later.", errors={"reason": "required"})
    if len(text) > REASON_MAX:
        raise BadInput(f"Keep the reason under {REASON_MAX} characters.", errors={"reason": "too long"})
    return text
