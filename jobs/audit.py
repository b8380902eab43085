"""Verifying the audit log by a worker, and saying who took it along."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import redis

from data import redis as redis_connection
from data.database import Actor, reading, unit_of_work
from data.repositories import audit
from domain.audit_point import Point
from domain.errors import Unavailable
from domain.roles import Permission, Role, require
from jobs import lone_job

log = logging.getLogger(__name__)

QUEUE = "default"
_JOB = "audit-verify"  # one at a time: its id
_JOB_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Verification:
    """One that was asked for and has not ended well: `total` is 0 until a worker has begun."""

    state: lone_job.State
    done: int = 0
    total: int = 0


def ask_verification(actor: Actor, role: Role) -> None:
    """Have a worker walk the whole chain; one that is under way already is left alone. Raises Unavailable."""
    require(role, Permission.READ_AUDIT)
    from rq import Queue

    try:
        client = redis_connection.client()
        job = lone_job.fetch(_JOB)
        if job is not None and lone_job.state(job) in ("queued", "started"):
            return
        if job is not None:
            job.delete()
        asked = (str(actor.id) if actor.id else None, actor.name, actor.ip, actor.request_id)
        Queue(QUEUE, connection=client).enqueue(
            "jobs.audit.verify", *asked, job_id=_JOB, job_timeout=_JOB_SECONDS, result_ttl=0
        )
    except redis.RedisError as error:
        raise Unavailable("Workers cannot be told just now: Redis does not answer. Try again in a moment.") from error


def verification(role: Role) -> Verification | None:
    """The one under way or failed; None when there is none, or nobody can know because Redis is away."""
    require(role, Permission.READ_AUDIT)
    try:
        job = lone_job.fetch(_JOB)
    except redis.RedisError:
        return None
    if job is None:
        return None
    state = lone_job.state(job)
    return Verification(state, job.meta.get("done", 0), job.meta.get("total", 0)) if state else None


def verify(actor_id: str | None, name: str, ip: str | None, request_id: str | None) -> None:
    """The job: walk the chain and write what was found into the log, and its head into the worker's log as well."""
    actor = Actor(name=name, id=UUID(actor_id) if actor_id else None, ip=ip, request_id=request_id)
    with reading() as session:
        report = audit.verify(session, lone_job.tell)
    found = {"entries": report.entries, "broken_at": report.broken_at, "head": report.head}
    if report.broken_at is None:
        log.info("The audit log is whole: %s entries, head %s", report.entries, report.head)
    else:
        log.error("The audit log does not fit its chain at entry %s", report.broken_at)
    action = "audit.verified" if report.broken_at is None else "audit.found_broken"
    with unit_of_work() as session:
        audit.record(session, actor, action, entity=audit.CHAIN, after=found)


def exported(actor: Actor, role: Role, kind: str, asked: Mapping[str, str]) -> Point:
    """Write down that somebody takes entries along, and which they asked for; returns where the log ends then."""
    require(role, Permission.READ_AUDIT)
    with unit_of_work() as session:
        after = {"kind": kind, "filter": dict(asked)}
        audit.record(session, actor, "audit.exported", entity=("audit_log", "export"), after=after)
        session.flush()
        return audit.head(session)
