"""What administrators do about background work: have it done again, or take it back.

Work is named by a reference: `action:<key>` (on a test), `sync:<run>`, `event:<id>` (to be told) or `job:<id>` in a
queue. Each command answers with one sentence about what it did.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from data import queues
from data.database import Actor, reading, unit_of_work
from data.repositories import audit, sync_runs
from data.repositories import outbox as events
from data.repositories import workflow as ledger
from domain.errors import BadInput, InvalidTransition, NotFound, RuleViolated
from domain.roles import Permission, Role, require
from jobs import outbox, syncs, workflow

_ID_MAX = 100
# What a run adds to its input once it has read it.
_FOUND = ("sha256", "origin")


def retry(actor: Actor, role: Role, reference: str) -> str:
    """Do failed work again. Raises InvalidTransition when it is not among the failed."""
    require(role, Permission.MANAGE_JOBS)
    kind, ident = _read(reference)
    return _RETRY[kind](actor, ident)


def cancel(actor: Actor, role: Role, reference: str) -> str:
    """Take back what waits, give up what failed, stop what runs where that is possible."""
    require(role, Permission.MANAGE_JOBS)
    kind, ident = _read(reference)
    return _CANCEL[kind](actor, ident)


def _read(reference: str) -> tuple[str, str]:
    kind, _, ident = reference.strip().partition(":")
    if kind not in _RETRY or not 0 < len(ident) <= _ID_MAX:
        raise BadInput("Name the work as the list does, such as action:... or job:...")
    return kind, ident


def _key(ident: str) -> UUID:
    try:
        return UUID(ident)
    except ValueError as error:
        raise BadInput("This id is not one of ours.") from error


def _record(session: Session, actor: Actor, action: str, kind: str, ident: str) -> None:
    audit.record(session, actor, action, entity=(kind, ident))


def _retry_action(actor: Actor, ident: str) -> str:
    key = _key(ident)
    with unit_of_work() as session:
        if not ledger.retry(session, key):
            raise InvalidTransition("This action is not among the failed ones any more.")
        _record(session, actor, "job.retried", "workflow_action", ident)
    workflow.hand_over([key])
    return "The action is tried again."


def _retry_sync(actor: Actor, ident: str) -> str:
    with reading() as session:
        run = sync_runs.get(session, _key(ident))
    if run.input.get("kind") == "upload":
        raise RuleViolated("The uploaded file was not kept; upload it again on the page of the sources.")
    given = {name: value for name, value in run.input.items() if name not in _FOUND}
    made = syncs.request_sync(run.source, actor=actor, input=given, version=run.requested_version)
    with unit_of_work() as session:
        audit.record(
            session,
            actor,
            "job.retried",
            entity=("source", run.source),
            before={"run_id": ident},
            after={"run_id": str(made)},
        )
    return "The sync is queued again."


def _retry_event(actor: Actor, ident: str) -> str:
    with unit_of_work() as session:
        if not events.again(session, _key(ident)):
            raise InvalidTransition("This event is not among the failed ones any more.")
        _record(session, actor, "job.retried", "outbox_event", ident)
    outbox.call()
    return "The event is told again."


def _retry_job(actor: Actor, ident: str) -> str:
    with unit_of_work() as session:
        _record(session, actor, "job.retried", "job", ident)
        queues.requeue(ident)
    return "The job is queued again."


def _cancel_action(actor: Actor, ident: str) -> str:
    key = _key(ident)
    with unit_of_work() as session:
        waited = ledger.cancel(session, key)
        if not waited and not ledger.give_up(session, key):
            answer = ledger.answer(session, key)
            state = f"is {answer.state} already" if answer.finished else "is being done just now"
            raise InvalidTransition(f"This action {state}; nothing was changed.")
        _record(session, actor, "job.cancelled", "workflow_action", ident)
    return "The action was taken back before it was done." if waited else "The failed action was given up."


def _cancel_sync(actor: Actor, ident: str) -> str:
    with unit_of_work() as session:
        why = f"Cancelled by {actor.name} before it began; nothing was changed."
        run = sync_runs.cancel(session, _key(ident), datetime.now(UTC), why)
        if run is not None:
            audit.record(session, actor, "job.cancelled", entity=("source", run.source), after={"run_id": ident})
    if run is not None:
        syncs.forget_upload(run)
        return "The sync was cancelled before it began."
    with unit_of_work() as session:
        if not sync_runs.is_running(session, _key(ident)):
            raise InvalidTransition("This sync is over already; nothing was changed.")
        _record(session, actor, "job.stopped", "job", ident)
        try:
            queues.stop(ident)  # a run has the id of its job
        except NotFound as error:
            raise RuleViolated("A command on the server is doing this sync; end it there.") from error
    return "The sync is being stopped; nothing of it is kept."


def _cancel_event(actor: Actor, ident: str) -> str:
    with unit_of_work() as session:
        topic = events.drop(session, _key(ident))
        if topic is None:
            raise InvalidTransition("This event is not among the failed ones any more.")
        audit.record(session, actor, "job.cancelled", entity=("outbox_event", ident), before={"topic": topic})
    return "The failed event was given up."


def _cancel_job(actor: Actor, ident: str) -> str:
    with unit_of_work() as session:
        _record(session, actor, "job.cancelled", "job", ident)
        removed = queues.remove(ident)
    return "The job was removed." if removed else "The job is being stopped."


_RETRY: dict[str, Callable[[Actor, str], str]] = {
    "action": _retry_action,
    "sync": _retry_sync,
    "event": _retry_event,
    "job": _retry_job,
}
_CANCEL: dict[str, Callable[[Actor, str], str]] = {
    "action": _cancel_action,
    "sync": _cancel_sync,
    "event": _cancel_event,
    "job": _cancel_job,
}
