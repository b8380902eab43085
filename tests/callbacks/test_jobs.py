"""The jobs page: for administrators; shows what failed and why, and does what the buttons say."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from data import redis as redis_connection
from domain.roles import Permission, Role, may
from tests.callbacks.asking import Asking
from tests.conftest import Person
from tests.jobs.syncing import execute, rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]
FAILED = UUID(int=7)


@pytest.fixture
def asking(client_of: ClientOf, add_person: AddPerson) -> Asking:
    """An administrator, and one action that failed for good."""
    made = Asking(client_of(add_person("ada", Role.ADMIN)))
    execute(
        "INSERT INTO workflow_action (id, kind, test_id, actor_id, actor_name, state, attempts, detail, finished_at)"
        " SELECT :id, 'start', uuidv7(), id, 'ruth', 'failed', 8, 'It broke.', now() FROM user_account",
        id=FAILED,
    )
    return made


def press(asking: Asking, button: str) -> str:
    values = {f"{button}.n_clicks": 1, "jobs-chosen.data": f"action:{FAILED}"}
    return asking.ask(f"{button}.n_clicks", values).toast


def test_what_failed_is_read_and_tried_again(asking: Asking) -> None:
    opened = asking.open("/admin/jobs", f"?job=action:{FAILED}").text
    for words in ("1 failed, 0 waiting, no worker", "It broke.", "jobs-retry", "jobs-cancel", "Actions on tests"):
        assert words in opened
    assert press(asking, "jobs-retry").startswith("The action is tried again.")
    assert rows("SELECT state FROM workflow_action") == [("queued",)]
    followed = asking.ask("jobs-poll.n_intervals", {"jobs-poll.n_intervals": 1})
    assert followed.beside["answer.children"] == "0 failed, 1 waiting, no worker"
    assert "Nobody works on workflow" in followed.text
    assert press(asking, "jobs-cancel").startswith("The action was taken back")
    assert rows("SELECT actor_name, action FROM audit_log WHERE action LIKE 'job.%' ORDER BY seq") == [
        ("ada", "job.retried"),
        ("ada", "job.cancelled"),
    ]


def test_what_is_gone_meanwhile_is_said(asking: Asking) -> None:
    execute("UPDATE workflow_action SET state = 'done'")
    assert "not among the failed ones" in press(asking, "jobs-retry")
    chosen = {"url.search": f"?job=action:{FAILED}", "url.pathname": "/admin/jobs"}
    assert "Not there any more" in asking.ask("url.search", chosen, of="jobs-panel").text


def test_without_redis_the_page_says_so(asking: Asking) -> None:
    redis_connection.configure("redis://127.0.0.1:1/0")
    opened = asking.open("/admin/jobs").text
    assert "queues and workers cannot be seen" in opened
    assert "It broke." in opened


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.MANAGE_JOBS)])
def test_it_is_not_for_others(asking: Asking, client_of: ClientOf, add_person: AddPerson, role: Role) -> None:
    other = Asking(client_of(add_person("ben", role)))
    assert "It broke." not in other.open("/admin/jobs").text
    assert "This needs the role" in press(other, "jobs-retry")
    assert "This needs the role" in press(other, "jobs-cancel")
    assert "This needs the role" in other.ask("jobs-poll.n_intervals", {"jobs-poll.n_intervals": 1}).toast
    assert rows("SELECT state FROM workflow_action") == [("failed",)]
