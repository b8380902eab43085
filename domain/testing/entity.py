"""A test and its life: `draft -> red_executing -> blue_evaluating -> in_review -> validated | rejected`.

All change goes through `act`. What each action asks for and does stands in the module of its part of the life:
`planning`, `execution`, `evaluation`, `validation`, `repair`. Times are aware and in UTC; the clock is always given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import AegisError, BadInput, StaleVersion
from domain.outcomes import Detection, Outcome, Prevention, TestState
from domain.testing.actions import Action
from domain.testing.effort import Span
from domain.testing.events import Event
from domain.testing.offers import Offer, offers
from domain.testing.order import Ahead
from domain.testing.person import Person, Team
from domain.testing.remediation import Remediation
from domain.testing.rounds import Round
from domain.testing.steps import STEPS, refused
from domain.testing.telling import Doing


@dataclass(slots=True, kw_only=True)
class SecurityTest:
    """One attack procedure against one technique on one platform.

    Fields are named as the columns of `security_test` and `test_round`; what stands in the latest round is read from
    there. `rounds` are in order and never empty. `waits_for` are the unfinished tests that its campaign puts before it.
    Made by `domain.testing.creation`, or from what was stored.
    """

    id: UUID
    version: int = 1
    title: str
    technique_id: UUID
    claimed_technique: str
    procedure_key: str
    procedure: str = ""  # what red does, in words or commands
    arguments: Mapping[str, str] = field(default_factory=dict)
    template_id: UUID | None = None
    platform: str
    environment: str = ""
    campaign_id: UUID | None = None
    waits_for: Sequence[Ahead] = ()
    retest_of_id: UUID | None = None
    state: TestState = TestState.DRAFT
    priority: int = 2
    created_by: UUID | None = None
    created_at: datetime
    updated_at: datetime
    red_assignee: UUID | None = None
    blue_assignee: UUID | None = None

    started_at: datetime | None = None  # red's start in the latest round
    timer_since: datetime | None = None  # start of the running span of work; None while nobody's timer runs
    red_effort_seconds: int = 0  # closed spans of all rounds
    blue_effort_seconds: int = 0

    # the best over the tools of the latest round, as blue submitted it
    prevention: Prevention | None = None
    detection: Detection | None = None
    prevented_at: datetime | None = None
    logged_at: datetime | None = None
    detected_at: datetime | None = None
    not_applicable_reason: str | None = None

    validated_at: datetime | None = None
    rounds: Sequence[Round]
    remediation: Remediation | None = None

    def act(
        self,
        action: Action,
        by: Person,
        at: datetime,
        *,
        seen_version: int | None = None,
        last_changed_by: str = "somebody else",
        person: Person | None = None,
        files: Mapping[UUID, str] | None = None,
    ) -> list[Event]:
        """Do `action` and say what happened; the version grows by one, except for a comment.

        `person` is whom `assign` or `plan_remediation` names and `files` the evidence that times are taken from, by id
        with their names, both looked up by the caller. `seen_version` is the version that `by` was looking at. A clock
        behind the last change counts as the time of that change, so that nothing takes less than no time.

        Raises StaleVersion, PermissionDenied, InvalidTransition, RuleViolated (NeedsConfirmation for times that are
        possible but odd), BadInput; the test is then as it was.
        """
        if at.tzinfo is None:
            raise ValueError("The clock needs a time zone.")
        if seen_version is not None and seen_version != self.version and not action.additive:
            raise StaleVersion(f"Changed meanwhile by {last_changed_by}: look at it again before you go on.")
        step = STEPS.get(action.kind)
        if step is None:
            raise BadInput(f"{action.label} is not something that is done to a test that exists.")
        step.check(self, by, action)
        doing = Doing(self, by, max(at, self.updated_at), person, files or {})
        step.do(doing, action)
        if not action.additive:
            self.version += 1  # nobody's form is too old because somebody said something
        self.updated_at = doing.at
        return doing.events

    def refusal(self, kind: str, by: Person, **needed: Any) -> AegisError | None:
        """Why this person may not do this now; None when they may.

        `needed` narrows it where it matters: `side` for approve and reject, `to` for reopen, `team` for assign. Left
        out, the most this person could do is asked for.
        """
        return refused(self, kind, by, **needed)

    def actions_for(self, by: Person) -> list[Offer]:
        """The action bar of this person, now."""
        return offers(self, by)

    # What stands in the latest round

    @property
    def current(self) -> Round:
        return self.rounds[-1]

    @property
    def round(self) -> int:
        return self.current.number

    @property
    def executed_at(self) -> datetime | None:
        return self.current.executed_at

    @property
    def attack_succeeded(self) -> bool | None:
        return self.current.attack_succeeded

    @property
    def red_submitted_at(self) -> datetime | None:
        return self.current.red_submitted_at

    @property
    def red_submitted_by(self) -> UUID | None:
        return self.current.red_submitted_by

    @property
    def contained_at(self) -> datetime | None:
        return self.current.contained_at

    @property
    def watched_until(self) -> datetime | None:
        return self.current.watched_until

    @property
    def blue_submitted_at(self) -> datetime | None:
        return self.current.blue_submitted_at

    @property
    def blue_submitted_by(self) -> UUID | None:
        return self.current.blue_submitted_by

    @property
    def red_approved_by(self) -> UUID | None:
        return self._approver(Team.RED)

    @property
    def blue_approved_by(self) -> UUID | None:
        return self._approver(Team.BLUE)

    def _approver(self, team: Team) -> UUID | None:
        latest = self.current
        return latest.verdict_by(team) if latest.verdict(team) == "approved" else None

    # What follows from the rest

    @property
    def outcome(self) -> Outcome | None:
        """On the one scale other tools speak; None before blue submitted, and for what is not applicable."""
        if self.prevention is None or self.detection is None:
            return None
        return Outcome.of(self.prevention, self.detection)

    @property
    def not_applicable(self) -> bool:
        return self.not_applicable_reason is not None

    @property
    def below_alerted(self) -> bool:
        """Whether the defence left a gap: logged or missed. Never of what is not applicable."""
        return self.outcome in (Outcome.LOGGED, Outcome.MISSED)

    @property
    def working(self) -> Team | None:
        """The side whose work it is now."""
        if self.state is TestState.RED_EXECUTING:
            return Team.RED
        return Team.BLUE if self.state is TestState.BLUE_EVALUATING else None

    @property
    def paused(self) -> bool:
        """Whether somebody's work rests. A reopened test that red has not started again is waiting, not paused."""
        return self.timer_since is None and self.working is not None and self.started_at is not None

    def assignee(self, team: Team) -> UUID | None:
        return self.red_assignee if team is Team.RED else self.blue_assignee

    def effort_seconds(self, team: Team) -> int:
        """Closed spans of work of all rounds; what runs since `timer_since` comes on top."""
        return self.red_effort_seconds if team is Team.RED else self.blue_effort_seconds

    # Parts of steps, for the modules of this package only

    def change_round(self, **changes: Any) -> None:
        """Put a changed copy in place of the latest round. A closed one is refused whoever asks."""
        if self.current.closed:
            raise ValueError("A closed round is never changed.")
        self.rounds = (*self.rounds[:-1], replace(self.current, **changes))

    def assign(self, team: Team, person_id: UUID | None) -> None:
        if team is Team.RED:
            self.red_assignee = person_id
        else:
            self.blue_assignee = person_id

    def stop_timer(self, at: datetime) -> Span | None:
        """Close the running span and count it for the side that works; None when no timer ran."""
        if self.timer_since is None:
            return None
        span = Span(self.timer_since, at)
        if self.working is Team.RED:
            self.red_effort_seconds += span.seconds
        else:
            self.blue_effort_seconds += span.seconds
        self.timer_since = None
        return span
