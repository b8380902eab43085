"""Rollups stay equal to the rows they sum up, whatever is done to those, in any order and by several at once."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from data import generations
from data.database import unit_of_work
from data.repositories import rollups
from domain.score import LEVEL_VALUE, MATURITY_VALUE, rule_value
from tests.data import world

pytestmark = pytest.mark.usefixtures("database")

_RESULTS = [f"{p}/{d}" for p in ("full", "partial", "none") for d in ("alerted", "logged", "missed")]
_MANY = """
INSERT INTO security_test (title, technique_id, claimed_technique, procedure_key, platform, state,
  prevention, detection, outcome, executed_at, validated_at)
SELECT 'One', :technique, 'T1000', 'many/' || number / 2, 'Linux', 'validated', 'none', 'missed', 'missed',
  now() - interval '2 days', now() - interval '1 day' FROM generate_series(1, 200) AS number
"""
_READ = """
SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM (
  SELECT CAST('security_test' AS regclass) AS oid
  UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = CAST('security_test' AS regclass)) AS places
"""
_UNFINISHED = ("draft", "red_executing", "blue_evaluating", "in_review", "rejected", "cancelled")


def differences() -> dict[str, int]:
    with unit_of_work() as session:
        return {name: count for name, count in rollups.verify(session).items() if count}


def run(statement: str, **parameters: Any) -> None:
    with unit_of_work() as session:
        session.execute(text(statement), parameters)


def some_techniques(count: int = 3) -> list[UUID]:
    return [world.technique(f"T100{i}", platforms=["Windows", "Linux", "macOS"]) for i in range(count)]


class _Life:
    """Random things that happen to tests, by seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.techniques = some_techniques()
        self.people = [uuid4(), uuid4(), None]
        for number, person in enumerate(self.people[:2]):
            run(
                "INSERT INTO user_account (id, username, display_name, role) VALUES (:id, :name, 'x', 'blue_tech')",
                id=person,
                name=f"p{number}",
            )

    def where(self) -> str:
        return self.dice.choice(
            [
                "id IN (SELECT id FROM security_test ORDER BY number LIMIT 1)",
                "id IN (SELECT id FROM security_test ORDER BY number DESC LIMIT 3)",
                "procedure_key = 'b'",
                "number % 2 = 0",
                "state = 'validated'",
            ]
        )

    def insert(self) -> None:
        validated = self.dice.random() < 0.7
        more: dict[str, Any] = {} if validated else {"state": self.dice.choice(_UNFINISHED)}
        world.security_test(
            self.dice.choice(self.techniques),
            self.dice.choice(_RESULTS),
            days=self.dice.uniform(1, 400),
            procedure_key=self.dice.choice("abc"),
            platform=self.dice.choice(["Windows", "Linux", "macOS"]),
            blue_submitted_by=self.dice.choice(self.people),
            **more,
        )

    def insert_many(self) -> None:
        run(
            """INSERT INTO security_test (title, technique_id, claimed_technique, procedure_key, platform, state,
                 executed_at, prevention, detection, outcome, validated_at)
               SELECT 'Bulk', technique.id, 'T1', chr(97 + n % 4), 'Windows', 'validated',
                 now() - n * interval '9 days', 'none', 'logged', 'logged', now() - n * interval '9 days'
               FROM technique CROSS JOIN generate_series(0, 6) AS n"""
        )

    def reopen(self) -> None:
        run(f"UPDATE security_test SET state = 'red_executing' WHERE {self.where()}")

    def validate(self) -> None:
        prevention, detection = self.dice.choice(_RESULTS).split("/")
        run(
            f"""UPDATE security_test SET state = 'validated', prevention = :p, detection = :d,
                  outcome = CASE WHEN :p = 'full' THEN 'blocked' ELSE :d END,
                  executed_at = coalesce(executed_at, created_at), validated_at = now() - random() * interval '90 days'
                WHERE {self.where()}""",
            p=prevention,
            d=detection,
        )

    def evaluate_again(self) -> None:
        run(
            f"UPDATE security_test SET blue_submitted_by = :by, round = round + 1 WHERE {self.where()}",
            by=self.dice.choice(self.people),
        )

    def not_applicable(self) -> None:
        run(
            f"""UPDATE security_test SET not_applicable = NOT not_applicable, not_applicable_reason = 'no such system'
                WHERE prevention IS NOT NULL AND {self.where()}"""
        )

    def move(self) -> None:
        run(
            f"""UPDATE security_test SET technique_id = :to, platform = :platform, procedure_key = :key
                WHERE {self.where()}""",
            to=self.dice.choice(self.techniques),
            platform=self.dice.choice(["Windows", "Linux", "ESXi"]),
            key=self.dice.choice("abcd"),
        )

    def delete(self) -> None:
        run(f"DELETE FROM security_test WHERE {self.where()} AND random() < 0.5")

    def scope(self) -> None:
        run(
            """INSERT INTO scope_decision (domain, kind, ref, in_scope, reason, author_name)
               VALUES ('enterprise-attack', 'platform', 'Linux', false, 'No Linux here', 'ana')
               ON CONFLICT (domain, kind, ref) DO UPDATE SET in_scope = NOT scope_decision.in_scope"""
        )

    def nothing(self) -> None:
        run("UPDATE security_test SET title = 'Another' WHERE false")


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_tests(seed: int) -> None:
    life = _Life(seed)
    events: list[Callable[[], None]] = [
        *[life.insert] * 6,
        life.insert_many,
        life.reopen,
        life.validate,
        life.evaluate_again,
        life.not_applicable,
        life.move,
        life.delete,
        life.scope,
        life.nothing,
    ]
    for step in range(40):
        event = life.dice.choice(events)
        event()
        if step % 5 == 4:
            assert not differences(), f"after {event.__name__}, step {step} of seed {seed}"
    with unit_of_work() as session:
        assert session.execute(text("SELECT count(*) FROM rollup_technique")).scalar_one() > 0


def test_a_rebuild_makes_what_the_triggers_made() -> None:
    life = _Life(99)
    for _ in range(25):
        life.insert()

    def everything() -> list[list[Any]]:
        with unit_of_work() as session:
            return [
                sorted(map(tuple, session.execute(text(f"SELECT * FROM {name}")).all()), key=str)
                for name in ("rollup_technique_month", "rollup_procedure_latest", "rollup_technique")
            ]

    before = everything()
    run("SELECT rollup_tests_rebuild()")
    assert everything() == before


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_rules(seed: int) -> None:
    dice = random.Random(seed)
    techniques = some_techniques()
    rules = [
        world.rule(
            {"T1685": None, "T1000": dice.choice(techniques)} if dice.random() < 0.5 else {"T1685.001": None},
            source=dice.choice(["sigma", "elastic"]),
            level=dice.choice(["low", "high", None]),
            status=dice.choice(["stable", "test", None]),
        )
        for _ in range(12)
    ]
    changes = [
        "UPDATE detection_rule SET enabled = NOT enabled WHERE id = :id",
        "UPDATE detection_rule SET removed_at = CASE WHEN removed_at IS NULL THEN now() END WHERE id = :id",
        "UPDATE detection_rule SET level = 'critical', status = 'experimental' WHERE id = :id",
        "UPDATE detection_rule SET source = 'custom' WHERE id = :id",
        "UPDATE rule_technique SET technique_id = :technique, resolution = 'direct' WHERE rule_id = :id",
        "UPDATE rule_technique SET technique_id = NULL, resolution = 'not_placed' WHERE rule_id = :id",
        "UPDATE detection_rule SET enabled = false WHERE source = 'sigma'",
        "DELETE FROM rule_technique WHERE rule_id = :id AND claimed_id = 'T1685'",
        "DELETE FROM detection_rule WHERE id = :id",
    ]
    for step in range(25):
        change = dice.choice(changes)
        run(change, id=dice.choice(rules), **({"technique": dice.choice(techniques)} if ":technique" in change else {}))
        assert not differences(), f"after {change}, step {step} of seed {seed}"


def test_writers_at_once_lose_nothing() -> None:
    techniques = some_techniques(2)
    errors: list[BaseException] = []

    def write(number: int) -> None:
        dice = random.Random(number)
        try:
            for _ in range(8):
                made = world.security_test(
                    dice.choice(techniques),
                    dice.choice(_RESULTS),
                    procedure_key=dice.choice("ab"),
                    days=dice.uniform(1, 90),
                )
                if dice.random() < 0.5:
                    run("UPDATE security_test SET state = 'in_review' WHERE id = :id", id=made)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert not differences()
    with unit_of_work() as session:
        kept = session.execute(
            text("SELECT sum(validated + in_review) FROM rollup_technique WHERE platform = ''")
        ).scalar_one()
    assert kept == 32


def test_a_transaction_that_fails_leaves_no_trace() -> None:
    technique = some_techniques(1)[0]
    world.security_test(technique, "full/alerted")

    def fail() -> None:
        with unit_of_work() as session:
            session.execute(text("UPDATE security_test SET state = 'draft'"))
            raise LookupError("on the way")

    with pytest.raises(LookupError):
        fail()
    assert not differences()


@pytest.mark.parametrize(
    ("tampering", "rollup"),
    [
        ("UPDATE rollup_technique_month SET alerted = alerted + 1", "rollup_technique_month"),
        ("DELETE FROM rollup_procedure_latest", "rollup_procedure_latest"),
        ("UPDATE rollup_procedure_latest SET round = 7", "rollup_procedure_latest"),
        ("UPDATE rollup_technique SET none_alerted = 0.5 WHERE platform = ''", "rollup_technique"),
        ("UPDATE rollup_technique_rules SET rules = 7", "rollup_technique_rules"),
        ("UPDATE rollup_technique_rules SET value = value + 0.1", "rollup_technique_rules"),
        ("INSERT INTO rollup_rules_not_placed VALUES ('T9999', 'sigma', 3)", "rollup_rules_not_placed"),
        ("UPDATE rollup_rule SET truth = 'proven', fired = 7", "rollup_rule"),
        ("UPDATE rollup_rule_count SET rules = rules + 1", "rollup_rule_count"),
        ("INSERT INTO rollup_technique_proven SELECT id, 7 FROM technique LIMIT 1", "rollup_technique_proven"),
        ("DELETE FROM rollup_technique_tested", "rollup_technique_tested"),
    ],
)
def test_a_difference_is_found_named_and_repaired(tampering: str, rollup: str) -> None:
    technique = some_techniques(1)[0]
    world.security_test(technique, "none/alerted")
    world.rule({"T1000": technique, "T1685": None})
    run(tampering)
    assert rollup in differences()
    before = generations.current()
    with unit_of_work() as session:
        assert rollup in rollups.repair(session)
    assert not differences()
    topic = "rules" if any(word in rollup for word in ("rule", "tested", "proven")) else "tests"
    assert generations.current()[topic] > before[topic], "cached answers must not outlive the repair"


def test_the_database_values_a_rule_as_the_domain_does() -> None:
    levels, statuses = list(LEVEL_VALUE), [*MATURITY_VALUE, "no word of ours"]
    with unit_of_work() as session:
        found = session.execute(
            text(
                "SELECT level, status, CAST(rule_value(level, status) AS double precision)"
                " FROM unnest(CAST(:levels AS text[])) AS level, unnest(CAST(:statuses AS text[])) AS status"
            ),
            {"levels": levels, "statuses": statuses},
        ).all()
        nothing = session.execute(text("SELECT rule_value(NULL, NULL)")).scalar_one()
    assert len(found) == len(levels) * len(statuses)
    assert [one for one in found if one[2] != pytest.approx(rule_value(*one[:2]))] == []
    assert float(nothing) == rule_value("", "")


def test_a_rule_counts_once_for_a_technique_it_claims_twice() -> None:
    technique = some_techniques(1)[0]
    twice = world.rule({"T1000": technique, "T1000.old": technique}, level="high", status="test")
    world.rule({"T1000": technique}, level="low", status="stable")
    kept = "SELECT rules, value FROM rollup_technique_rules"
    with unit_of_work() as session:
        assert session.execute(text(kept)).all() == [(2, Decimal("1.12"))]
    run("UPDATE detection_rule SET status = 'deprecated' WHERE id = :id", id=twice)
    run("DELETE FROM rule_technique WHERE claimed_id = 'T1000.old'")
    with unit_of_work() as session:
        assert session.execute(text(kept)).all() == [(2, Decimal("0.4"))]
    run("UPDATE detection_rule SET enabled = false WHERE id = :id", id=twice)
    with unit_of_work() as session:
        assert session.execute(text(kept)).all() == [(1, Decimal("0.4"))]
    assert not differences()


def test_where_nothing_differs_nothing_is_touched(database: Engine) -> None:
    world.security_test(some_techniques(1)[0])
    before = generations.current()
    with unit_of_work() as session:
        assert rollups.repair(session) == []
    assert generations.current() == before


@pytest.mark.parametrize(("second", "kept"), [(timedelta(days=-1), "none/missed"), (timedelta(days=1), "full/alerted")])
def test_an_inserted_test_takes_the_place_of_an_older_one_only(second: timedelta, kept: str) -> None:
    (technique,) = some_techniques(1)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    world.security_test(technique, "none/missed", procedure_key="same", validated_at=now)
    world.security_test(technique, "full/alerted", procedure_key="same", validated_at=now + second)
    with unit_of_work() as session:
        found = session.execute(text("SELECT prevention || '/' || detection FROM rollup_procedure_latest")).scalars()
        assert list(found) == [kept]
    assert differences() == {}


def test_inserted_tests_are_counted_without_reading_any_test() -> None:
    """Looking each up among all costs the square of their number where the planner has no statistics."""
    (technique,) = some_techniques(1)
    with unit_of_work() as session:
        session.execute(text(_MANY), {"technique": technique})
        assert session.execute(text(_READ)).scalar_one() == 0
    assert differences() == {}
