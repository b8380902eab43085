"""What one kind of action is: who may do it when, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.errors import PermissionDenied
from domain.roles import Permission, who_may
from domain.testing.person import Person
from domain.testing.telling import Doing

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest


@dataclass(frozen=True, slots=True)
class Step:
    """`check(test, by, asked)` raises why not; `asked` is the action, or as much of it as is known.
    `do(doing, action)` looks at what was typed in and then changes the test: first all checks, then all changes.
    """

    check: Callable[["SecurityTest", Person, Any], None]
    do: Callable[[Doing, Any], None]


def need(by: Person, permission: Permission) -> None:
    if not by.may(permission):
        raise PermissionDenied(f"This needs the role {who_may(permission)}; yours is {by.role.label}.")
