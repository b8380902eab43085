"""Campaigns as their rules know them: loaded with their tests, locked, and stored with what happened to them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, column, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import AttackObject, AuditEntry, CampaignDependency, SecurityTest, TestCampaign
from data.repositories import audit
from domain.errors import NotFound
from domain.outcomes import TestState
from domain.testing.campaign import Campaign, CampaignEvent, CampaignState
from domain.testing.members import Member, arranged
from domain.testing.recurrence import Recurrence

_SERIES_LOCK = 4713
_MAKING_LOCK = 4722
_PLAIN = (
    "name", "goal", "state", "actor_attack_id", "starts_on", "ends_on", "created_by", "created_at", "updated_at",
    "version",
)  # fmt: skip


def get(session: Session, campaign_id: UUID, *, lock: bool = False) -> Campaign:
    """The campaign with its tests in order; with `lock`, nobody else changes it before this transaction ends."""
    row = session.get(TestCampaign, campaign_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound("There is no such campaign.")
    return _entity(session, row)


def _entity(session: Session, row: TestCampaign) -> Campaign:
    values = {name: getattr(row, name) for name in _PLAIN}
    cron = row.recurrence_cron
    return Campaign(
        id=row.id,
        recurrence=Recurrence(cron, row.recurrence_zone or "UTC") if cron else None,
        members=_members(session, row.id),
        **{**values, "state": CampaignState(row.state)},
    )


def _members(session: Session, campaign_id: UUID) -> tuple[Member, ...]:
    """In the order kept; tests that were never placed follow in the order of their numbers."""
    ordered = session.scalars(
        select(SecurityTest.id)
        .where(SecurityTest.campaign_id == campaign_id)
        .order_by(SecurityTest.campaign_position.nulls_last(), SecurityTest.number)
    ).all()
    waits_for: dict[UUID, set[UUID]] = defaultdict(set)
    among = select(SecurityTest.id).where(SecurityTest.campaign_id == campaign_id)
    for test_id, other in session.execute(
        select(CampaignDependency.test_id, CampaignDependency.depends_on_id).where(
            CampaignDependency.test_id.in_(among), CampaignDependency.depends_on_id.in_(among)
        )
    ):
        waits_for[test_id].add(other)
    return arranged(Member(test_id, 0, frozenset(waits_for[test_id])) for test_id in ordered)


def state(session: Session, campaign_id: UUID | None) -> CampaignState | None:
    """How it stands, which nobody changes before this transaction ends; None for no campaign. Raises NotFound."""
    if campaign_id is None:
        return None
    held = session.scalar(select(TestCampaign.state).where(TestCampaign.id == campaign_id).with_for_update(read=True))
    if held is None:
        raise NotFound("There is no such campaign.")
    return CampaignState(held)


def states(session: Session, campaign_id: UUID) -> dict[UUID, TestState]:
    """The state of each of its tests."""
    rows = session.execute(select(SecurityTest.id, SecurityTest.state).where(SecurityTest.campaign_id == campaign_id))
    return {row.id: TestState(row.state) for row in rows}


def belonging(session: Session, test_ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, UUID | None]:
    """Which campaign each of these tests is part of, if any. Raises NotFound when one is not there.

    Whoever locks them has locked these campaigns before, so that nobody waits for each other.
    """
    query = select(SecurityTest.id, SecurityTest.campaign_id).where(SecurityTest.id.in_(test_ids))
    rows = session.execute(query.order_by(SecurityTest.id).with_for_update() if lock else query)
    found = {row.id: row.campaign_id for row in rows}
    if len(found) < len(set(test_ids)):
        raise NotFound("One of these tests is not there any more.")
    return found


def last_changed_by(session: Session, campaign_id: UUID) -> str:
    """Who did something to it last, by name."""
    name = session.scalar(
        select(AuditEntry.actor_name)
        .where(AuditEntry.entity_type == "campaign", AuditEntry.entity_id == str(campaign_id))
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )
    return name or "somebody else"


def is_made(session: Session, campaign_id: UUID) -> bool:
    """Whether it is there. Who asks for the same one at the same moment waits until this transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_MAKING_LOCK, func.hashtext(str(campaign_id)))))
    return session.get(TestCampaign, campaign_id) is not None


def is_actor(session: Session, attack_id: str) -> bool:
    """Whether a loaded map knows this group."""
    group = select(AttackObject.id).where(AttackObject.kind == "group", AttackObject.attack_id == attack_id)
    return bool(session.scalar(select(group.exists())))


def add(session: Session, campaign: Campaign, events: Sequence[CampaignEvent], actor: Actor, **more: Any) -> None:
    """Store a new campaign with what happened to it. `more` are columns the rules do not know.

    Its tests must be there, or be made in the same transaction before.
    """
    session.add(TestCampaign(id=campaign.id, **_columns(campaign, None), **more))
    session.flush()
    _store_members(session, campaign)
    _tell(session, events, actor)


def store(session: Session, campaign: Campaign, events: Sequence[CampaignEvent], actor: Actor) -> None:
    """Write a campaign that was loaded with `lock`, its tests' places and the audit log."""
    row = session.get_one(TestCampaign, campaign.id)
    for name, value in _columns(campaign, row).items():
        setattr(row, name, value)
    if any("members" in event.after for event in events):
        _store_members(session, campaign)
    _tell(session, events, actor)


def _columns(campaign: Campaign, row: TestCampaign | None) -> dict[str, Any]:
    values = {name: getattr(campaign, name) for name in _PLAIN}
    cron = campaign.recurrence.cron if campaign.recurrence else None
    zone = campaign.recurrence.zone if campaign.recurrence else None
    values |= {"recurrence_cron": cron, "recurrence_zone": zone}
    if campaign.recurrence is None or campaign.state is CampaignState.CANCELLED:
        values["next_run_at"] = None
    elif row is None or (row.recurrence_cron, row.recurrence_zone) != (cron, zone):
        values["next_run_at"] = campaign.recurrence.next_after(campaign.updated_at)
    before = row.state if row is not None else CampaignState.PLANNED
    if campaign.state != before:
        values["started_at" if campaign.state is CampaignState.RUNNING else "ended_at"] = campaign.updated_at
    return values


def _store_members(session: Session, campaign: Campaign) -> None:
    ids = [one.test_id for one in campaign.members]
    was_or_is = or_(SecurityTest.campaign_id == campaign.id, SecurityTest.id.in_(ids))
    session.execute(
        delete(CampaignDependency).where(CampaignDependency.test_id.in_(select(SecurityTest.id).where(was_or_is)))
    )
    session.execute(
        delete(CampaignDependency).where(CampaignDependency.depends_on_id.in_(select(SecurityTest.id).where(was_or_is)))
    )
    session.execute(
        update(SecurityTest)
        .where(SecurityTest.campaign_id == campaign.id, SecurityTest.id.not_in(ids))
        .values(campaign_id=None, campaign_position=None)
        .execution_options(synchronize_session=False)
    )
    if not ids:
        return
    placed = (
        func.unnest(
            bindparam("ids", ids, type_=ARRAY(Uuid())),
            bindparam("positions", [one.position for one in campaign.members], type_=ARRAY(Integer())),
        )
        .table_valued(column("id", Uuid()), column("position", Integer()))
        .render_derived(name="placed")
    )
    session.execute(
        update(SecurityTest)
        .where(
            SecurityTest.id == placed.c.id,
            or_(
                SecurityTest.campaign_id.is_distinct_from(campaign.id),
                SecurityTest.campaign_position.is_distinct_from(placed.c.position),
            ),
        )
        .values(campaign_id=campaign.id, campaign_position=placed.c.position)
        .execution_options(synchronize_session=False)
    )
    waits = [
        {"test_id": one.test_id, "depends_on_id": other} for one in campaign.members for other in sorted(one.depends_on)
    ]
    if waits:
        session.execute(insert(CampaignDependency), waits)


def _tell(session: Session, events: Sequence[CampaignEvent], actor: Actor) -> None:
    for event in events:
        audit.record(
            session,
            actor,
            f"campaign.{event.kind.removeprefix('campaign_')}",
            entity=("campaign", str(event.campaign_id)),
            before=event.before,
            after={**event.after, **({"note": event.note} if event.note else {})},
        )


# Series: a campaign and what came of it, by its rhythm or by copying it


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its series a new run stands."""

    series_id: UUID
    run_number: int


def next_in_series(session: Session, campaign_id: UUID) -> Place:
    """The place of the next run of the campaign's series, which is this transaction's alone until it ends."""
    series = session.scalars(
        select(func.coalesce(TestCampaign.series_id, TestCampaign.id)).where(TestCampaign.id == campaign_id)
    ).one()
    session.execute(select(func.pg_advisory_xact_lock(_SERIES_LOCK, func.hashtext(str(series)))))
    last = session.scalar(
        select(func.max(TestCampaign.run_number)).where(
            or_(TestCampaign.series_id == series, TestCampaign.id == series)
        )
    )
    return Place(series, (last or 0) + 1)


def template_versions(session: Session, test_ids: Collection[UUID]) -> Mapping[UUID, int | None]:
    """The version of its template that each test was made from."""
    rows = session.execute(select(SecurityTest.id, SecurityTest.template_version).where(SecurityTest.id.in_(test_ids)))
    return {row.id: row.template_version for row in rows}


@dataclass(frozen=True, slots=True)
class Due:
    """A campaign that comes again, locked; `due_at` is the first time that nobody has served."""

    campaign_id: UUID
    due_at: datetime
    is_demo: bool


def take_due(session: Session, now: datetime) -> Due | None:
    """One campaign whose next run is due; others who look meanwhile pass over it."""
    row = session.scalars(
        select(TestCampaign)
        .where(TestCampaign.next_run_at <= now)
        .order_by(TestCampaign.next_run_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    return None if row is None or row.next_run_at is None else Due(row.id, row.next_run_at, row.is_demo)


def set_next_run(session: Session, campaign_id: UUID, at: datetime | None) -> None:
    session.get_one(TestCampaign, campaign_id).next_run_at = at
