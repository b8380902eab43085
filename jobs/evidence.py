"""Evidence comes and goes: a file is looked at, kept and written down, or nothing at all happens.

The object is there before its row and goes after it: a row never points nowhere, and what a killed process leaves is an
object that no row knows, which the sweep removes.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from data import objects
from data import redis as redis_connection
from data.database import Actor, reading, unit_of_work
from data.repositories import evidence, security_tests, workflow
from domain.errors import AegisError, Duplicate, PermissionDenied, RuleViolated
from domain.evidence import (
    MAX_BYTES,
    PER_TEST,
    Evidence,
    checked_caption,
    checked_reason,
    refusal_to_add,
    refusal_to_delete,
)
from domain.file_kinds import Examined, examine
from domain.testing.entity import SecurityTest
from domain.testing.events import Event
from domain.testing.person import Person, Side, Team

log = logging.getLogger(__name__)

# A row follows its object within seconds; whatever is this old and has none will not get one.
ORPHAN_AGE = timedelta(hours=1)
_SWEEP_SECONDS = 3600
_SWEPT = "aegis:evidence:swept"
_JOB_SECONDS = 1800
_PIECE = 1024 * 1024


def check_may_add(number: int, side: Team, actor: Actor) -> None:
    """Raises why this person cannot add a file there: asked before a byte of it is read."""
    with reading() as session:
        _refuse(refusal_to_add(*_loaded(session, number, actor), side))


def attach(
    number: int, side: Team, name: str, stream: IO[bytes], actor: Actor, *, caption: str = "", limit: int = MAX_BYTES
) -> Evidence:
    """Keep a file with a side of a test. `stream` can be read twice, from its beginning; `limit` is in bytes.

    Raises what refuses it; then there is neither a row nor an object.
    """
    said = checked_caption(caption)
    file = examine(name, _pieces(stream), limit)
    with reading() as session:
        key = f"{evidence.PREFIX}{evidence.test_id(session, number)}/{uuid4().hex}"
    stream.seek(0)
    objects.put(key, stream, name=file.name, media_type=file.kind.media_type)
    try:
        with unit_of_work() as session:
            return _write(session, number, side, file, key=key, caption=said, actor=actor)
    except BaseException:
        _take_back(key)
        raise


def _write(
    session: Session, number: int, side: Team, file: Examined, *, key: str, caption: str, actor: Actor
) -> Evidence:
    test, person = _loaded(session, number, actor, lock=True)
    _refuse(refusal_to_add(test, person, side))
    if (there := evidence.same(session, test.id, side, file.sha256)) is not None:
        raise Duplicate(f"{file.name} is there already, as {there}.")
    if evidence.count(session, test.id) >= PER_TEST:
        raise RuleViolated(f"A test keeps at most {PER_TEST} files; put several into one archive.")
    now = datetime.now(UTC)
    made = evidence.add(session, test, side, file, key=key, caption=caption, by=person, at=now)
    event = _event("evidence_added", test, made, person, now, side=Side(side), note=caption)
    security_tests.tell(session, [event], actor)
    return made


def _take_back(key: str) -> None:
    """Forget the object of a row that was not written. A connection can break after the commit: then it is kept."""
    try:
        with reading() as session:
            written = evidence.known(session, [key])
        if not written:
            objects.delete(key)
    except Exception:
        log.exception("The object %s may belong to nothing; the next sweep looks at it", key)


def delete(evidence_id: UUID, reason: str, actor: Actor) -> Evidence:
    """Take a file away for everybody and for good; its tombstone, with the reason, stays. Returns the tombstone."""
    said = checked_reason(reason)
    with unit_of_work() as session:
        person = _person(session, actor)
        _refuse(refusal_to_delete(person))
        test = security_tests.get(session, evidence.test_of(session, evidence_id), lock=True)
        now = datetime.now(UTC)
        gone, key = evidence.bury(session, evidence_id, person, said, now)
        event = _event("evidence_deleted", test, gone, person, now, side=person.side, note=said)
        security_tests.tell(session, [event], actor)
    try:
        objects.delete(key)
    except Exception:
        log.exception("The content of deleted evidence %s is still there; the next sweep removes it", evidence_id)
    return gone


def plan_sweep() -> None:
    """Queue a sweep when none was queued for an hour, whoever asks. Raises what Redis raises."""
    from rq import Queue

    client = redis_connection.client()
    if client.set(_SWEPT, b"1", nx=True, ex=_SWEEP_SECONDS):
        Queue("default", connection=client).enqueue("jobs.evidence.sweep", job_timeout=_JOB_SECONDS, result_ttl=0)


def sweep(now: datetime | None = None) -> int:
    """Remove objects that belong to no file: of interrupted uploads, deleted tests, deletions that were cut short.

    Returns how many. An object under an hour old is left alone: its row may be on its way.
    """
    before = (now or datetime.now(UTC)) - ORPHAN_AGE
    removed = objects.drop_unfinished(evidence.PREFIX, before)
    for keys in objects.older_than(evidence.PREFIX, before):
        with reading() as session:
            orphans = set(keys) - evidence.known(session, keys)
        for key in sorted(orphans):
            objects.delete(key)
        removed += len(orphans)
    if removed:
        log.warning("Removed %d stored files that belonged to no evidence", removed)
    return removed


def _loaded(session: Session, number: int, actor: Actor, *, lock: bool = False) -> tuple[SecurityTest, Person]:
    person = _person(session, actor)
    return security_tests.get(session, evidence.test_id(session, number), lock=lock), person


def _person(session: Session, actor: Actor) -> Person:
    """Who acts, with the role they have now."""
    person = workflow.people(session, [actor.id]).get(actor.id) if actor.id else None
    if person is None:
        raise PermissionDenied("This account is disabled; nothing was changed.")
    return person


def _refuse(refusal: AegisError | None) -> None:
    if refusal is not None:
        raise refusal


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _event(kind: str, test: SecurityTest, file: Evidence, by: Person, at: datetime, *, side: Side, note: str) -> Event:
    about = {"evidence": str(file.id), "name": file.name, "side": str(file.side), "size": file.size}
    row = {**about, "sha256": file.sha256, "media_type": file.media_type}
    deleted = file.deleted_at is not None
    return Event(
        kind=kind,
        test_id=test.id,
        round=file.round,
        at=at,
        by=by,
        side=side,
        note=note or None,
        red_assignee=test.red_assignee,
        blue_assignee=test.blue_assignee,
        details=about,
        before=row if deleted else {},
        after={} if deleted else row,
    )
