"""Actions over HTTP: done or queued, refused with the sentence of the rule, one action a key, nobody else's answers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from jobs import presence, workflow
from tests.conftest import Person
from tests.data import world
from tests.jobs import acting
from tests.jobs.syncing import execute, rows

ACTIONS = "/api/actions"


@pytest.fixture
def world_of_one(server: object) -> Iterator[UUID]:
    """A draft, planned by somebody."""
    world.tactics("execution")
    presence.forget()
    yield acting.planned(acting.person("rosa", Role.RED_LEAD))
    presence.forget()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    acting.worker_at_once(monkeypatch)


class Client:
    """A person who acts."""

    def __init__(self, client: FlaskClient) -> None:
        self.http = client
        client.get("/password", headers={"Accept": "text/html"})
        cookie = client.get_cookie("_csrf_token")
        assert cookie is not None
        self.token = cookie.value

    def send(self, body: Any, token: str | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"X-CSRFToken": self.token if token is None else token, "Accept": "application/json"}
        answer = self.http.post(ACTIONS, json=body, headers=headers)
        return answer.status_code, answer.get_json()

    def act(self, test: UUID, kind: str, key: UUID | None = None, seen: int | None = None, **payload: Any) -> Any:
        body = {"key": str(key or uuid4()), "kind": kind, "test": str(test), "seen_version": seen, "payload": payload}
        return self.send(body)

    def look(self, key: UUID) -> tuple[int, dict[str, Any]]:
        answer = self.http.get(f"{ACTIONS}/{key}")
        return answer.status_code, answer.get_json()


@pytest.fixture
def client(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Callable[[Role], Client]:
    return lambda role: Client(client_of(add_person(f"me-{role}", role)))


def test_an_action_is_done_and_the_same_key_does_it_once(
    world_of_one: UUID, worker: None, client: Callable[[Role], Client]
) -> None:
    red, key = client(Role.RED_TECH), uuid4()
    first = red.act(world_of_one, "start", key, seen=1)
    assert first == red.act(world_of_one, "start", key, seen=1) == red.look(key)
    status, body = first
    assert (status, body["state"], body["version"], body["worker"]) == (200, "done", 2, True)
    assert rows("SELECT count(*) FROM test_timeline WHERE action = 'execution_started'") == [(1,)]


@pytest.mark.parametrize(
    ("role", "kind", "expected"),
    [
        (Role.BLUE_TECH, "start", (403, "forbidden")),
        (Role.VIEWER, "comment", (403, "forbidden")),
        (Role.RED_TECH, "submit_blue", (403, "forbidden")),
        (Role.BLUE_TECH, "submit_blue", (409, "invalid_transition")),
        (Role.RED_TECH, "explode", (422, "bad_input")),
    ],
)
@pytest.mark.usefixtures("worker")
def test_what_the_rules_refuse_is_an_error_with_their_sentence(
    world_of_one: UUID, client: Callable[[Role], Client], role: Role, kind: str, expected: tuple[int, str]
) -> None:
    payload = {"text": "hello"} if kind == "comment" else {}
    answered, body = client(role).act(world_of_one, kind, **payload)
    assert (answered, body["code"]) == expected
    assert body["detail"].endswith(".")
    assert rows("SELECT version FROM security_test") == [(1,)]
    if role is Role.VIEWER:  # who may do nothing at all is turned away before anything is written down
        assert rows("SELECT count(*) FROM workflow_action WHERE kind = 'comment'") == [(0,)]


def test_of_two_at_once_the_second_reads_who_was_quicker(
    world_of_one: UUID, worker: None, client: Callable[[Role], Client]
) -> None:
    client(Role.RED_TECH).act(world_of_one, "start", seen=1)
    status, body = client(Role.RED_LEAD).act(world_of_one, "edit_plan", seen=1, title="Another")
    assert (status, body["code"]) == (409, "stale_version")
    assert body["detail"].startswith("Changed meanwhile by Me-Red_Tech")


def test_an_odd_time_is_asked_about_and_confirmed(
    world_of_one: UUID, worker: None, client: Callable[[Role], Client]
) -> None:
    red = client(Role.RED_TECH)
    red.act(world_of_one, "start")
    said = {"executed_at": (world.NOW - timedelta(days=40)).isoformat(), "attack_succeeded": True}
    status, body = red.act(world_of_one, "submit_red", **said)
    assert (status, body["code"]) == (409, "needs_confirmation")
    assert body["detail"] == "Executed 40 days before this test was created: is the date right?"
    assert red.act(world_of_one, "submit_red", **said, confirmed=True)[0] == 200


def test_without_a_worker_it_is_queued_and_says_so(
    world_of_one: UUID, client: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow.ask, "__kwdefaults__", {"patience": 0.0})
    red, key = client(Role.RED_TECH), uuid4()
    status, body = red.act(world_of_one, "start", key)
    assert (status, body["state"], body["worker"]) == (202, "queued", False)
    number = rows("SELECT number FROM security_test")[0][0]
    standing = red.http.get(f"/api/tests/{number}/version").get_json()
    assert standing == {"version": 1, "waiting": 1, "entries": 1, "ahead": 0, "worker": False}
    workflow.perform(str(key))
    assert red.look(key)[1]["state"] == "done"
    assert red.http.get(f"/api/tests/{number}/version").get_json()["version"] == 2


def test_nobody_sees_or_takes_over_the_action_of_another(
    world_of_one: UUID, worker: None, client: Callable[[Role], Client]
) -> None:
    red, lead, key = client(Role.RED_TECH), client(Role.RED_LEAD), uuid4()
    red.act(world_of_one, "start", key)
    assert lead.look(key)[0] == 404
    assert lead.act(world_of_one, "start", key)[0] == 404
    status, body = red.act(world_of_one, "pause", key)
    assert (status, body["code"]) == (409, "duplicate")
    assert rows("SELECT count(*) FROM workflow_action WHERE kind IN ('start', 'pause')") == [(1,)]


@pytest.mark.parametrize(
    "body",
    [
        [],
        "start",
        {"kind": "start"},
        {"kind": 5, "key": str(uuid4()), "test": str(uuid4())},
        {"kind": "start", "key": "k", "test": str(uuid4())},
        {"kind": "start", "key": str(uuid4()), "test": 7},
        {"kind": "start", "key": str(uuid4()), "test": str(uuid4()), "payload": []},
        {"kind": "start", "key": str(uuid4()), "test": str(uuid4()), "seen_version": "1"},
        {"kind": "start", "key": str(uuid4()), "test": str(uuid4()), "seen_version": 2**40},
        {"kind": "start", "key": str(uuid4()), "test": str(uuid4()), "payload": {"more": 1}},
    ],
    ids=range(10),
)
def test_what_is_not_a_whole_question_is_refused_and_nothing_is_kept(
    server: object, client: Callable[[Role], Client], body: Any
) -> None:
    status, answer = client(Role.ADMIN).send(body)
    assert (status, answer["code"]) == (422, "bad_input")
    assert rows("SELECT count(*) FROM workflow_action") == [(0,)]


def test_strangers_and_forged_requests_are_turned_away(
    world_of_one: UUID, client: Callable[[Role], Client], client_of: Callable[..., FlaskClient]
) -> None:
    key = str(uuid4())
    body = {"key": key, "kind": "start", "test": str(world_of_one)}
    assert client(Role.RED_TECH).send(body, token="forged")[0] == 422
    nobody = client_of()
    assert nobody.get(f"{ACTIONS}/{key}").status_code == 401
    assert nobody.get("/api/tests/1/version").status_code == 401
    assert rows("SELECT count(*) FROM workflow_action WHERE kind = 'start'") == [(0,)]


@pytest.mark.parametrize("number", [0, 99, 2**63])
def test_a_test_that_is_not_there(server: object, client: Callable[[Role], Client], number: int) -> None:
    assert client(Role.VIEWER).http.get(f"/api/tests/{number}/version").status_code == 404


def test_an_account_that_was_disabled_meanwhile_does_nothing(
    world_of_one: UUID, client: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow.ask, "__kwdefaults__", {"patience": 0.0})
    red, key = client(Role.RED_TECH), uuid4()
    red.act(world_of_one, "start", key)
    execute("UPDATE user_account SET disabled_at = now() WHERE username = 'me-red_tech'")
    workflow.perform(str(key))
    assert rows("SELECT state, code FROM workflow_action WHERE kind = 'start'") == [("refused", "forbidden")]


def test_rules_are_found_by_words_and_by_id(server: object, client: Callable[[Role], Client]) -> None:
    key = str(world.rule({}, title="Memory of a process read", external_id="abc-1"))
    world.rule({}, title="Something else")
    viewer = client(Role.VIEWER).http
    for words in ("memory proc", "ABC-1"):
        assert viewer.get("/api/rules", query_string={"q": words}).get_json() == {
            "rules": [[key, "Memory of a process read"]]
        }
    for words in ("", "  ", "'); --", "nothing like it"):
        assert viewer.get("/api/rules", query_string={"q": words}).get_json() == {"rules": []}
