"""Questions asked before their answers are needed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import monotonic, sleep

import psycopg
import pytest
from adbc_driver_manager import ProgrammingError
from sqlalchemy import Engine, text

from data import cache
from data import database as db
from data.queries import ahead, reader
from data.queries.ahead import Asked
from data.queries.reader import Prepared
from tests.conftest import Statements

_WAIT = "SELECT pg_advisory_lock_shared(1)::text AS got, pg_advisory_unlock_shared(1) AS freed"
_WHO = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
def closed_door(database: Engine, database_url: str) -> Iterator[psycopg.Connection]:
    """While this connection is open, _WAIT is not answered."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        yield connection


def _sent(statement: str) -> Asked:
    """Taken up by a connection: nobody else asks it any more."""
    asked = ahead.ask(statement)
    until = monotonic() + 10
    while asked._running is not None and not (asked._running.running() or asked._running.done()):
        assert monotonic() < until
        sleep(0.01)
    return asked


def test_an_answer_is_that_of_the_reader(database: Engine) -> None:
    statement, asked = "SELECT $1::text AS word, $2::bigint AS number", ("it's", 7)
    for kind in (str, Prepared):
        answer = ahead.ask(kind(statement), *asked)
        assert answer.frame().equals(reader.frame(statement, *asked))
        assert answer.rows() == [{"word": "it's", "number": 7}]


def test_others_are_asked_while_one_is_on_its_way(closed_door: psycopg.Connection) -> None:
    waiting = _sent(_WAIT)
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]
    assert _sent(_WHO).rows() != reader.rows(_WHO)
    closed_door.close()
    assert waiting.rows() == [{"got": "", "freed": True}]


def test_who_needs_what_is_not_asked_yet_asks_it(
    closed_door: psycopg.Connection, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    waiting = [_sent(_WAIT) for _ in range(ahead._AT_ONCE)]
    behind = ahead.ask(_WHO)
    with count_statements() as sent:
        assert behind.rows() == behind.rows()  # who looks again does not ask again
    assert len(sent) == 1
    assert behind.rows() == reader.rows(_WHO)
    closed_door.close()
    assert [each.rows() for each in waiting] == [[{"got": "", "freed": True}]] * ahead._AT_ONCE


def test_an_error_comes_with_the_answer(database: Engine) -> None:
    wrong = _sent("SELECT nothing_of_that_name")
    with pytest.raises(ProgrammingError, match="nothing_of_that_name"):
        wrong.frame()
    assert _sent("SELECT 1 AS one").rows() == [{"one": 1}]


def test_in_a_transaction_all_is_asked_there(database: Engine) -> None:
    with db.unit_of_work() as session:
        session.execute(text("CREATE TEMPORARY TABLE only_here AS SELECT 7 AS number"))
        with reader.within(session):
            here = ahead.ask("SELECT number FROM only_here")
            assert here.rows() == [{"number": 7}]
    with pytest.raises(ProgrammingError, match="only_here"):
        _sent("SELECT number FROM only_here").frame()


def test_work_begun_is_part_of_the_answer_it_is_begun_for(database: Engine, redis_server: None) -> None:
    """What it holds it holds under the generations of the answer; of an answer that is not kept nothing is."""
    made = []

    def part() -> str:
        made.append(threading.current_thread().name)
        return str(cache.held("part", {}, ("tests",), lambda: f"part {len(made)}"))

    def answer() -> str:
        begun = ahead.begin(part)
        while not begun._running or not begun._running.done():
            sleep(0.01)
        return str(begun.result())

    first = cache.answer("one", {}, ("tests",), answer)
    assert "MainThread" not in made
    assert cache.answer("another", {}, ("tests",), answer) == first == "part 1"
    with cache.bypassed():
        assert cache.answer("a third", {}, ("tests",), answer) == "part 3"
    assert cache.answer("a fourth", {}, ("tests",), answer) == first


def test_closed_it_is_connected_to_nothing(database: Engine, database_url: str) -> None:
    first = _sent(_WHO).rows()
    ahead.close()
    with psycopg.connect(database_url) as connection:
        named = "SELECT pid FROM pg_stat_activity WHERE application_name = 'aegis reader' AND pid = %s"
        for _ in range(100):
            if connection.execute(named, (first[0]["pid"],)).fetchone() is None:
                break
            connection.execute("SELECT pg_sleep(0.05)")
            connection.rollback()
        else:
            pytest.fail("still connected")
    assert _sent(_WHO).rows() != first
