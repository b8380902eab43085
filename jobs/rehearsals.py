"""Rehearsing an ATT&CK version beside the loaded one: promised, done by a worker, then adopted or discarded.

`input` says where from, as for a sync (`jobs/syncs.py`), but nothing built in; `kept` is the bundle of an earlier try.
The bundle is kept in the object store until the rehearsal is adopted or discarded.
"""

import gzip
import io
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any
from uuid import UUID

import redis

from data import objects, sync_lock
from data.database import Actor, reading, unit_of_work
from data.repositories import audit, rehearsals
from data.repositories.rehearsals import Rehearsal
from data.sources import registry
from data.sources.attack_records import AttackBundle
from data.sources.base import Asked
from domain.errors import AegisError, BadInput
from domain.rehearsal import State
from domain.roles import Permission, Role, require
from jobs import sync_input, syncs
from jobs.sync_input import Fetched

log = logging.getLogger(__name__)

PREFIX = "rehearsals"
_UNEXPECTED = "Something went wrong that should not have; nothing was changed. The log has the details."
_INTERRUPTED = "The process doing this ended before it was done; nothing was changed. Rehearse it again."
_FORGOTTEN = timedelta(seconds=20)
_VERSION_MAX = 20

Say = Callable[[str], None]


def request(
    actor: Actor, role: Role, input: Mapping[str, Any], *, version: str | None = None, domain: str | None = None
) -> UUID:
    """Promise a rehearsal and hand it to a worker; returns its id. Raises BadInput and RuleViolated."""
    made = _create(actor, role, input, version=version, domain=domain)
    _enqueue(made)
    return made


def rehearse_in_place(
    actor: Actor,
    role: Role,
    input: Mapping[str, Any],
    *,
    version: str | None = None,
    domain: str | None = None,
    say: Say | None = None,
) -> UUID:
    """Do it here and now, as commands do; raises what went wrong after it has been marked as failed."""
    made = _create(actor, role, input, version=version, domain=domain)
    _take(made, say)
    return made


def run(rehearsal_id: str) -> None:
    """The job. Nothing happens when somebody else has taken it or it is over."""
    try:
        _take(UUID(rehearsal_id), None)
    except AegisError as error:  # expected: the rehearsal says so to whoever looks
        log.warning("Rehearsal %s failed: %s", rehearsal_id, error.detail)


def again(actor: Actor, role: Role, rehearsal_id: UUID) -> None:
    """The same bundle once more, against the map as it is now."""
    require(role, Permission.RUN_SYNC)
    with unit_of_work() as session:
        rehearsals.again(session, rehearsal_id)
        audit.record(session, actor, "rehearsal.repeated", entity=("rehearsal", str(rehearsal_id)))
    _enqueue(rehearsal_id)


def adopt(actor: Actor, role: Role, rehearsal_id: UUID) -> UUID:
    """Hand its bundle to an ordinary sync; returns the id of the run.

    Raises RuleViolated when the loaded map has changed since, then and once more when the run adopts it.
    """
    given, version = _adoption(role, rehearsal_id)
    return syncs.request_sync("attack", actor=actor, input=given, version=version)


def adopt_in_place(actor: Actor, role: Role, rehearsal_id: UUID, report: Any = None) -> syncs.Outcome:
    given, version = _adoption(role, rehearsal_id)
    return syncs.sync_in_place("attack", actor=actor, input=given, version=version, report=report)


def _adoption(role: Role, rehearsal_id: UUID) -> tuple[dict[str, Any], str | None]:
    require(role, Permission.RUN_SYNC)
    with reading() as session:
        found = rehearsals.get(session, rehearsal_id)
        rehearsals.check(session, found)
    return {
        "kind": "rehearsal",
        "rehearsal": str(found.id),
        "key": found.bundle_key,
        "name": PurePath(found.bundle_key or "").name,
        "origin": found.origin,
        "domain": found.domain,
    }, found.version


def discard(actor: Actor, role: Role, rehearsal_id: UUID) -> None:
    """Give it up and forget its bundle; the report stays."""
    require(role, Permission.RUN_SYNC)
    with unit_of_work() as session:
        before = rehearsals.discard(session, rehearsal_id)
        audit.record(
            session,
            actor,
            "rehearsal.discarded",
            entity=("rehearsal", str(rehearsal_id)),
            before={"domain": before.domain, "version": before.version, "origin": before.origin},
        )
    forget(before.bundle_key)


def relay(now: datetime) -> int:
    """Queue again what waits without a job, and end what no process is working on; returns how many were ended."""
    with reading() as session:
        waiting, running = rehearsals.waiting(session, now, wait=_FORGOTTEN), rehearsals.running(session)
    for rehearsal_id in waiting:
        _enqueue(rehearsal_id)
    ended = 0
    for rehearsal_id in running:
        with sync_lock.held(_lock(rehearsal_id)) as free:
            if free:
                ended += _fail(rehearsal_id, _INTERRUPTED)
    return ended


def forget(key: str | None) -> None:
    """Delete a bundle that nobody needs any more."""
    if key is None:
        return
    try:
        objects.delete(key)
    except Exception:  # what was decided stands; a file too many is for the log
        log.exception("The bundle %s could not be deleted", key)


def _create(actor: Actor, role: Role, input: Mapping[str, Any], *, version: str | None, domain: str | None) -> UUID:
    require(role, Permission.RUN_SYNC)
    given = {**input, **({"domain": domain} if domain else {})}
    if given.get("kind") not in ("upstream", "url", "path", "upload"):
        raise BadInput("A rehearsal reads a file or an address.")
    sync_input.check(registry.entry("attack"), given)
    asked = (version or "").strip()[:_VERSION_MAX] or None
    with unit_of_work() as session:
        made = rehearsals.create(session, actor, given, domain=domain or "enterprise-attack", version=asked)
        audit.record(session, actor, "rehearsal.requested", entity=("rehearsal", str(made)), after=given)
    return made


def _enqueue(rehearsal_id: UUID) -> None:
    """Make its job unless there is one; without Redis the scheduler tries again."""
    from rq import Queue
    from rq.job import Job

    from data import redis as redis_connection

    try:
        connection = redis_connection.client()
        if Job.exists(str(rehearsal_id), connection=connection):
            job = Job.fetch(str(rehearsal_id), connection=connection)
            if job.get_status(refresh=True) in ("queued", "started", "scheduled", "deferred"):
                return
            job.delete()
        Queue("sync", connection=connection).enqueue(
            "jobs.rehearsals.run", str(rehearsal_id), job_id=str(rehearsal_id), job_timeout=3600, result_ttl=3600
        )
    except redis.RedisError as error:
        log.warning("Rehearsal %s waits for Redis: %s", rehearsal_id, error)


def _lock(rehearsal_id: UUID) -> str:
    return f"rehearsal {rehearsal_id}"


def _take(rehearsal_id: UUID, say: Say | None) -> None:
    with sync_lock.held(_lock(rehearsal_id)) as mine:
        if not mine:
            return
        with unit_of_work() as session:
            taken = rehearsals.start(session, rehearsal_id)
        if taken is None:
            return
        try:
            _do(taken, say)
        except AegisError as error:
            _fail(rehearsal_id, error.detail)
            raise
        except Exception:
            log.exception("Rehearsal %s failed", rehearsal_id)
            _fail(rehearsal_id, _UNEXPECTED)
            raise
        finally:
            if taken.input.get("kind") == "upload":
                forget(taken.input["key"])


def _do(taken: Rehearsal, say: Say | None) -> None:
    from jobs import rehearsing  # brings Polars, which the scheduler can do without

    entry = registry.entry("attack")

    def tell(phase: str) -> None:
        if say is not None:
            say(phase)
        with unit_of_work() as session:
            rehearsals.progress(session, taken.id, phase)

    given = dict(taken.input)
    if taken.bundle_key is not None:
        name = PurePath(taken.bundle_key).name
        given = {"kind": "rehearsal", "rehearsal": str(taken.id), "key": taken.bundle_key, "name": name,
                 "origin": taken.origin, "domain": given.get("domain")}  # fmt: skip
    told: list[str] = []

    def progress(phase: str, _done: int | None, _total: int | None) -> None:
        if phase not in told:
            told.append(phase)
            tell(phase)

    with sync_input.fetched(entry, given, progress, fallback=False) as fetched:
        tell("Reading")
        bundle = fetched.parse(fetched.input, Asked(taken.version, given.get("domain")))
        if not isinstance(bundle, AttackBundle):
            raise BadInput("This is not a bundle of ATT&CK.")
        kept = taken.bundle_key or _keep(taken, fetched)
    try:
        report = rehearsing.rehearse(bundle, taken.id, fetched.origin, tell)
        _ready(taken, bundle, fetched, kept, report)
    except Exception:
        if taken.bundle_key is None:
            forget(kept)
        raise


def _ready(taken: Rehearsal, bundle: AttackBundle, fetched: Fetched, kept: str, report: Mapping[str, Any]) -> None:
    facts = {"domain": bundle.domain, "version": bundle.version, "origin": fetched.origin}
    with unit_of_work() as session:
        rehearsals.finish(
            session,
            taken.id,
            State.READY,
            datetime.now(UTC),
            **facts,
            bundle_key=kept,
            bundle_sha256=fetched.sha256,
            from_version=report["from_version"],
            report=dict(report),
        )
        audit.record(session, taken.actor, "rehearsal.ready", entity=("rehearsal", str(taken.id)), after=facts)


def _keep(taken: Rehearsal, fetched: Fetched) -> str:
    """Its one document, packed: what a person sent may be a zip, or lie on another host tomorrow."""
    document = fetched.input.documents[0]
    name = PurePath(document.path.replace("\\", "/")).name.removesuffix(".gz")
    key = f"{PREFIX}/{taken.id}/{name[-100:]}.gz"
    objects.put(key, io.BytesIO(gzip.compress(document.content, compresslevel=1, mtime=0)))
    return key


def _fail(rehearsal_id: UUID, sentence: str) -> bool:
    with unit_of_work() as session:
        ended = rehearsals.finish(session, rehearsal_id, State.FAILED, datetime.now(UTC), error=sentence)
        if ended:
            found = rehearsals.get(session, rehearsal_id)
            entity = ("rehearsal", str(rehearsal_id))
            audit.record(session, found.actor, "rehearsal.failed", entity=entity, after={"error": sentence})
    return ended
