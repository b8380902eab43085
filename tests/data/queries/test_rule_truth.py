"""The truth of rules, kept by triggers, against rows thought of by hand."""

import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import database
from data.database import reading, unit_of_work
from data.models import DefenceTool, LogSource, Observation
from data.repositories import rollups
from domain.rule_truth import PRODUCT_PLATFORMS, RuleTruth, platforms_of, truth_of
from tests.data import world
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def tool() -> UUID:
    with unit_of_work() as session:
        made = DefenceTool(id=uuid4(), slug="edr", name="EDR", kind="edr")
        session.add(made)
        return made.id


def observe(test: UUID, rule: UUID, tool: UUID, detection: str = "alerted", round: int = 1) -> None:
    with unit_of_work() as session:
        session.add(
            Observation(test_id=test, round=round, tool_id=tool, prevention="none", detection=detection, rule_id=rule)
        )


def collected(said: bool, product: str = "windows", category: str = "", service: str = "") -> None:
    with unit_of_work() as session:
        session.add(LogSource(product=product, category=category, service=service, collected=said, author_name="ana"))


def truths() -> dict[str, str]:
    with reading() as session:
        assert not any(rollups.verify(session).values())
    return dict(rows("SELECT title, truth FROM rollup_rule"))


class TestTruth:
    def test_a_rule_is_silent_where_its_technique_was_tested_on_a_platform_it_covers(self) -> None:
        first = world.technique("T1000")
        world.rule({"T1000": first}, title="windows", product="windows")
        world.rule({"T1000": first}, title="linux", product="linux")
        world.rule({"T1000": first}, title="either", product="linux, windows")
        world.rule({"T1000": first}, title="any")
        world.rule({"T1000": first}, title="unknown", product="zeek")
        world.rule({"T9999": None}, title="nowhere")
        assert set(truths().values()) == {"untested"}
        test = world.security_test(first, platform="Windows")
        assert truths() == {
            "windows": "silent",
            "linux": "untested",
            "either": "silent",
            "any": "silent",
            "unknown": "silent",
            "nowhere": "untested",
        }
        execute("UPDATE security_test SET state = 'rejected' WHERE id = :id", id=test)
        assert set(truths().values()) == {"untested"}
        execute("UPDATE security_test SET state = 'validated' WHERE id = :id", id=test)
        assert truths()["windows"] == "silent"
        execute("DELETE FROM security_test")
        assert set(truths().values()) == {"untested"}

    def test_a_rule_is_proven_by_an_alert_in_the_latest_round_of_a_validated_test(self, tool: UUID) -> None:
        first = world.technique("T1000")
        rule = world.rule({"T1000": first}, title="it")
        open_one = world.security_test(first, state="in_review")
        observe(open_one, rule, tool)
        assert truths() == {"it": "untested"}
        test = world.security_test(first)
        observe(test, rule, tool, "logged")
        assert truths() == {"it": "silent"}
        execute("UPDATE observation SET detection = 'alerted'")
        assert truths() == {"it": "proven"}
        assert rows("SELECT fired, last_fired_at IS NOT NULL FROM rollup_rule") == [(1, True)]
        execute("UPDATE security_test SET round = 2 WHERE id = :id", id=test)
        assert truths() == {"it": "silent"}
        execute(
            "UPDATE security_test SET round = 1, not_applicable = true, not_applicable_reason = 'x', prevention = NULL,"
            " detection = NULL, outcome = NULL WHERE id = :id",
            id=test,
        )
        assert truths() == {"it": "untested"}

    def test_two_tools_in_one_test_are_one_test(self, tool: UUID) -> None:
        first = world.technique("T1000")
        rule = world.rule({"T1000": first}, title="it")
        test = world.security_test(first)
        observe(test, rule, tool)
        execute("INSERT INTO defence_tool (id, slug, name, kind) VALUES (uuidv7(), 'siem', 'SIEM', 'siem')")
        observe(test, rule, rows("SELECT id FROM defence_tool WHERE slug = 'siem'")[0][0])
        assert rows("SELECT fired FROM rollup_rule") == [(1,)]
        execute("DELETE FROM observation")
        assert truths() == {"it": "silent"}

    def test_logs_that_are_not_collected(self, tool: UUID) -> None:
        first = world.technique("T1000")
        rule = world.rule({"T1000": first}, title="it", product="windows")
        world.rule({"T1000": first}, title="other", product="windows", category="process_creation")
        test = world.security_test(first)
        collected(False)
        assert truths() == {"it": "no_data", "other": "silent"}
        execute("UPDATE log_source SET collected = true")
        assert truths()["it"] == "silent"
        execute("UPDATE log_source SET collected = false")
        observe(test, rule, tool)
        assert truths()["it"] == "proven"  # it fired: the logs are there, whatever was said
        execute("DELETE FROM log_source")
        assert truths()["it"] == "proven"

    def test_what_changes_of_a_rule_is_followed(self) -> None:
        first, second = world.technique("T1000"), world.technique("T2000")
        rule = world.rule({"T1000": first}, title="it", product="linux")
        world.security_test(second, platform="Windows")
        assert truths() == {"it": "untested"}
        execute("UPDATE rule_technique SET technique_id = :id, claimed_id = 'T2000'", id=second)
        execute("UPDATE detection_rule SET product = 'windows', enabled = false")
        assert truths() == {"it": "silent"}
        assert rows("SELECT enabled, product FROM rollup_rule") == [(False, "windows")]
        execute("DELETE FROM detection_rule WHERE id = :id", id=rule)
        assert truths() == {}


_MOVES = (
    "UPDATE detection_rule SET enabled = NOT enabled WHERE id = :rule",
    "UPDATE detection_rule SET removed_at = CASE WHEN removed_at IS NULL THEN now() END WHERE id = :rule",
    "UPDATE detection_rule SET status = 'stable', product = 'linux' WHERE id = :rule",
    "UPDATE rule_technique SET technique_id = :technique WHERE rule_id = :rule",
    "UPDATE rule_technique SET technique_id = NULL WHERE rule_id = :rule AND technique_id = :technique",
    "UPDATE rule_technique SET technique_id = :technique",
    "DELETE FROM rule_technique WHERE rule_id = :rule AND claimed_id = 'T1000'",
    "INSERT INTO rule_technique VALUES (:rule, 'T1000', :technique, 'direct') ON CONFLICT DO NOTHING",
    "DELETE FROM observation WHERE rule_id = :rule",
    "UPDATE observation SET rule_id = :rule WHERE rule_id IS NOT NULL",
    "UPDATE security_test SET state = 'in_review' WHERE id = :test",
    "UPDATE security_test SET state = 'validated' WHERE id = :test",
    "UPDATE detection_rule SET enabled = true, removed_at = NULL",
    "DELETE FROM detection_rule WHERE id = :rule",
)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_becomes_of_rules_they_are_counted_as_they_are(tool: UUID, seed: int) -> None:
    dice = random.Random(seed)
    techniques = [world.technique(f"T{number}000") for number in (1, 2, 3)]
    tests = [world.security_test(one) for one in techniques]
    proven = set()
    for _ in range(40):
        rules = [one for (one,) in rows("SELECT id FROM detection_rule ORDER BY created_at")]
        if not rules or dice.random() < 0.15:
            claims = {f"T{number}000": dice.choice([*techniques, None]) for number in (1, 2, 3)[: dice.randint(1, 3)]}
            rules.append(world.rule(claims))
        chosen = {"rule": dice.choice(rules), "technique": dice.choice(techniques), "test": dice.choice(tests)}
        execute(
            "INSERT INTO observation (id, test_id, round, tool_id, prevention, detection, rule_id) "
            "VALUES (uuidv7(), :test, 1, :tool, 'none', 'alerted', :rule) "
            "ON CONFLICT (test_id, round, tool_id) DO UPDATE SET rule_id = excluded.rule_id",
            tool=tool,
            test=chosen["test"],
            rule=chosen["rule"],
        )
        statement = dice.choice(_MOVES)
        execute(statement, **{name: value for name, value in chosen.items() if f":{name}" in statement})
        truths()
        proven.add(rows("SELECT coalesce(sum(claims), 0) FROM rollup_technique_proven")[0][0])
    assert len(proven) > 2, "nothing was proven, so nothing was held"


_WRITES = (
    "UPDATE detection_rule SET enabled = NOT enabled WHERE id = %(rule)s",
    "WITH held AS MATERIALIZED (SELECT id FROM detection_rule WHERE id = ANY (%(rules)s) ORDER BY id FOR UPDATE) "
    "UPDATE detection_rule SET status = 'test' WHERE id IN (SELECT id FROM held)",
    "UPDATE rule_technique SET technique_id = %(technique)s WHERE rule_id = %(rule)s",
    "UPDATE observation SET rule_id = %(rule)s WHERE test_id = %(test)s",
    "UPDATE security_test SET state = CASE state WHEN 'validated' THEN 'in_review' ELSE 'validated' END "
    "WHERE id = %(test)s",
)


def test_writers_of_rules_claims_and_tests_wait_for_each_other_and_never_in_a_ring(tool: UUID) -> None:
    techniques = [world.technique(f"T{number}000") for number in range(1, 7)]
    tests = [world.security_test(one) for one in techniques]
    rules = [world.rule({f"T{at}000": techniques[at - 1] for at in (n % 6 + 1, (n + 2) % 6 + 1)}) for n in range(12)]
    for test, rule in zip(tests, rules, strict=False):
        observe(test, rule, tool)

    def write(seed: int) -> None:
        dice = random.Random(seed)
        with psycopg.connect(database.url(), autocommit=True) as connection:
            for _ in range(60):
                chosen = {"rule": dice.choice(rules), "rules": dice.sample(rules, 4), "test": dice.choice(tests)}
                connection.execute(dice.choice(_WRITES), chosen | {"technique": dice.choice(techniques)})

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(write, range(6)))  # in a ring the database gives one of them an error
    truths()


def test_the_database_covers_the_same_platforms_as_the_domain() -> None:
    products = [*PRODUCT_PLATFORMS, "", "zeek", "linux, macos", "linux, zeek", "windows,windows"]
    for product in products:
        ((found,),) = rows("SELECT rule_platforms(:product)", product=product)
        expected = platforms_of(product)
        assert (found and sorted(found)) == (expected and sorted(expected)), product


@given(st.integers(0, 3), st.booleans(), st.sampled_from([None, True, False]))
def test_the_first_that_holds_is_the_truth(fired: int, tested: bool, collected: bool | None) -> None:
    found = truth_of(fired=fired, tested=tested, collected=collected)
    assert (found is RuleTruth.PROVEN) == (fired > 0)
    if not fired:
        assert (found is RuleTruth.NO_DATA) == (collected is False)
