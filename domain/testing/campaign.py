"""A campaign: an ordered set of tests with a goal, `planned -> running -> finished | cancelled`.

It says in which order its tests are run and which of them wait for which; what happens in a test is the test's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain.errors import AegisError, BadInput, InvalidTransition, NeedsConfirmation, RuleViolated, StaleVersion
from domain.outcomes import TestState
from domain.roles import Permission
from domain.testing import campaign_actions as do
from domain.testing.members import Member, Members, added, arranged, depending, member, moved, removed
from domain.testing.person import Person
from domain.testing.recurrence import Recurrence
from domain.testing.step import need
from domain.testing.telling import plain


class CampaignState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"

    @property
    def unfinished(self) -> bool:
        return self in (CampaignState.PLANNED, CampaignState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEvent:
    """`before` and `after` hold what changed, by the names of the columns, as plain JSON; `kind` is past tense."""

    kind: str
    campaign_id: UUID
    at: datetime
    by: Person
    note: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Campaign:
    """`members` are in order, their positions run from 1 without a hole; no test waits for itself, however far."""

    id: UUID
    version: int = 1
    name: str
    goal: str = ""
    state: CampaignState = CampaignState.PLANNED
    actor_attack_id: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    recurrence: Recurrence | None = None
    cloned_from_id: UUID | None = None
    created_by: UUID | None = None
    created_at: datetime
    updated_at: datetime
    members: Members = ()

    def act(
        self,
        action: do.CampaignAction,
        by: Person,
        at: datetime,
        *,
        states: Mapping[UUID, TestState] | None = None,
        seen_version: int | None = None,
        last_changed_by: str = "somebody else",
    ) -> list[CampaignEvent]:
        """Do `action` and say what happened; the version grows by one. `states` of its tests are needed to finish.

        Raises StaleVersion, PermissionDenied, InvalidTransition, RuleViolated (NeedsConfirmation for finishing with
        tests unfinished), NotFound, BadInput; the campaign is then as it was.
        """
        if seen_version is not None and seen_version != self.version:
            raise StaleVersion(f"Changed meanwhile by {last_changed_by}: look at it again before you go on.")
        step = _STEPS.get(action.kind)
        if step is None or step.do is None:
            raise BadInput(f"{action.label} is not something that is done to a campaign that exists.")
        step.check(self, by)
        before = snapshot(self)
        step.do(self, action, states or {})
        after = snapshot(self)
        changed = sorted(name for name in after if before[name] != after[name])
        if not changed:
            raise BadInput("Nothing in the campaign was changed.")
        self.version += 1
        self.updated_at = max(at, self.updated_at)
        return [
            CampaignEvent(
                kind=step.event,
                campaign_id=self.id,
                at=self.updated_at,
                by=by,
                note=getattr(action, "reason", None),
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
        ]

    def refusal(self, kind: str, by: Person) -> AegisError | None:
        """Why this person may not do this now; None when they may. Raises BadInput when there is no such kind."""
        step = _STEPS.get(kind)
        if step is None:
            raise BadInput("There is no such action on a campaign.", errors={"kind": "unknown"})
        try:
            step.check(self, by)
        except AegisError as refusal:
            return refusal
        return None

    def blocked(self, test_id: UUID, states: Mapping[UUID, TestState]) -> tuple[UUID, ...]:
        """The unfinished tests that `test_id` waits for, in the order of the campaign.

        A test whose state is not given counts as unfinished. Raises NotFound for a test that is no member.
        """
        waits_for = member(self.members, test_id).depends_on
        return tuple(one.test_id for one in self.members if one.test_id in waits_for and _unfinished(one, states))


def create_campaign(action: do.CreateCampaign, by: Person, at: datetime) -> tuple[Campaign, list[CampaignEvent]]:
    """A planned campaign without tests. Raises PermissionDenied, BadInput."""
    need(by, Permission.MANAGE_CAMPAIGNS)
    campaign = Campaign(id=action.id, name="", created_by=by.id, created_at=at, updated_at=at)
    _plan(campaign, action)
    return campaign, [_created(campaign, by)]


def clone_of(
    campaign: Campaign, action: do.CloneCampaign, by: Person, at: datetime
) -> tuple[Campaign, list[CampaignEvent]]:
    """A planned campaign with copies of the tests, in the same order, waiting for each other in the same way.

    The schedule is not copied: one campaign comes again, not all of its copies too. Raises PermissionDenied, BadInput
    also when `action.copies` does not name one copy for each test.
    """
    need(by, Permission.MANAGE_CAMPAIGNS)
    _check_dates(action.starts_on, action.ends_on)
    copies = action.copies
    taken = set(copies.values())
    if copies.keys() != {one.test_id for one in campaign.members} or len(taken) < len(copies) or taken & copies.keys():
        raise BadInput("Each test of the campaign needs one copy of its own.", errors={"copies": "invalid"})
    clone = Campaign(
        id=action.new_id,
        name=action.name,
        goal=campaign.goal,
        actor_attack_id=campaign.actor_attack_id,
        starts_on=action.starts_on,
        ends_on=action.ends_on,
        cloned_from_id=campaign.id,
        created_by=by.id,
        created_at=at,
        updated_at=at,
        members=arranged(
            Member(copies[one.test_id], 0, frozenset(copies[other] for other in one.depends_on))
            for one in campaign.members
        ),
    )
    return clone, [_created(clone, by)]


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """All that can change about a campaign, as plain JSON."""
    names = ("name", "goal", "state", "actor_attack_id", "starts_on", "ends_on", "cloned_from_id")
    now = {name: plain(getattr(campaign, name)) for name in names}
    now["cron"] = campaign.recurrence.cron if campaign.recurrence else None
    now["zone"] = campaign.recurrence.zone if campaign.recurrence else None
    now["members"] = [{"test": str(one.test_id), "depends_on": plain(one.depends_on)} for one in campaign.members]
    return now


def _created(campaign: Campaign, by: Person) -> CampaignEvent:
    return CampaignEvent(
        kind="campaign_created",
        campaign_id=campaign.id,
        at=campaign.created_at,
        by=by,
        note=None,
        before={},
        after={name: value for name, value in snapshot(campaign).items() if value is not None},
    )


def _unfinished(one: Member, states: Mapping[UUID, TestState]) -> bool:
    return states.get(one.test_id, TestState.DRAFT).unfinished


# When


def _open(campaign: Campaign, by: Person) -> None:
    need(by, Permission.MANAGE_CAMPAIGNS)
    if not campaign.state.unfinished:
        raise InvalidTransition(f"This campaign is {campaign.state}; it can no longer be changed. Clone it instead.")


def _recurring(campaign: Campaign, by: Person) -> None:
    need(by, Permission.MANAGE_CAMPAIGNS)
    if campaign.state is CampaignState.CANCELLED:
        raise InvalidTransition("This campaign is cancelled; it does not come again.")


def _startable(campaign: Campaign, by: Person) -> None:
    _open(campaign, by)
    if campaign.state is CampaignState.RUNNING:
        raise InvalidTransition("This campaign is running already.")
    if not campaign.members:
        raise RuleViolated("A campaign without tests cannot be started; add some first.")


def _finishable(campaign: Campaign, by: Person) -> None:
    _open(campaign, by)
    if campaign.state is CampaignState.PLANNED:
        raise InvalidTransition("This campaign has not been started.")


def _clonable(campaign: Campaign, by: Person) -> None:
    need(by, Permission.MANAGE_CAMPAIGNS)


# What


def _check_dates(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadInput(f"The end, {ends_on}, is before the start, {starts_on}.", errors={"ends_on": "too early"})


def _plan(campaign: Campaign, action: do.CreateCampaign | do.EditCampaign) -> None:
    _check_dates(action.starts_on, action.ends_on)
    recurrence = None if action.cron is None else Recurrence(action.cron, action.zone)
    campaign.name, campaign.goal = action.name, action.goal
    campaign.actor_attack_id = action.actor_attack_id or None
    campaign.starts_on, campaign.ends_on, campaign.recurrence = action.starts_on, action.ends_on, recurrence


def _edit(campaign: Campaign, action: do.EditCampaign, states: Mapping[UUID, TestState]) -> None:
    _plan(campaign, action)


def _add(campaign: Campaign, action: do.AddTests, states: Mapping[UUID, TestState]) -> None:
    campaign.members = added(campaign.members, action.test_ids)


def _remove(campaign: Campaign, action: do.RemoveTest, states: Mapping[UUID, TestState]) -> None:
    campaign.members = removed(campaign.members, action.test_id)


def _move(campaign: Campaign, action: do.MoveTest, states: Mapping[UUID, TestState]) -> None:
    campaign.members = moved(campaign.members, action.test_id, action.position)


def _set_dependencies(campaign: Campaign, action: do.SetDependencies, states: Mapping[UUID, TestState]) -> None:
    campaign.members = depending(campaign.members, action.test_id, action.depends_on)


def _recur(campaign: Campaign, action: do.SetRecurrence, states: Mapping[UUID, TestState]) -> None:
    campaign.recurrence = None if action.cron is None else Recurrence(action.cron, action.zone)


def _start(campaign: Campaign, action: do.StartCampaign, states: Mapping[UUID, TestState]) -> None:
    campaign.state = CampaignState.RUNNING


def _finish(campaign: Campaign, action: do.FinishCampaign, states: Mapping[UUID, TestState]) -> None:
    left = sum(_unfinished(one, states) for one in campaign.members)
    if left and not action.confirmed:
        raise NeedsConfirmation([f"{left} of {len(campaign.members)} tests are unfinished: finish it anyway?"])
    campaign.state = CampaignState.FINISHED


def _cancel(campaign: Campaign, action: do.CancelCampaign, states: Mapping[UUID, TestState]) -> None:
    campaign.state = CampaignState.CANCELLED


@dataclass(frozen=True, slots=True)
class _Step:
    event: str
    check: Callable[[Campaign, Person], None]
    do: Callable[[Campaign, Any, Mapping[UUID, TestState]], None] | None = None


_STEPS: Mapping[str, _Step] = MappingProxyType(
    {
        do.EditCampaign.kind: _Step("campaign_edited", _open, _edit),
        do.AddTests.kind: _Step("tests_added", _open, _add),
        do.RemoveTest.kind: _Step("test_removed", _open, _remove),
        do.MoveTest.kind: _Step("test_moved", _open, _move),
        do.SetDependencies.kind: _Step("dependencies_set", _open, _set_dependencies),
        do.SetRecurrence.kind: _Step("recurrence_set", _recurring, _recur),
        do.StartCampaign.kind: _Step("campaign_started", _startable, _start),
        do.FinishCampaign.kind: _Step("campaign_finished", _finishable, _finish),
        do.CancelCampaign.kind: _Step("campaign_cancelled", _open, _cancel),
        do.CloneCampaign.kind: _Step("campaign_created", _clonable),
    }
)
