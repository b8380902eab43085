"""People who act on tests, as tests need them: accounts by role, and actions done here and now."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from data.database import Actor, reading, unit_of_work
from data.models import DefenceTool, SecurityTest, User
from data.repositories import security_tests
from data.repositories.workflow import Answer
from domain.roles import Role
from domain.testing import actions
from domain.testing import entity as entities
from jobs import presence, workflow
from tests.data import world


def person(username: str, role: Role) -> Actor:
    """An account; the same name again is the same account."""
    with unit_of_work() as session:
        user = session.scalars(select(User).where(User.username == username)).first()
        if user is None:
            user = User(username=username, display_name=username.title(), role=role)
            session.add(user)
            session.flush()
        return Actor(name=username, id=user.id, ip="192.0.2.7", request_id="tests")


def tool(slug: str = "edr") -> UUID:
    with unit_of_work() as session:
        made = session.scalars(select(DefenceTool).where(DefenceTool.slug == slug)).first()
        if made is None:
            made = DefenceTool(slug=slug, name=slug.upper(), kind="edr")
            session.add(made)
            session.flush()
        return made.id


def planned(by: Actor, technique: UUID | None = None, **more: Any) -> UUID:
    """A draft on T1059, or on the given technique."""
    test_id = uuid4()
    do(
        test_id,
        by,
        actions.Create(
            **{
                "id": test_id,
                "title": "Encoded command",
                "technique_id": technique or home(),
                "claimed_technique": "T1059",
                "procedure_key": "own:encoded",
                "platform": "Windows",
                **more,
            }
        ),
    )
    return test_id


def home() -> UUID:
    """The technique T1059 of a small map."""
    with reading() as session:
        found = session.scalars(select(SecurityTest.technique_id).limit(1)).first()
    return found or world.technique("T1059", under=["execution"])


def do(test_id: UUID, by: Actor, action: actions.Action, *, seen: int | None = None, key: UUID | None = None) -> Answer:
    return workflow.do_now(workflow.asked(action, test_id, key or uuid4(), seen_version=seen), by)


def state(test_id: UUID) -> entities.SecurityTest:
    with reading() as session:
        return security_tests.get(session, test_id)


def worker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody does what is handed over in the same moment, and has been heard of."""
    monkeypatch.setattr(workflow, "_hand_over", lambda waiting: [workflow.perform(str(key)) for key, _ in waiting])
    monkeypatch.setattr(presence, "_look", lambda queue: True)
