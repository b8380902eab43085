"""Looking through a file of tests and importing it: a small one here and now, a larger one by a worker.

A worker's answer is kept for some minutes under the file and what was said about it, so that asking again finds it and
a double click imports once. What the rules refuse is an answer, too: such a job has not failed.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import redis

from data import redis as redis_connection
from data.database import Actor
from domain.errors import AegisError, BadInput, NotFound, Unavailable
from domain.outcomes import TestState
from domain.roles import Permission, Role, require
from domain.test_imports.rows import ImportRow
from jobs import test_imports
from jobs.presence import SILENT
from jobs.test_imports import Done, Preview, Said

if TYPE_CHECKING:
    from rq.job import Job

QUEUE = "sync"
SMALL = 1024 * 1024  # some 7,000 rows; what a larger file takes of time and memory, a worker has
SMALL_ZIP = 64 * 1024  # unpacked it is far larger
PROBLEMS_KEPT = 500
ROWS_KEPT = 50
_JOB_SECONDS = 1800
_ANSWER_SECONDS = 600
_ENQUEUED_SECONDS = 5
_BROKE_OFF = "The work on this file broke off; nothing was changed. Try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A row as the test it would become; `prevention` and `detection` are '' before it is evaluated."""

    number: int
    technique: str
    title: str
    platform: str
    state: str
    executed_at: datetime | None
    prevention: str
    detection: str
    tools: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What an import would do, without its rows: the first PROBLEMS_KEPT (row, sentence) and the first ROWS_KEPT tests.

    `proposed` and `mapping` are field -> column. `lacks` says why the mapping does not do; nothing was looked at then.
    """

    name: str
    kind: str
    columns: Sequence[str]
    proposed: Mapping[str, str]
    mapping: Mapping[str, str]
    fixed: bool
    lacks: str
    total: int
    validated: int
    with_blue: int
    drafts: int
    there: int
    wrong: int
    problems: Sequence[tuple[int, str]]
    shown: Sequence[Shown]
    new_tools: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A worker's way through a file: `step` is '' while it waits for one; `total` is 0 where nothing is counted."""

    step: str = ""
    done: int = 0
    total: int = 0


def look(actor: Actor, role: Role, upload_id: UUID, said: Said) -> Summary | Progress:
    """What an import would do, or how far a worker is with finding out. Raises BadInput, NotFound, Unavailable."""
    require(role, Permission.IMPORT_TESTS)
    if _is_small(actor, upload_id):
        return _summary(test_imports.preview(actor, role, upload_id, said))
    answer = _by_worker("look_by_worker", actor, role, upload_id, said)
    return answer if isinstance(answer, Progress) else _read_summary(answer)


def bring(actor: Actor, role: Role, upload_id: UUID, said: Said, *, leave_out: bool = False) -> Done | Progress:
    """Import the file, or say how far a worker is with it. Raises BadInput, NotFound, Unavailable."""
    require(role, Permission.IMPORT_TESTS)
    if _is_small(actor, upload_id):
        return test_imports.run(actor, role, upload_id, said, leave_out=leave_out)
    answer = _by_worker("bring_by_worker", actor, role, upload_id, said, leave_out)
    return answer if isinstance(answer, Progress) else Done(**answer)


def brought(actor: Actor, role: Role, upload_id: UUID, said: Said, *, leave_out: bool = False) -> Done | Progress:
    """How far an import is that a worker was given. Raises NotFound when there is none, and what `bring` raises."""
    require(role, Permission.IMPORT_TESTS)
    answer = _answer(_job_id("bring_by_worker", actor, upload_id, said, leave_out))
    if answer is None:
        raise NotFound("This import is no longer known. Look at the table of tests before you begin it again.")
    return answer if isinstance(answer, Progress) else Done(**answer)


def look_by_worker(who: Mapping[str, Any], role: str, upload_id: str, said: Mapping[str, Any]) -> bytes:
    """The job of `look`; answers a summary or a refusal."""
    asked = (Actor(**who), Role(role), UUID(upload_id), Said(**said))
    return _told(lambda: asdict(_summary(test_imports.preview(*asked, tell=_tell))))


def bring_by_worker(
    who: Mapping[str, Any], role: str, upload_id: str, said: Mapping[str, Any], leave_out: bool
) -> bytes:
    """The job of `bring`; answers what was done or a refusal."""
    asked = (Actor(**who), Role(role), UUID(upload_id), Said(**said))
    return _told(lambda: asdict(test_imports.run(*asked, leave_out=leave_out, tell=_tell)))


def _is_small(actor: Actor, upload_id: UUID) -> bool:
    size, name = test_imports.size(actor, upload_id)
    return size <= (SMALL_ZIP if name.casefold().endswith(".zip") else SMALL)


def _by_worker(function: str, actor: Actor, role: Role, upload_id: UUID, said: Said, *more: Any) -> Any:
    """The answer of the job, which is made when there is none."""
    from rq import Queue

    job_id = _job_id(function, actor, upload_id, said, *more)
    answer = _answer(job_id)
    if answer is not None:
        return answer
    who = {"name": actor.name, "id": actor.id, "ip": actor.ip, "request_id": actor.request_id}
    told = {"kind": said.kind, "mapping": dict(said.mapping), "zone": said.zone, "platform": said.platform}
    try:
        client = redis_connection.client()
        if not client.set(f"aegis:imports:{job_id}", b"1", nx=True, ex=_ENQUEUED_SECONDS):
            return Progress()  # somebody asks at the same moment
        Queue(QUEUE, connection=client).enqueue(
            f"jobs.import_work.{function}",
            *(who, str(role), str(upload_id), told, *more),
            job_id=job_id,
            job_timeout=_JOB_SECONDS,
            result_ttl=_ANSWER_SECONDS,
            failure_ttl=_ANSWER_SECONDS,
        )
    except redis.RedisError as error:
        raise _unreachable() from error
    return Progress()


def _answer(job_id: str) -> Any:
    """What the job has answered, how far it is, or None when there is none. One that broke off is forgotten."""
    try:
        job = _job(job_id)
        if job is None:
            return None
        status = str(job.get_status(refresh=True).value)
        if status == "finished":
            answer = orjson.loads(job.return_value())
            if "refused" in answer:
                job.delete()
                raise (NotFound if answer["gone"] else BadInput)(answer["refused"])
            return answer["answer"]
        if status in ("failed", "stopped", "canceled") or (status == "started" and _is_silent(job)):
            job.delete()
            raise Unavailable(_BROKE_OFF)
        return Progress(**{name: job.meta[name] for name in ("step", "done", "total") if name in job.meta})
    except redis.RedisError as error:
        raise _unreachable() from error


def _told(work: Callable[[], Any]) -> bytes:
    try:
        return orjson.dumps({"answer": work()})
    except AegisError as error:
        return orjson.dumps({"refused": error.detail, "gone": isinstance(error, NotFound)})


def _tell(step: str, done: int, total: int) -> None:
    from rq import get_current_job

    job = get_current_job()
    if job is not None:
        job.meta.update(step=step, done=done, total=total)
        job.save_meta()


def _job(job_id: str) -> "Job | None":
    from rq.exceptions import NoSuchJobError
    from rq.job import Job

    try:
        return Job.fetch(job_id, connection=redis_connection.client())
    except NoSuchJobError:
        return None


def _is_silent(job: "Job") -> bool:
    """A job whose worker was killed says that it is running, and is not heard of."""
    heard = job.last_heartbeat
    return heard is not None and datetime.now(UTC) - heard.replace(tzinfo=UTC) > SILENT


def _job_id(function: str, actor: Actor, upload_id: UUID, said: Said, *more: Any) -> str:
    """The same for the same file of the same person, said the same about."""
    asked = [function, str(actor.id), str(upload_id), asdict(said), *more]
    return f"import-{hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"


def _unreachable() -> Unavailable:
    return Unavailable("Workers cannot be reached just now: Redis does not answer. The file is kept; try again.")


def _summary(found: Preview) -> Summary:
    return Summary(
        name=found.name,
        kind=found.table.kind,
        columns=found.table.columns,
        proposed=found.table.mapping,
        mapping=found.mapping,
        fixed=found.table.fixed,
        lacks=found.lacks,
        total=len(found.table.rows),
        validated=found.count(TestState.VALIDATED),
        with_blue=found.count(TestState.BLUE_EVALUATING),
        drafts=found.count(TestState.DRAFT),
        there=found.there,
        wrong=len(found.problems),
        problems=[(one.number, one.sentence) for one in found.problems[:PROBLEMS_KEPT]],
        shown=[_shown(row) for row in found.new[:ROWS_KEPT]],
        new_tools=found.new_tools,
    )


def _shown(row: ImportRow) -> Shown:
    return Shown(
        number=row.number,
        technique=row.technique,
        title=row.title,
        platform=row.platform,
        state=row.state,
        executed_at=row.executed_at,
        prevention=row.prevention or "",
        detection=row.detection or "",
        tools=row.tools,
    )


def _read_summary(answer: Mapping[str, Any]) -> Summary:
    shown = [Shown(**(one | {"executed_at": _moment(one["executed_at"])})) for one in answer["shown"]]
    return Summary(**{**answer, "shown": shown, "problems": [(number, said) for number, said in answer["problems"]]})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
