"""What people do to tests: one command for the screen, the API and the command line.

An action is a row before it is a job: `ask` writes it down under a key that whoever asks has made, and only then hands
the key to a worker. Redis may lose the job and a worker may die in the middle; the row is done exactly once, and the
scheduler hands out again what has waited too long.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import redis
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data import redis as redis_connection
from data.database import Actor, reading, unit_of_work
from data.models import WorkflowAction
from data.repositories import campaigns, evidence, security_tests, workflow
from data.repositories.workflow import Answer, Asked
from domain.errors import (
    AegisError,
    BadInput,
    Duplicate,
    NeedsConfirmation,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from domain.testing import actions
from domain.testing.creation import create, retest_of
from domain.testing.payload import from_payload, to_payload
from domain.testing.person import Person
from jobs import outbox

log = logging.getLogger(__name__)

QUEUE = "workflow"
BATCH_MAX = 1_000
# How long a page waits for the answer before it says "queued".
PATIENCE = 1.5
# An accepted action nobody has done after this long has lost its job.
FORGOTTEN = timedelta(seconds=8)
_POLL_SECONDS = 0.1
_TOLD_SECONDS = 60
_JOB_SECONDS = 600
_NO_SUCH_ROW = "23503"  # PostgreSQL's foreign_key_violation
_UNEXPECTED = "Something went wrong that should not have; nothing was changed. It is tried again by itself."


def asked(action: actions.Action, test_id: UUID, key: UUID, *, seen_version: int | None = None) -> Asked:
    """The command for an action on a test, to be handed to `ask`."""
    return Asked(key=key, kind=action.kind, test_id=test_id, payload=to_payload(action), seen_version=seen_version)


def read(kind: str, payload: Mapping[str, Any]) -> actions.Action:
    """The action that somebody sent; raises BadInput with one sentence."""
    made = actions.ACTIONS.get(kind)
    if made is None:
        raise BadInput(f"There is no action called {kind[:40]}.")
    return from_payload(made, payload)


def ask(one: Asked, actor: Actor, *, patience: float = PATIENCE) -> Answer:
    """Accept an action and wait a little for it: the answer is `queued` when it takes longer.

    Raises what the rules refuse when it is done in time, so that the caller need not look at the answer for that.
    """
    _checked(one)
    with unit_of_work() as session:
        workflow.accept(session, [one], actor)
    _hand_over([(one.key, None)])
    answer = _own(wait_for(one.key, patience), actor)
    if (answer.kind, answer.test_id) != (one.kind, one.test_id):
        raise Duplicate("This key belongs to another action already; nothing was changed.")
    if answer.state == "refused":
        raise refusal(answer)
    return answer


def own_answer(key: UUID, actor: Actor) -> Answer:
    """How an action that this person asked for stands now; raises NotFound, also for what others asked for."""
    with reading() as session:
        return _own(workflow.answer(session, key), actor)


def _own(answer: Answer, actor: Actor) -> Answer:
    if answer.actor_id != actor.id:
        raise NotFound("There is no such action.")
    return answer


def ask_many(many: Sequence[Asked], actor: Actor, batch_id: UUID) -> UUID:
    """Accept a batch, all of it or nothing; each of its actions is then done or refused for itself.

    The results are `results(batch_id)`, row by row. Raises BadInput when it is empty or too large.
    """
    if not 1 <= len(many) <= BATCH_MAX:
        raise BadInput(f"Between 1 and {BATCH_MAX:,} tests at a time.")
    for one in many:
        _checked(one)
    with unit_of_work() as session:
        placed = [replace(one, batch_id=batch_id, position=number) for number, one in enumerate(many)]
        workflow.accept(session, placed, actor)
    _hand_over([(placed[0].key, batch_id)])
    return batch_id


def results(batch_id: UUID, actor: Actor) -> list[Answer]:
    """How each action of one's own batch stands."""
    with reading() as session:
        return [one for one in workflow.answers(session, batch_id) if one.actor_id == actor.id]


def do_now(one: Asked, actor: Actor) -> Answer:
    """Accept an action and do it here, as the command line does; raises what refuses it."""
    _checked(one)
    with unit_of_work() as session:
        workflow.accept(session, [one], actor)
    perform(str(one.key))
    with reading() as session:
        answer = workflow.answer(session, one.key)
    if answer.state == "refused":
        raise refusal(answer)
    return answer


def refusal(answer: Answer) -> AegisError:
    """What refused an action, as the error it was."""
    detail = answer.detail or "This was refused."
    if answer.code == NeedsConfirmation.code:
        return NeedsConfirmation([detail])
    kinds = {kind.code: kind for kind in _all_errors(AegisError)}
    return kinds.get(answer.code or "", AegisError)(detail)


def _all_errors(root: type[AegisError]) -> list[type[AegisError]]:
    return [root, *(deeper for kind in root.__subclasses__() for deeper in _all_errors(kind))]


def _checked(one: Asked) -> None:
    read(one.kind, one.payload)


def wait_for(key: UUID, patience: float) -> Answer:
    """The answer as soon as it is there, or how the action stands when patience ends."""
    deadline = time.monotonic() + patience
    while True:
        with reading() as session:
            answer = workflow.answer(session, key)
        left = deadline - time.monotonic()
        if answer.finished or left <= 0:
            return answer
        _listen(key, left)


def _listen(key: UUID, seconds: float) -> None:
    """Until somebody says that the action is done, or the time is over. Without Redis it is looked at again soon."""
    try:
        # shorter than what the client waits for any answer of Redis
        redis_connection.client().blpop([_told(key)], timeout=min(seconds, 0.5))
    except redis.RedisError:
        time.sleep(min(seconds, _POLL_SECONDS))


def _told(key: UUID | str) -> str:
    return f"aegis:action:{key}"


def _hand_over(waiting: Sequence[tuple[UUID, UUID | None]]) -> None:
    """Make the jobs; when Redis is away the scheduler makes them later."""
    from rq import Queue

    try:
        queue = Queue(QUEUE, connection=redis_connection.client())
        batches = {batch for _, batch in waiting if batch is not None}
        for key, batch in waiting:
            if batch is None:
                _enqueue(queue, "jobs.workflow.perform", key)
        for batch in batches:
            _enqueue(queue, "jobs.workflow.perform_batch", batch)
    except redis.RedisError as error:
        log.warning("%d accepted actions wait for Redis: %s", len(waiting), error)


def _enqueue(queue: Any, function: str, key: UUID) -> None:
    queue.enqueue(function, str(key), job_timeout=_JOB_SECONDS, result_ttl=0, failure_ttl=7 * 24 * 3600)


def hand_over(keys: Sequence[UUID]) -> None:
    """Make the jobs of accepted actions; when Redis is away the scheduler makes them later."""
    _hand_over([(key, None) for key in keys])


def relay(now: datetime) -> int:
    """Hand out again what was accepted and not done; returns how many actions that was."""
    with unit_of_work() as session:
        late = workflow.overdue(session, now, wait=FORGOTTEN)
    if late:
        _hand_over(late)
    return len(late)


def perform_batch(batch_id: str) -> None:
    """The job: do what is left of a batch, each action in a transaction of its own."""
    with reading() as session:
        keys = workflow.batch_keys(session, UUID(batch_id))
    for key in keys:
        perform(str(key))


def perform(key: str) -> None:
    """The job: do an accepted action. Doing it again changes nothing."""
    try:
        with unit_of_work() as session:
            action = workflow.take(session, UUID(key))
            if action is None:
                return
            workflow.finish(action, "done", version=_do(session, action))
    except Unavailable as error:
        log.warning("Action %s waits for the database: %s", key, error.detail)
        return
    except AegisError as error:
        _refuse(key, error)
    except IntegrityError as error:
        _refuse(key, _why_it_does_not_fit(error))
    except Exception as error:
        log.exception("Action %s could not be done", key)
        _put_off(key, f"{_UNEXPECTED} ({type(error).__name__})")
    _say_done(key)
    outbox.call()


def _why_it_does_not_fit(error: IntegrityError) -> AegisError:
    if getattr(error.orig, "sqlstate", "") == _NO_SUCH_ROW:
        return NotFound("Something this names, a tool, a rule, a technique or a campaign, is not there any more.")
    return Duplicate("This is there already; reload the page to see it.")


def _refuse(key: str, error: AegisError) -> None:
    with unit_of_work() as session:
        if (action := workflow.take(session, UUID(key))) is not None:
            workflow.finish(action, "refused", code=error.code, detail=error.detail)


def _put_off(key: str, why: str) -> None:
    with unit_of_work() as session:
        if (action := workflow.take(session, UUID(key))) is not None:
            workflow.put_off(action, why)


def _say_done(key: str) -> None:
    try:
        client = redis_connection.client()
        client.lpush(_told(key), b"1")
        client.expire(_told(key), _TOLD_SECONDS)
    except redis.RedisError:
        log.info("Nobody could be told that action %s is done; who waits looks for themselves", key)


def _do(session: Session, row: WorkflowAction) -> int:
    """Do it in this transaction; returns the version of the test afterwards."""
    person = workflow.person(session, row)
    if person is None:
        raise PermissionDenied("This account is disabled; nothing was changed.")
    actor = Actor(name=row.actor_name, id=row.actor_id, ip=str(row.ip) if row.ip else None, request_id=row.request_id)
    action = read(row.kind, row.payload)
    now = datetime.now(UTC)
    if isinstance(action, actions.Create):
        test, events = create(action, person, now, campaign=campaigns.state(session, action.campaign_id))
        security_tests.add(session, test, events, actor)
        return test.version
    test = security_tests.get(session, row.test_id, lock=True)
    changed_by = ""
    if row.seen_version is not None and row.seen_version != test.version:
        changed_by = security_tests.last_changed_by(session, test.id)
    events = test.act(
        action,
        person,
        now,
        seen_version=row.seen_version,
        last_changed_by=changed_by,
        person=_named(session, action),
        files=_files(session, test.id, action),
    )
    security_tests.store(session, test, events, actor)
    if isinstance(action, actions.Retest):
        again, told = retest_of(test, action, person, now, campaign=campaigns.state(session, test.campaign_id))
        security_tests.add(session, again, told, actor)
    return test.version


def _named(session: Session, action: actions.Action) -> Person | None:
    """Whom the action names: an assignee, or the owner of a remediation."""
    named = getattr(action, "assignee_id", None) or getattr(action, "owner_id", None)
    return workflow.people(session, [named]).get(named) if named else None


def _files(session: Session, test_id: UUID, action: actions.Action) -> Mapping[UUID, str]:
    """The evidence that times of the action were taken from."""
    wanted: Mapping[str, UUID] = getattr(action, "taken_from", {})
    return evidence.names(session, test_id, set(wanted.values())) if wanted else {}
