"""One pass of a test through red, blue and review. Rounds are values: a closed one cannot be changed, only followed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.outcomes import Detection, Prevention
from domain.testing.person import Team
from domain.testing.taken import Taken


class Verdict(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class RoundResult(StrEnum):
    VALIDATED = "validated"
    REJECTED = "rejected"
    REOPENED = "reopened"  # only in what was imported: here a reopened round keeps the result it was closed with
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one defence tool did. `recorded_at` is when it was typed in, never when it happened."""

    tool_id: UUID
    prevention: Prevention
    detection: Detection
    prevented_at: datetime | None = None
    logged_at: datetime | None = None
    detected_at: datetime | None = None
    source: str = "person"  # person, import or tool: who says so
    rule_id: UUID | None = None
    note: str | None = None
    recorded_by: UUID | None = None
    recorded_at: datetime
    taken_from: Taken = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What has not happened yet is None."""

    number: int
    opened_at: datetime
    closed_at: datetime | None = None
    result: RoundResult | None = None
    executed_at: datetime | None = None
    attack_succeeded: bool | None = None
    red_notes: str | None = None
    red_submitted_at: datetime | None = None
    red_submitted_by: UUID | None = None
    blue_notes: str | None = None
    contained_at: datetime | None = None
    watched_until: datetime | None = None
    blue_submitted_at: datetime | None = None
    blue_submitted_by: UUID | None = None
    red_verdict: Verdict | None = None
    red_verdict_by: UUID | None = None
    red_verdict_at: datetime | None = None
    red_verdict_note: str | None = None
    blue_verdict: Verdict | None = None
    blue_verdict_by: UUID | None = None
    blue_verdict_at: datetime | None = None
    blue_verdict_note: str | None = None
    taken_from: Taken = field(default_factory=dict)
    observations: Sequence[Observation] = ()

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    def observation(self, tool_id: UUID) -> Observation | None:
        return next((one for one in self.observations if one.tool_id == tool_id), None)

    def submitted_by(self, team: Team) -> UUID | None:
        return self.red_submitted_by if team is Team.RED else self.blue_submitted_by

    def verdict(self, team: Team) -> Verdict | None:
        return self.red_verdict if team is Team.RED else self.blue_verdict

    def verdict_by(self, team: Team) -> UUID | None:
        return self.red_verdict_by if team is Team.RED else self.blue_verdict_by
