"""One technique with everything on it, by hand, in a fixed number of statements."""

from typing import Any

import pytest
from sqlalchemy import text

from data.database import unit_of_work
from data.models import DefenceTool, Observation, SyncItem, SyncRun
from data.queries import technique, technique_lists
from domain.errors import NotFound
from tests.data import world

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def test_where_we_stand_and_why() -> None:
    world.release()
    world.tactics("impact", "execution")
    key = world.technique("T1059", under=("execution", "impact"), platforms=("Windows", "Linux"), name="Shell")
    for platform, result in (("Windows", "none/alerted"), ("Linux", "none/missed")):
        world.security_test(key, result, procedure_key="a", platform=platform, days=30)
    world.security_test(key, "full/alerted", procedure_key="b", days=20)
    world.rule({"T1059": key})
    found = technique.technique(" t1059 ")
    head = found["head"]
    assert (head["attack_id"], head["name"], head["version"], head["tactics"]) == (
        "T1059",
        "Shell",
        "18.1",
        '[["impact", "Impact"], ["execution", "Execution"]]',
    )
    assert (found["status"], found["stale"], found["age_days"], found["in_scope"]) == ("partial", False, 20, True)
    assert (found["proven"]["n"], found["proven"]["of"]) == (1, 2), "a procedure holds where it holds everywhere"
    assert found["tests_by_state"]["evaluated"] == 3
    parts = {part["name"]: part for part in found["score"]["parts"]}
    assert parts["Tests"]["value"] == pytest.approx((0.45 + 1.0) / 2)
    assert parts["Platforms"]["value"] == 1.0
    assert (parts["Countermeasures"]["state"], parts["Countermeasures"]["nominal"]) == ("not_applicable", 10.0)
    assert sum(part["weight"] for part in parts.values()) == pytest.approx(100)
    assert round(sum(part["points"] for part in parts.values()), 1) == found["score"]["value"]


def test_subtechniques_are_told_beside_it() -> None:
    world.technique("T1059")
    powershell = world.technique("T1059.001")
    world.technique("T1059.002")
    world.technique("T1059.003", active=False, deprecated=True)
    world.technique("T1060")
    world.security_test(powershell, "none/alerted")
    parent = technique.technique("T1059")
    assert [(one["attack_id"], one["status"], one["score"] is None) for one in parent["subtechniques"]] == [
        ("T1059.001", "covered", False),
        ("T1059.002", "untested", True),
    ]
    assert parent["status"] == "untested"
    assert parent["subtechniques_covered"] == {"of": 2, "evaluated": 1, "covered": 1}
    assert (parent["proven_below"]["n"], parent["proven_below"]["of"]) == (1, 1)
    child = technique.technique("T1059.001")
    assert (child["head"]["parent_id"], child["subtechniques"], child["proven_below"]) == ("T1059", [], None)


def test_a_retired_technique_names_its_successor() -> None:
    new = world.technique("T1574.001") if world.technique("T1574") else None
    world.technique("T1073", active=False, revoked=True, successor_id=new)
    found = technique.technique("T1073")
    assert (found["head"]["revoked"], found["head"]["successor_id"]) == (True, "T1574.001")


def test_of_two_with_one_id_the_active_one_is_meant() -> None:
    world.technique("T1000", name="Old", active=False, revoked=True)
    world.technique("T1000", name="New")
    world.technique("T1000", name="Mobile", domain="mobile-attack")
    assert technique.technique("T1000")["head"]["name"] == "New"
    assert technique.technique("T1000", "mobile-attack")["head"]["name"] == "Mobile"


def test_an_unknown_id_is_said_so() -> None:
    with pytest.raises(NotFound, match="T4242"):
        technique.technique("T4242")


def test_rules_of_a_newer_version_are_counted_beside_it() -> None:
    world.technique("T1562")
    world.rule({"T1685": None})
    found = technique.technique("T1562")
    assert (found["not_counted_rules"], found["successor_elsewhere"], found["rules_enabled"]) == (1, "T1685", 0)


def test_what_hangs_on_it() -> None:
    key = world.technique("T1059")
    test = world.security_test(key, "none/alerted", title="Encoded command")
    with unit_of_work() as session:
        tool = DefenceTool(slug="edr", name="EDR", kind="edr")
        session.add(tool)
        session.flush()
        session.add(Observation(test_id=test, round=1, tool_id=tool.id, prevention="none", detection="alerted"))
        session.add(Observation(test_id=test, round=2, tool_id=tool.id, prevention="full", detection="alerted"))
    low = world.rule({"T1059": key}, title="Low", level="low")
    high = world.rule({"T1059": key, "T9999": None}, title="High", level="high", author="Ana", product="windows")
    world.rule({"T1059": key}, title="Off", enabled=False)
    world.rule({"T1059": key}, title="Gone", removed_at=world.NOW)
    world.attack_object("group", "G0016", "APT29", uses={key: "group_uses"})
    found = technique.technique("T1059")
    assert [one["title"] for one in found["tests"]] == ["Encoded command"]
    assert found["tests"][0]["observations"] == '[{"tool" : "EDR", "prevention" : "none", "detection" : "alerted"}]'
    assert [one["title"] for one in found["rules"]] == ["High", "Low", "Off"]
    assert (found["rules"][0]["total"], found["rules"][0]["enabled_total"]) == (3, 2)
    assert [(one["kind"], one["attack_id"]) for one in found["related"]] == [("group", "G0016")]
    text_of = technique_lists.rule(str(high))
    assert text_of is not None
    assert (text_of["author"], text_of["body"], text_of["techniques"]) == (
        "Ana",
        "detection: {}",
        '["T1059", "T9999 (not placed)"]',
    )
    assert str(low) in {one["id"] for one in found["rules"]}


def test_history_is_read_as_it_stands_now() -> None:
    world.technique("T1059")
    assert technique.technique("T1059")["history"] == []
    with unit_of_work() as session:
        run = SyncRun(source="attack", trigger="command", requested_by_name="ana", state="running", version="18.1")
        session.add(run)
        session.flush()
        session.add(SyncItem(run_id=run.id, kind="renamed", object_type="technique", ref="T1059", name="Shell"))
        run_id = run.id
    assert technique.technique("T1059")["history"] == []
    with unit_of_work() as session:
        session.execute(
            text("UPDATE sync_run SET state = 'succeeded', finished_at = now() WHERE id = :id"), {"id": run_id}
        )
    assert [one["what"] for one in technique.technique("T1059")["history"]] == ["renamed"]


def test_the_number_of_statements_does_not_grow(count_statements: Any) -> None:
    key = world.technique("T1059")

    def statements_of(attack_id: str) -> int:
        with count_statements() as statements:
            technique.technique(attack_id)
        return len(statements)

    few = statements_of("T1059")
    for number in range(5):
        child = world.technique(f"T1059.00{number}")
        for days in range(1, 4):
            world.security_test(child, days=days)
            world.security_test(key, days=days, procedure_key=str(days))
        world.rule({"T1059": key})
        world.attack_object("group", f"G000{number}", f"Group {number}", uses={key: "group_uses"})
    assert statements_of("T1059") == few <= 10
    assert statements_of("T1059") == 0, "kept"
