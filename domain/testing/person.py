"""Who acts on a test, and in whose name."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.roles import Permission, Role, may


class Team(StrEnum):
    """The two sides of a test."""

    RED = "red"
    BLUE = "blue"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def other(self) -> "Team":
        return Team.BLUE if self is Team.RED else Team.RED

    @property
    def works(self) -> Permission:
        """What it takes to do this side's work."""
        return Permission.EXECUTE_TEST if self is Team.RED else Permission.EVALUATE_TEST

    @property
    def approves(self) -> Permission:
        """What it takes to approve this side's work."""
        return Permission.APPROVE_RED if self is Team.RED else Permission.APPROVE_BLUE


class Side(StrEnum):
    """In whose name an entry of the timeline was made."""

    RED = "red"
    BLUE = "blue"
    LEAD = "lead"
    SYSTEM = "system"


_SIDES = {
    Role.RED_TECH: Side.RED,
    Role.BLUE_TECH: Side.BLUE,
    Role.RED_LEAD: Side.LEAD,
    Role.BLUE_LEAD: Side.LEAD,
    Role.ADMIN: Side.LEAD,
    Role.VIEWER: Side.SYSTEM,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `name` is what others read."""

    id: UUID
    name: str
    role: Role

    @property
    def side(self) -> Side:
        """In whose name this person plans and comments."""
        return _SIDES[self.role]

    def may(self, permission: Permission) -> bool:
        return may(self.role, permission)
