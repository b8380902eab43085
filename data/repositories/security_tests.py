"""Tests as their rules know them: loaded whole, locked, and stored with what happened to them.

A test is one row with its rounds, observations and remediation. The row carries the values of the latest round, which
is what metrics read.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from data.database import Actor
from data.models import CampaignDependency, TestRound, TestTemplate, TimelineEntry
from data.models import Observation as ObservationRow
from data.models import Remediation as RemediationRow
from data.models import SecurityTest as TestRow
from data.repositories import audit, outbox
from domain.errors import NotFound
from domain.outcomes import Detection, Prevention, RemediationState, TestState
from domain.testing.entity import SecurityTest
from domain.testing.events import Event
from domain.testing.order import Ahead
from domain.testing.remediation import Remediation
from domain.testing.rounds import Observation, Round, RoundResult, Verdict

TOPIC = "test.event"
_PLAN = (
    "title", "technique_id", "claimed_technique", "procedure_key", "procedure", "arguments", "template_id", "platform",
    "environment", "campaign_id", "retest_of_id", "priority", "created_by", "created_at", "updated_at",
    "red_assignee", "blue_assignee", "started_at", "timer_since", "red_effort_seconds", "blue_effort_seconds",
    "prevented_at", "logged_at", "detected_at", "not_applicable_reason", "validated_at", "version",
)  # fmt: skip
_LATEST = (
    "executed_at", "attack_succeeded", "red_submitted_at", "red_submitted_by", "contained_at", "watched_until",
    "blue_submitted_at", "blue_submitted_by", "red_approved_by", "blue_approved_by", "round",
)  # fmt: skip
_ROUND = tuple(field.name for field in fields(Round) if field.name != "observations")
_OBSERVATION = tuple(field.name for field in fields(Observation))
_REMEDIATION = tuple(field.name for field in fields(Remediation))


def get(session: Session, test_id: UUID, *, lock: bool = False) -> SecurityTest:
    """The test with all its rounds; with `lock`, nobody else changes it before this transaction ends."""
    row = session.get(TestRow, test_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound("There is no such test.")
    (test,) = _entities(session, [row])
    return test


def get_many(session: Session, ids: Sequence[UUID]) -> list[SecurityTest]:
    """These tests in the order given, by a fixed number of statements. Raises NotFound."""
    rows = {row.id: row for row in session.scalars(select(TestRow).where(TestRow.id.in_(ids)))}
    if len(rows) < len(set(ids)):
        raise NotFound("One of these tests is not there any more.")
    return _entities(session, [rows[test_id] for test_id in ids])


def lock_many(session: Session, ids: Sequence[UUID]) -> None:
    """Nobody else changes these tests before this transaction ends."""
    session.execute(select(TestRow.id).where(TestRow.id.in_(ids)).order_by(TestRow.id).with_for_update())


def _entities(session: Session, rows: Sequence[TestRow]) -> list[SecurityTest]:
    ids = [row.id for row in rows]
    rounds, seen, repairs = defaultdict(list), defaultdict(list), {}
    for one in session.scalars(select(TestRound).where(TestRound.test_id.in_(ids)).order_by(TestRound.number)):
        rounds[one.test_id].append(one)
    for look in session.scalars(
        select(ObservationRow).where(ObservationRow.test_id.in_(ids)).order_by(ObservationRow.recorded_at)
    ):
        seen[look.test_id].append(look)
    for repair in session.scalars(select(RemediationRow).where(RemediationRow.test_id.in_(ids))):
        repairs[repair.test_id] = repair
    ahead = _ahead(session, rows)
    return [
        SecurityTest(
            id=row.id,
            state=TestState(row.state),
            prevention=Prevention(row.prevention) if row.prevention else None,
            detection=Detection(row.detection) if row.detection else None,
            rounds=_rounds(row, rounds[row.id], seen[row.id]),
            remediation=_remediation(repairs.get(row.id)),
            waits_for=tuple(ahead[row.id]),
            **{name: getattr(row, name) for name in _PLAN},
        )
        for row in rows
    ]


def _ahead(session: Session, rows: Sequence[TestRow]) -> Mapping[UUID, list[Ahead]]:
    """What each of these waits for and is not finished, in the order of its campaign."""
    found: dict[UUID, list[Ahead]] = defaultdict(list)
    planned = {row.id: row.campaign_id for row in rows if row.campaign_id is not None}
    if not planned:
        return found
    needed = (
        select(CampaignDependency.test_id, TestRow.campaign_id, TestRow.number, TestRow.title)
        .join(TestRow, TestRow.id == CampaignDependency.depends_on_id)
        .where(
            CampaignDependency.test_id.in_(planned),
            TestRow.state.in_([state for state in TestState if state.unfinished]),
        )
        .order_by(TestRow.campaign_position.nulls_last(), TestRow.number)
    )
    for one in session.execute(needed):
        if one.campaign_id == planned[one.test_id]:
            found[one.test_id].append(Ahead(one.number, one.title))
    return found


def _rounds(row: TestRow, rounds: Sequence[TestRound], seen: Sequence[ObservationRow]) -> tuple[Round, ...]:
    if not rounds:  # a draft that was stored before rounds were
        return (Round(number=row.round, opened_at=row.created_at),)
    return tuple(_round(one, [look for look in seen if look.round == one.number]) for one in rounds)


def _round(row: TestRound, seen: Sequence[ObservationRow]) -> Round:
    values: dict[str, Any] = {name: getattr(row, name) for name in _ROUND}
    values["result"] = RoundResult(row.result) if row.result else None
    for name in ("red_verdict", "blue_verdict"):
        values[name] = Verdict(values[name]) if values[name] else None
    return Round(observations=tuple(_observation(one) for one in seen), **values)


def _observation(row: ObservationRow) -> Observation:
    values: dict[str, Any] = {name: getattr(row, name) for name in _OBSERVATION}
    return Observation(**{**values, "prevention": Prevention(row.prevention), "detection": Detection(row.detection)})


def _remediation(row: RemediationRow | None) -> Remediation | None:
    if row is None:
        return None
    values: dict[str, Any] = {name: getattr(row, name) for name in _REMEDIATION}
    return Remediation(**{**values, "state": RemediationState(row.state)})


def last_changed_by(session: Session, test_id: UUID) -> str:
    """Who did something to it last, by name."""
    name = session.scalar(
        select(TimelineEntry.actor_name)
        .where(TimelineEntry.test_id == test_id, TimelineEntry.action != "commented")
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(1)
    )
    return name or "somebody else"


def add(session: Session, test: SecurityTest, events: Sequence[Event], actor: Actor, **more: Any) -> int:
    """Store a new test with what happened to it; returns its number. `more` are columns the rules do not know.

    It keeps the version its template has now, and stands last in its campaign.
    """
    row = TestRow(id=test.id, **_columns(test), **{**_placed(test), **more})
    session.add(row)
    session.flush()
    _store_rounds(session, test)
    _store_remediation(session, test)
    tell(session, events, actor)
    return row.number


def _placed(test: SecurityTest) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if test.template_id is not None:
        newest = select(TestTemplate.version).where(TestTemplate.id == test.template_id)
        columns["template_version"] = newest.scalar_subquery()
    if test.campaign_id is not None:
        last = select(func.coalesce(func.max(TestRow.campaign_position), 0) + 1)
        columns["campaign_position"] = last.where(TestRow.campaign_id == test.campaign_id).scalar_subquery()
    return columns


def add_many(
    session: Session,
    made: Sequence[tuple[SecurityTest, Sequence[Event]]],
    actor: Actor,
    more: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> None:
    """Store new drafts with what happened to them, by a fixed number of statements; `more` as of `add`, by test."""
    if not made:
        return
    more = more or {}
    rows = [{"id": test.id, **_columns(test), **more.get(test.id, {})} for test, _ in made]
    session.execute(insert(TestRow), rows)
    opened = [
        {"test_id": test.id, **{name: getattr(one, name) for name in _ROUND}} for test, _ in made for one in test.rounds
    ]
    session.execute(insert(TestRound), opened)
    told = [event for _, events in made for event in events]
    session.execute(insert(TimelineEntry), [_entry(event) for event in told])
    audit.record_many(session, actor, [_audited(event) for event in told])
    outbox.add_many(session, TOPIC, [_message(event) for event in told])


def tell_of_many(session: Session, acted: Sequence[tuple[SecurityTest, Sequence[Event]]], actor: Actor) -> None:
    """Write what happened to locked tests where it changed nothing of them but the version, as planning a retest does.

    By a fixed number of statements, however many they are.
    """
    if not acted:
        return
    session.execute(
        update(TestRow),
        [{"id": test.id, "version": test.version, "updated_at": test.updated_at} for test, _ in acted],
    )
    told = [event for _, events in acted for event in events]
    session.execute(insert(TimelineEntry), [_entry(event) for event in told])
    audit.record_many(session, actor, [_audited(event) for event in told])
    outbox.add_many(session, TOPIC, [_message(event) for event in told])


def store(session: Session, test: SecurityTest, events: Sequence[Event], actor: Actor) -> None:
    """Write a test that was loaded with `lock`, its timeline, the audit log and the outbox."""
    row = session.get_one(TestRow, test.id)
    for name, value in _columns(test).items():
        setattr(row, name, value)
    _store_rounds(session, test)
    _store_remediation(session, test)
    tell(session, events, actor)


def _columns(test: SecurityTest) -> dict[str, Any]:
    values = {name: getattr(test, name) for name in (*_PLAN, *_LATEST)}
    values["arguments"] = dict(test.arguments)
    return values | {
        "state": test.state,
        "prevention": test.prevention,
        "detection": test.detection,
        "outcome": test.outcome,
        "not_applicable": test.not_applicable,
        "remediation_state": test.remediation.state if test.remediation else None,
        "remediation_due_on": test.remediation.due_on if test.remediation else None,
        "remediation_completed_at": test.remediation.completed_at if test.remediation else None,
    }


def _store_rounds(session: Session, test: SecurityTest) -> None:
    """Closed rounds do not change: only the last two can differ from what is stored, one closed and one opened."""
    for one in test.rounds[-2:]:
        values = {name: getattr(one, name) for name in _ROUND}
        stored = insert(TestRound).values(test_id=test.id, **values)
        session.execute(
            stored.on_conflict_do_update(
                index_elements=["test_id", "number"], set_=values, where=TestRound.closed_at.is_(None)
            )
        )
    latest = test.current
    tools = [look.tool_id for look in latest.observations]
    session.execute(
        delete(ObservationRow).where(
            ObservationRow.test_id == test.id,
            ObservationRow.round == latest.number,
            ObservationRow.tool_id.not_in(tools),
        )
    )
    if not tools:
        return
    fixed = {"test_id": test.id, "round": latest.number}
    said = [fixed | {name: getattr(look, name) for name in _OBSERVATION} for look in latest.observations]
    seen = insert(ObservationRow).values(said)
    changed = {name: getattr(seen.excluded, name) for name in _OBSERVATION if name != "tool_id"}
    session.execute(seen.on_conflict_do_update(index_elements=["test_id", "round", "tool_id"], set_=changed))


def _store_remediation(session: Session, test: SecurityTest) -> None:
    if test.remediation is None:
        session.execute(delete(RemediationRow).where(RemediationRow.test_id == test.id))
        return
    values = {name: getattr(test.remediation, name) for name in _REMEDIATION}
    stored = insert(RemediationRow).values(test_id=test.id, **values)
    session.execute(stored.on_conflict_do_update(index_elements=["test_id"], set_=values))


def tell(session: Session, events: Sequence[Event], actor: Actor) -> None:
    """Timeline, audit log and outbox, in the transaction that made it true."""
    for event in events:
        session.add(TimelineEntry(**_entry(event)))
        audit.record_many(session, actor, [_audited(event)])
        session.flush()  # entries keep the order in which things happened
        outbox.add(session, TOPIC, _message(event))


def _entry(event: Event) -> dict[str, Any]:
    return {
        "test_id": event.test_id,
        "round": event.round,
        "at": event.at,
        "actor_id": event.by.id,
        "actor_name": event.by.name,
        "side": event.side,
        "action": event.kind,
        "note": event.note,
        "details": dict(event.details),
    }


def _audited(event: Event) -> audit.Entry:
    after = {**event.after, **({"note": event.note} if event.note else {})}
    return audit.Entry(f"test.{event.kind}", ("test", str(event.test_id)), event.before, after)


def _message(event: Event) -> dict[str, object]:
    return {
        "id": str(uuid7()),  # two events of a test may have the same moment
        "kind": event.kind,
        "test": str(event.test_id),
        "round": event.round,
        "at": event.at.isoformat(),
        "by": str(event.by.id),
        "by_name": event.by.name,
        "note": event.note,
        "red_assignee": str(event.red_assignee) if event.red_assignee else None,
        "blue_assignee": str(event.blue_assignee) if event.blue_assignee else None,
        "details": dict(event.details),
        "state": event.after.get("state"),
    }
