"""All background work in one list, for the page and the command line: what the database keeps and what is in a queue.

An action on a test, a sync and an event are rows before they are jobs; the jobs that only carry such a row are not
listed beside it. While such a job runs, the row of an action still says that it waits, so the job is shown.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from data import queues
from data.queries import jobs as query
from data.queries.jobs import Promise
from data.queues import Job, Queue, Worker
from data.sources.registry import SOURCES
from domain.errors import Unavailable
from jobs.presence import SILENT

_SYNC = "jobs.syncs.run_sync"
_ACTION = "jobs.workflow.perform"
_ACTIONS = "jobs.workflow.perform_batch"
_CARRIERS = (_SYNC, _ACTION, _ACTIONS)
_NAMES = {
    _SYNC: "Sync of a source",
    _ACTION: "Action on a test",
    _ACTIONS: "Actions on many tests",
    "jobs.outbox.answer_call": "Telling what happened",
    "jobs.deliveries.send": "Sending the messages of a channel",
    "jobs.evidence.sweep": "Clearing away files of evidence",
    "jobs.import_work.look_by_worker": "Looking through a file of tests",
    "jobs.import_work.bring_by_worker": "Importing tests",
    "jobs.test_imports.sweep": "Clearing away files of imports",
    "jobs.contradictions.look_through": "Looking for contradictions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`reference` as `jobs.job_control` takes it; `state`: queued, scheduled, running or failed."""

    reference: str
    what: str
    state: str
    where: str
    at: datetime
    by: str = ""
    attempts: int = 0
    reason: str = ""
    href: str = ""
    can_retry: bool = False
    can_cancel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """`failed` and `waiting` count also what is not listed; `away` says why nothing of the queues is here."""

    work: tuple[Work, ...]
    failed: int
    waiting: int
    events_waiting: int
    queues: tuple[Queue, ...] = ()
    workers: tuple[Worker, ...] = ()
    away: str = ""
    _running: dict[str, str] = field(default_factory=dict, repr=False)  # worker -> what it does

    def is_heard(self, worker: Worker) -> bool:
        return worker.seen_at is not None and datetime.now(UTC) - worker.seen_at < SILENT

    def workers_of(self, queue: str) -> int:
        return sum(queue in worker.queues and self.is_heard(worker) for worker in self.workers)

    def doing(self, worker: Worker) -> str:
        return self._running.get(worker.name, "")


def look() -> WorkList:
    """As it stands now. Raises Unavailable when the database does not answer; Redis may be away."""
    rows, counts = query.promised(), query.counts()
    state, away = queues.State(queues=(), workers=(), jobs=()), ""
    try:
        state = queues.look()
    except Unavailable as error:
        away = error.detail
    known = {str(row.id) for row in rows if row.kind == "sync"}
    loose = [job for job in state.jobs if not _is_carrier(job, known)]
    work = [*map(_promise, rows), *map(_job, loose)]
    work.sort(key=lambda one: one.at, reverse=True)
    kept = [one for one in work if one.reference.startswith(("sync:", "job:"))]
    return WorkList(
        work=tuple(work),
        failed=counts.actions_failed + counts.events_failed + sum(one.state == "failed" for one in kept),
        waiting=counts.actions_waiting + sum(one.state in ("queued", "scheduled") for one in kept),
        events_waiting=counts.events_waiting,
        queues=state.queues,
        workers=state.workers,
        away=away,
        _running={job.worker: _NAMES.get(job.function, job.function) for job in state.jobs if job.state == "running"},
    )


def _is_carrier(job: Job, known_runs: set[str]) -> bool:
    """Whether a row tells what there is to say about it."""
    if job.state == "running":
        return job.function == _SYNC and job.id in known_runs
    return job.function in _CARRIERS


def _promise(row: Promise) -> Work:
    what, where, href = _about(row)
    return Work(
        reference=f"{row.kind}:{row.id}",
        what=what,
        state=row.state,
        where=where,
        at=row.at,
        by=row.by,
        attempts=row.attempts,
        reason=row.reason,
        href=href,
        can_retry=row.state == "failed",
        # the failed run of a source is its history; it goes when the next one has ended
        can_cancel=row.kind != "sync" or row.state != "failed",
    )


def _about(row: Promise) -> tuple[str, str, str]:
    """What it is, where it is done, and the page of what it is about."""
    if row.kind == "action":
        name = row.name.replace("_", " ")
        test = f"/test/{row.number}" if row.number else ""
        return (
            f"{name.capitalize()}, test {row.number}" if row.number else f"{name.capitalize()} a test",
            "workflow",
            test,
        )
    if row.kind == "sync":
        known = SOURCES.get(row.name)
        return f"Sync of {known.info.name if known else row.name}", "sync", f"/sources?run={row.id}"
    return f"Telling of {row.name}", "default", ""


def _job(job: Job) -> Work:
    return Work(
        reference=f"job:{job.id}",
        what=_NAMES.get(job.function, job.function),
        state=job.state,
        where=job.queue,
        at=job.at,
        reason=job.reason,
        can_retry=job.state == "failed",
        can_cancel=job.state != "running" or job.queue != queues.PROMPT,
    )
