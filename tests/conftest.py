"""A real PostgreSQL and Redis for every test run; a migrated database with nothing in it for every test that asks."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from werkzeug.serving import make_server

from app.embedded.postgres import Cluster
from app.embedded.redis import RedisServer
from app.settings import Settings
from data import cache, migrate, passwords
from data import database as db
from data import redis as redis_connection
from data.models import User
from data.passwords import hashed
from domain.roles import Role
from tests.own_database import OwnDatabase

ROOT = Path(__file__).resolve().parent.parent

# how long an example takes says how busy the machine is, not whether the code is right
hypothesis_settings.register_profile("aegis", deadline=None)
hypothesis_settings.load_profile("aegis")


# Marks of files that take long for the few tests they have.
_LONG = ("browser", "realdata", "long")
_LAST_LONG_BEGINS = 0.8  # of the way through the others


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files early and spread over the run: at its end, one process would work at them and the others wait."""
    files = list(dict.fromkeys(item.path for item in items))
    marked = {item.path for item in items if any(item.get_closest_marker(name) for name in _LONG)}
    long = [path for path in files if path in marked]
    short = [path for path in files if path not in marked]
    begins = {path: _LAST_LONG_BEGINS * at / len(long) for at, path in enumerate(long)}
    begins |= {path: at / len(short) for at, path in enumerate(short)}
    items.sort(key=lambda item: begins[item.path])  # stable: a file stays together, in its order


@pytest.fixture(scope="session")
def realdata_dir() -> Path:
    """The folder of real public data files; tests that need it are marked `realdata`."""
    folder = Path(os.environ.get("AEGIS_REALDATA_DIR", ROOT.parent / "shared" / "data"))
    if not (folder / "attack").is_dir():
        pytest.skip(f"the real data files are not here: {folder} (set AEGIS_REALDATA_DIR)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    """Argon2 is slow on purpose, and every test with a person in it would pay for that twice."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(autouse=True)
def _answers_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everybody in a process is given the same answers: who changes one changes what the next is shown."""
    given: list[tuple[str, Any, bytes]] = []
    put = cache._state.read.put

    def noting(key: str, read: Any) -> None:
        given.append((key, read.value, _written(read.value)))
        put(key, read)

    monkeypatch.setattr(cache._state.read, "put", noting)
    yield
    changed = [key for key, value, before in given if _written(value) != before]
    assert not changed, f"changed after they were given: {changed}"


def _written(value: Any) -> bytes:
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """libpq URL of a throw-away server's maintenance database, or of the one in TEST_DATABASE_URL."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield db.libpq_url(given)
        return
    cluster = Cluster(tmp_path_factory.mktemp("postgres"), fsync=False)
    cluster.start()
    try:
        yield cluster.url
    finally:
        cluster.destroy()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        # processes of one run share the server: each takes a database of its own
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield urlsplit(given)._replace(path=f"/{worker}").geturl()
        return
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    try:
        yield server.url
    finally:
        server.destroy()


def url_of(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def create_database(server: str, template: str | None = None) -> str:
    """The name of a new database, a copy of `template` where one is given."""
    name = f"test_{uuid4().hex[:12]}"
    copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{copied}")
    return name


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def new_database(server: str, template: str | None = None) -> Iterator[str]:
    """Name of a database that exists for the block; a copy of `template` where one is given."""
    name = create_database(server, template)
    try:
        yield name
    finally:
        drop_database(server, name)


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """Name of a migrated, otherwise empty database: the template of every test's own."""
    with new_database(postgres) as name:
        engine = create_engine(db.psycopg_url(url_of(postgres, name)))
        migrate.upgrade(engine)
        engine.dispose()
        yield name


@pytest.fixture(scope="session")
def own_database(postgres: str, migrated: str) -> Iterator[OwnDatabase]:
    made = OwnDatabase(
        create=lambda: create_database(postgres, migrated),
        drop=lambda name: drop_database(postgres, name),
        url=lambda name: url_of(postgres, name),
    )
    yield made
    made.close()


@pytest.fixture
def database_url(postgres: str, own_database: OwnDatabase) -> str:
    """A migrated, otherwise empty database for one test."""
    return url_of(postgres, own_database.fresh())


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A migrated database of this test's own, configured as the process's database; commits are real."""
    yield db.configure(database_url)
    db.dispose()


@pytest.fixture
def redis_server(redis_url: str) -> Iterator[None]:
    """An empty Redis, configured as the process's Redis."""
    redis_connection.configure(redis_url)
    redis_connection.client().flushdb()
    cache.forget()
    yield
    redis_connection.close()


@dataclass(slots=True)
class Statements:
    """SQL statements that went to the server while counting."""

    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


@pytest.fixture
def count_statements(database: Engine) -> Callable[[], AbstractContextManager[Statements]]:
    """`with count_statements() as statements:` collects what SQLAlchemy and the reader send."""
    from data.queries import reader

    @contextmanager
    def counting() -> Iterator[Statements]:
        seen = Statements()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.texts.append(statement)

        event.listen(database, "before_cursor_execute", note)
        reader.on_statement = seen.texts.append
        try:
            yield seen
        finally:
            event.remove(database, "before_cursor_execute", note)
            reader.on_statement = None

    return counting


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the test with an open session."""

    username: str
    password: str
    token: str


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        secret_key=SecretStr("a secret of the tests, long enough for all of them"),
        object_store_url=(tmp_path / "objects").as_uri(),
        data_dir=tmp_path,
    )


@pytest.fixture
def server(settings: Settings, redis_server: None) -> Iterator[Flask]:
    """The whole web application on this test's database."""
    from app.server import create_app

    made = create_app(settings)
    made.testing = False
    yield made
    db.dispose()


@pytest.fixture
def add_person(server: Flask) -> Callable[..., Person]:
    """`add_person("ana", Role.RED_LEAD)`: an account whose password is chosen already, with a session of its own."""
    from jobs import people as commands

    def add(username: str, role: Role = Role.VIEWER, password: str = "A long Passw0rd, truly") -> Person:
        with db.unit_of_work() as session:
            user = User(username=username, display_name=username.title(), role=role, password_hash=hashed(password))
            session.add(user)
        attempt = commands.SignIn(ip="192.0.2.1", user_agent="tests", request_id="tests", lifetime=timedelta(hours=1))
        return Person(username, password, commands.sign_in(username, password, attempt))

    return add


def session_cookie(server: Flask, person: Person) -> str:
    """The cookie a browser holds after signing in as `person`."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(server)
    assert serializer is not None
    signed: str = serializer.dumps({"_user_id": person.token, "_fresh": True})
    return signed


@pytest.fixture
def client_of(server: Flask) -> Callable[[Person | None], FlaskClient]:
    """An HTTP client, signed in as the given person or not at all."""

    def make(person: Person | None = None) -> FlaskClient:
        client = server.test_client()
        if person is not None:
            client.set_cookie("aegis_session", session_cookie(server, person))
        return client

    return make


@pytest.fixture
def live_app(server: Flask) -> Iterator[str]:
    """The address of the application, really listening."""
    listening = make_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; required where AEGIS_REQUIRE_BROWSER is set, else its absence skips with a reason."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("AEGIS_REQUIRE_BROWSER"):
        pytest.fail("AEGIS_REQUIRE_BROWSER is set and no Chromium was found")
    pytest.skip("no Chromium on this machine; pages are not tested in a browser")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, headless=True, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def page_of(browser: Browser, server: Flask, live_app: str) -> Iterator[Callable[..., Page]]:
    """`page_of(person, width=1440, theme="dark")`: a browser page, signed in; a console error fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(person: Person | None = None, *, width: int = 1440, height: int = 900, theme: str = "light") -> Page:
        context = browser.new_context(
            base_url=live_app, viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        if person is not None:
            context.add_cookies([{"name": "aegis_session", "value": session_cookie(server, person), "url": live_app}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        return page

    make.complaints = complaints  # type: ignore[attr-defined]
    yield make
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)
