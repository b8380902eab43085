"""The queues as RQ keeps them in Redis: what waits, who works, what runs and what failed; what may be done to a job.

A job is named by its description, which is plain text: its pickled arguments are never opened here.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from data import redis as redis_connection
from domain.errors import InvalidTransition, NotFound, RuleViolated, Unavailable

QUEUES = ("workflow", "sync", "reports", "default")
# Of each queue and state so many jobs are read; the counts are of all.
SHOWN = 100
PROMPT = "workflow"  # its worker does jobs itself: there is no process of a job's own that could be stopped
_REASON_MAX = 300
_AWAY = "Redis does not answer, so that queues and workers cannot be seen. What was accepted is kept in the database."


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`oldest_at`: since when the job waits that is taken next."""

    name: str
    waiting: int
    running: int
    failed: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """`state` is RQ's word (idle, busy, suspended, ...); what it does is a running job that names it."""

    name: str
    host: str
    queues: tuple[str, ...]
    state: str
    started_at: datetime | None
    seen_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`state`: queued, running, failed or scheduled; `function` as it is imported; `reason` in one line."""

    id: str
    queue: str
    function: str
    state: str
    at: datetime
    worker: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    queues: tuple[Queue, ...]
    workers: tuple[Worker, ...]
    jobs: tuple[Job, ...]


def look() -> State:
    """All of it in five round trips, however much there is. Raises Unavailable when Redis does not answer."""
    with _answering() as client:
        listed = _listed(client)
        found = _fetched(client, {job for each in listed for ids in each.ids.values() for job in ids})
        reasons = _reasons(client, [job for each in listed for job in each.ids["failed"] if job in found])
        return State(
            queues=tuple(_queue(each, found) for each in listed),
            workers=_workers(client),
            jobs=tuple(_jobs(listed, found, reasons)),
        )


def requeue(job_id: str) -> None:
    """Have a failed job done again."""
    from rq.exceptions import InvalidJobOperation
    from rq.registry import FailedJobRegistry

    with _answering() as client:
        job = _job(client, job_id)
        try:
            FailedJobRegistry(job.origin, connection=client).requeue(job)
        except InvalidJobOperation as error:
            raise InvalidTransition("This job is not among the failed ones any more.") from error


def remove(job_id: str) -> bool:
    """Take a job out of its queue or of the failed ones; False: it runs, and its worker was told to stop it."""
    with _answering() as client:
        job = _job(client, job_id)
        if job.get_status(refresh=False) != "started":
            job.delete()
            return True
    stop(job_id)
    return False


def stop(job_id: str) -> None:
    """Have the process end that runs a job; what it had not committed is undone by the database."""
    from rq.command import send_stop_job_command
    from rq.exceptions import InvalidJobOperation

    with _answering() as client:
        job = _job(client, job_id)
        if job.origin == PROMPT:
            raise RuleViolated("What is being done to a test takes a moment only and is not stopped halfway.")
        try:
            send_stop_job_command(client, job_id)
        except InvalidJobOperation as error:
            raise InvalidTransition("This job is not running any more.") from error


@contextmanager
def _answering() -> Iterator["redis.Redis"]:
    try:
        yield redis_connection.client()
    except redis.RedisError as error:
        raise Unavailable(_AWAY) from error


def _job(client: "redis.Redis", job_id: str) -> Any:
    from rq.exceptions import NoSuchJobError
    from rq.job import Job as RqJob

    try:
        return RqJob.fetch(job_id, connection=client)
    except NoSuchJobError as error:
        raise NotFound("There is no such job; it may be done.") from error


@dataclass(frozen=True, slots=True)
class _Listed:
    """How many jobs a queue has in each state, and the ids of the first of them."""

    name: str
    counts: Mapping[str, int]
    ids: Mapping[str, list[str]]


def _listed(client: "redis.Redis") -> list[_Listed]:
    from rq import Queue as RqQueue
    from rq.job import parse_job_id
    from rq.registry import FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry

    used = {queue.name for queue in RqQueue.all(connection=client)}
    names = [*QUEUES, *sorted(used - set(QUEUES))]
    now = time.time()
    with client.pipeline(transaction=False) as asked:
        for name in names:
            queue = RqQueue(name, connection=client).key
            asked.llen(queue)
            asked.lrange(queue, 0, SHOWN - 1)
            started = StartedJobRegistry(name, connection=client).key
            asked.zcard(started)
            asked.zrange(started, 0, SHOWN - 1)
            failed = FailedJobRegistry(name, connection=client).key
            # scored by when it is forgotten: what is over is still listed until a worker sweeps
            asked.zcount(failed, now, "+inf")
            asked.zrevrangebyscore(failed, "+inf", now, 0, SHOWN)
            scheduled = ScheduledJobRegistry(name, connection=client).key
            asked.zcard(scheduled)
            asked.zrange(scheduled, 0, SHOWN - 1)
        answers = iter(asked.execute())
    listed = []
    for name in names:
        counts, ids = {}, {}
        for state in ("queued", "running", "failed", "scheduled"):
            counts[state] = next(answers)
            ids[state] = [parse_job_id(one.decode()) for one in next(answers)]
        listed.append(_Listed(name, counts, ids))
    return listed


def _fetched(client: "redis.Redis", ids: Iterable[str]) -> dict[str, Any]:
    from rq.job import Job as RqJob

    wanted = sorted(ids)
    jobs = RqJob.fetch_many(wanted, connection=client) if wanted else []
    return {one: job for one, job in zip(wanted, jobs, strict=True) if job is not None}


def _reasons(client: "redis.Redis", failed: list[str]) -> dict[str, str]:
    """The last line of what each failed with."""
    from rq.results import Result

    with client.pipeline(transaction=False) as asked:
        for job in failed:
            asked.xrevrange(Result.get_key(job), count=1)
        answers = asked.execute()
    reasons = {}
    for job, answer in zip(failed, answers, strict=True):
        if answer:
            key, payload = answer[0]
            said = Result.restore(job, key.decode(), payload, connection=client).exc_string or ""
            reasons[job] = said.strip().rpartition("\n")[2][:_REASON_MAX]
    return reasons


def _queue(listed: _Listed, found: Mapping[str, Any]) -> Queue:
    waiting = [found[one] for one in listed.ids["queued"] if one in found]
    return Queue(
        name=listed.name,
        waiting=listed.counts["queued"] + listed.counts["scheduled"],
        running=listed.counts["running"],
        failed=listed.counts["failed"],
        oldest_at=_utc(waiting[0].enqueued_at) if waiting else None,
    )


def _jobs(listed: Iterable[_Listed], found: Mapping[str, Any], reasons: Mapping[str, str]) -> Iterator[Job]:
    for each in listed:
        for state, ids in each.ids.items():
            for one in ids:
                if (job := found.get(one)) is None:
                    continue
                at = {"running": job.started_at, "failed": job.ended_at}.get(state) or job.enqueued_at
                yield Job(
                    id=one,
                    queue=each.name,
                    function=(job.description or "").partition("(")[0],
                    state=state,
                    at=_utc(at or job.created_at) or datetime.now(UTC),
                    worker=job.worker_name or "",
                    reason=reasons.get(one, ""),
                )


def _workers(client: "redis.Redis") -> tuple[Worker, ...]:
    from rq import Worker as RqWorker

    keys = sorted(RqWorker.all_keys(connection=client))
    with client.pipeline(transaction=False) as asked:
        for key in keys:
            asked.hgetall(key)
        answers = asked.execute()
    made = []
    for key, answer in zip(keys, answers, strict=True):
        if not answer:  # it ended without saying so, and its record is over
            continue
        said = {name.decode(): value.decode(errors="replace") for name, value in answer.items()}
        made.append(
            Worker(
                name=key.rpartition(":")[2],
                host=said.get("hostname", ""),
                queues=tuple(name for name in said.get("queues", "").split(",") if name),
                state=said.get("state", ""),
                started_at=_read(said.get("birth")),
                seen_at=_read(said.get("last_heartbeat")),
                done=int(said.get("successful_job_count", 0)),
                failed=int(said.get("failed_job_count", 0)),
            )
        )
    return tuple(made)


def _read(text: str | None) -> datetime | None:
    return _utc(datetime.fromisoformat(text)) if text else None


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
