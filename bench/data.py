"""The large organisation in a database of its own: by COPY from two processes, with what slows a bulk load put aside.

Row triggers of rollups and generations are switched off and secondary indexes dropped while loading; afterwards the
indexes are made again, the rollups rebuilt and the generations bumped. The result is what the ordinary way would have
left, in a fraction of the time. Never for a database that people use.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from data import database
from data.demo.catalogue import Catalogue
from data.demo.organisation import Organisation, firing, large
from data.demo.records import (
    CampaignRow,
    ClaimRow,
    ObservationRow,
    PersonRow,
    RemediationRow,
    RoundRow,
    RuleRow,
    Story,
    TestRow,
    TimelineRow,
    ToolRow,
)
from data.repositories import demo

_PARTS = 2
_SEED = 2_000_000  # not the demo's: both may lie in one database
_BATCH = 20_000
_BULK = (
    "detection_rule",
    "rule_technique",
    "security_test",
    "observation",
    "test_round",
    "test_timeline",
    "remediation",
)
_UNHURRIED = "SET statement_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    tests: int
    rules: int
    today: date
    seed: int


@dataclass(frozen=True, slots=True)
class Built:
    """Rows by table, how long it took, and how much of that the inventing processes computed (seconds of CPU)."""

    rows: dict[str, int]
    seconds: float
    computed: float


def build(url: str, *, tests: int, rules: int, today: date, say: Say, seed: int = _SEED) -> Built:
    """Fill the migrated database at `url`, which has a map of ATT&CK and no tests yet."""
    started, spent = time.perf_counter(), _spent()
    url = database.libpq_url(url)
    asked = _Asked(tests, rules, today, seed)
    made = _organisation(url, asked)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_UNHURRIED)
        with _put_aside(connection, say):
            say("people, tools, campaigns")
            demo.copy_rows(connection, PersonRow, made.person_rows())
            demo.copy_rows(connection, ToolRow, made.tool_rows())
            demo.copy_rows(connection, CampaignRow, made.campaign_rows())
            say(f"{rules:,} rules and {tests:,} tests")
            _in_parts(url, asked)
        say("rollups")
        connection.execute("SELECT rollup_tests_rebuild()")
        connection.execute("SELECT rollup_rules_rebuild()")
        connection.execute("SELECT rollup_truth_rebuild()")
        connection.execute("UPDATE data_generation SET number = number + 1")
        say("statistics")
        connection.execute("VACUUM (ANALYZE, FREEZE)")
        counts = {table: _count(connection, table) for table in ("user_account", "test_campaign", *_BULK)}
    return Built(counts, time.perf_counter() - started, _spent() - spent)


def is_built(url: str, *, tests: int, rules: int) -> bool:
    """Whether the database holds at least that much already."""
    with psycopg.connect(database.libpq_url(url)) as connection:
        return _count(connection, "security_test") >= tests and _count(connection, "detection_rule") >= rules


def catalogue(url: str) -> Catalogue:
    engine = create_engine(database.psycopg_url(url))
    try:
        with Session(engine) as session:
            found = demo.catalogue(session)
    finally:
        engine.dispose()
    if found is None:
        raise SystemExit("The benchmark needs a map of ATT&CK in its database.")
    return found


def _organisation(url: str, asked: _Asked) -> Organisation:
    return Organisation(catalogue(url), asked.today, large(asked.tests, asked.rules), asked.seed)


def _in_parts(url: str, asked: _Asked) -> None:
    """Each process invents and copies its share; the rules are invented in all, since tests refer to them."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(_PARTS) as pool:
        pool.starmap(_copy_part, [(url, asked, part) for part in range(_PARTS)], chunksize=1)


def _copy_part(url: str, asked: _Asked, part: int) -> None:
    made = _organisation(url, asked)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_UNHURRIED)
        written = list(made.rules())
        _copy_rules(connection, written[part::_PARTS])
        fires = firing(written)
        del written
        stories = made.stories(fires, part, _PARTS)
        while batch := list(islice(stories, _BATCH)):
            _copy_stories(connection, batch)


def _copy_rules(connection: psycopg.Connection[Any], rules: list[Any]) -> None:
    demo.copy_rows(connection, RuleRow, (rule.row for rule in rules))
    demo.copy_rows(connection, ClaimRow, (claim for rule in rules for claim in rule.claims))


def _copy_stories(connection: psycopg.Connection[Any], stories: list[Story]) -> None:
    demo.copy_rows(connection, TestRow, (one.test for one in stories))
    demo.copy_rows(connection, ObservationRow, (row for one in stories for row in one.observations))
    demo.copy_rows(connection, RemediationRow, (one.remediation for one in stories if one.remediation))
    demo.copy_rows(connection, RoundRow, (row for one in stories for row in one.rounds))
    demo.copy_rows(connection, TimelineRow, (row for one in stories for row in one.timeline))


@contextmanager
def _put_aside(connection: psycopg.Connection[Any], say: Say) -> Iterator[None]:
    """Without triggers, references and secondary indexes inside; all of them back afterwards, references checked."""
    indexes = _secondary_indexes(connection)
    references = _references(connection)
    for table in _BULK:
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
    for table, name, _definition in references:
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
        )
    for name, _definition in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    say("indexes")
    for _name, definition in indexes:
        connection.execute(definition)
    say("references")
    for table, name, definition in references:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(sql.Identifier(table), sql.Identifier(name))
            + sql.SQL(definition)
        )
    for table in _BULK:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))


def _secondary_indexes(connection: psycopg.Connection[Any]) -> list[tuple[str, Any]]:
    """Name and definition of the indexes of bulk tables that no constraint rests on."""
    return connection.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        FROM pg_index AS i
        WHERE i.indrelid = ANY (%s::text[]::regclass[])
          AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
        ORDER BY 1
        """,
        [list(_BULK)],
    ).fetchall()


def _references(connection: psycopg.Connection[Any]) -> list[tuple[str, str, Any]]:
    return connection.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY (%s::text[]::regclass[])
        ORDER BY 1, 2
        """,
        [list(_BULK)],
    ).fetchall()


def _spent() -> float:
    """CPU seconds of the processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0
