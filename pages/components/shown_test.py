"""A test as its page knows it: the entity, what this person may do, and what everything it refers to is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.evidence import Evidence
from domain.roles import Role
from domain.templates import Template
from domain.testing.entity import SecurityTest
from domain.testing.offers import Offer
from domain.testing.person import Person, Team
from domain.testing.rounds import Round


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    id: UUID
    username: str
    name: str
    role: Role
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A defence tool. One that is no longer in use is not offered."""

    id: UUID
    name: str
    active: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """`attack_id` is a technique it claims, where its page shows it; '' when it claims none on the map."""

    id: UUID
    title: str
    attack_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Another test of the same chain of retests."""

    number: int
    title: str
    state: str
    outcome: str | None
    executed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """An entry of the timeline; `details` as the event told them."""

    at: datetime
    round: int
    who: str
    side: str
    kind: str
    note: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """An accepted action that is not done yet."""

    kind: str
    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The template it was made from, in the version it was made from; `content` None when that is not kept."""

    id: UUID
    name: str
    version: int | None
    newest: int
    content: Template | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTest:
    """Everything on the page. `shown` is the round that is shown, the latest unless an older one is asked for.

    `entries` counts the whole timeline, of which the newest are here. `files` is the evidence of both sides and all
    rounds, `no_files` why this person cannot add any to a side now.
    """

    number: int
    test: SecurityTest
    shown: Round
    me: Person
    offers: Sequence[Offer]
    attack_id: str
    technique: str
    campaign_id: UUID | None
    campaign: str
    origin: Origin | None
    accounts: Mapping[UUID, Account]
    tools: Mapping[UUID, Tool]
    rules: Mapping[UUID, Rule]
    earlier: Sequence[Run]
    later: Sequence[Run]
    timeline: Sequence[Done]
    comments: Sequence[Done]
    waiting: Sequence[Waiting]
    worker: bool
    entries: int
    files: Sequence[Evidence] = ()
    no_files: Mapping[Team, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"/test/{self.number}"

    @property
    def is_latest(self) -> bool:
        return self.shown.number == self.test.round

    def name(self, person: UUID | None) -> str:
        """What a person is called; '' for nobody."""
        if person is None:
            return ""
        known = self.accounts.get(person)
        return known.name if known else "somebody who has left"

    def offered(self, kind: str) -> bool:
        return any(one.kind == kind and one.refusal is None for one in self.offers)
