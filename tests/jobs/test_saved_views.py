"""Views under a name: one's own, those of others that are shared, and their limits."""

import pytest
from sqlalchemy import Engine

from data.database import Actor
from domain.errors import BadInput, NotFound, PermissionDenied
from domain.roles import Role
from jobs import saved_views
from tests.jobs.acting import person
from tests.jobs.syncing import rows

pytestmark = pytest.mark.usefixtures("database")


def _names(actor: Actor) -> list[str]:
    assert actor.id is not None
    return [one.name for one in saved_views.of(actor.id)]


def test_own_views_come_first_and_those_that_others_share_after(database: Engine) -> None:
    ada, ben = person("ada", Role.RED_TECH), person("ben", Role.BLUE_TECH)
    saved_views.save(ada, Role.RED_TECH, "  My   drafts ", {"state": "draft", "assignee": "me"}, shared=False)
    saved_views.save(ada, Role.RED_TECH, "Missed", {"outcome": "missed"}, shared=True)
    saved_views.save(ben, Role.BLUE_TECH, "zebra", {}, shared=False)
    assert _names(ada) == ["Missed", "My drafts"]
    assert _names(ben) == ["zebra", "Missed"]
    assert saved_views.of(ada.id)[1].query == "state=draft&assignee=me"  # type: ignore[arg-type]


def test_the_same_name_again_replaces_it(database: Engine) -> None:
    ada = person("ada", Role.RED_TECH)
    saved_views.save(ada, Role.RED_TECH, "One", {"q": "a"}, shared=True)
    saved_views.save(ada, Role.RED_TECH, "One", {"q": "b & c", "nonsense": "1"}, shared=False)
    (only,) = saved_views.of(ada.id)  # type: ignore[arg-type]
    assert (only.query, only.shared) == ("q=b+%26+c", False)
    assert [row[0] for row in rows("SELECT action FROM audit_log ORDER BY seq")] == ["view.saved", "view.saved"]


def test_only_whose_it_is_removes_a_view_or_an_administrator_a_shared_one(database: Engine) -> None:
    ada, ben, root = person("ada", Role.RED_TECH), person("ben", Role.BLUE_TECH), person("root", Role.ADMIN)
    saved_views.save(ada, Role.RED_TECH, "Shared", {}, shared=True)
    saved_views.save(ada, Role.RED_TECH, "Own", {}, shared=False)
    own, shared = saved_views.of(ada.id)  # type: ignore[arg-type]
    for view in (own, shared):
        with pytest.raises(PermissionDenied):
            saved_views.remove(ben, Role.BLUE_TECH, view.id)
    with pytest.raises(PermissionDenied):
        saved_views.remove(root, Role.ADMIN, own.id)
    saved_views.remove(root, Role.ADMIN, shared.id)
    saved_views.remove(ada, Role.RED_TECH, own.id)
    assert _names(ada) == []
    with pytest.raises(NotFound):
        saved_views.remove(ada, Role.RED_TECH, own.id)


def test_limits(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = person("ada", Role.VIEWER)
    for name in ("", "   ", "x" * 61):
        with pytest.raises(BadInput, match="at most 60"):
            saved_views.save(ada, Role.VIEWER, name, {}, shared=False)
    with pytest.raises(BadInput, match="too much"):
        saved_views.save(ada, Role.VIEWER, "Long", {"q": "x" * 2001}, shared=False)
    with pytest.raises(PermissionDenied):
        saved_views.save(ada, Role.VIEWER, "Shared", {}, shared=True)
    monkeypatch.setattr(saved_views, "EACH_MAX", 1)
    saved_views.save(ada, Role.VIEWER, "One", {}, shared=False)
    saved_views.save(ada, Role.VIEWER, "One", {"q": "x"}, shared=False)
    with pytest.raises(BadInput, match="already"):
        saved_views.save(ada, Role.VIEWER, "Two", {}, shared=False)
