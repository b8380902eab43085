"""`aegis worker`: runs jobs from RQ queues, in so many processes as the settings say, which are forks of one.

A worker of the queue that people wait for does its jobs itself: they are short transactions, and a fork with its new
connections would cost ten times what they do. Any other worker forks a process for each job, which may import and use
up what it likes; that is safe only while this process has no threads of Polars, so that Polars, pandas and the pages
must not be imported here.
"""

import importlib
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import redis
import structlog
from rq import Queue
from rq.job import Job
from rq.worker import SimpleWorker, Worker

from app import forks, logs
from app.instance import Instance
from app.processes import configure_data, die_with_parent, die_with_supervisor, settle
from app.settings import Settings

FORBIDDEN = ("polars", "pandas", "pyarrow", "pages", "dash", "plotly")
PRELOAD = ("data.models", "jobs.workflow")
PEOPLE_WAIT_FOR = "workflow"
HEARTBEAT_SECONDS = 60
LONGEST_PAUSE = 15.0


class _Stopping:
    """Remembers that it was asked to stop: RQ's `work` returns for other reasons, too."""

    max_connection_wait_time = 5.0
    stopping = False

    def request_stop(self, signum: int, frame: Any) -> None:
        self.stopping = True
        super().request_stop(signum, frame)  # type: ignore[misc]


class PromptWorker(_Stopping, SimpleWorker):  # type: ignore[misc] # RQ is not checked
    """RQ's worker without forks, whose log lines carry the job's id."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        logs.bind(job_id=job.id)
        super().execute_job(job, queue)


class ForkingWorker(_Stopping, Worker):  # type: ignore[misc]
    """RQ's forking worker, whose jobs end with it and whose log lines carry the job's id."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        die_with_parent(self.pid or os.getppid(), signal.SIGKILL)
        logs.bind(job_id=job.id)
        super().main_work_horse(job, queue)


def run(data_dir: Path | None) -> None:
    """Work until SIGTERM or SIGINT; jobs that are running then are finished first."""
    die_with_supervisor(signal.SIGKILL)
    instance = Instance.open(data_dir)
    settings = instance.settings
    logs.configure("worker", settings)
    with instance.services(redis=True):
        configure_data(settings, process="worker", pool_size=2)
        preload()
        settle()
        works = [partial(_work, str(settings.redis_url), queues) for queues in queues_of(settings)]
        if len(works) == 1:
            works[0]()
        else:
            forks.keep(works)


def queues_of(settings: Settings) -> list[tuple[str, ...]]:
    """What each process serves: of several, the first only the queue that people wait for."""
    queues = settings.worker_queues
    return [queues[:1] if not index and settings.workers > 1 else queues for index in range(settings.workers)]


def _work(redis_url: str, queues: tuple[str, ...]) -> None:
    log = structlog.get_logger("aegis.worker")
    log.info("worker starts", queues=queues)
    work(redis.Redis.from_url(redis_url, health_check_interval=30), queues, log)
    log.info("worker stopped")


def work(connection: "redis.Redis", queues: tuple[str, ...], log: Any) -> None:
    """Serve the queues through Redis outages, with growing pauses, until asked to stop."""
    pause = 1.0
    while True:
        started = time.monotonic()
        try:
            worker = _kind(queues)(list(queues), connection=connection, worker_ttl=HEARTBEAT_SECONDS)
            worker.work(logging_level=None)
        except redis.RedisError as error:
            log.warning("Redis does not answer", reason=str(error), seconds=pause)
        else:
            if worker.stopping:
                return
        pause = 1.0 if time.monotonic() - started > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
        time.sleep(pause)


def _kind(queues: tuple[str, ...]) -> type[Worker]:
    return PromptWorker if queues == (PEOPLE_WAIT_FOR,) else ForkingWorker


def preload() -> None:
    """Import what jobs need. Raises RuntimeError when that brings in something that must not be forked."""
    for name in PRELOAD:
        importlib.import_module(name)
    if found := [name for name in FORBIDDEN if name in sys.modules]:
        raise RuntimeError(f"The job worker must not import {', '.join(found)}: forking with it can deadlock.")
