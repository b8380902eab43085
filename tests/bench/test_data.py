"""The bulk load leaves what the ordinary way would have left."""

from datetime import date

import psycopg
import pytest
from sqlalchemy import Engine, text

from bench import data as bench
from data import database, migrate
from data.database import unit_of_work
from data.models import Technique

pytestmark = pytest.mark.long

ROLLUPS = (
    "rollup_technique_month",
    "rollup_procedure_latest",
    "rollup_technique",
    "rollup_technique_rules",
    "rollup_rules_not_placed",
    "rollup_technique_tested",
    "rollup_rule",
    "rollup_rule_count",
    "rollup_technique_proven",
)


@pytest.fixture
def built(database: Engine) -> Engine:
    with unit_of_work() as session:
        session.add_all(
            Technique(
                domain="enterprise-attack", stix_id=f"attack-pattern--{number}", attack_id=f"T{1000 + number}",
                name=f"Technique {number}", content_hash=b"", platforms=["Windows", "Linux"], tactics=["execution"],
            )
            for number in range(20)
        )  # fmt: skip
    before = structure()
    asked = {"tests": 400, "rules": 60, "today": date(2026, 11, 23)}
    made = bench.build(url(), **asked, say=lambda _words: None)  # type: ignore[arg-type]
    assert made.rows["security_test"] == 400
    assert made.rows["detection_rule"] == 60
    assert bench.is_built(url(), tests=400, rules=60)
    assert not bench.is_built(url(), tests=401, rules=60)
    assert structure() == before
    return database


def url() -> str:
    return database.url()


def structure() -> list[tuple[str, ...]]:
    """Indexes, references and triggers, and whether these fire."""
    with psycopg.connect(url()) as connection:
        return connection.execute(
            """
            SELECT pg_get_indexdef(indexrelid), indisvalid::text FROM pg_index
              WHERE indrelid::regclass::text = ANY (%(tables)s)
            UNION ALL SELECT conrelid::regclass || conname || pg_get_constraintdef(oid), convalidated::text
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT tgrelid::regclass || tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1
            """,
            {"tables": list(bench._BULK)},
        ).fetchall()


def contents() -> dict[str, list[tuple[object, ...]]]:
    with database.engine().connect() as connection:
        return {
            table: sorted(tuple(map(str, row)) for row in connection.execute(text(f"SELECT * FROM {table}")))
            for table in ROLLUPS
        }


def test_indexes_references_and_triggers_are_back_and_the_rollups_right(built: Engine) -> None:
    assert migrate.differences(built) == []
    loaded = contents()
    assert loaded["rollup_technique_month"]
    assert loaded["rollup_technique_rules"]
    # the ordinary way: an update of every row goes through the triggers
    with unit_of_work() as session:
        for table in ROLLUPS:
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("SELECT rollup_tests_rebuild(), rollup_rules_rebuild()"))
        session.execute(text("UPDATE security_test SET title = title"))
        session.execute(text("UPDATE detection_rule SET title = title"))
    assert contents() == loaded


def test_its_people_are_no_demo(built: Engine) -> None:
    with built.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_account WHERE is_demo")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM user_account WHERE username ~ 'demo'")).scalar_one() == 0
