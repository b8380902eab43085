"""Who is asking: the person behind the request, for callbacks and endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from flask import g, request
from flask_login import UserMixin, current_user

from data.database import Actor
from domain.errors import BadInput, NotFound, NotSignedIn
from domain.roles import Permission, Role, may, require


@dataclass(frozen=True, slots=True)
class Viewer(UserMixin):
    """The signed-in person, as this request sees them."""

    id: UUID
    session_id: UUID
    username: str
    display_name: str
    role: Role
    must_change_password: bool
    time_zone: str
    generations: Mapping[str, int] = field(compare=False, repr=False)  # of the data, when the request came

    def may(self, permission: Permission) -> bool:
        return may(self.role, permission)

    def require(self, permission: Permission) -> None:
        require(self.role, permission)

    @property
    def actor(self) -> Actor:
        return Actor(name=self.username, id=self.id, ip=request.remote_addr, request_id=g.get("request_id"))


def signed_in() -> bool:
    return bool(current_user.is_authenticated)


def current() -> Viewer:
    """The viewer of this request; requests without one are turned away before any page or callback runs."""
    if not signed_in():
        raise NotSignedIn("Sign in first.")
    viewer: Viewer = current_user._get_current_object()
    return viewer


def key_in_path(part: str) -> UUID:
    """An id in the address of a page; anything else leads nowhere."""
    try:
        return UUID(part)
    except ValueError as error:
        raise NotFound("There is nothing at this address.") from error


def key(value: object) -> UUID:
    """An id that came from the browser; anything else is bad input."""
    try:
        return UUID(str(value))
    except ValueError as error:
        raise BadInput("This id is not one of ours. Reload the page and try again.") from error
