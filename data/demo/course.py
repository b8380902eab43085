"""What a life of a test is made of: the order, its rounds, its events, the remedy. Times in seconds since 1970."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from data.demo.defence import Seen
from data.demo.people import Person
from data.demo.procedures import Procedure
from domain.outcomes import RemediationState


@dataclass(frozen=True, slots=True)
class Team:
    red: Sequence[Person]
    blue: Sequence[Person]
    red_leads: Sequence[Person]
    blue_leads: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Order:
    """A test that shall be run at `at`. Times in seconds since 1970."""

    procedure: Procedure
    platform: str
    at: int
    campaign_id: UUID | None = None
    retest_of: UUID | None = None
    ordered_at: int | None = None  # when known; else some days before


@dataclass(slots=True)
class Pass:
    """One round. What has not happened (yet) is None."""

    number: int
    opened: int
    started: int | None = None
    executed: int | None = None
    succeeded: bool | None = None
    red_by: Person | None = None
    red_submitted: int | None = None
    red_note: str | None = None
    seen: Sequence[Seen] = ()
    contained: int | None = None
    watched_until: int | None = None
    blue_by: Person | None = None
    blue_submitted: int | None = None
    blue_note: str | None = None
    red_verdict: tuple[bool, Person, int, str | None] | None = None
    blue_verdict: tuple[bool, Person, int, str | None] | None = None
    closed: int | None = None
    result: str | None = None


@dataclass(slots=True)
class Remedy:
    state: RemediationState
    owner: Person
    opened: int
    due: int
    note: str
    done: int | None = None
    reason: str | None = None
    accepted_until: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    at: int
    who: Person
    side: str
    action: str
    note: str | None
    round: int
