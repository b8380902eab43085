"""A map with a year of tests on it, made once: pages are walked on copies of it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from data import cache, lane
from data import database as db
from data import redis as redis_connection
from data.queries import ahead, reader
from jobs import demo, syncs
from tests.conftest import new_database, url_of

expect.set_options(timeout=20_000)  # of a busy machine; what appears sooner is seen sooner


@pytest.fixture(scope="session")
def demonstrated(postgres: str, migrated: str, redis_url: str) -> Iterator[str]:
    """Name of a database with the built-in map and the demo organisation: a template."""
    with new_database(postgres, migrated) as name:
        db.configure(url_of(postgres, name))
        redis_connection.configure(redis_url)  # snapshots are taken of kept answers
        try:
            with cache.bypassed():  # there may be no Redis yet
                syncs.sync_in_place("attack", trigger="first_run")
                demo.load(db.SYSTEM)
        finally:
            ahead.close()
            reader.forget()  # nobody may be connected to what is copied
            lane._forget()
            db.dispose()
            redis_connection.close()
        yield name


@pytest.fixture
def forgive(page_of: Callable[..., Page]) -> Callable[..., None]:
    """`forgive("503")`: drop the console errors with these words, which a browser writes about what a test has done."""
    complaints: list[str] = page_of.complaints  # type: ignore[attr-defined]

    def drop(*words: str) -> None:
        for each in words:
            assert any(each in one for one in complaints), complaints
            complaints[:] = [one for one in complaints if each not in one]

    return drop
