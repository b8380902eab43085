"""The matrix counted by hand, and that each answer is one statement."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from data import cache
from data.queries import heatmap
from tests.data import world
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")

TODAY = datetime.now(UTC).date()


@pytest.fixture
def matrix() -> dict[str, Any]:
    """Three tactics; T1000 under all of them, T1001 with a sub-technique, T1002 with nothing, T1003 out of scope."""
    world.release(shortened=True)
    world.tactics("execution", "persistence", "impact")
    everywhere = world.technique("T1000", under=("impact", "execution", "persistence"), groups=3)
    parent = world.technique("T1001", under=("execution",), platforms=("Windows", "Linux"), review_since=world.NOW)
    sub = world.technique("T1001.001", under=("execution",), platforms=("Linux",), groups=1)
    world.technique("T1002", under=("impact",))
    outside = world.technique("T1003", under=("impact",))
    world.technique("T1004", under=("impact",), active=False, revoked=True)
    world.out_of_scope("technique", "T1003")
    world.security_test(everywhere, "none/alerted", days=20)
    world.security_test(everywhere, "full/missed", days=10, procedure_key="b")
    world.security_test(sub, "partial/logged", days=200, platform="Linux")
    world.security_test(parent, state="draft")
    world.security_test(outside, "none/missed")
    world.rule({"T1000": everywhere})
    world.rule({"T1001": parent, "T1001.001": sub})
    world.rule({"T1003": outside})
    return heatmap.matrix(world.ENTERPRISE)


def cell(matrix: dict[str, Any], attack_id: str) -> dict[str, Any]:
    at = matrix["cells"]["id"].index(attack_id)
    return {name: column[at] for name, column in matrix["cells"].items()}


def test_what_stands_around_the_cells(matrix: dict[str, Any]) -> None:
    assert (matrix["domain"], matrix["version"], matrix["shortened"]) == (world.ENTERPRISE, "18.1", True)
    assert (matrix["as_of"], matrix["weights_version"]) == (TODAY.isoformat(), 1)
    assert [one["key"] for one in matrix["tactics"]] == ["execution", "persistence", "impact"]
    assert matrix["platforms"] == ["Linux", "Windows"]
    assert matrix["cells"]["id"] == ["T1000", "T1001", "T1001.001", "T1002", "T1003"]
    assert {len(column) for column in matrix["cells"].values()} == {5}


def test_a_covered_technique(matrix: dict[str, Any]) -> None:
    found = cell(matrix, "T1000")
    # tests (0.9 + 1) / 2, one critical stable rule, evidence of 10 days, its only platform; 40/25/15/10 of 90
    exact = (40 * 0.95 + 25 * (1 - 2.718281828459045 ** (-1 / 3)) + 15 * 0.5 ** (10 / 180) + 10 * 1.0) / 0.9
    assert found == {
        "id": "T1000",
        "name": "Name of T1000",
        "parent": -1,
        "tactics": [0, 1, 2],
        "platforms": [1],
        "status": "covered",
        "stale": 0,
        "review": 0,
        "score": round(exact),
        "proven": 100,
        "procedures": 2,
        "tests": 2,
        "unfinished": 0,
        "prevented": 1,
        "alerted": 1,
        "logged": 0,
        "missed": 1,
        "rules": 1,
        "not_counted_rules": 0,
        "freshness_days": 10,
        "groups": 3,
        "own_groups": 0,
        "exploited": 0,
        "priority": None,
        "relevance": 3.0,
        "in_scope": 1,
    }


def test_the_others(matrix: dict[str, Any]) -> None:
    parent, sub, nothing = (cell(matrix, key) for key in ("T1001", "T1001.001", "T1002"))
    assert (parent["status"], parent["proven"], parent["review"], parent["unfinished"]) == ("in_progress", None, 1, 1)
    assert (sub["parent"], sub["status"], sub["proven"], sub["stale"], sub["freshness_days"]) == (
        1,
        "uncovered",
        0,
        1,
        200,
    )
    assert (nothing["status"], nothing["score"], nothing["rules"]) == ("untested", None, 0)
    assert cell(matrix, "T1003")["in_scope"] == 0
    assert parent["score"] is not None, "a rule is something known"


def test_totals_count_a_technique_once_and_only_in_scope(matrix: dict[str, Any]) -> None:
    totals = matrix["totals"]
    assert totals["techniques"] == 4
    assert totals["status"] == {"covered": 1, "partial": 0, "uncovered": 1, "in_progress": 1, "untested": 1}
    assert (totals["stale"], totals["review"], totals["tested"], totals["scored"]) == (1, 1, 2, 3)
    assert (totals["proven"]["n"], totals["proven"]["of"]) == (1, 4)
    assert (totals["claimed"]["n"], totals["claimed"]["of"]) == (3, 4)
    assert totals["proven"]["low"] == pytest.approx(0.0456, abs=1e-4)
    assert totals["tests"]["planned"] == 4  # the test of the technique out of scope is not among them
    assert totals["tests"]["evaluated"] == 3
    assert totals["score"]["unknown"] == 1


def test_tactics_count_what_stands_under_them(matrix: dict[str, Any]) -> None:
    by_key = {one["key"]: one for one in matrix["totals"]["tactics"]}
    assert {key: one["techniques"] for key, one in by_key.items()} == {"execution": 3, "persistence": 1, "impact": 2}
    assert [one["proven"]["n"] for one in by_key.values()] == [1, 1, 1], "covered once, and shown under all three"
    assert [one["tested"] for one in by_key.values()] == [2, 1, 1]


def test_the_organisations_score_is_the_weighted_mean_of_its_cells(matrix: dict[str, Any]) -> None:
    score = matrix["totals"]["score"]
    shown = {"T1000": 3.0, "T1001": 1.0, "T1001.001": 2.0, "T1002": 1.0}  # 1 + log2(1 + groups)
    points = {key: cell(matrix, key)["score"] or 0 for key in shown}
    assert score["weighted"] == pytest.approx(sum(points[key] * weight for key, weight in shown.items()) / 7, abs=0.6)
    assert score["plain"] == pytest.approx(sum(points.values()) / 4, abs=0.6)
    assert sum(part["points"] for part in score["parts"]) == pytest.approx(score["weighted"])


def test_the_matrix_is_one_statement_and_then_none(matrix: dict[str, Any], count_statements: Any) -> None:
    tomorrow = TODAY + timedelta(days=1)
    with count_statements() as statements:
        heatmap.matrix(world.ENTERPRISE, as_of=tomorrow)
    assert len(statements) == 1
    with count_statements() as statements:
        assert heatmap.matrix(world.ENTERPRISE) == matrix
    assert len(statements) == 0


def test_a_change_of_data_is_seen_at_once(matrix: dict[str, Any]) -> None:
    assert cell(matrix, "T1002")["status"] == "untested"
    technique = world.technique("T1005", under=("impact",))
    world.security_test(technique, "none/alerted")
    assert cell(heatmap.matrix(world.ENTERPRISE), "T1005")["status"] == "covered"


def _technique_id(attack_id: str) -> UUID:
    found: UUID = rows(f"SELECT id FROM technique WHERE attack_id = '{attack_id}'")[0][0]
    return found


CHANGES: dict[str, Callable[[], object]] = {
    "a test": lambda: world.security_test(_technique_id("T1002"), "full/alerted"),
    "a rule": lambda: world.rule({"T1002": _technique_id("T1002")}),
    "a name": lambda: execute("UPDATE technique SET name = 'Another' WHERE attack_id = 'T1002'"),
    "a technique": lambda: world.technique("T1009", under=("impact",)),
    "the scope": lambda: world.out_of_scope("technique", "T1000"),
    "a platform": lambda: world.out_of_scope("platform", "Linux"),
    "the weights": lambda: execute("UPDATE score_weights SET tests = 20, rules = 45"),
    "a group": lambda: world.own_group("G0001"),
    "a priority": lambda: world.priority("T1000", "high"),
    "a countermeasure": lambda: world.countermeasure("D3-1", against=[_technique_id("T1000")], state="in_place"),
    "an exploit": lambda: world.framework("kev", {"CVE-1": [_technique_id("T1000")]}, kind="vulnerabilities"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_held_is_given_up_when_it_changes(matrix: dict[str, Any], what: str) -> None:
    world.attack_object("group", "G0001", "One", uses={_technique_id("T1000"): "group_uses"})
    before = heatmap.matrix(world.ENTERPRISE)
    CHANGES[what]()
    after = heatmap.matrix(world.ENTERPRISE)
    with cache.bypassed():
        assert heatmap.matrix(world.ENTERPRISE) == after != before


def test_only_tests_are_read_again_when_tests_change(matrix: dict[str, Any], count_statements: Any) -> None:
    world.security_test(_technique_id("T1002"))
    with count_statements() as sent:
        again = heatmap.matrix(world.ENTERPRISE)
    assert ["rollup_technique_rules" in one for one in sent.texts] == [False]
    assert cell(again, "T1002")["tests"] == 1


def test_platforms_narrow_the_evidence(matrix: dict[str, Any]) -> None:
    narrowed = heatmap.matrix(world.ENTERPRISE, ("Linux",))
    assert cell(narrowed, "T1000")["status"] == "untested"
    assert cell(narrowed, "T1001.001")["status"] == "uncovered"
    both = heatmap.matrix(world.ENTERPRISE, ("Windows", "Linux"))
    assert both["cells"] == matrix["cells"]


def test_it_looks_ahead_and_back(matrix: dict[str, Any]) -> None:
    ahead = heatmap.matrix(world.ENTERPRISE, as_of=TODAY + timedelta(days=200))
    assert cell(ahead, "T1000")["stale"] == 1
    assert ahead["totals"]["stale"] == 2
    assert ahead["notes"] == []
    back = heatmap.matrix(world.ENTERPRISE, as_of=TODAY - timedelta(days=3_000))
    assert back["totals"]["tests"]["planned"] == 0
    assert [note[:5] for note in back["notes"]] == ["Tests"]


def test_nothing_loaded_is_an_empty_matrix() -> None:
    empty = heatmap.matrix("mobile-attack")
    assert (empty["version"], empty["tactics"], empty["cells"]["id"]) == ("", [], [])
    assert empty["totals"]["score"]["weighted"] is None
    assert empty["totals"]["proven"] == {"n": 0, "of": 0, "low": None, "high": None}


def test_choices_and_what_they_lead_to() -> None:
    world.release()
    world.tactics("execution")
    one, two = world.technique("T1000", platforms=("Windows", "Linux")), world.technique("T1001")
    gone = world.technique("T1002", active=False, revoked=True)
    world.attack_object("group", "G0001", "zebra", uses={one: "group_uses", two: "group_uses", gone: "group_uses"})
    world.attack_object("group", "G0002", "Antelope", uses={two: "group_uses"})
    world.attack_object("group", "G0003", "Gone", uses={two: "group_uses"}, active=False)
    world.attack_object("data_component", None, "Process Creation", uses={one: "data_component"})
    found = dict(heatmap.choices(world.ENTERPRISE))
    assert found.pop("today") == found.pop("days")[0] == datetime.now(UTC).date().isoformat()  # none is kept
    assert found == {
        "domains": [world.ENTERPRISE],
        "platforms": ["Linux", "Windows"],
        "tactics": [{"id": "TA0000", "key": "execution", "name": "Execution"}],
        "groups": [{"id": "G0002", "name": "Antelope", "n": 1}, {"id": "G0001", "name": "zebra", "n": 2}],
        "data_components": [{"id": "Process Creation", "name": "Process Creation", "n": 1}],
    }
    assert heatmap.technique_ids_of_groups(world.ENTERPRISE, ["G0001"]) == ["T1000", "T1001"]
    assert heatmap.technique_ids_of_groups(world.ENTERPRISE, ["G0002", "G0003", "G9999"]) == ["T1001"]
    assert heatmap.technique_ids_of_groups(world.ENTERPRISE, []) == []
    assert heatmap.technique_ids_of_data_components(world.ENTERPRISE, ["Process Creation"]) == ["T1000"]
    assert heatmap.technique_ids_of_groups("mobile-attack", ["G0001"]) == []
