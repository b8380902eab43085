"""The order of a campaign, as one of its tests meets it: what has to be finished before it is started."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import RuleViolated
from domain.roles import Permission, who_may
from domain.testing.person import Person

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Ahead:
    """An unfinished test that another waits for: a draft, with red, with blue or in review.

    Validated, rejected and cancelled ones hold up nobody; one that is reopened does so again.
    """

    number: int
    title: str


def check_turn(ahead: Sequence[Ahead], by: Person) -> None:
    """Raises RuleViolated, naming what is waited for, unless this person may start a test out of its turn."""
    if ahead and not by.may(Permission.START_EARLY):
        raise RuleViolated(f"{waiting_words(ahead)} {who_may(Permission.START_EARLY)} may start it anyway.")


def check_reason(ahead: Sequence[Ahead], reason: str) -> None:
    """Raises RuleViolated where a test is started out of its turn and nobody says why."""
    if ahead and not reason:
        raise RuleViolated(f"{waiting_words(ahead)} Give a reason to start it anyway.", errors={"reason": "required"})


def waiting_words(ahead: Sequence[Ahead]) -> str:
    """The sentence that names what a test waits for: the first three tests, and how many more there are."""
    names = [f"test {one.number} ({one.title})" for one in ahead[:_NAMED]]
    if len(ahead) > _NAMED:
        names.append(f"{len(ahead) - _NAMED:,} more")
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"This test waits for {listed}, which {'is' if len(ahead) == 1 else 'are'} not finished."
