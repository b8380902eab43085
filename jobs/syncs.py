"""Syncing a source: fetch, parse, plan and apply in one transaction, report.

`input` of a run says where from; its `kind` is one of
  upstream  the source's own address (for ATT&CK of `domain`)
  url       `url`
  path      `path`, a file or directory on this host
  upload    `key` in the object store and the file's `name`; kept until the run has ended
  built_in  what an installed package brings (ATT&CK only)
  rehearsal the bundle kept with a rehearsal, which is adopted by the run
A run is all or nothing, one at a time a source, and its job may be made twice: whoever takes the row first does it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import redis
from sqlalchemy.orm import Session

from data import objects, sync_lock
from data.database import SYSTEM, Actor, reading, unit_of_work
from data.repositories import (
    attack,
    audit,
    countermeasure_sets,
    frameworks,
    outbox,
    rehearsals,
    rules,
    sync_runs,
    template_sets,
)
from data.repositories.sync_runs import Item, Request, Run
from data.sources import registry
from data.sources.attack_records import AttackBundle
from data.sources.base import Asked, Rejected
from data.sources.countermeasure_records import CountermeasureSet
from data.sources.framework_records import FrameworkSet
from data.sources.registry import Content
from data.sources.template_records import TemplateSet
from domain.errors import AegisError, BadInput, Busy, Unavailable
from jobs import sync_input
from jobs.sync_input import Fetched
from jobs.sync_progress import ProgressWriter, Report

log = logging.getLogger(__name__)

_Done = attack.Adopted | rules.TakenIn | template_sets.TakenIn | frameworks.TakenIn | countermeasure_sets.TakenIn
_STATEMENT_TIMEOUT_MS = 300_000
_UNEXPECTED = "Something went wrong that should not have; nothing was changed. The log has the details."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `state` is `succeeded` or `unchanged`; `counts` as kept with the run."""

    run_id: UUID
    source: str
    state: str
    version: str | None
    origin: str
    counts: Mapping[str, Any]


def request_sync(
    source: str,
    *,
    actor: Actor,
    input: Mapping[str, Any] | None = None,
    version: str | None = None,
    trigger: str = "person",
) -> UUID:
    """Promise a run and hand it to a worker; returns its id. Raises Busy when one is queued or running already."""
    request = _request(source, input, version, trigger)
    with unit_of_work() as session:
        run_id = sync_runs.create(session, request, actor)
    try:
        enqueue(run_id)
    except redis.RedisError as error:  # the scheduler finds the row and tries again
        log.warning("Sync run %s waits for Redis: %s", run_id, error)
    return run_id


def enqueue(run_id: UUID) -> None:
    """Make the job of a queued run; one that is there already is left alone. Raises redis.RedisError."""
    from rq import Queue
    from rq.job import Job

    from data import redis as redis_connection

    connection = redis_connection.client()
    with unit_of_work() as session:
        sync_runs.mark_enqueued(session, run_id, datetime.now(UTC))
    if Job.exists(str(run_id), connection=connection):
        job = Job.fetch(str(run_id), connection=connection)
        if job.get_status(refresh=True) in ("queued", "started", "scheduled", "deferred"):
            return
        job.delete()
    Queue("sync", connection=connection).enqueue(
        "jobs.syncs.run_sync", str(run_id), job_id=str(run_id), job_timeout=3600, result_ttl=3600
    )


def sync_in_place(
    source: str,
    *,
    actor: Actor = SYSTEM,
    input: Mapping[str, Any] | None = None,
    version: str | None = None,
    trigger: str = "command",
    report: Report | None = None,
) -> Outcome:
    """Do a run here and now, as commands do; raises what went wrong after the run has been marked as failed."""
    request = _request(source, input, version, trigger)
    with sync_lock.held(source) as mine:
        if not mine:
            raise Busy("A sync of this source is running already; wait until it has ended.")
        _end_dead_runs(source)
        with unit_of_work() as session:
            run_id = sync_runs.create(session, request, actor, started_at=datetime.now(UTC))
        with reading() as session:
            run = sync_runs.get(session, run_id)
        return _work(run, report)


def run_sync(run_id: str) -> None:
    """The job: do a queued run. Nothing happens when somebody else has taken it or it has ended."""
    with reading() as session:
        source = sync_runs.get(session, UUID(run_id)).source
    with sync_lock.held(source) as mine:
        if not mine:
            log.info("Sync run %s waits: another run of %s holds the lock", run_id, source)
            return
        with unit_of_work() as session:
            run = sync_runs.start(session, UUID(run_id), datetime.now(UTC))
        if run is None:
            return
        try:
            _work(run, None)
        except AegisError as error:  # expected: the run says so to whoever looks
            log.warning("Sync of %s failed: %s", source, error.detail)


def set_schedule(source: str, minutes: int | None, *, actor: Actor) -> None:
    """How often a source is synced by itself from its own address; None: only on demand."""
    info = registry.info(source)
    if minutes is not None and not 60 <= minutes <= 60 * 24 * 90:
        raise BadInput("A schedule is between one hour and 90 days.", errors={"minutes": "out of range"})
    if minutes is not None and info.default_url is None:
        raise BadInput(f"{info.name} has no address to sync from by itself.")
    with unit_of_work() as session:
        before = sync_runs.set_schedule(session, source, minutes, datetime.now(UTC))
        if before != minutes:
            audit.record(
                session,
                actor,
                "source.schedule_changed",
                entity=("source", source),
                before={"minutes": before},
                after={"minutes": minutes},
            )


def end_interrupted(run: Run) -> None:
    """A run whose worker is gone: nothing of it was kept, and it can be started again."""
    with unit_of_work() as session:
        error = "The process doing this sync ended before it was done; nothing was changed. Start it again."
        if sync_runs.finish(session, run.id, "interrupted", datetime.now(UTC), error=error):
            _record(session, run, "interrupted", run.requested_version, {"error": error})
    forget_upload(run)


def _end_dead_runs(source: str) -> None:
    """Whoever holds the source's lock knows that a run which says it is running is not: its process was killed."""
    with reading() as session:
        dead = sync_runs.running(session, datetime.now(UTC), source=source)
    for run in dead:
        end_interrupted(run)


def _request(source: str, input: Mapping[str, Any] | None, version: str | None, trigger: str) -> Request:
    entry = registry.entry(source)
    given = dict(input or {"kind": "built_in" if trigger == "first_run" else "upstream"})
    sync_input.check(entry, given)
    return Request(source, given, version, trigger)


def _work(run: Run, report: Report | None) -> Outcome:
    progress = ProgressWriter(run.id, report)
    try:
        return _do(run, progress)
    except AegisError as error:
        _fail(run, error.detail)
        raise
    except Exception:
        log.exception("Sync run %s of %s failed", run.id, run.source)
        _fail(run, _UNEXPECTED)
        raise
    finally:
        forget_upload(run)


def _do(run: Run, progress: ProgressWriter) -> Outcome:
    entry = registry.entry(run.source)
    with sync_input.fetched(entry, run.input, progress.step, fallback=_may_fall_back(run)) as fetched:
        same = _same_as_before(run, fetched)
        if same is not None:
            return _end_unchanged(run, same, fetched)
        progress.step("Reading", None, None)
        content = fetched.parse(fetched.input, Asked(run.requested_version, run.input.get("domain")))
        return _apply(run, fetched, content, progress)


def _may_fall_back(run: Run) -> bool:
    """Without network the built-in data serves as the first map, never in place of a loaded one."""
    if run.source != "attack" or run.input["kind"] != "upstream":
        return False
    with reading() as session:
        return attack.adopted_release(session, run.input.get("domain") or "enterprise-attack") is None


def _same_as_before(run: Run, fetched: Fetched) -> Run | None:
    """The run that took in this very input last, if nothing was asked for that it did not do."""
    if run.input["kind"] == "rehearsal":  # what it does was looked at, and is to be done
        return None
    with reading() as session:
        last = sync_runs.last_read(session, run.source, fetched.fingerprint)
    if last is None or run.requested_version not in (None, last.version, last.requested_version):
        return None
    domain = run.input.get("domain")
    return last if domain in (None, last.counts.get("domain")) else None


def _apply(run: Run, fetched: Fetched, content: Content, progress: ProgressWriter) -> Outcome:
    """Everything that changes, in one transaction with the end of the run."""
    now = datetime.now(UTC)
    with unit_of_work(statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as session:
        if run.input["kind"] == "rehearsal":
            rehearsals.adopt(session, UUID(run.input["rehearsal"]))
        if isinstance(content, AttackBundle):
            done: _Done = attack.adopt(
                session,
                content,
                run_id=run.id,
                sha256=fetched.sha256,
                origin=fetched.origin,
                now=now,
                say=lambda words: progress.step(words, None, None),
            )
        elif isinstance(content, TemplateSet):
            progress.step("Writing", None, None)
            done = template_sets.take_in(session, run.source, content, now=now)
        elif isinstance(content, FrameworkSet):
            progress.step("Writing", None, None)
            done = frameworks.take_in(session, content, now=now)
        elif isinstance(content, CountermeasureSet):
            progress.step("Writing", None, None)
            done = countermeasure_sets.take_in(session, content, now=now)
        else:
            progress.step("Writing", None, None)
            done = rules.take_in(session, run.source, content, now=now)
        sync_runs.add_items(session, run.id, [*done.items, *map(_rejected, content.rejected)])
        state = "succeeded" if done.changed else "unchanged"
        counts = {**done.counts, "read_from": str(run.id)}
        outcome = _finish(session, run, fetched, state=state, version=content.version, counts=counts)
        if done.changed:
            outbox.add(session, "sync.finished", {"run_id": str(run.id), "source": run.source})
    if run.input["kind"] == "rehearsal":
        _delete(run.input["key"])
    return outcome


def _end_unchanged(run: Run, same: Run, fetched: Fetched) -> Outcome:
    """The very input of `same`: what that run kept of it still holds."""
    held = ("domain", "read", "partial", "rejected", "not_placed", "steps_not_found", "read_from")
    counts = {name: same.counts[name] for name in held if name in same.counts}
    with unit_of_work() as session:
        return _finish(session, run, fetched, state="unchanged", version=same.version, counts=counts)


def _finish(
    session: Session, run: Run, fetched: Fetched, *, state: str, version: str | None, counts: Mapping[str, Any]
) -> Outcome:
    facts = {"sha256": fetched.fingerprint, "origin": fetched.origin}
    over = sync_runs.finish(
        session, run.id, state, datetime.now(UTC), version=version, counts=counts, input_facts=facts
    )
    if not over:  # marked as interrupted meanwhile: what it says must stay true
        raise Unavailable("The sync was given up meanwhile; nothing was changed.")
    _record(session, run, state, version, {"origin": fetched.origin, "counts": dict(counts)})
    return Outcome(run.id, run.source, state, version, fetched.origin, counts)


def _fail(run: Run, sentence: str) -> None:
    with unit_of_work() as session:
        if sync_runs.finish(session, run.id, "failed", datetime.now(UTC), error=sentence):
            _record(session, run, "failed", run.requested_version, {"error": sentence})


def _record(session: Session, run: Run, state: str, version: str | None, facts: Mapping[str, Any]) -> None:
    actor = Actor(name=run.requested_by_name, id=run.requested_by)
    after = {"run_id": str(run.id), "state": state, "version": version, "trigger": run.trigger, **facts}
    audit.record(session, actor, f"sync.{state}", entity=("source", run.source), after=after)
    if "error" in facts:
        # a run of a source that is registered no longer may be ended too
        known = registry.SOURCES.get(run.source)
        told = {"run_id": str(run.id), "source": run.source, "name": known.info.name if known else run.source}
        told |= {"error": facts["error"], "at": datetime.now(UTC).isoformat()}
        outbox.add(session, "sync.failed", told)


def _rejected(rejected: Rejected) -> Item:
    return Item("rejected", "file", rejected.item, rejected.item, rejected.reason)


def forget_upload(run: Run) -> None:
    """Delete the file a run was to read, if it was uploaded: the run has ended."""
    if run.input.get("kind") == "upload":
        _delete(run.input["key"])


def _delete(key: str) -> None:
    try:
        objects.delete(key)
    except Exception:  # the run itself has ended well or badly; a file too many is for the log
        log.exception("The file %s could not be deleted", key)
