"""Background work is listed once each, tried again or taken back by administrators, and every such step is audited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID, uuid4

import pytest
from rq import Queue
from rq.worker import SimpleWorker
from sqlalchemy import Engine

from data import queues
from data import redis as redis_connection
from data.database import SYSTEM, unit_of_work
from data.repositories import outbox, workflow
from domain.errors import (
    BadInput,
    Busy,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    RuleViolated,
    Unavailable,
)
from domain.roles import Permission, Role, may
from domain.testing import actions
from jobs import job_control, syncs, work_list
from jobs import workflow as commands
from tests.conftest import Statements
from tests.data import world
from tests.jobs import acting
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    world.tactics("execution")


def retry(reference: str) -> str:
    return job_control.retry(SYSTEM, Role.ADMIN, reference)


def cancel(reference: str) -> str:
    return job_control.cancel(SYSTEM, Role.ADMIN, reference)


def listed() -> dict[str, work_list.Work]:
    return {one.reference: one for one in work_list.look().work}


def audited() -> list[tuple[str, str]]:
    return rows("SELECT action, entity_type FROM audit_log WHERE action LIKE 'job.%' ORDER BY seq")  # type: ignore[return-value]


def queued_start() -> UUID:
    """Somebody asked to start a test, and nobody has done it."""
    by = acting.person("ruth", Role.RED_TECH)
    test_id, key = acting.planned(by), uuid4()
    with unit_of_work() as session:
        workflow.accept(session, [commands.asked(actions.Start(), test_id, key)], by)
    redis_connection.client().flushdb()  # planning it has called for what it tells
    return key


def failed_start() -> UUID:
    key = queued_start()
    execute(
        "UPDATE workflow_action SET state = 'failed', attempts = 8, detail = 'It broke.', finished_at = now()"
        " WHERE id = :key",
        key=key,
    )
    return key


def failed_event() -> UUID:
    with unit_of_work() as session:
        outbox.add(session, "test.event", {})
    execute("UPDATE outbox_event SET failed_at = now(), attempts = 10, last_error = 'KeyError: test'")
    return rows("SELECT id FROM outbox_event WHERE failed_at IS NOT NULL")[0][0]  # type: ignore[no-any-return]


def failed_job() -> str:
    client = redis_connection.client()
    queue = Queue("default", connection=client)
    job = queue.enqueue("operator.truediv", 1, 0)
    SimpleWorker([queue], connection=client).work(burst=True, logging_level="CRITICAL")
    return str(job.id)


def test_a_failed_action_is_done_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    key = failed_start()
    shown = listed()[f"action:{key}"]
    assert (shown.what, shown.state, shown.reason, shown.attempts) == ("Start, test 1", "failed", "It broke.", 8)
    acting.worker_at_once(monkeypatch)
    assert retry(f"action:{key}") == "The action is tried again."
    assert rows("SELECT state, attempts FROM workflow_action WHERE id = :key", key=key) == [("done", 1)]
    assert audited() == [("job.retried", "workflow_action")]
    with pytest.raises(InvalidTransition, match="not among the failed"):
        retry(f"action:{key}")
    assert len(audited()) == 1


def test_a_waiting_action_is_taken_back_and_never_done() -> None:
    key = queued_start()
    assert work_list.look().waiting == 1
    assert cancel(f"action:{key}") == "The action was taken back before it was done."
    commands.perform(str(key))
    assert rows("SELECT state FROM security_test") == [("draft",)]
    with pytest.raises(InvalidTransition, match="is cancelled already"):
        cancel(f"action:{key}")
    assert audited() == [("job.cancelled", "workflow_action")]


def test_a_failed_action_is_given_up() -> None:
    key = failed_start()
    assert cancel(f"action:{key}") == "The failed action was given up."
    assert listed() == {}


def test_what_could_not_be_told() -> None:
    event = failed_event()
    assert listed()[f"event:{event}"].reason == "KeyError: test"
    retry(f"event:{event}")
    assert rows("SELECT failed_at, attempts FROM outbox_event WHERE id = :id", id=event) == [(None, 0)]
    with pytest.raises(InvalidTransition):
        cancel(f"event:{event}")
    execute("UPDATE outbox_event SET failed_at = now() WHERE id = :id", id=event)
    cancel(f"event:{event}")
    assert rows("SELECT id FROM outbox_event WHERE id = :id", id=event) == []
    assert audited() == [("job.retried", "outbox_event"), ("job.cancelled", "outbox_event")]


def test_a_failed_job_says_why_and_is_queued_again() -> None:
    job = failed_job()
    shown = listed()[f"job:{job}"]
    assert (shown.what, shown.reason) == ("operator.truediv", "ZeroDivisionError: division by zero")
    retry(f"job:{job}")
    assert listed()[f"job:{job}"].state == "queued"
    with pytest.raises(InvalidTransition):
        retry(f"job:{job}")
    assert cancel(f"job:{job}") == "The job was removed."
    assert listed() == {}
    with pytest.raises(NotFound):
        cancel(f"job:{job}")
    assert audited() == [("job.retried", "job"), ("job.cancelled", "job")]


def test_a_sync_is_cancelled_before_it_begins_and_started_again() -> None:
    run = syncs.request_sync("attack", actor=SYSTEM, input={"kind": "built_in"})
    assert [(one.what, one.state) for one in listed().values()] == [("Sync of MITRE ATT&CK", "queued")]
    cancel(f"sync:{run}")
    syncs.run_sync(str(run))
    assert rows("SELECT state, error FROM sync_run") == [
        ("interrupted", "Cancelled by Aegis before it began; nothing was changed.")
    ]
    assert retry(f"sync:{run}") == "The sync is queued again."
    assert rows("SELECT input FROM sync_run WHERE state = 'queued'") == [({"kind": "built_in"},)]
    with pytest.raises(Busy):
        retry(f"sync:{run}")
    assert audited() == [("job.cancelled", "source"), ("job.retried", "source")]


def test_a_running_sync_of_a_command_is_not_stopped_from_here() -> None:
    run = syncs.request_sync("attack", actor=SYSTEM, input={"kind": "built_in"})
    execute("UPDATE sync_run SET state = 'running', started_at = now()")
    with pytest.raises(InvalidTransition, match="not running"):
        cancel(f"sync:{run}")
    redis_connection.client().flushdb()
    with pytest.raises(RuleViolated, match="A command on the server"):
        cancel(f"sync:{run}")
    assert audited() == []


def test_an_upload_is_not_there_for_another_run() -> None:
    run = syncs.request_sync("attack", actor=SYSTEM, input={"kind": "upload", "key": "k", "name": "a.json"})
    execute("UPDATE sync_run SET state = 'failed', finished_at = now()")
    with pytest.raises(RuleViolated, match="upload it again"):
        retry(f"sync:{run}")


def test_an_action_under_way_is_not_stopped_halfway() -> None:
    job = Queue("workflow", connection=redis_connection.client()).enqueue("jobs.workflow.perform", str(uuid4()))
    with pytest.raises(RuleViolated, match="takes a moment"):
        queues.stop(job.id)


def test_queues_and_the_jobs_that_only_carry_a_row() -> None:
    key = queued_start()
    commands.hand_over([key])
    found = work_list.look()
    assert [one.reference for one in found.work] == [f"action:{key}"]
    counts = {queue.name: queue.waiting for queue in found.queues}
    assert counts == {"workflow": 1, "sync": 0, "reports": 0, "default": 0}
    assert next(queue.oldest_at for queue in found.queues if queue.name == "workflow") is not None


def test_a_worker_and_what_it_does() -> None:
    client = redis_connection.client()
    worker = SimpleWorker([Queue("default", connection=client)], connection=client)
    job = Queue("default", connection=client).enqueue("jobs.evidence.sweep")
    client.lpop("rq:queue:default")  # as a worker takes it
    worker.register_birth()
    worker.prepare_execution(job)
    worker.prepare_job_execution(job)
    (seen,) = work_list.look().workers
    assert (seen.queues, seen.state, work_list.look().doing(seen)) == (
        ("default",), "busy", "Clearing away files of evidence",
    )  # fmt: skip
    assert work_list.look().workers_of("default") == 1
    assert listed()[f"job:{job.id}"].state == "running"
    worker.register_death()


def test_without_redis_the_rows_are_still_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    key = failed_start()
    redis_connection.configure("redis://127.0.0.1:1/0")
    found = work_list.look()
    assert found.away.startswith("Redis does not answer")
    assert [one.reference for one in found.work] == [f"action:{key}"]
    with pytest.raises(Unavailable):
        retry("job:any")
    assert audited() == []


@pytest.mark.parametrize("reference", ["", "job:", "test:1", "action:1", "event:x", "sync:x", "job:" + "x" * 101])
def test_a_reference_that_names_nothing(reference: str) -> None:
    with pytest.raises(BadInput):
        retry(reference)


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.MANAGE_JOBS)])
def test_others_change_nothing(role: Role) -> None:
    key = failed_start()
    for command in (job_control.retry, job_control.cancel):
        with pytest.raises(PermissionDenied):
            command(SYSTEM, role, f"action:{key}")
    assert rows("SELECT state FROM workflow_action WHERE id = :key", key=key) == [("failed",)]


def test_the_list_takes_two_statements_whatever_there_is(
    count_statements: Callable[[], AbstractContextManager[Statements]],
) -> None:
    for _ in range(5):
        failed_start()
    with count_statements() as statements:
        assert len(work_list.look().work) == 5
    assert len(statements) == 2
