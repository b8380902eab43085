"""Actions on tests as people wait for them: from the click to the answer, over HTTP, done by the running worker."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from bench.figures import Figure, of_samples
from bench.timing import by_turns
from data.database import Actor, reading
from data.models import Technique, User
from domain.testing import actions
from jobs import workflow

GROUP = "Workflow"
_ACTIONS, _BARE = "/api/actions", "/api/notifications/count"
_TARGET_P95_MS = 200.0


def measure(client: httpx.Client, username: str, rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Pausing and resuming one test in turn; beside it the smallest answer that asks who is there."""
    say("workflow actions")
    test_id = _started(username)
    headers = {"X-CSRFToken": client.cookies.get("_csrf_token") or ""}
    paused = False

    def act() -> None:
        nonlocal paused
        kind = "resume" if paused else "pause"
        body: dict[str, Any] = {"key": str(uuid4()), "kind": kind, "test": str(test_id), "payload": {}}
        answer = client.post(_ACTIONS, json=body, headers=headers).raise_for_status().json()
        if answer["state"] != "done":
            raise SystemExit(f"The benchmark's action was not done: {answer}")
        paused = not paused

    def bare() -> None:
        client.get(_BARE).raise_for_status()

    samples = by_turns({"act": act, "bare": bare}, rounds)
    made = of_samples(
        GROUP, "an action, click to acknowledged", samples["act"],
        baseline=median(samples["bare"]), baseline_name="an answer without a job",
    )  # fmt: skip
    yield made
    yield Figure(GROUP, "an action, 95 of 100 within", made.p95 or 0.0, n=made.n, target=_TARGET_P95_MS)


def _started(username: str) -> UUID:
    """A new test in the hands of red."""
    with reading() as session:
        user_id = session.scalars(select(User.id).where(User.username == username)).one()
        technique_id, attack_id = session.execute(
            select(Technique.id, Technique.attack_id).where(Technique.active).limit(1)
        ).one()
    me, test_id = Actor(name=username, id=user_id), uuid4()
    planned = actions.Create(
        id=test_id,
        title="Benchmark",
        technique_id=technique_id,
        claimed_technique=attack_id,
        procedure_key=f"bench:{test_id}",
        platform="Windows",
    )
    for action in (planned, actions.Start()):
        workflow.do_now(workflow.asked(action, test_id, uuid4()), me)
    return test_id
