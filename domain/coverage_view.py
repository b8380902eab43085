"""Ways to divide coverage, and what rules claim against what tests have proven."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from domain.coverage import CoverageStatus


class Division(StrEnum):
    """By what the coverage page divides."""

    TACTIC = "tactic"
    TECHNIQUE = "technique"
    PLATFORM = "platform"
    DATA = "data"
    SOURCE = "source"
    TEAM = "team"  # that of who submitted blue's side
    PERSON = "person"  # who submitted blue's side
    TOOL = "tool"

    @property
    def label(self) -> str:
        return {
            Division.TACTIC: "Tactic",
            Division.TECHNIQUE: "Technique",
            Division.PLATFORM: "Platform",
            Division.DATA: "Data component",
            Division.SOURCE: "Rule source",
            Division.TEAM: "Team",
            Division.PERSON: "Who evaluated",
            Division.TOOL: "Defence tool",
        }[self]

    @property
    def of_tested(self) -> bool:
        """Whether a group is only ever what was tested with it: nobody expects every tool to see every technique."""
        return self in (Division.TEAM, Division.PERSON, Division.TOOL)


class Claim(StrEnum):
    """A technique in scope by what enabled rules claim and what its latest validated tests showed.

    *holds*: every procedure held; *fails*: at least one did not. What was never tested is neither.
    """

    CLAIMED_HOLDS = "claimed_holds"
    CLAIMED_FAILS = "claimed_fails"
    CLAIMED_UNTESTED = "claimed_untested"
    UNCLAIMED_HOLDS = "unclaimed_holds"
    UNCLAIMED_FAILS = "unclaimed_fails"
    UNCLAIMED_UNTESTED = "unclaimed_untested"

    @classmethod
    def of(cls, rules: int, status: CoverageStatus) -> "Claim":
        claimed = "claimed" if rules else "unclaimed"
        if not status.evaluated:
            return cls(f"{claimed}_untested")
        return cls(f"{claimed}_{'holds' if status is CoverageStatus.COVERED else 'fails'}")

    @property
    def label(self) -> str:
        return {
            Claim.CLAIMED_HOLDS: "Claimed and proven",
            Claim.CLAIMED_FAILS: "Claimed, does not hold",
            Claim.CLAIMED_UNTESTED: "Claimed, never tested",
            Claim.UNCLAIMED_HOLDS: "Proven, not claimed",
            Claim.UNCLAIMED_FAILS: "Does not hold, not claimed",
            Claim.UNCLAIMED_UNTESTED: "Neither claimed nor tested",
        }[self]


class Results(NamedTuple):
    """Latest results, one a procedure and platform. The four outcomes add up to `n`; `held` is blocked plus alerted."""

    n: int
    blocked: int
    alerted: int
    logged: int
    missed: int

    @property
    def held(self) -> int:
        return self.blocked + self.alerted

    @classmethod
    def total(cls, each: Iterable["Results"]) -> "Results":
        return cls(*map(sum, zip(NOTHING, *each, strict=True)))


NOTHING = Results(0, 0, 0, 0, 0)
