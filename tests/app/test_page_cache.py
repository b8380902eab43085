"""Pages kept whole: not drawn again until anything they show has changed, and kept apart by role."""

from collections.abc import Callable, Mapping

import orjson
import pytest
from dash._utils import to_json
from flask.testing import FlaskClient

from app import page_cache
from app.navigation import PAGES
from callbacks import overview
from data.database import SYSTEM, unit_of_work
from data.models import NavigatorOverlay
from data.repositories import sync_runs
from data.repositories.sync_runs import Request
from domain.roles import Role
from pages import not_found
from tests.callbacks.asking import Asking
from tests.conftest import Person
from tests.data import world

ClientOf = Callable[..., FlaskClient]
AddPerson = Callable[..., Person]


class Drawing:
    """Counts how often the overview is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self._render = overview.page.render_overview

        def counting(*arguments: object) -> object:
            self.times += 1
            return self._render(*arguments)

        monkeypatch.setattr(overview.page, "render_overview", counting)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    return Drawing(monkeypatch)


@pytest.fixture
def asking(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("ana", Role.ADMIN)))


def test_it_is_drawn_once_and_says_the_same(asking: Asking, drawing: Drawing) -> None:
    first, again = asking.open("/"), asking.open("/")
    assert drawing.times == 1
    assert first.outputs == again.outputs
    assert first.outputs["title.children"] == "Overview"


@pytest.mark.parametrize("what", ["run", "overlay", "weights"])
def test_any_change_of_what_it_shows_draws_it_anew(asking: Asking, drawing: Drawing, what: str) -> None:
    asking.open("/")
    with unit_of_work() as session:
        if what == "run":
            sync_runs.create(session, Request("attack", {}, None, "person"), SYSTEM)
        elif what == "overlay":
            layer = {"name": "x"}
            session.add(NavigatorOverlay(name="x", domain="enterprise-attack", layer=layer, placed=0, not_placed=0))
        else:
            session.connection().exec_driver_sql("UPDATE score_weights SET reason = 'again'")
    asking.open("/")
    assert drawing.times == 2


def test_roles_and_addresses_are_kept_apart(
    asking: Asking, drawing: Drawing, client_of: ClientOf, add_person: AddPerson
) -> None:
    asking.open("/")
    asking.open("/", "?domain=ics-attack")
    Asking(client_of(add_person("vic", Role.VIEWER))).open("/")
    Asking(client_of(add_person("wes", Role.VIEWER))).open("/")
    assert drawing.times == 3


def test_it_stands_behind_the_guards(asking: Asking, client_of: ClientOf) -> None:
    asking.open("/")
    stranger = Asking(client_of(None))
    stranger._known = asking._known
    stranger._token = "made up"
    refused = stranger.open("/")
    assert (refused.status, refused.outputs) == (401, {})
    asking._token = "made up"
    forged = asking.open("/")
    assert (forged.status, forged.outputs) == (422, {})


def test_what_cannot_be_shown_is_said_and_not_kept(asking: Asking) -> None:
    for _ in range(2):
        assert asking.open("/technique/T9999").outputs["title.children"] == not_found.TITLE


def test_what_is_sent_is_what_dash_would_send(
    client_of: ClientOf, add_person: AddPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    technique = world.technique("T1059", under=["execution"])
    world.release()
    world.tactics("execution")
    world.security_test(technique, "none/alerted", days=3)
    world.rule({"T1059": technique})
    trees: list[Mapping[str, object]] = []
    write = page_cache.written
    monkeypatch.setattr(page_cache, "written", lambda tree: trees.append(tree) or write(tree))
    asking = Asking(client_of(add_person("ada", Role.ADMIN)))
    paths = [page.module.PATH for page in PAGES if page.kept and "<" not in page.module.PATH] + ["/technique/T1059"]
    for path in paths:
        asking.open(path)
    assert len(trees) == len(paths) > 10
    for path, tree in zip(paths, trees, strict=True):
        assert orjson.loads(write(tree)) == orjson.loads(to_json(tree)), path


def test_what_no_page_is_made_of_is_not_sent() -> None:
    with pytest.raises(TypeError, match="not JSON serializable: object"):
        page_cache.written({"children": object()})
