"""Writing to the audit log, and walking its chain."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import AuditEntry
from domain.audit_point import Point

_START = hashlib.sha256(b"aegis audit log").digest()
_BATCH = 5_000
# The entity that verifications of the log name.
CHAIN = ("audit_log", "chain")


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`entries` walked; `broken_at` is the number of the first entry that does not fit; `head` the last hash (hex).

    `holds` is whether the point that was expected is there; None when none was, or the chain broke before it.
    """

    entries: int
    broken_at: int | None
    head: str
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done, as `record` takes it."""

    action: str
    entity: tuple[str, str] | None = None
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    *,
    entity: tuple[str, str] | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Add an entry in the caller's transaction. `action` reads "noun.verb in the past": `user.added`."""
    session.add(AuditEntry(**_values(actor, Entry(action, entity, before, after))))


def record_many(session: Session, actor: Actor, entries: Sequence[Entry]) -> None:
    """Add entries in this order, by one statement."""
    session.execute(insert(AuditEntry), [_values(actor, one) for one in entries])


def _values(actor: Actor, entry: Entry) -> dict[str, object]:
    return {
        "actor_id": actor.id,
        "actor_name": actor.name,
        "ip": actor.ip,
        "request_id": actor.request_id,
        "action": entry.action,
        "entity_type": entry.entity[0] if entry.entity else None,
        "entity_id": entry.entity[1] if entry.entity else None,
        "before": dict(entry.before) if entry.before is not None else None,
        "after": dict(entry.after) if entry.after is not None else None,
    }


def head(session: Session) -> Point:
    """Where the log ends now, as its last entry says; what it says is not verified here."""
    last = session.execute(text("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1")).one_or_none()
    return Point(last.seq, bytes(last.hash).hex()) if last else Point(0, _START.hex())


def verify(
    session: Session, report: Callable[[int, int], None] | None = None, expected: Point | None = None
) -> ChainReport:
    """Recompute every hash from the rows; does not believe the database's own trigger.

    Entries cut off at the end cannot be missed by what is left: only a point kept elsewhere tells, which is
    `expected`. `report` hears now and then how many entries of how many are walked.
    """
    total = session.scalar(text("SELECT max(seq) FROM audit_log")) or 0
    rows = session.execute(
        text("SELECT seq, prev_hash, hash, audit_payload(audit_log) AS payload FROM audit_log ORDER BY seq"),
        execution_options={"yield_per": _BATCH},
    )
    previous, entries = _START, 0
    holds = None if expected is None else expected == Point(0, _START.hex())
    for row in rows:
        if report is not None and entries % _BATCH == 0:
            report(entries, total)
        entries += 1
        made = hashlib.sha256(previous + row.payload.encode()).digest()
        if row.seq != entries or bytes(row.prev_hash) != previous or bytes(row.hash) != made:
            return ChainReport(entries=entries, broken_at=entries, head=previous.hex())
        previous = bytes(row.hash)
        if expected is not None and entries == expected.entries:
            holds = previous.hex() == expected.head
    return ChainReport(entries=entries, broken_at=None, head=previous.hex(), holds=holds)
