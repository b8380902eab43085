"""The audit log: chained, append-only, and verified without believing the database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from data.database import Actor, reading, unit_of_work
from data.repositories import audit

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
