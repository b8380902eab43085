"""Rehearsals of ATT&CK versions: the row is the promise that one happens, and keeps what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import AttackRehearsal
from data.repositories import attack, claims
from domain.errors import NotFound, RuleViolated
from domain.rehearsal import State, check_adoption, check_discarding, check_repeating

KEPT_MAX = 6  # rehearsals that are not over: each may keep a bundle
_LOCK = 4716


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal as it stood when it was read, without its report; `base` is the release it was compared with."""

    id: UUID
    domain: str
    version: str | None
    state: State
    origin: str
    input: Mapping[str, Any]
    bundle_key: str | None
    bundle_sha256: str | None
    requested_by: UUID | None
    requested_by_name: str
    base: str | None
    changes: bool

    @classmethod
    def of(cls, row: AttackRehearsal) -> "Rehearsal":
        names = ("id", "domain", "version", "origin", "input", "bundle_key", "bundle_sha256", "requested_by")
        return cls(
            **{name: getattr(row, name) for name in names},
            requested_by_name=row.requested_by_name,
            state=State(row.state),
            base=row.report.get("base"),
            changes=bool(row.report.get("changes")),
        )

    @property
    def actor(self) -> Actor:
        return Actor(name=self.requested_by_name, id=self.requested_by)


def create(session: Session, actor: Actor, input: Mapping[str, Any], *, domain: str, version: str | None) -> UUID:
    """Promise a rehearsal; `domain` is a guess until the bundle has been read. Raises RuleViolated over the limit."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    over = (State.ADOPTED, State.DISCARDED, State.FAILED)
    kept = session.scalar(select(func.count()).where(AttackRehearsal.state.not_in(over)))
    if (kept or 0) >= KEPT_MAX:
        raise RuleViolated(f"{KEPT_MAX} rehearsals are kept already; adopt or discard one first.")
    made = AttackRehearsal(
        domain=domain,
        version=version,
        input=dict(input),
        requested_by=actor.id,
        requested_by_name=actor.name,
    )
    session.add(made)
    session.flush()
    return made.id


def get(session: Session, rehearsal_id: UUID) -> Rehearsal:
    return Rehearsal.of(_row(session, rehearsal_id))


def start(session: Session, rehearsal_id: UUID) -> Rehearsal | None:
    """Take a queued rehearsal; None when somebody took it before, or it is over."""
    row = _row(session, rehearsal_id, lock=True)
    if row.state != State.QUEUED:
        return None
    row.state, row.phase, row.error = State.RUNNING, "Starting", None
    return Rehearsal.of(row)


def progress(session: Session, rehearsal_id: UUID, phase: str) -> None:
    session.execute(
        update(AttackRehearsal)
        .where(AttackRehearsal.id == rehearsal_id, AttackRehearsal.state == State.RUNNING)
        .values(phase=phase)
    )


def finish(session: Session, rehearsal_id: UUID, state: State, now: datetime, **facts: Any) -> bool:
    """End the work on it, with what was found or `error`; False when it was ended meanwhile."""
    ended = (
        update(AttackRehearsal)
        .where(AttackRehearsal.id == rehearsal_id, AttackRehearsal.state.in_((State.QUEUED, State.RUNNING)))
        .values(state=state, phase=None, finished_at=now, **facts)
    )
    return session.execute(ended.returning(AttackRehearsal.id)).scalar_one_or_none() is not None


def again(session: Session, rehearsal_id: UUID) -> None:
    """Queue it once more, with the bundle that is kept. Raises InvalidTransition when there is none."""
    row = _row(session, rehearsal_id, lock=True)
    check_repeating(State(row.state), kept=row.bundle_key is not None)
    row.state, row.error, row.finished_at = State.QUEUED, None, None


def discard(session: Session, rehearsal_id: UUID) -> Rehearsal:
    """Give it up; its report stays. Raises InvalidTransition. Returns it as it was, with the key of its bundle."""
    row = _row(session, rehearsal_id, lock=True)
    check_discarding(State(row.state))
    before = Rehearsal.of(row)
    row.state, row.bundle_key = State.DISCARDED, None
    return before


def check(session: Session, rehearsal: Rehearsal) -> None:
    """Whether it could be adopted now. Raises RuleViolated or InvalidTransition."""
    adopted = attack.adopted_release(session, rehearsal.domain)
    base = str(adopted.id) if adopted else None
    check_adoption(rehearsal.state, changes=rehearsal.changes, same_map=base == rehearsal.base)


def adopt(session: Session, rehearsal_id: UUID) -> None:
    """Mark it as adopted in the transaction that adopts its bundle; nobody else changes the map meanwhile."""
    claims.lock(session)
    row = _row(session, rehearsal_id, lock=True)
    check(session, Rehearsal.of(row))
    row.state, row.bundle_key = State.ADOPTED, None


def waiting(session: Session, now: datetime, *, wait: timedelta) -> list[UUID]:
    """Queued ones old enough that their job should have begun."""
    found = select(AttackRehearsal.id).where(
        AttackRehearsal.state == State.QUEUED, AttackRehearsal.created_at < now - wait
    )
    return list(session.scalars(found))


def running(session: Session) -> list[UUID]:
    return list(session.scalars(select(AttackRehearsal.id).where(AttackRehearsal.state == State.RUNNING)))


def _row(session: Session, rehearsal_id: UUID, *, lock: bool = False) -> AttackRehearsal:
    found = session.get(AttackRehearsal, rehearsal_id, with_for_update=lock)
    if found is None:
        raise NotFound("There is no such rehearsal.")
    return found
