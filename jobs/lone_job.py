"""A job of which there is one at a time, by its id: whether it waits, runs or broke off, and how far it is."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import redis

from data import redis as redis_connection
from jobs.presence import SILENT

if TYPE_CHECKING:
    from rq.job import Job

log = logging.getLogger(__name__)

State = Literal["queued", "started", "failed"]


def fetch(job_id: str) -> "Job | None":
    """Raises what Redis raises."""
    from rq.exceptions import NoSuchJobError
    from rq.job import Job

    try:
        return Job.fetch(job_id, connection=redis_connection.client())
    except NoSuchJobError:
        return None


def state(job: "Job") -> State | None:
    """None when it has ended well. One whose worker was killed says that it is running, and is not heard of."""
    status = str(job.get_status(refresh=True).value)
    if status == "started":
        heard = job.last_heartbeat
        silent = heard is not None and datetime.now(UTC) - heard.replace(tzinfo=UTC) > SILENT
        return "failed" if silent else "started"
    if status in ("failed", "stopped", "canceled"):
        return "failed"
    return "queued" if status in ("queued", "scheduled", "deferred") else None


def tell(done: int, total: int) -> None:
    """How far the job is that this process runs; nothing happens outside of one."""
    from rq import get_current_job

    job = get_current_job()
    if job is None:
        return
    job.meta.update(done=done, total=total)
    try:
        job.save_meta()
    except redis.RedisError:
        log.info("Nobody could be told how far the job %s is; it goes on", job.id)
