"""Views of the tests page under a name, for oneself or for everybody."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode
from uuid import UUID

from data.database import Actor, reading, unit_of_work
from data.repositories import audit, saved_views
from data.repositories.saved_views import View
from domain.errors import BadInput, PermissionDenied
from domain.roles import Permission, Role, may, require
from domain.tests_view import FIELDS

PAGE = "tests"
EACH_MAX = 50  # views a person keeps
NAME_MAX = 60
QUERY_MAX = 2_000


def of(user_id: UUID) -> Sequence[View]:
    with reading() as session:
        return saved_views.of(session, user_id, PAGE)


def save(actor: Actor, role: Role, name: str, query: Mapping[str, str], *, shared: bool) -> None:
    """Keep what `query` (of the page's address) asks for. The same name again replaces it.

    Who may comment may share. Raises BadInput, PermissionDenied.
    """
    require(role, Permission.COMMENT if shared else Permission.READ)
    if actor.id is None:
        raise PermissionDenied("Views belong to people.")
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_MAX:
        raise BadInput(f"Give the view a name of at most {NAME_MAX} characters.")
    text = urlencode({key: value for key, value in query.items() if key in FIELDS and value}, safe=",")
    if len(text) > QUERY_MAX:
        raise BadInput("This view asks for too much to be kept.")
    with unit_of_work() as session:
        held = saved_views.names(session, actor.id, PAGE)
        if name not in held and len(held) >= EACH_MAX:
            raise BadInput(f"You have {EACH_MAX} views already; remove one first.")
        kept = saved_views.keep(session, actor.id, PAGE, name, text, shared=shared)
        after = {"name": name, "query": text, "shared": shared}
        audit.record(session, actor, "view.saved", entity=("saved_view", str(kept)), after=after)


def remove(actor: Actor, role: Role, view_id: UUID) -> None:
    """One's own, or as an administrator what others share. Raises NotFound, PermissionDenied."""
    require(role, Permission.READ)
    with unit_of_work() as session:
        view = saved_views.get(session, view_id)
        if view.user_id != actor.id and not (view.shared and may(role, Permission.MANAGE_USERS)):
            raise PermissionDenied("Only whose view it is can remove it.")
        before = {"name": view.name, "query": view.query, "shared": view.shared}
        audit.record(session, actor, "view.removed", entity=("saved_view", str(view.id)), before=before)
        saved_views.remove(session, view_id)
