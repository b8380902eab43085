"""Tests, their rounds and observations, the timeline, remediations, and the campaigns that plan them.

Timestamps that metrics need stand on `security_test` itself: the latest round is copied there, so that no screen has to
look through rounds. The time a thing happened and the time somebody typed it in are two columns.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, Moment, one_of
from domain.defence_tools import ToolKind
from domain.outcomes import Detection, Prevention, RemediationState, TestState

CAMPAIGN_STATES = ("planned", "running", "finished", "cancelled")
SIDES = ("red", "blue", "lead", "system")
_FALSE = text("false")
_ZERO = text("0")
_NO_TEXT = text("''")
_EMPTY_OBJECT = text("'{}'::jsonb")


class DefenceTool(Base):
    """Something that prevents or detects: an EDR, a SIEM, a mail gateway."""

    __tablename__ = "defence_tool"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_demo: Mapped[bool] = mapped_column(server_default=_FALSE)
    created_at: Mapped[Created]

    __table_args__ = (one_of("kind", ToolKind),)


class TestCampaign(Base):
    """A planned set of tests. (ATT&CK's campaigns, what attackers did, are `attack_object`s.)"""

    __test__ = False
    __tablename__ = "test_campaign"

    id: Mapped[Key]
    name: Mapped[str]
    goal: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'planned'"))
    actor_attack_id: Mapped[str | None]  # the threat actor it plays, as an ATT&CK group id
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    is_demo: Mapped[bool] = mapped_column(server_default=_FALSE)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    adversary_id: Mapped[UUID | None]  # the CALDERA profile it was made from
    # A campaign with a rhythm is the first of its series; each run is a campaign of its own.
    recurrence_cron: Mapped[str | None]
    recurrence_zone: Mapped[str | None]
    next_run_at: Mapped[Moment | None]
    series_id: Mapped[UUID | None]
    run_number: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        one_of("state", CAMPAIGN_STATES),
        Index("ix_test_campaign_next_run_at", "next_run_at", postgresql_where=text("next_run_at IS NOT NULL")),
        Index(
            "uq_test_campaign_series_run",
            "series_id",
            "run_number",
            unique=True,
            postgresql_where=text("series_id IS NOT NULL"),
        ),
    )


class CampaignDependency(Base):
    """Within a campaign `test_id` waits until `depends_on_id` is finished."""

    __tablename__ = "campaign_dependency"

    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"), primary_key=True)
    depends_on_id: Mapped[UUID] = mapped_column(
        ForeignKey("security_test.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    __table_args__ = (CheckConstraint("test_id <> depends_on_id", name="not_itself"),)


class SecurityTest(Base):
    """One attack procedure against one technique on one platform, with what the defence did."""

    __tablename__ = "security_test"

    id: Mapped[Key]
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)  # what people say: "test 1042"
    version: Mapped[int] = mapped_column(server_default=text("1"))
    title: Mapped[str]
    technique_id: Mapped[UUID] = mapped_column(ForeignKey("technique.id"))
    claimed_technique: Mapped[str]  # the ATT&CK id it was planned under; stays when the technique moves
    procedure: Mapped[str] = mapped_column(server_default=_NO_TEXT)  # what red does, in words or commands
    arguments: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)
    procedure_key: Mapped[str]  # same key = same procedure: re-runs of one template share it
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_template.id", ondelete="SET NULL"))
    template_version: Mapped[int | None]
    platform: Mapped[str]
    environment: Mapped[str] = mapped_column(server_default=text("''"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_campaign.id"))
    campaign_position: Mapped[int | None]
    import_key: Mapped[str | None]  # what it was in the file it was imported from: read again, it is the same test
    retest_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("security_test.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    priority: Mapped[int] = mapped_column(server_default=text("2"))  # 1 high, 2 normal, 3 low

    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    red_assignee: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    blue_assignee: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))

    # red's side of the latest round
    timer_since: Mapped[Moment | None]  # start of the span of work that is running, on either side
    started_at: Mapped[Moment | None]
    executed_at: Mapped[Moment | None]  # the moment of the attack
    attack_succeeded: Mapped[bool | None]
    red_submitted_at: Mapped[Moment | None]
    red_submitted_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    red_effort_seconds: Mapped[int] = mapped_column(server_default=_ZERO)

    # blue's side: the best over its tools
    prevention: Mapped[str | None]
    detection: Mapped[str | None]
    outcome: Mapped[str | None]  # blocked > alerted > logged > missed, for exchange; derived, never typed in
    prevented_at: Mapped[Moment | None]
    logged_at: Mapped[Moment | None]
    detected_at: Mapped[Moment | None]  # the first alert
    contained_at: Mapped[Moment | None]
    watched_until: Mapped[Moment | None]  # end of evaluation: an undetected test is right-censored here
    blue_submitted_at: Mapped[Moment | None]
    blue_submitted_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    blue_effort_seconds: Mapped[int] = mapped_column(server_default=_ZERO)
    not_applicable: Mapped[bool] = mapped_column(server_default=_FALSE)
    not_applicable_reason: Mapped[str | None]

    # validation
    red_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    blue_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    validated_at: Mapped[Moment | None]

    # remediation, as metrics read it
    remediation_state: Mapped[str | None]
    remediation_due_on: Mapped[date | None]
    remediation_completed_at: Mapped[Moment | None]

    is_demo: Mapped[bool] = mapped_column(server_default=_FALSE)

    __table_args__ = (
        one_of("state", TestState),
        one_of("prevention", Prevention),
        one_of("detection", Detection),
        one_of("outcome", ("blocked", "alerted", "logged", "missed")),
        one_of("remediation_state", RemediationState),
        CheckConstraint("priority BETWEEN 1 AND 3", name="priority"),
        CheckConstraint("detected_at >= executed_at", name="detected_after_executed"),
        CheckConstraint("contained_at >= executed_at", name="contained_after_executed"),
        CheckConstraint("watched_until >= executed_at", name="watched_after_executed"),
        CheckConstraint("state <> 'validated' OR validated_at IS NOT NULL", name="validated_has_time"),
        CheckConstraint(
            "state <> 'validated' OR not_applicable OR (prevention IS NOT NULL AND detection IS NOT NULL)",
            name="validated_has_outcome",
        ),
        CheckConstraint("NOT not_applicable OR not_applicable_reason IS NOT NULL", name="not_applicable_has_reason"),
        # latest validated test of a procedure on a platform
        Index(
            "ix_security_test_latest",
            "technique_id",
            "procedure_key",
            "platform",
            text("validated_at DESC"),
            postgresql_where=text("state = 'validated' AND NOT not_applicable"),
        ),
        Index("ix_security_test_technique", "technique_id", text("created_at DESC")),
        Index("ix_security_test_state", "state", text("created_at DESC")),
        Index(
            "ix_security_test_campaign",
            "campaign_id",
            "campaign_position",
            "number",
            postgresql_include=["state", "not_applicable", "executed_at", "prevention", "detection", "technique_id"],
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index(
            "uq_security_test_import_key", "import_key", unique=True, postgresql_where=text("import_key IS NOT NULL")
        ),
        Index(
            "ix_security_test_red_assignee",
            "red_assignee",
            "state",
            postgresql_where=text("red_assignee IS NOT NULL"),
        ),
        Index(
            "ix_security_test_blue_assignee",
            "blue_assignee",
            "state",
            postgresql_where=text("blue_assignee IS NOT NULL"),
        ),
        Index("ix_security_test_executed", "executed_at"),
        Index("ix_security_test_validated", "validated_at", postgresql_where=text("state = 'validated'")),
        Index("ix_security_test_demo", "id", postgresql_where=text("is_demo")),
        Index("ix_security_test_template", "template_id", postgresql_where=text("template_id IS NOT NULL")),
        Index("ix_security_test_retest_of", "retest_of_id", postgresql_where=text("retest_of_id IS NOT NULL")),
        # the table of tests: its orders, its filters, what is not finished, the words of titles
        Index("ix_security_test_updated", "updated_at", "number"),
        Index("ix_security_test_order_executed", text("coalesce(executed_at, '-infinity')"), "number"),
        Index("ix_security_test_priority", "priority", "number"),
        Index(
            "ix_security_test_facets", "platform", "state", text("coalesce(outcome, '')"), "priority", "technique_id"
        ),
        Index(
            "ix_security_test_open",
            "number",
            postgresql_include=[
                "state",
                "platform",
                "priority",
                "technique_id",
                "red_assignee",
                "blue_assignee",
                "created_by",
                "campaign_id",
                "updated_at",
                "executed_at",
            ],
            postgresql_where=text("state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review')"),
        ),
        Index(
            "ix_security_test_in_review",
            "priority",
            "updated_at",
            "number",
            postgresql_include=["red_approved_by", "red_submitted_by", "blue_approved_by", "blue_submitted_by"],
            postgresql_where=text("state = 'in_review'"),
        ),
        Index(
            "ix_security_test_remediation",
            "remediation_state",
            "remediation_due_on",
            postgresql_include=["technique_id"],
            postgresql_where=text("remediation_state IS NOT NULL"),
        ),
        Index("ix_security_test_created_by", "created_by"),
        Index(
            "ix_security_test_blue_submitted_by",
            "blue_submitted_by",
            postgresql_where=text("blue_submitted_by IS NOT NULL"),
        ),
        Index(
            "ix_security_test_title_words",
            text("to_tsvector('simple'::regconfig, title)"),
            postgresql_using="gin",
        ),
    )


class TestRound(Base):
    """One pass through red, blue and review. A closed round is never changed; reopening starts the next."""

    __test__ = False
    __tablename__ = "test_round"

    id: Mapped[Key]
    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"))
    number: Mapped[int]
    opened_at: Mapped[Created]
    closed_at: Mapped[Moment | None]
    result: Mapped[str | None]
    executed_at: Mapped[Moment | None]
    attack_succeeded: Mapped[bool | None]
    red_notes: Mapped[str | None]
    red_submitted_at: Mapped[Moment | None]
    red_submitted_by: Mapped[UUID | None]
    blue_notes: Mapped[str | None]
    contained_at: Mapped[Moment | None]
    watched_until: Mapped[Moment | None]
    blue_submitted_at: Mapped[Moment | None]
    blue_submitted_by: Mapped[UUID | None]
    red_verdict: Mapped[str | None]
    red_verdict_by: Mapped[UUID | None]
    red_verdict_at: Mapped[Moment | None]
    red_verdict_note: Mapped[str | None]
    blue_verdict: Mapped[str | None]
    blue_verdict_by: Mapped[UUID | None]
    blue_verdict_at: Mapped[Moment | None]
    blue_verdict_note: Mapped[str | None]
    taken_from: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)  # files times came from

    __table_args__ = (
        one_of("result", ("validated", "rejected", "reopened", "cancelled")),
        one_of("red_verdict", ("approved", "rejected")),
        one_of("blue_verdict", ("approved", "rejected")),
        UniqueConstraint("test_id", "number"),
    )


class Observation(Base):
    """What one defence tool did in one round of a test."""

    __tablename__ = "observation"

    id: Mapped[Key]
    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"))
    round: Mapped[int]
    tool_id: Mapped[UUID] = mapped_column(ForeignKey("defence_tool.id"))
    prevention: Mapped[str]
    detection: Mapped[str]
    prevented_at: Mapped[Moment | None]
    logged_at: Mapped[Moment | None]
    detected_at: Mapped[Moment | None]
    source: Mapped[str] = mapped_column(server_default=text("'person'"))  # person, import, tool: who says so
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("detection_rule.id", ondelete="SET NULL"))
    note: Mapped[str | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[Created]  # when it was typed in, never when it happened
    taken_from: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)  # files times came from

    __table_args__ = (
        one_of("prevention", Prevention),
        one_of("detection", Detection),
        UniqueConstraint("test_id", "round", "tool_id"),
        Index("ix_observation_tool", "tool_id"),
        Index("ix_observation_rule", "rule_id", postgresql_where=text("rule_id IS NOT NULL")),
    )


class TimelineEntry(Base):
    """Who did what to a test, in words a person reads. The audit log holds the full before and after."""

    __tablename__ = "test_timeline"

    id: Mapped[Key]
    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"))
    round: Mapped[int]
    at: Mapped[Created]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    side: Mapped[str]
    action: Mapped[str]
    note: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY_OBJECT)

    __table_args__ = (one_of("side", SIDES), Index("ix_test_timeline_test", "test_id", "at"))


class Remediation(Base):
    """A known gap and what becomes of it: `open -> in_progress -> done | risk_accepted`."""

    __tablename__ = "remediation"

    id: Mapped[Key]
    test_id: Mapped[UUID] = mapped_column(ForeignKey("security_test.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    due_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(server_default=text("''"))
    opened_at: Mapped[Created]
    completed_at: Mapped[Moment | None]
    accepted_reason: Mapped[str | None]
    accepted_until: Mapped[date | None]

    __table_args__ = (
        one_of("state", RemediationState),
        CheckConstraint("state <> 'risk_accepted' OR accepted_reason IS NOT NULL", name="accepted_has_reason"),
        Index("ix_remediation_due", "due_on", postgresql_where=text("state IN ('open', 'in_progress')")),
    )
