"""What tests say of a control: the states, the rule that gives them, and what people decide about a control.

A control is judged by the techniques that its framework maps to it. Of these only the ones that count are looked at:
active on the loaded map of the framework's domain, and in scope. The first of these rules that fits gives the state:

1. *out of scope*: somebody decided so, or all its techniques on the map are out of scope;
2. *not mappable*: no technique of it lies on the map: its source says that none fits, or none was placed;
3. *contradicted*: at least one of its techniques is not covered, which is: validated tests show that none of its
   procedures was detected or prevented. One is enough: the control claims to help against that technique, and a test
   shows the opposite; averaging it away would hide the very thing an auditor would find. How many of how many is said
   beside it. Age does not heal it: a failure stands until a newer test shows otherwise;
4. *demonstrated*: every one of its techniques is covered by fresh evidence;
5. *not demonstrated*: none of its techniques has a validated test; tests under way change nothing yet;
6. *partly demonstrated*: everything between, also where all its techniques were covered once and the evidence is stale.

Old success proves nothing any more, old failure still does: both ways the doubt goes against us. A technique counts as
covered whichever control or tool did it; mappings that carry no strength cannot say more. That is our model, and said
where a percentage is shown. An accepted risk is a flag beside the state, with a day on which it ends; it changes no
state and no percentage.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.coverage import CoverageStatus
from domain.errors import BadInput

REASON_MAX = 2_000
ACCEPTED_AT_MOST = timedelta(days=2 * 366)
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


class ControlState(StrEnum):
    CONTRADICTED = "contradicted"
    NOT_DEMONSTRATED = "not_demonstrated"
    PARTLY = "partly"
    DEMONSTRATED = "demonstrated"
    NOT_MAPPABLE = "not_mappable"
    OUT_OF_SCOPE = "out_of_scope"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def judged(self) -> bool:
        """Whether it counts in a percentage."""
        return self not in (ControlState.NOT_MAPPABLE, ControlState.OUT_OF_SCOPE)

    @property
    def gap(self) -> bool:
        return self.judged and self is not ControlState.DEMONSTRATED


_LABELS: Mapping[ControlState, str] = {
    ControlState.CONTRADICTED: "Contradicted",
    ControlState.NOT_DEMONSTRATED: "Not demonstrated",
    ControlState.PARTLY: "Partly demonstrated",
    ControlState.DEMONSTRATED: "Demonstrated",
    ControlState.NOT_MAPPABLE: "Not mappable",
    ControlState.OUT_OF_SCOPE: "Out of scope",
}


class Tally(NamedTuple):
    """The techniques of a control that lie on the map, each counted once. `stale`: covered, by evidence that is old."""

    covered: int = 0
    stale: int = 0
    partial: int = 0
    uncovered: int = 0
    in_progress: int = 0
    untested: int = 0
    out_of_scope: int = 0

    @property
    def in_scope(self) -> int:
        return sum(self) - self.out_of_scope

    @property
    def tested(self) -> int:
        return self.covered + self.stale + self.partial + self.uncovered


def standing(status: CoverageStatus, stale: bool, in_scope: bool) -> str:
    """The field of a Tally in which a technique counts, as measured on some day."""
    if not in_scope:
        return "out_of_scope"
    return "stale" if stale and status is CoverageStatus.COVERED else status.value


def tally(techniques: Iterable[str], standings: Mapping[str, str]) -> Tally:
    """Of technique ids; one that `standings` does not know is not on the map and counts nowhere."""
    counts = Counter(map(standings.get, techniques))
    return Tally(*(counts.get(name, 0) for name in Tally._fields))


def state_of(counted: Tally, *, out_of_scope: bool = False) -> ControlState:
    """The rule above; `out_of_scope`: somebody decided so."""
    if out_of_scope:
        return ControlState.OUT_OF_SCOPE
    if not sum(counted):
        return ControlState.NOT_MAPPABLE
    if not counted.in_scope:
        return ControlState.OUT_OF_SCOPE
    if counted.uncovered:
        return ControlState.CONTRADICTED
    if counted.covered == counted.in_scope:
        return ControlState.DEMONSTRATED
    return ControlState.PARTLY if counted.tested else ControlState.NOT_DEMONSTRATED


class DecisionKind(StrEnum):
    OUT_OF_SCOPE = "out_of_scope"
    RISK_ACCEPTED = "risk_accepted"

    @property
    def label(self) -> str:
        return {DecisionKind.OUT_OF_SCOPE: "Out of scope", DecisionKind.RISK_ACCEPTED: "Risk accepted"}[self]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a control. `expires_on` is the last day on which it holds; None: until withdrawn."""

    kind: DecisionKind
    reason: str
    expires_on: date | None

    def __post_init__(self) -> None:
        if not 3 <= len(self.reason) <= REASON_MAX:
            raise BadInput(
                f"Give a reason of 3 to {REASON_MAX:,} characters; an auditor will read it.",
                errors={"reason": "missing or too long"},
            )
        if self.kind is DecisionKind.RISK_ACCEPTED and self.expires_on is None:
            raise BadInput(
                "Say until when the risk is accepted; nothing is accepted for ever.", errors={"expires_on": "missing"}
            )

    @classmethod
    def asked(cls, kind: str, reason: str, expires_on: date | None, *, today: date) -> "Decision":
        """What a person asks for. Raises BadInput with one sentence."""
        if kind not in set(DecisionKind):
            raise BadInput("Choose what is decided.", errors={"kind": "unknown"})
        made = cls(DecisionKind(kind), " ".join(reason.split()), expires_on)
        if expires_on is not None and not today <= expires_on <= today + ACCEPTED_AT_MOST:
            raise BadInput("The last day lies between today and two years from now.", errors={"expires_on": "range"})
        return made

    def holds(self, on: date) -> bool:
        return self.expires_on is None or on <= self.expires_on


def code_key(code: str) -> str:
    """What codes are found by: `ac-02` and `AC-2` are one, as are `AC-02(01)` and `AC-2(1)`."""
    return _LEADING_ZEROS.sub("", "".join(code.split()).upper())
