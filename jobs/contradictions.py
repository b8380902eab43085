"""Finding records that cannot be true: among few tests here and now, among many by a worker whose answer is kept.

Looking through many takes seconds. A kept answer is shown at once, as of its moment; when what it was computed from has
changed since, whoever looks asks for the next one. There is one such job at a time, and it ends at once when another
has done what it was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import redis

from data import generations, sync_lock
from data import redis as redis_connection
from data.database import limit, reading, unit_of_work
from data.queries import contradictions as query
from data.queries import reader
from data.queries.contradictions import TOPICS, Contradictions
from data.repositories import kept_answers
from data.repositories.kept_answers import KeptAnswer
from domain.roles import Permission, Role, require
from jobs import lone_job

if TYPE_CHECKING:
    from rq.job import Job

QUEUE = "reports"
SMALL = 20_000  # tests that are looked through while somebody waits
# While others work all the time, the next answer is not begun sooner after the last.
PAUSE = timedelta(seconds=30)
_NAME = "contradictions"
_JOB = "contradictions"  # one at a time: its id
_JOB_SECONDS = 1800
_ASKING, _ASKING_SECONDS = "aegis:asking:contradictions", 5
_STATEMENT_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A worker's way to the next answer; `unreachable`: nobody could be told to begin, because Redis is away."""

    state: Literal["queued", "started", "failed", "unreachable"]
    done: int = 0
    tests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`found` as of `as_of`, which is None for what was found just now; None before anybody has looked.

    `tests`: how many there are now. `changed`: not everything that is true now is in `found`.
    """

    tests: int
    found: Contradictions | None = None
    as_of: datetime | None = None
    changed: bool = False
    work: Work | None = None


def standing(role: Role, *, again: bool = False) -> Standing:
    """What is known now; a worker is asked for what has changed since. `again`: also where the last one broke off."""
    require(role, Permission.READ)
    tests = query.tests()
    if tests <= SMALL:
        return Standing(tests=tests, found=query.everything())
    with reading() as session:
        kept = kept_answers.get(session, _NAME)
    found = query.read(kept.answer) if kept else None
    if kept is None or found is None:
        return Standing(tests=tests, changed=True, work=_asked(again=again))
    if kept.generations == _current():
        return Standing(tests=tests, found=found, as_of=kept.computed_at)
    due = datetime.now(UTC) - kept.computed_at >= PAUSE
    work = _asked(again=again) if due else _work()
    return Standing(tests=tests, found=found, as_of=kept.computed_at, changed=True, work=work)


def look_through() -> bool:
    """The job: keep what is found in all tests at one moment; False when somebody does so, or has, with nothing new."""
    with sync_lock.held(_NAME) as mine:
        if not mine:
            return False
        with reading() as session:
            kept = kept_answers.get(session, _NAME)
        if kept is not None and kept.generations == _current() and query.read(kept.answer) is not None:
            return False
        found = _look()
        with unit_of_work() as session:
            kept_answers.keep(session, _NAME, found)
    return True


def _look() -> KeptAnswer:
    """All statements see one moment, and the generations of that moment."""
    with reading() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        limit(session, statement_ms=_STATEMENT_MS, jit=False)
        numbers = kept_answers.generations(session, TOPICS)
        moment = datetime.now(UTC)
        with reader.within(session):
            answer = query.look_through(lone_job.tell)
    return KeptAnswer(generations=numbers, computed_at=moment, answer=answer)


def _current() -> Mapping[str, int]:
    now = generations.current()
    return {topic: now[topic] for topic in TOPICS}


def _asked(*, again: bool) -> Work:
    """The work under way, begun when there is none; one that broke off is left as it is unless asked for `again`."""
    from rq import Queue

    try:
        client = redis_connection.client()
        if not client.set(_ASKING, b"1", nx=True, ex=_ASKING_SECONDS):
            return Work(state="queued")  # somebody else asks at the same moment
        try:
            job = lone_job.fetch(_JOB)
            work = _told(job) if job is not None else None
            if work is not None and not (again and work.state == "failed"):
                return work
            if job is not None:
                job.delete()
            Queue(QUEUE, connection=client).enqueue(
                "jobs.contradictions.look_through", job_id=_JOB, job_timeout=_JOB_SECONDS, result_ttl=0
            )
        finally:
            client.delete(_ASKING)
    except redis.RedisError:
        return Work(state="unreachable")
    return Work(state="queued")


def _work() -> Work | None:
    try:
        job = lone_job.fetch(_JOB)
        return _told(job) if job is not None else None
    except redis.RedisError:
        return Work(state="unreachable")


def _told(job: "Job") -> Work | None:
    state = lone_job.state(job)
    return Work(state=state, done=job.meta.get("done", 0), tests=job.meta.get("total", 0)) if state else None
