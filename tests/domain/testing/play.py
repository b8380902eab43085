"""A test of the workflow and the people around it: each step of its life in one call, a minute apart."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.errors import AegisError
from domain.outcomes import Detection, Prevention
from domain.roles import Role
from domain.testing.actions import (
    Action,
    Approve,
    Create,
    Observe,
    Start,
    StartRemediation,
    SubmitBlue,
    SubmitRed,
)
from domain.testing.creation import create
from domain.testing.entity import SecurityTest
from domain.testing.events import Event
from domain.testing.person import Person, Team

_SPACE = UUID("00000000-0000-7000-8000-000000000000")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EXECUTED = START + timedelta(minutes=5)


def key(name: str) -> UUID:
    return uuid5(_SPACE, name)


def person(name: str, role: Role) -> Person:
    return Person(key(name), name, role)


RED, OTHER_RED = person("Rita", Role.RED_TECH), person("Rolf", Role.RED_TECH)
BLUE, OTHER_BLUE = person("Bea", Role.BLUE_TECH), person("Bo", Role.BLUE_TECH)
RED_LEAD, OTHER_RED_LEAD = person("Rhea", Role.RED_LEAD), person("Ray", Role.RED_LEAD)
BLUE_LEAD, OTHER_BLUE_LEAD = person("Bianca", Role.BLUE_LEAD), person("Bill", Role.BLUE_LEAD)
ADMIN, OTHER_ADMIN = person("Ada", Role.ADMIN), person("Al", Role.ADMIN)
VIEWER = person("Vera", Role.VIEWER)
EVERYBODY = (
    RED, OTHER_RED, BLUE, OTHER_BLUE, RED_LEAD, OTHER_RED_LEAD, BLUE_LEAD, OTHER_BLUE_LEAD, ADMIN, OTHER_ADMIN, VIEWER,
)  # fmt: skip
EDR, SIEM = key("edr"), key("siem")


def minutes(count: float) -> datetime:
    """So many minutes after START."""
    return START + timedelta(minutes=count)


def planned(**more: Any) -> Create:
    return Create(
        **{
            "id": key("test"),
            "title": "Encoded command",
            "technique_id": key("T1059"),
            "claimed_technique": "T1059",
            "procedure_key": "own:encoded",
            "platform": "Windows",
            **more,
        }
    )


def missed(tool: UUID = EDR) -> Observe:
    return Observe(tool_id=tool, prevention=Prevention.NONE, detection=Detection.MISSED)


def alerted(at: float = 8, tool: UUID = EDR) -> Observe:
    """An alert so many minutes after START."""
    return Observe(tool_id=tool, prevention=Prevention.NONE, detection=Detection.ALERTED, detected_at=minutes(at))


@dataclass
class Play:
    """Where no time is given, an action is done a minute after the one before."""

    test: SecurityTest = field(default_factory=lambda: create(planned(), RED, START)[0])

    def do(self, action: Action, by: Person, at: datetime | None = None, *, names: Person | None = None) -> list[Event]:
        return self.test.act(action, by, at or self.test.updated_at + timedelta(minutes=1), person=names)

    def refused(self, action: Action, by: Person, at: datetime | None = None, *, names: Person | None = None) -> str:
        """The sentence of the refusal, which must leave the test as it was."""
        before = repr(self.test)
        try:
            self.do(action, by, at, names=names)
        except AegisError as refusal:
            assert repr(self.test) == before
            return refusal.detail
        raise AssertionError(f"{by.name} may {action.kind}.")

    def executing(self) -> "Play":
        self.do(Start(), RED)
        return self

    def with_blue(self) -> "Play":
        self.executing()
        self.do(SubmitRed(executed_at=EXECUTED, attack_succeeded=True, notes="Ran as given."), RED, minutes(10))
        return self

    def in_review(self, *seen: Observe) -> "Play":
        """Missed by the EDR unless something else was seen; watched for an hour."""
        self.with_blue()
        for one in seen or (missed(),):
            self.do(one, BLUE, minutes(65))
        self.do(SubmitBlue(watched_until=minutes(65)), BLUE, minutes(70))
        return self

    def validated(self, *seen: Observe) -> "Play":
        self.in_review(*seen)
        self.do(Approve(side=Team.RED), RED_LEAD, minutes(80))
        self.do(Approve(side=Team.BLUE), BLUE_LEAD, minutes(90))
        return self

    def remedying(self) -> "Play":
        self.validated()
        self.do(StartRemediation(), BLUE, minutes(100))
        return self


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]
