"""Rows as the tables take them. Field names are column names; times are aware and in UTC."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class PersonRow:
    id: UUID
    username: str
    display_name: str
    role: str
    team: str
    is_demo: bool
    created_at: datetime


@dataclass(slots=True)
class ToolRow:
    id: UUID
    slug: str
    name: str
    kind: str
    is_demo: bool
    created_at: datetime


@dataclass(slots=True)
class CampaignRow:
    id: UUID
    name: str
    goal: str
    state: str
    actor_attack_id: str | None
    starts_on: date
    ends_on: date
    is_demo: bool
    created_by: UUID
    created_at: datetime


@dataclass(slots=True)
class RuleRow:
    id: UUID
    source: str
    external_id: str
    title: str
    description: str
    status: str
    level: str
    author: str
    product: str | None
    category: str | None
    service: str | None
    tags: list[str]
    references: list[str]
    language: str
    body: str
    path: str
    written_on: date
    changed_on: date
    enabled: bool
    content_hash: bytes
    is_demo: bool
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class ClaimRow:
    rule_id: UUID
    claimed_id: str
    technique_id: UUID
    resolution: str


@dataclass(slots=True)
class TestRow:
    __test__ = False

    id: UUID
    version: int
    title: str
    technique_id: UUID
    claimed_technique: str
    procedure_key: str
    procedure: str
    platform: str
    environment: str
    campaign_id: UUID | None
    retest_of_id: UUID | None
    state: str
    round: int
    priority: int
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    red_assignee: UUID | None
    blue_assignee: UUID | None
    started_at: datetime | None
    executed_at: datetime | None
    attack_succeeded: bool | None
    red_submitted_at: datetime | None
    red_submitted_by: UUID | None
    red_effort_seconds: int
    prevention: str | None
    detection: str | None
    outcome: str | None
    prevented_at: datetime | None
    logged_at: datetime | None
    detected_at: datetime | None
    contained_at: datetime | None
    watched_until: datetime | None
    blue_submitted_at: datetime | None
    blue_submitted_by: UUID | None
    blue_effort_seconds: int
    not_applicable: bool
    not_applicable_reason: str | None
    red_approved_by: UUID | None
    blue_approved_by: UUID | None
    validated_at: datetime | None
    remediation_state: str | None
    remediation_due_on: date | None
    remediation_completed_at: datetime | None
    is_demo: bool


@dataclass(slots=True)
class RoundRow:
    id: UUID
    test_id: UUID
    number: int
    opened_at: datetime
    closed_at: datetime | None = None
    result: str | None = None
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
    red_verdict: str | None = None
    red_verdict_by: UUID | None = None
    red_verdict_at: datetime | None = None
    red_verdict_note: str | None = None
    blue_verdict: str | None = None
    blue_verdict_by: UUID | None = None
    blue_verdict_at: datetime | None = None
    blue_verdict_note: str | None = None


@dataclass(slots=True)
class ObservationRow:
    id: UUID
    test_id: UUID
    round: int
    tool_id: UUID
    prevention: str
    detection: str
    prevented_at: datetime | None
    logged_at: datetime | None
    detected_at: datetime | None
    source: str
    rule_id: UUID | None
    note: str | None
    recorded_by: UUID
    recorded_at: datetime


@dataclass(slots=True)
class TimelineRow:
    id: UUID
    test_id: UUID
    round: int
    at: datetime
    actor_id: UUID
    actor_name: str
    side: str
    action: str
    note: str | None


@dataclass(slots=True)
class RemediationRow:
    id: UUID
    test_id: UUID
    state: str
    owner_id: UUID
    due_on: date
    note: str
    opened_at: datetime
    completed_at: datetime | None
    accepted_reason: str | None
    accepted_until: date | None


@dataclass(slots=True)
class Story:
    """One test with everything that hangs on it."""

    test: TestRow
    observations: list[ObservationRow] = field(default_factory=list)
    rounds: list[RoundRow] = field(default_factory=list)
    timeline: list[TimelineRow] = field(default_factory=list)
    remediation: RemediationRow | None = None


# Row type -> table, in an order that respects references.
TABLES: dict[type[Any], str] = {
    PersonRow: "user_account",
    ToolRow: "defence_tool",
    CampaignRow: "test_campaign",
    RuleRow: "detection_rule",
    ClaimRow: "rule_technique",
    TestRow: "security_test",
    RoundRow: "test_round",
    ObservationRow: "observation",
    TimelineRow: "test_timeline",
    RemediationRow: "remediation",
}


def columns(row_type: type[Any]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(row_type))
