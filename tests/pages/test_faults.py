"""Services that stop meanwhile: without Redis it is slower, without PostgreSQL the page says so and waits."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine

from app.embedded.postgres import Cluster
from app.embedded.redis import RedisServer
from data import cache, migrate
from data import database as db
from data import redis as redis_connection
from data.queries import sources
from domain.errors import Unavailable
from domain.roles import Role
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person, new_database, url_of
from tests.data.sources import stix
from tests.jobs.syncing import rows, rule, sync_attack, sync_rules

PageOf = Callable[..., Page]
ClientOf = Callable[..., FlaskClient]
PAGES = ("/", "/heatmap", "/technique/T1059", "/sources", "/account", "/admin/users")
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped."""
    made = Cluster(tmp_path_factory.mktemp("stopping-postgres"), fsync=False)
    made.start()
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def migrated_there(cluster: Cluster) -> Iterator[str]:
    with new_database(cluster.url) as name:
        engine = create_engine(db.psycopg_url(url_of(cluster.url, name)))
        migrate.upgrade(engine)
        engine.dispose()
        yield name


@pytest.fixture(scope="module")
def stopping_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that may be stopped."""
    made = RedisServer(tmp_path_factory.mktemp("stopping-redis"), save=False)
    made.start()
    yield made
    made.destroy()


@pytest.fixture
def database_url(cluster: Cluster, migrated_there: str) -> Iterator[str]:
    with new_database(cluster.url, migrated_there) as name:
        yield url_of(cluster.url, name)
        cluster.start()  # its removal needs it


@pytest.fixture
def redis_url(stopping_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> str:
    stopping_redis.start()
    monkeypatch.setattr(cache, "_REST_SECONDS", 0.0)  # it is asked again at once
    return stopping_redis.url


@pytest.fixture
def ada(server: Flask, add_person: Callable[..., Person], tmp_path: Path) -> Person:
    """An administrator, on a small map with a rule on it."""
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK)
    sync_rules(tmp_path, a=rule(1, "T1059"))
    return add_person("ada", Role.ADMIN)


def signing_in(client: FlaskClient, person: Person) -> int:
    client.get("/login", headers=HTML)
    token = client.get_cookie("_csrf_token")
    assert token is not None
    form = {"username": person.username, "password": person.password, "csrf_token": token.value}
    return client.post("/login", data=form, headers=HTML).status_code


class TestWithoutRedis:
    def test_everything_answers_and_answers_are_kept_again_when_it_is_back(
        self, client_of: ClientOf, ada: Person, stopping_redis: RedisServer
    ) -> None:
        asking = Asking(client_of(ada))
        before = {path: asking.open(path).outputs["answer.children"] for path in PAGES}
        stopping_redis.stop()
        assert {path: asking.open(path).outputs["answer.children"] for path in PAGES} == before
        assert asking.client.get("/export/heatmap.json").status_code == 200
        assert "PowerShell" in asking.ask("search-text.value", {"search-text.value": "powersh"}).text
        assert signing_in(client_of(None), ada) == 302
        assert asking.client.get("/readyz").get_json() == {"status": "ok", "database": "ok", "redis": "unavailable"}
        asking.ask(({"type": "sync-now", "source": "sigma"}, "n_clicks"))
        assert rows("SELECT state FROM sync_run WHERE trigger = 'person'") == [("queued",)]
        stopping_redis.start()
        assert asking.open("/heatmap").outputs["answer.children"] == before["/heatmap"]
        assert redis_connection.client().keys("aegis:cache:*")

    @pytest.mark.browser
    def test_somebody_browsing_does_not_notice(self, page_of: PageOf, ada: Person, stopping_redis: RedisServer) -> None:
        page = page_of(ada)
        page.goto("/heatmap")
        expect(page.locator("#answer")).to_have_text("0 of 3 techniques covered")
        stopping_redis.stop()
        page.get_by_label("Colour by").select_option("claimed")
        expect(page.locator("#answer")).to_have_text("1 of 3 techniques with an enabled rule")
        page.locator("#rail").get_by_role("link", name="Overview").click()
        expect(page.locator("#answer")).to_have_text("3 techniques in scope, none tested yet")
        page.reload()
        expect(page.locator("#answer")).to_have_text("3 techniques in scope, none tested yet")
        expect(page.locator(".unreachable")).to_be_hidden()


class TestWithoutPostgres:
    def test_every_answer_is_a_sentence_and_all_is_well_when_it_is_back(
        self, client_of: ClientOf, ada: Person, cluster: Cluster
    ) -> None:
        asking, stranger = Asking(client_of(ada)), client_of(None)
        before = {path: asking.open(path).outputs["answer.children"] for path in PAGES}
        cluster.stop()
        assert stranger.get("/healthz").status_code == 200
        assert stranger.get("/readyz").status_code == 503
        for path in PAGES:
            page = asking.client.get(path, headers=HTML)
            assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
            assert "The database does not answer just now." in page.text
            assert 'http-equiv="refresh"' in page.text
            assert asking.open(path).status == 503
        export = asking.client.get("/export/heatmap.json")
        assert (export.status_code, export.get_json()["code"]) == (503, "unavailable")
        assert signing_in(stranger, ada) == 503
        cluster.start()
        assert {path: asking.open(path).outputs["answer.children"] for path in PAGES} == before
        assert signing_in(stranger, ada) == 302
        assert stranger.get("/readyz").status_code == 200

    def test_lost_in_the_middle_the_page_offers_to_try_again(
        self, client_of: ClientOf, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object) -> None:
            raise Unavailable("The database does not answer just now. Nothing was changed; try again.")

        asking = Asking(client_of(ada))
        monkeypatch.setattr(sources, "sources", away)
        opened = asking.open("/sources", "?source=attack")
        assert "The database does not answer just now." in said(opened.outputs["page.children"])
        assert links(opened.outputs["page.children"]) == {"Try again": "/sources?source=attack"}
        refused = asking.ask(({"type": "sync-now", "source": "sigma"}, "n_clicks"))
        assert refused.toast.startswith("The database does not answer just now.")

    @pytest.mark.browser
    def test_what_is_seen_stays_and_works_again(
        self, page_of: PageOf, forgive: Callable[..., None], ada: Person, cluster: Cluster
    ) -> None:
        page, other, leaving = page_of(ada), page_of(ada), page_of(ada)
        leaving.goto("/heatmap")
        page.goto("/heatmap")
        expect(page.locator("#answer")).to_have_text("0 of 3 techniques covered")
        unreachable = page.locator("html[data-unreachable]")
        cluster.stop()
        page.get_by_label("Colour by").select_option("claimed")
        expect(unreachable).to_have_count(1)
        expect(page.locator(".unreachable")).to_be_visible()
        expect(page.get_by_role("link", name="T1059 Command").first).to_be_visible()
        leaving.locator("#rail").get_by_role("link", name="Overview").click()
        expect(leaving.locator("html[data-unreachable]")).to_have_count(1)
        expect(leaving.locator("#title")).to_have_text("Heatmap")
        answer = other.goto("/sources")
        assert answer is not None
        assert answer.status == 503
        expect(other.get_by_role("heading", name="Not available just now")).to_be_visible()

        cluster.start()
        page.get_by_label("Colour by").select_option("score")
        expect(unreachable).to_have_count(0)
        expect(page.locator("#answer")).to_have_text("0 of 3 techniques scored 60 or more")
        expect(other.locator("#title")).to_have_text("Sources")  # it has asked again by itself
        expect(leaving.locator("#title")).to_have_text("Overview")  # and so has what was on its way
        expect(leaving.locator("html[data-unreachable]")).to_have_count(0)
        forgive("503", "The database does not answer just now.")
