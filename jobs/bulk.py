"""One action on many tests: each is asked for by itself, and each has its own answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from data.database import Actor
from data.repositories.workflow import Asked
from domain.errors import BadInput
from domain.roles import Permission, Role, require
from domain.testing import actions
from domain.testing.payload import to_payload
from domain.testing.person import Team
from jobs import workflow

# What can be done to many, and what a role must hold to be offered it; the rules of each test decide in the end.
KINDS: Mapping[str, Permission] = {
    "assign": Permission.ASSIGN_TEST,
    "start": Permission.EXECUTE_TEST,
    "retest": Permission.PLAN_TEST,
    "cancel": Permission.PLAN_TEST,
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A test as somebody saw it."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`key` is made by whoever asks: the same key again is the same request. `team` and `person` are for `assign`."""

    key: UUID
    kind: str
    team: str = "red"
    person: UUID | None = None
    reason: str = ""


def do(actor: Actor, role: Role, wanted: Wanted, chosen: Sequence[Chosen]) -> UUID:
    """Ask for it; returns the batch under which the answers are found. Raises BadInput, PermissionDenied."""
    if wanted.kind not in KINDS:
        raise BadInput("This cannot be done to many tests at once.")
    require(role, KINDS[wanted.kind])
    asked = [
        Asked(
            key=uuid5(wanted.key, str(one.id)),
            kind=wanted.kind,
            test_id=one.id,
            payload=to_payload(_action(wanted, one)),
            seen_version=one.version,
        )
        for one in chosen
    ]
    return workflow.ask_many(asked, actor, wanted.key)


def _action(wanted: Wanted, one: Chosen) -> actions.Action:
    match wanted.kind:
        case "assign":
            return actions.Assign(team=Team(wanted.team), assignee_id=wanted.person)
        case "retest":
            return actions.Retest(new_id=uuid5(wanted.key, f"retest of {one.id}"))
        case "cancel":
            return actions.Cancel(reason=wanted.reason)
    return actions.Start()
