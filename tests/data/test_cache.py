"""Cached answers: one computes, a commit makes them new, and Redis may go away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine, text

from data import cache, generations
from data import database as db
from data import redis as redis_connection
from data.database import unit_of_work


def _change_weights() -> None:
    with unit_of_work() as session:
        session.execute(text("UPDATE score_weights SET reason = 'again'"))


class Counting:
    def __init__(self, release: threading.Event | None = None) -> None:
        self.calls = 0
        self._release = release

    def __call__(self) -> bytes:
        self.calls += 1
        if self._release:
            self._release.wait(5)
        return b'{"n":%d}' % self.calls


class Numbered:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, int]:
        self.calls += 1
        return {"n": self.calls}


@pytest.mark.usefixtures("database", "redis_server")
class TestServe:
    def test_asks_once_until_the_data_changes(self) -> None:
        compute = Counting()
        for _ in range(3):
            assert cache.serve("q", {"a": 1}, ("weights",), compute) == b'{"n":1}'
        _change_weights()
        assert cache.serve("q", {"a": 1}, ("weights",), compute) == b'{"n":2}'

    def test_another_process_takes_it_from_redis(self) -> None:
        compute = Counting()
        cache.serve("q", {}, ("weights",), compute)
        cache.forget()
        assert cache.serve("q", {}, ("weights",), compute) == b'{"n":1}'

    def test_data_of_another_topic_does_not_matter(self) -> None:
        compute = Counting()
        cache.serve("q", {}, ("tests",), compute)
        _change_weights()
        assert cache.serve("q", {}, ("tests",), compute) == b'{"n":1}'

    def test_parameters_are_kept_apart(self) -> None:
        compute = Counting()
        assert cache.serve("q", {"a": 1}, ("tests",), compute) != cache.serve("q", {"a": 2}, ("tests",), compute)

    def test_one_computes_and_the_others_wait(self) -> None:
        release = threading.Event()
        compute = Counting(release)
        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(cache.serve, "slow", {}, ("tests",), compute) for _ in range(6)]
            release.set()
            assert {answer.result() for answer in asked} == {b'{"n":1}'}
        assert compute.calls == 1


@pytest.mark.usefixtures("database", "redis_server")
class TestAnswer:
    def test_is_read_once_until_the_data_changes(self) -> None:
        compute, read = Numbered(), []

        def reading(plain: dict[str, int]) -> int:
            read.append(plain)
            return plain["n"]

        def ask() -> int:
            found: int = cache.answer("q", {"a": 1}, ("weights",), compute, read=reading)
            return found

        assert (ask(), ask(), read) == (1, 1, [{"n": 1}])
        _change_weights()
        assert (ask(), ask(), len(read)) == (2, 2, 2)

    def test_another_process_takes_it_from_redis_and_has_it_as_json_has_it(self) -> None:
        def compute() -> dict[str, object]:
            return {"days": (date(2026, 1, 2),)}

        first = cache.answer("q", {}, ("weights",), compute)
        cache.forget()
        second = cache.answer("q", {}, ("weights",), lambda: pytest.fail("it is kept"))
        assert first == second == {"days": ["2026-01-02"]}

    def test_is_what_serve_keeps(self) -> None:
        cache.answer("q", {}, ("weights",), Numbered())
        assert cache.serve("q", {}, ("weights",), lambda: pytest.fail("it is kept")) == b'{"n":1}'

    def test_one_too_large_is_read_again(self) -> None:
        large = "x" * cache._READ_MAX_EACH
        first, second = (cache.answer("q", {}, ("weights",), lambda: [large]) for _ in range(2))
        assert first == second
        assert first is not second

    def test_what_may_never_be_committed_is_not_kept(self) -> None:
        compute = Numbered()
        with cache.bypassed():
            assert cache.answer("q", {}, ("weights",), compute) == {"n": 1}
        assert cache.answer("q", {}, ("weights",), compute) == {"n": 2}


@pytest.mark.usefixtures("database", "redis_server")
class TestHeld:
    """What answers are made of is computed once a change, whichever of them is asked for first."""

    @staticmethod
    def asked(name: str, compute: Counting) -> bytes:
        return cache.serve(name, {}, ("weights",), lambda: cache.held("part", {}, ("weights",), compute))

    def test_two_answers_share_it_until_the_data_changes(self) -> None:
        compute = Counting()
        assert (self.asked("one", compute), self.asked("other", compute)) == (b'{"n":1}', b'{"n":1}')
        _change_weights()
        assert self.asked("one", compute) == b'{"n":2}'
        assert compute.calls == 2

    def test_outside_of_an_answer_nothing_is_held(self) -> None:
        compute = Counting()
        for calls in (1, 2):
            cache.held("part", {}, ("weights",), compute)
            assert compute.calls == calls

    def test_what_may_never_be_committed_is_not_held(self) -> None:
        compute = Counting()
        with cache.bypassed():
            self.asked("one", compute)
        assert self.asked("one", compute) == b'{"n":2}'

        def within() -> bytes:
            with cache.bypassed():
                return cache.held("part", {}, ("weights",), compute)

        assert cache.serve("other", {}, ("weights",), within) == b'{"n":3}'

    def test_another_database_has_its_own(self, database: Engine) -> None:
        compute = Counting()
        self.asked("one", compute)
        url = db.url()
        db.dispose()
        db.configure(url)
        assert self.asked("other", compute) == b'{"n":2}'


def test_without_redis_a_process_has_its_own_answers(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    redis_connection.configure("redis://127.0.0.1:1/0")
    monkeypatch.setattr(cache._state, "rest_until", 0.0)
    compute = Counting()
    cache.forget()
    for _ in range(2):
        assert cache.serve("q", {}, ("weights",), compute) == b'{"n":1}'
    _change_weights()
    assert cache.serve("q", {}, ("weights",), compute) == b'{"n":2}'
    cache.forget()
    assert cache.serve("q", {}, ("weights",), compute) == b'{"n":3}'
    monkeypatch.setattr(cache._state, "rest_until", 0.0)
    redis_connection.close()


def test_generations_survive_a_lost_connection(database: Engine) -> None:
    before = generations.current()["weights"]
    with database.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aegis lane'")
        )
    _change_weights()
    assert generations.current()["weights"] == before + 1


@pytest.mark.usefixtures("database", "redis_server")
def test_an_answer_drawn_by_another_release_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Counting()
    cache.serve("q", {}, ("weights",), compute)
    monkeypatch.setattr(cache, "_code", lambda: "the next one")
    monkeypatch.setattr(cache._state, "backend", None)
    cache.forget()  # the next one is another process
    assert cache.serve("q", {}, ("weights",), compute) == b'{"n":2}'
