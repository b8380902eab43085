"""The ledger of what people asked to be done to tests: accepted once by key, done once, never lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import User, WorkflowAction
from domain.errors import NotFound
from domain.roles import Role
from domain.testing.person import Person

MAX_ATTEMPTS = 8
_FIRST_DELAY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One action as it was asked for. `key` is made by whoever asks: the same key again is the same action."""

    key: UUID
    kind: str
    test_id: UUID
    payload: Mapping[str, Any] = field(default_factory=dict)
    seen_version: int | None = None
    batch_id: UUID | None = None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How an action stands. `state`: queued, done, refused, failed or cancelled; `detail` is a sentence for people."""

    key: UUID
    kind: str
    test_id: UUID
    state: str
    actor_id: UUID
    version: int | None
    code: str | None
    detail: str | None

    @property
    def finished(self) -> bool:
        return self.state != "queued"


def accept(session: Session, asked: Sequence[Asked], actor: Actor) -> None:
    """Write down what is asked, all of it or nothing; what is there already under its key stays as it is."""
    if actor.id is None:
        raise ValueError("Actions are asked for by people.")
    rows = [
        {
            "id": one.key,
            "kind": one.kind,
            "test_id": one.test_id,
            "payload": dict(one.payload),
            "seen_version": one.seen_version,
            "batch_id": one.batch_id,
            "position": one.position,
            "actor_id": actor.id,
            "actor_name": actor.name,
            "ip": actor.ip,
            "request_id": actor.request_id,
        }
        for one in asked
    ]
    session.execute(insert(WorkflowAction).on_conflict_do_nothing(index_elements=["id"]), rows)


def take(session: Session, key: UUID) -> WorkflowAction | None:
    """The action, locked until this transaction ends; None when it is finished or being done by somebody else."""
    waiting = select(WorkflowAction).where(WorkflowAction.id == key, WorkflowAction.state == "queued")
    return session.scalars(waiting.with_for_update(skip_locked=True)).first()


def person(session: Session, action: WorkflowAction) -> Person | None:
    """Who asked, with the role they have now; None when the account is gone or disabled."""
    return people(session, [action.actor_id]).get(action.actor_id)


def people(session: Session, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Enabled accounts by id. People of the demo organisation count: they have no password, but they are assigned."""
    rows = session.execute(
        select(User.id, User.display_name, User.role).where(User.id.in_(ids), User.disabled_at.is_(None))
    )
    return {row.id: Person(row.id, row.display_name, Role(row.role)) for row in rows}


def finish(action: WorkflowAction, state: str, *, version: int | None = None, code: str = "", detail: str = "") -> None:
    action.state = state
    action.version = version
    action.code, action.detail = code or None, detail or None
    action.attempts += 1
    action.finished_at = datetime.now(UTC)


def put_off(action: WorkflowAction, why: str) -> None:
    """It did not work for a reason that may pass: later again, and after the last attempt visible as failed."""
    now = datetime.now(UTC)
    action.attempts += 1
    action.detail = why[:1000]
    if action.attempts >= MAX_ATTEMPTS:
        action.state, action.code, action.finished_at = "failed", "error", now
    else:
        action.available_at = now + _FIRST_DELAY * 2 ** (action.attempts - 1)


def answer(session: Session, key: UUID) -> Answer:
    row = session.get(WorkflowAction, key)
    if row is None:
        raise NotFound("There is no such action.")
    return _answer(row)


def answers(session: Session, batch_id: UUID) -> list[Answer]:
    """Of a batch, in the order in which it was asked for."""
    rows = session.scalars(
        select(WorkflowAction).where(WorkflowAction.batch_id == batch_id).order_by(WorkflowAction.position)
    )
    return [_answer(row) for row in rows]


def open_of(session: Session, test_id: UUID) -> list[Answer]:
    """What was accepted for a test and is not done yet, oldest first."""
    rows = session.scalars(
        select(WorkflowAction)
        .where(WorkflowAction.test_id == test_id, WorkflowAction.state == "queued")
        .order_by(WorkflowAction.accepted_at)
    )
    return [_answer(row) for row in rows]


def batch_keys(session: Session, batch_id: UUID) -> list[UUID]:
    """The keys of a batch that are not done yet, in order."""
    rows = session.scalars(
        select(WorkflowAction.id)
        .where(WorkflowAction.batch_id == batch_id, WorkflowAction.state == "queued")
        .order_by(WorkflowAction.position)
    )
    return list(rows)


def overdue(session: Session, now: datetime, *, wait: timedelta, limit: int = 500) -> list[tuple[UUID, UUID | None]]:
    """Key and batch of actions that should have been done by now: their job was lost, or has to be tried again.

    They are not looked at again before `wait` has passed, so that a long queue is not filled twice.
    """
    late = (
        select(WorkflowAction.id)
        .where(
            WorkflowAction.state == "queued",
            WorkflowAction.available_at <= now - wait,
        )
        .order_by(WorkflowAction.available_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(WorkflowAction)
        .where(WorkflowAction.id.in_(late))
        .values(available_at=now)
        .returning(WorkflowAction.id, WorkflowAction.batch_id)
    )
    return [(row.id, row.batch_id) for row in rows]


def waiting(session: Session) -> int:
    """How many accepted actions are not done yet."""
    return session.scalar(select(func.count()).where(WorkflowAction.state == "queued")) or 0


def retry(session: Session, key: UUID) -> bool:
    """Let a failed action be tried once more; False when it is not one."""
    again = session.execute(
        update(WorkflowAction)
        .where(WorkflowAction.id == key, WorkflowAction.state == "failed")
        .values(state="queued", attempts=0, code=None, detail=None, finished_at=None, available_at=func.now())
        .returning(WorkflowAction.id)
    )
    return again.first() is not None


def cancel(session: Session, key: UUID) -> bool:
    """Take back an action that nobody has begun; False when it is done, or being done."""
    row = take(session, key)
    if row is not None:
        finish(row, "cancelled", code="cancelled", detail="Taken back before it was done.")
    return row is not None


def give_up(session: Session, key: UUID) -> bool:
    """Take a failed action from the list of what could still be done; False when it is not one."""
    given_up = session.execute(
        update(WorkflowAction)
        .where(WorkflowAction.id == key, WorkflowAction.state == "failed")
        .values(state="cancelled", code="cancelled")
        .returning(WorkflowAction.id)
    )
    return given_up.first() is not None


def _answer(row: WorkflowAction) -> Answer:
    return Answer(
        key=row.id,
        kind=row.kind,
        test_id=row.test_id,
        state=row.state,
        actor_id=row.actor_id,
        version=row.version,
        code=row.code,
        detail=row.detail,
    )
