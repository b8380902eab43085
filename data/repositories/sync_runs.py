"""Sources and their runs: the row is the promise that a sync happens, the job only carries it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.bulk import copy_rows
from data.database import Actor
from data.models import Source, SyncRun
from domain.errors import Busy, NotFound

_TEXT_MAX = 500
_LAST_READ = text("""
SELECT * FROM (
  SELECT DISTINCT ON (counts ->> 'domain') * FROM sync_run
  WHERE source = :source AND state IN ('succeeded', 'unchanged')
  ORDER BY counts ->> 'domain', finished_at DESC
) AS newest
WHERE input ->> 'sha256' = :sha256
""")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a run's report: `kind` is a `domain.sync.Change`, `ref` an ATT&CK id, rule id or path."""

    kind: str
    object_type: str
    ref: str | None
    name: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked to do. `input` says where from; its kinds stand in `jobs/syncs.py`."""

    source: str
    input: Mapping[str, Any]
    version: str | None
    trigger: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stood when it was read; it outlives the session."""

    id: UUID
    source: str
    trigger: str
    requested_by: UUID | None
    requested_by_name: str
    input: Mapping[str, Any]
    requested_version: str | None
    version: str | None
    counts: Mapping[str, Any]

    @classmethod
    def of(cls, row: SyncRun) -> "Run":
        return cls(**{name: getattr(row, name) for name in cls.__slots__})


def create(session: Session, request: Request, actor: Actor, *, started_at: datetime | None = None) -> UUID:
    """Promise a run: queued, or running from `started_at` for whoever does it in place. Raises Busy."""
    made = session.execute(
        insert(SyncRun)
        .values(
            source=request.source,
            input=dict(request.input),
            requested_version=request.version,
            trigger=request.trigger,
            requested_by=actor.id,
            requested_by_name=actor.name,
            state="running" if started_at else "queued",
            started_at=started_at,
            heartbeat_at=started_at,
        )
        .on_conflict_do_nothing(index_elements=[SyncRun.source], index_where=text("state IN ('queued', 'running')"))
        .returning(SyncRun.id)
    ).scalar_one_or_none()
    if made is None:
        raise Busy("A sync of this source is queued or running already; wait until it has ended.")
    return made


def get(session: Session, run_id: UUID) -> Run:
    run = session.get(SyncRun, run_id)
    if run is None:
        raise NotFound("There is no such sync run.")
    return Run.of(run)


def start(session: Session, run_id: UUID, now: datetime) -> Run | None:
    """Take a queued run; None when somebody took it before, or it ended."""
    taken = session.scalars(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.state == "queued")
        .values(state="running", started_at=now, heartbeat_at=now)
        .returning(SyncRun)
    ).one_or_none()
    return Run.of(taken) if taken else None


def progress(session: Session, run_id: UUID, *, phase: str, done: int | None, total: int | None, now: datetime) -> None:
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.state == "running")
        .values(phase=phase, done=done, total=total, heartbeat_at=now)
    )


def finish(
    session: Session,
    run_id: UUID,
    state: str,
    now: datetime,
    *,
    version: str | None = None,
    counts: Mapping[str, Any] | None = None,
    input_facts: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> bool:
    """End a run; False when it was over already. `input_facts` (hash, origin) are added to what it was asked."""
    changed: dict[str, Any] = {"state": state, "finished_at": now, "phase": None, "error": error}
    if version is not None:
        changed["version"] = version
    if counts is not None:
        changed["counts"] = dict(counts)
    if input_facts is not None:
        changed["input"] = SyncRun.input.concat(dict(input_facts))
    over = update(SyncRun).where(SyncRun.id == run_id, SyncRun.state.in_(("queued", "running"))).values(**changed)
    return session.execute(over.returning(SyncRun.id)).scalar_one_or_none() is not None


def cancel(session: Session, run_id: UUID, now: datetime, why: str) -> Run | None:
    """End a run that nobody has begun; None when it is running or over."""
    ended = session.scalars(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.state == "queued")
        .values(state="interrupted", finished_at=now, error=why)
        .returning(SyncRun)
    ).one_or_none()
    return Run.of(ended) if ended else None


def is_running(session: Session, run_id: UUID) -> bool:
    return session.scalar(select(SyncRun.state).where(SyncRun.id == run_id)) == "running"


def add_items(session: Session, run_id: UUID, items: Iterable[Item]) -> None:
    rows = [
        (run_id, item.kind, item.object_type, item.ref, item.name[:_TEXT_MAX], item.detail and item.detail[:_TEXT_MAX])
        for item in items
    ]
    if rows:
        copy_rows(session, "sync_item", ("run_id", "kind", "object_type", "ref", "name", "detail"), rows)


def last_read(session: Session, source: str, sha256: str) -> Run | None:
    """The last run of `source` (of its domain, where it has several) that took something in, if it read this input.

    None when a later run brought something else, so that equal input means equal content.
    """
    found = select(SyncRun).from_statement(_LAST_READ.bindparams(source=source, sha256=sha256))
    run = session.scalars(found).first()
    return Run.of(run) if run else None


def running(session: Session, seen_before: datetime, *, source: str | None = None) -> list[Run]:
    """Runs (of one source) that say they are running and have not been heard of since."""
    silent = func.coalesce(SyncRun.heartbeat_at, SyncRun.started_at, SyncRun.queued_at) < seen_before
    found = select(SyncRun).where(SyncRun.state == "running", silent)
    if source is not None:
        found = found.where(SyncRun.source == source)
    return [Run.of(run) for run in session.scalars(found)]


def forgotten(session: Session, now: datetime, *, wait: timedelta) -> list[UUID]:
    """Queued runs whose job was never made, or so long ago that it is worth looking; marked as enqueued now."""
    last = func.coalesce(SyncRun.enqueued_at, SyncRun.queued_at)
    waiting = select(SyncRun.id).where(SyncRun.state == "queued", last < now - wait).with_for_update(skip_locked=True)
    due = update(SyncRun).where(SyncRun.id.in_(waiting)).values(enqueued_at=now).returning(SyncRun.id)
    return list(session.scalars(due))


def mark_enqueued(session: Session, run_id: UUID, now: datetime) -> None:
    session.execute(update(SyncRun).where(SyncRun.id == run_id).values(enqueued_at=now))


def take_due(session: Session, now: datetime) -> list[str]:
    """Sources whose time has come, locked for this transaction, with their next time set from now.

    However long nobody looked, a source is due once; whoever looks at the same moment gets others.
    """
    due = (
        select(Source)
        .where(Source.schedule_minutes.is_not(None), Source.next_run_at <= now)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for source in session.scalars(due):
        source.next_run_at = now + timedelta(minutes=source.schedule_minutes or 0)
        taken.append(source.slug)
    return taken


def set_schedule(session: Session, slug: str, minutes: int | None, now: datetime) -> int | None:
    """Set how often a source runs (None: only on demand); returns what was set before."""
    session.execute(insert(Source).values(slug=slug).on_conflict_do_nothing())
    source = session.scalars(select(Source).where(Source.slug == slug).with_for_update()).one()
    before, source.schedule_minutes = source.schedule_minutes, minutes
    source.next_run_at = now + timedelta(minutes=minutes) if minutes is not None else None
    return before
