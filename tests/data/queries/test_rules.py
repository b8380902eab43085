"""The list of rules, its filters and orders, against rows thought of by hand."""

import csv
import io
from datetime import date
from uuid import UUID, uuid4

import pytest

from data.database import unit_of_work
from data.models import DefenceTool, LogSource, Observation
from data.queries import rule as one
from data.queries import rules
from domain.errors import NotFound
from domain.rule_truth import RuleTruth
from domain.rules_view import RulesView
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture
def ids() -> dict[str, UUID]:
    """Rules by a letter: a fired in a test of T1000, b was silent there, c's logs are not there, d was never tested."""
    world.release()
    world.tactics("execution", "persistence")
    first = world.technique("T1000", under=["execution"], platforms=["Windows"])
    second = world.technique("T2000", under=["persistence"], platforms=["Linux"])
    below = world.technique("T1000.001", under=["execution"])
    made = {
        "a": world.rule({"T1000": first}, title="Alpha dumps memory", product="windows", level="high"),
        "b": world.rule(
            {"T1000": first, "T9999": None}, title="Beta", product="windows", level="low", source="elastic"
        ),
        "c": world.rule({"T1000": first}, title="Gamma", product="linux", level=None, status="test"),
        "d": world.rule({"T2000": second}, title="Delta reads memory", product="linux, macos", enabled=False),
        "e": world.rule({"T1000.001": below}, title="Epsilon", level="critical", source="own"),
        "gone": world.rule({"T1000": first}, title="Gone", removed_at=world.NOW),
    }
    test = world.security_test(first, "none/alerted", platform="Windows")
    with unit_of_work() as session:
        tool = DefenceTool(id=uuid4(), slug="edr", name="EDR", kind="edr")
        session.add(tool)
        session.flush()
        session.add(
            Observation(
                test_id=test, round=1, tool_id=tool.id, prevention="none", detection="alerted", rule_id=made["a"],
                detected_at=world.days_ago(3),
            )
        )  # fmt: skip
        session.add(LogSource(product="linux", category="", service="", collected=False, author_name="ana", note="no"))
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "abdec"),
        ({"q": "memory"}, "ad"),
        ({"q": "mem dumps"}, "a"),
        ({"q": "nothing"}, ""),
        ({"truth": "proven"}, "a"),
        ({"truth": "silent"}, "b"),
        ({"truth": "no_data"}, "c"),
        ({"truth": "untested,proven"}, "ade"),
        ({"truth": "wrong"}, "abdec"),
        ({"source": "elastic,own"}, "be"),
        ({"enabled": "yes"}, "abec"),
        ({"enabled": "no"}, "d"),
        ({"level": "high,none"}, "ac"),
        ({"status": "test"}, "c"),
        ({"technique": "t1000"}, "abec"),
        ({"technique": "T1000.001"}, "e"),
        ({"technique": "T9999"}, "b"),
        ({"tactic": "persistence"}, "d"),
        ({"product": "windows"}, "ab"),
        ({"product": "linux, macos"}, "d"),
        ({"logs": "linux||"}, "c"),
        ({"logs": "windows|process_creation|"}, ""),
        ({"state": "removed"}, ["gone"]),
        ({"state": "all", "technique": "T1000", "source": "sigma"}, ["a", "c", "gone"]),
        ({"page": "2"}, ""),
    ],
)
def test_filters_and_orders(ids: dict[str, UUID], query: dict[str, str], expected: str | list[str]) -> None:
    names = {str(key): name for name, key in ids.items()}
    found = rules.search(RulesView.of(query))
    assert [names[row["id"]] for row in found.rows] == list(expected)
    if "page" not in query:
        assert found.total == len(expected)
        assert {names[str(key)] for key in rules.ids(RulesView.of(query))} == set(expected)


@pytest.mark.parametrize(
    ("sort", "key", "expected"),
    [
        ("level", "level", [5, 5, 4, 2, 0]),
        ("fired", "fired", [1, 0, 0, 0, 0]),
        ("changed", "changed_on", [date(2026, 3, 1), date(2026, 2, 1), None, None, None]),
    ],
)
def test_the_greatest_comes_first(ids: dict[str, UUID], sort: str, key: str, expected: list[object]) -> None:
    execute("UPDATE detection_rule SET changed_on = '2026-02-01' WHERE title = 'Gamma'")
    execute("UPDATE detection_rule SET written_on = '2026-03-01' WHERE title = 'Beta'")
    assert [row[key] for row in rules.search(RulesView.of({"sort": sort})).rows] == expected
    assert rules.search(RulesView.of({"sort": "last"})).rows[0]["last_fired_at"] is not None


def test_a_rule_is_found_by_its_id(ids: dict[str, UUID]) -> None:
    execute("UPDATE detection_rule SET external_id = '0f0c4d1e-0000-4000-8000-000000000001' WHERE title = 'Beta'")
    found = rules.search(RulesView.of({"q": "0F0C4D1E-0000-4000-8000-000000000001"}))
    assert [row["title"] for row in found.rows] == ["Beta"]


def test_a_row_says_where_its_claims_lie(ids: dict[str, UUID]) -> None:
    (row,) = rules.search(RulesView.of({"q": "beta"})).rows
    assert row["techniques"] == [
        ["T1000", "T1000", "Name of T1000", "direct"],
        ["T9999", "T9999", "", "not_placed"],
    ]
    assert (row["truth"], row["fired"], row["level"], row["source"]) == ("silent", 0, 2, "elastic")


def test_what_is_proven_of_what_is_enabled(ids: dict[str, UUID]) -> None:
    mix = rules.truth_mix()
    assert mix.rules == {
        RuleTruth.PROVEN: 1,
        RuleTruth.SILENT: 1,
        RuleTruth.UNTESTED: 2,
        RuleTruth.NO_DATA: 1,
    }
    assert (mix.total, mix.total_enabled, mix.enabled[RuleTruth.UNTESTED]) == (5, 4, 1)
    assert rules.truth_mix(["elastic"]).rules[RuleTruth.SILENT] == 1
    assert rules.truth_mix(["elastic"]).total == 1
    execute("UPDATE security_test SET state = 'rejected'")
    assert rules.truth_mix().rules[RuleTruth.PROVEN] == 0  # the answer that was kept is not asked for again


def test_claimed_and_proven_are_two_layers(ids: dict[str, UUID]) -> None:
    # T1000 and T1000.001 are claimed by enabled rules, T2000 by a disabled one; on T1000 one is proven
    assert rules.layers(world.ENTERPRISE) == rules.Layers(techniques=3, claimed=2, proven=1, only_claimed=1)


def test_log_sources_with_the_rules_that_read_them(ids: dict[str, UUID]) -> None:
    found = {row["product"]: row for row in rules.log_sources()}
    assert {product: (row["rules"], row["enabled"], row["fired"]) for product, row in found.items()} == {
        "windows": (2, 2, 1),
        "linux": (1, 1, 0),
        "linux, macos": (1, 0, 0),
        "": (1, 1, 0),
    }
    assert (found["linux"]["collected"], found["linux"]["note"], found["linux"]["author"]) == (False, "no", "ana")
    assert found["windows"]["collected"] is None


def test_what_can_be_chosen(ids: dict[str, UUID]) -> None:
    found = rules.choices()
    assert found["whole"] == 5
    assert found["sources"] == [["sigma", 3], ["elastic", 1], ["own", 1]]
    assert found["products"] == [["windows", 2], ["linux", 1], ["linux, macos", 1]]
    assert found["tactics"] == [["execution", "Execution"], ["persistence", "Persistence"]]


def test_csv_has_all_that_match_and_no_formula(ids: dict[str, UUID]) -> None:
    execute("UPDATE detection_rule SET title = '=cmd()', author = 'Ada' WHERE title = 'Beta'")
    text = b"".join(rules.csv(RulesView.of({"source": "elastic"}))).decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(text)))
    assert (row["title"], row["author"], row["truth"]) == ("'=cmd()", "Ada", "silent")
    assert row["techniques"] == "T1000 T9999 (not placed)"


class TestOneRule:
    def test_the_tests_that_speak_of_it(self, ids: dict[str, UUID]) -> None:
        fired = one.rule(ids["a"])
        assert (fired["truth"], fired["fired_total"], fired["tests_total"]) == ("proven", 1, 1)
        assert [(test["attack_id"], test["fired"]) for test in fired["tests"]] == [("T1000", True)]
        silent = one.rule(ids["b"])
        assert (silent["truth"], silent["fired_total"], silent["tests_total"]) == ("silent", 0, 1)
        elsewhere = one.rule(ids["c"])  # a Linux rule is not silent in a test on Windows
        assert (elsewhere["truth"], elsewhere["tests"], elsewhere["collected"]) == ("no_data", [], False)

    def test_its_claims(self, ids: dict[str, UUID]) -> None:
        placed, unplaced = one.rule(ids["b"])["claims"]
        assert (placed["attack_id"], placed["rules"], placed["resolution"]) == ("T1000", 3, "direct")
        assert (unplaced["claimed"], unplaced["attack_id"], unplaced["resolution"]) == ("T9999", None, "not_placed")

    def test_none(self) -> None:
        with pytest.raises(NotFound):
            one.rule(uuid4())
