"""Reading over ADBC: parameters, types, a connection that is lost and one that is not there."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Thread
from time import monotonic, sleep
from typing import Any

import polars as pl
import psycopg
import pytest
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager import ProgrammingError
from sqlalchemy import Engine, text

from data import database as db
from data import lane
from data.queries import reader
from data.queries.reader import Prepared
from domain.errors import Unavailable
from domain.roles import Role
from tests.jobs.syncing import rows


def test_rows_come_back_in_their_types(database: Engine) -> None:
    moment = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    found = reader.frame(
        "SELECT $1::text AS word, $2::bigint AS number, $3::date AS day, $4::timestamptz AS moment, 0.5::float8 AS f",
        "Ünïcode'; --",
        7,
        date(2026, 11, 23),
        moment,
    )
    assert isinstance(found, pl.DataFrame)
    assert found.to_dicts() == [
        {"word": "Ünïcode'; --", "number": 7, "day": date(2026, 11, 23), "moment": moment, "f": 0.5}
    ]


def test_a_word_of_an_enumeration_is_text(database: Engine) -> None:
    assert reader.rows("SELECT $1::text AS role", Role.ADMIN) == [{"role": "admin"}]


@pytest.mark.parametrize("texts", [[], ["Windows"], ["Windows", "Office Suite", "a,b|c"]])
def test_several_texts_are_one_parameter(database: Engine, texts: list[str]) -> None:
    found = reader.rows(f"SELECT {reader.split('$1')} AS texts", reader.joined(texts))
    assert found == [{"texts": texts}]


either = pytest.mark.parametrize("kind", [str, Prepared])


@either
@pytest.mark.parametrize("word", ["it's", "back\\slash", "$1", "a\x1fb", "', 'x'); --", "E'\\n'", "日本"])
def test_a_text_arrives_as_it_is(database: Engine, kind: type[str], word: str) -> None:
    assert reader.rows(kind("SELECT $1::text AS word"), word) == [{"word": word}]


@either
@pytest.mark.parametrize(("word", "left"), [("a\x00b", "ab"), ("a\ud800b", "a?b")])
def test_what_no_text_can_hold_is_left_out(database: Engine, kind: type[str], word: str, left: str) -> None:
    assert reader.rows(kind("SELECT $1::text AS word"), word) == [{"word": left}]
    with db.unit_of_work() as session, reader.within(session):
        assert reader.rows(kind("SELECT $1::text AS word"), word) == [{"word": left}]


@either
@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (True, "boolean"),
        (-7, "bigint"),
        (2**40, "bigint"),
        (0.1, "float8"),
        (1e300, "float8"),
        (date(2026, 2, 28), "date"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "timestamptz"),
    ],
)
def test_a_value_arrives_as_it_is(database: Engine, kind: type[str], value: Any, sql: str) -> None:
    assert reader.rows(kind(f"SELECT $1::{sql} AS value"), value) == [{"value": value}]


def test_a_statement_is_prepared_once_and_the_least_used_are_given_up(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_PREPARED_MAX", 3)
    prepared = Prepared("SELECT name FROM pg_prepared_statements WHERE from_sql ORDER BY name")
    first = reader.rows(prepared)
    assert reader.rows(prepared) == first
    for number in range(5):
        assert reader.rows(Prepared(f"SELECT {number} AS n")) == [{"n": number}]
    assert reader.rows(Prepared("SELECT $1 AS n"), 3) == [{"n": 3}]
    assert reader.rows(Prepared("SELECT $1 AS n"), "3") == [{"n": "3"}], "another type is another statement"
    assert len(reader.rows(prepared)) == 3


def test_a_table_that_has_changed_since_is_read_as_it_is_now(database: Engine) -> None:
    asked = Prepared("SELECT * FROM changing")
    with db.unit_of_work() as session:
        session.execute(text("CREATE TABLE changing (n integer)"))
        session.execute(text("INSERT INTO changing VALUES (1)"))
    assert reader.rows(asked) == [{"n": 1}]
    with db.unit_of_work() as session:
        session.execute(text("ALTER TABLE changing ADD word text DEFAULT 'new'"))
    assert reader.rows(asked) == [{"n": 1, "word": "new"}]


def test_a_prepared_statement_goes_with_its_connection(database: Engine) -> None:
    asked = Prepared("SELECT $1::text AS word, pg_backend_pid() AS pid")
    (before,) = reader.rows(asked, "a")
    with psycopg.connect(db.url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [before["pid"]])
    (after,) = reader.rows(asked, "a")
    assert after["word"] == "a"
    assert after["pid"] != before["pid"]


def test_times_are_read_in_utc_and_nothing_is_compiled(database: Engine) -> None:
    found = reader.rows("SELECT current_setting('TimeZone') AS zone, current_setting('jit') AS jit")
    assert found == [{"zone": "UTC", "jit": "off"}]


def test_a_mistake_in_a_statement_is_not_called_a_lost_connection(database: Engine) -> None:
    with pytest.raises(ProgrammingError):
        reader.frame("SELECT nothing FROM nowhere")


def test_what_fails_while_it_runs_does_not_fail_what_is_asked_next(database: Engine) -> None:
    # with a moment among the parameters the driver begins a transaction, to set the time zone in
    failing = "SELECT 1 / (3 - n) AS one FROM generate_series(1, 5) AS n WHERE $1::timestamptz > 'epoch'"
    with pytest.raises(AdbcError):
        reader.frame(failing, datetime.now(UTC))
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]


def test_what_fails_with_rows_on_their_way_does_not_fail_what_is_asked_next(database: Engine) -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="division by zero"):
        reader.frame("SELECT 1 / (90000 - n) AS one FROM generate_series(1, 100000) AS n")
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]


def test_a_connection_that_is_cut_with_rows_on_their_way_is_said_in_one_sentence(database: Engine) -> None:
    with pytest.raises(Unavailable, match="does not answer just now"):
        reader.frame("SELECT pg_terminate_backend(pg_backend_pid()) AS gone")
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]


def test_a_thread_that_ends_leaves_no_connection(database: Engine) -> None:
    open_ones = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'aegis reader'"
    before = reader.rows(open_ones)
    for _ in range(20):
        thread = Thread(target=reader.rows, args=(open_ones,))
        thread.start()
        thread.join()
    gone_by = monotonic() + 10  # the server sees an end of a connection a moment later
    while reader.rows(open_ones) != before:
        assert monotonic() < gone_by, "connections of threads that ended are still open"


def test_a_connection_that_was_cut_is_opened_again(database: Engine, database_url: str) -> None:
    reader.rows("SELECT 1 AS one")
    with psycopg.connect(database_url, autocommit=True) as other:
        cut = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'aegis reader' AND datname = current_database()"
        ).fetchall()
    assert cut == [(True,)]
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.parametrize("ask", [lambda sql: reader.rows(sql)[0]["pid"], lambda sql: lane.ask(sql)[0][0]])
def test_a_connection_that_asks_nothing_is_closed_and_opened_again(
    database: Engine, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], int]
) -> None:
    monkeypatch.setattr(db, "CLOSED_WHEN_QUIET", "-c idle_session_timeout=1s")
    reader.forget()
    lane._forget()
    first = ask("SELECT pg_backend_pid() AS pid")
    until = monotonic() + 10
    while rows(f"SELECT FROM pg_stat_activity WHERE pid = {first}"):
        assert monotonic() < until
        sleep(0.1)
    assert ask("SELECT pg_backend_pid() AS pid") != first


def test_no_database_is_said_in_one_sentence() -> None:
    db.configure("postgresql://nobody@127.0.0.1:1/nothing")
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            reader.rows("SELECT 1 AS one")
    finally:
        db.dispose()


def test_statements_are_told_to_whoever_counts(count_statements: Any) -> None:
    with count_statements() as statements:
        reader.rows("SELECT 1 AS one")
        reader.rows("SELECT 2 AS two")
    reader.rows("SELECT 3 AS three")
    assert statements.texts == ["SELECT 1 AS one", "SELECT 2 AS two"]


def test_a_new_database_is_read_after_it_was_configured(database: Engine, postgres: str) -> None:
    assert reader.rows("SELECT current_database() AS name") == [{"name": database.url.database}]
    db.configure(postgres)
    assert reader.rows("SELECT current_database() AS name") != [{"name": database.url.database}]
