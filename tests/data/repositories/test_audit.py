"""The audit log: chained, append-only, and verified without believing the database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from data.database import Actor, reading, unit_of_work
from data.repositories import audit
from domain.audit_point import Point
from domain.errors import BadInput

ANA = Actor(name="ana", ip="192.0.2.7", request_id="r|1")


def _write(number: int) -> None:
    with unit_of_work() as session:
        audit.record(session, ANA, "thing.changed", entity=("thing", str(number)), before={"n": 1}, after={"n": number})


def test_entries_of_many_writers_at_once_form_one_chain(database: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(_write, range(40)))
    with reading() as session:
        report = audit.verify(session)
    assert (report.entries, report.broken_at) == (40, None)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_database_refuses_changes(database: Engine, statement: str) -> None:
    _write(1)
    with pytest.raises(ProgrammingError, match="append-only"), unit_of_work() as session:
        session.execute(text(statement))


def test_entries_cut_off_at_the_end_are_missed_by_a_point_kept_elsewhere(database: Engine) -> None:
    with reading() as session:
        empty = audit.head(session)
    for number in range(3):
        _write(number)
    with reading() as session:
        early = audit.head(session)
    for number in range(2):
        _write(number)
    with reading() as session:
        late = audit.head(session)
        assert (empty.entries, early.entries, late.entries) == (0, 3, 5)
        assert [audit.verify(session, expected=one).holds for one in (None, empty, early, late)] == [
            None,
            True,
            True,
            True,
        ]
    with database.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit_log WHERE seq > 3"))
    with reading() as session:
        assert audit.verify(session, expected=early).holds is True
        report = audit.verify(session, expected=late)
        assert (report.broken_at, report.holds, report.entries) == (None, False, 3)
        assert audit.verify(session, expected=Point(3, late.head)).holds is False
        assert audit.verify(session, expected=Point(0, late.head)).holds is False


@pytest.mark.parametrize("text_", ["", "3", "3:", "x:" + "0" * 64, "3:" + "0" * 63, "-1:" + "0" * 64, "3:" + "g" * 64])
def test_what_is_no_point(text_: str) -> None:
    with pytest.raises(BadInput, match="COUNT:HASH"):
        Point.read(text_)


def test_a_point_is_read_as_it_is_written() -> None:
    point = Point(12, "ab" * 32)
    assert Point.read(f" {str(point).upper()} ") == point


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_log SET after = '{\"n\": 99}' WHERE seq = 3",
        "UPDATE audit_log SET actor_name = 'eve' WHERE seq = 3",
        "UPDATE audit_log SET at = at + interval '1 second' WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq = 3",
    ],
)
def test_tampering_behind_the_triggers_is_found(database: Engine, tampering: str) -> None:
    for number in range(5):
        _write(number)
    with database.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # what an intruder with the keys would do
        connection.execute(text(tampering))
    with reading() as session:
        assert audit.verify(session).broken_at == 3
