"""What leads do with campaigns: plan, fill, order, start, end, copy them, and let them come again by themselves.

Every change is one transaction on the locked campaign, with the version its author saw and an entry in the audit log.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from data.database import Actor, unit_of_work
from data.repositories import audit, campaigns, security_tests, workflow
from domain.errors import AegisError, BadInput, PermissionDenied, StaleVersion, Unavailable
from domain.roles import Permission, Role, require
from domain.testing import campaign_actions as do
from domain.testing.campaign import Campaign, CampaignEvent, clone_of, create_campaign
from domain.testing.creation import copy_of
from domain.testing.person import Person

log = logging.getLogger(__name__)

SCHEDULE = Actor(name="Schedule")
# A moment of the scheduler: a campaign that fails must not hold up the others for ever.
_RUNS_AT_ONCE = 20
_MISSED_MOST = 1_000
_NAME_MAX = 200


def create(actor: Actor, role: Role, action: do.CreateCampaign, *, adversary_id: UUID | None = None) -> UUID:
    """Plan a campaign without tests; returns its id. Asked twice with the same id, it is planned once."""
    require(role, Permission.MANAGE_CAMPAIGNS)
    with unit_of_work() as session:
        if campaigns.is_made(session, action.id):
            return action.id
        _check_actor(session, action.actor_attack_id)
        campaign, events = create_campaign(action, person(session, actor), datetime.now(UTC))
        campaigns.add(session, campaign, events, actor, adversary_id=adversary_id)
        return campaign.id


def act(
    actor: Actor, role: Role, campaign_id: UUID, action: do.CampaignAction, *, seen_version: int | None = None
) -> int:
    """Do an action to a campaign that is there; returns its version afterwards.

    Tests are added with `add_tests` and copies made with `clone`, because these touch more than the campaign. Raises
    what its rules refuse, StaleVersion when it was changed after `seen_version`.
    """
    require(role, Permission.MANAGE_CAMPAIGNS)
    if isinstance(action, do.AddTests | do.CloneCampaign | do.CreateCampaign):
        raise TypeError(f"{action.kind} has a command of its own.")
    with unit_of_work() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if isinstance(action, do.EditCampaign):
            _check_actor(session, action.actor_attack_id)
        events = campaign.act(
            action,
            person(session, actor),
            datetime.now(UTC),
            states=campaigns.states(session, campaign_id),
            seen_version=seen_version,
            last_changed_by=_changed_by(session, campaign, seen_version),
        )
        campaigns.store(session, campaign, events, actor)
        return campaign.version


def add_tests(
    actor: Actor, role: Role, campaign_id: UUID, test_ids: Sequence[UUID], *, seen_version: int | None = None
) -> int:
    """Put tests at the end of a campaign, out of the campaign they were part of; returns its version.

    All of them or none: a test that is part of a campaign which can no longer be changed stays there, and so do all.
    """
    require(role, Permission.MANAGE_CAMPAIGNS)
    with unit_of_work() as session:
        places = campaigns.belonging(session, test_ids)
        keys = {key for key in places.values() if key is not None} | {campaign_id}
        locked = {key: campaigns.get(session, key, lock=True) for key in sorted(keys)}
        if campaigns.belonging(session, test_ids, lock=True) != places:
            raise StaleVersion("Somebody moved one of these tests meanwhile: look at it again before you go on.")
        by, now, target = person(session, actor), datetime.now(UTC), locked[campaign_id]
        events = target.act(
            do.AddTests(test_ids=tuple(test_ids)),
            by,
            now,
            seen_version=seen_version,
            last_changed_by=_changed_by(session, target, seen_version),
        )
        for key in sorted(keys - {campaign_id}):
            taken = [test_id for test_id in test_ids if places[test_id] == key]
            told = [event for each in taken for event in locked[key].act(do.RemoveTest(test_id=each), by, now)]
            campaigns.store(session, locked[key], told, actor)
        campaigns.store(session, target, events, actor)
        return target.version


def remove_tests(
    actor: Actor, role: Role, campaign_id: UUID, test_ids: Sequence[UUID], *, seen_version: int | None = None
) -> int:
    """Take tests out of a campaign, all of them or none; the tests themselves stay. Returns its version."""
    require(role, Permission.MANAGE_CAMPAIGNS)
    with unit_of_work() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        changed_by = _changed_by(session, campaign, seen_version)
        by, now = person(session, actor), datetime.now(UTC)
        events: list[CampaignEvent] = []
        for test_id in test_ids:
            action = do.RemoveTest(test_id=test_id)
            events += campaign.act(action, by, now, seen_version=seen_version, last_changed_by=changed_by)
            seen_version = None  # what follows is ours
        campaigns.store(session, campaign, events, actor)
        return campaign.version


def clone(actor: Actor, role: Role, campaign_id: UUID, action: do.CloneCampaign) -> UUID:
    """A copy of a campaign and of its tests as drafts, the next run of its series; returns its id.

    `action.copies` may be empty: the copies are named here. Asked twice with the same `new_id`, it is made once.
    """
    require(role, Permission.MANAGE_CAMPAIGNS)
    with unit_of_work() as session:
        if campaigns.is_made(session, action.new_id):
            return action.new_id
        campaign = campaigns.get(session, campaign_id)
        _copy(session, campaign, action, person(session, actor), actor)
        return action.new_id


def _copy(
    session: Session, campaign: Campaign, action: do.CloneCampaign, by: Person, actor: Actor, *, is_demo: bool = False
) -> list[CampaignEvent]:
    """Make the copy that `action` names, its tests first; what they cost does not grow with how many they are."""
    now = datetime.now(UTC)
    ids = [one.test_id for one in campaign.members]
    copies = {test_id: uuid5(action.new_id, str(test_id)) for test_id in ids}
    wanted = do.CloneCampaign(
        new_id=action.new_id,
        name=action.name,
        copies=copies,
        starts_on=action.starts_on,
        ends_on=action.ends_on,
    )
    copy, events = clone_of(campaign, wanted, by, now)
    place = campaigns.next_in_series(session, campaign.id)
    kept, copy.members = copy.members, ()
    campaigns.add(session, copy, (), actor, series_id=place.series_id, run_number=place.run_number, is_demo=is_demo)
    versions = campaigns.template_versions(session, ids)
    security_tests.add_many(
        session,
        [copy_of(test, copies[test.id], copy.id, by, now) for test in security_tests.get_many(session, ids)],
        actor,
        {copies[test_id]: {"template_version": versions[test_id], "is_demo": is_demo} for test_id in ids},
    )
    copy.members = kept
    campaigns.store(session, copy, events, actor)
    return events


def spawn_due(now: datetime) -> int:
    """Make the run of every campaign whose time has come; returns how many were made.

    Any number of schedulers may call it: the run and the time of the next one are one transaction on the locked
    campaign. Of several missed times the latest is made up for, and the audit log says how many were skipped.
    """
    made = 0
    for _ in range(_RUNS_AT_ONCE):
        due = None
        try:
            with unit_of_work() as session:
                due = campaigns.take_due(session, now)
                if due is None:
                    break
                _spawn(session, due, now)
                made += 1
        except Unavailable:
            raise
        except AegisError as error:
            if due is None:
                raise
            _skip(due.campaign_id, error, now)
    return made


def _spawn(session: Session, due: campaigns.Due, now: datetime) -> None:
    campaign = campaigns.get(session, due.campaign_id)
    recurrence = campaign.recurrence
    if recurrence is None:
        raise BadInput("It has no rhythm any more.")
    campaigns.set_next_run(session, campaign.id, recurrence.next_after(now))
    later = recurrence.missed_between(due.due_at, now, most=_MISSED_MOST)
    at = later[-1] if later else due.due_at
    starts = at.astimezone(ZoneInfo(recurrence.zone)).date()
    length = campaign.ends_on - campaign.starts_on if campaign.ends_on and campaign.starts_on else None
    action = do.CloneCampaign(
        new_id=uuid4(),
        name=_run_name(campaign.name, starts.isoformat()),
        copies={},
        starts_on=starts,
        ends_on=starts + length if length is not None else None,
    )
    _copy(session, campaign, action, _planner(campaign), SCHEDULE, is_demo=due.is_demo)
    after = {"run": str(action.new_id), "due": at.isoformat(), "skipped": len(later)}
    audit.record(session, SCHEDULE, "campaign.spawned", entity=("campaign", str(campaign.id)), after=after)
    if later:
        log.warning("%d missed runs of campaign %s were skipped; the latest is made up for", len(later), campaign.id)


def _skip(campaign_id: UUID, why: AegisError, now: datetime) -> None:
    """A run that the rules refuse holds up nobody: it is left out, the history says why, and the next one is tried."""
    log.error("The run of campaign %s could not be made: %s", campaign_id, why.detail)
    with unit_of_work() as session:
        try:
            recurrence = campaigns.get(session, campaign_id, lock=True).recurrence
        except AegisError:
            recurrence = None  # its rhythm itself cannot be read
        campaigns.set_next_run(session, campaign_id, recurrence.next_after(now) if recurrence else None)
        entity = ("campaign", str(campaign_id))
        audit.record(session, SCHEDULE, "campaign.run_refused", entity=entity, after={"note": why.detail})


def _run_name(name: str, day: str) -> str:
    return f"{name[: _NAME_MAX - len(day) - 2]}, {day}"


def _planner(campaign: Campaign) -> Person:
    """The schedule acts for whoever planned the campaign; what it plans does not hang on their account today."""
    if campaign.created_by is None:
        raise PermissionDenied("A campaign that nobody planned cannot come again.")
    return Person(campaign.created_by, SCHEDULE.name, Role.RED_LEAD)


def person(session: Session, actor: Actor) -> Person:
    """Who acts, with the role they have now. Raises PermissionDenied when the account is gone or disabled."""
    found = workflow.people(session, [actor.id]).get(actor.id) if actor.id else None
    if found is None:
        raise PermissionDenied("This account is disabled; nothing was changed.")
    return found


def _changed_by(session: Session, campaign: Campaign, seen_version: int | None) -> str:
    stale = seen_version is not None and seen_version != campaign.version
    return campaigns.last_changed_by(session, campaign.id) if stale else ""


def _check_actor(session: Session, attack_id: str | None) -> None:
    if attack_id and not campaigns.is_actor(session, attack_id):
        raise BadInput("ATT&CK has no such threat actor on the loaded maps.", errors={"actor_attack_id": "unknown"})
