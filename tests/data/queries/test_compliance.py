"""Compliance: states, figures and evidence, counted by hand on a small map."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from data.queries import compliance, compliance_control, measured
from domain.errors import NotFound
from tests.data import world
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("redis_server")

STATES = {
    "AC-02": "contradicted",
    "AC-03": "demonstrated",
    "AC-04": "partly",
    "SC-01": "not_demonstrated",
    "SC-02": "out_of_scope",
    "SC-03": "not_mappable",
}


@pytest.fixture(autouse=True)
def world_map(database: Engine) -> dict[int, UUID]:
    """Covered T1001, T1002 (stale); failing T1003; half T1004; under way T1005; untested T1006; not ours T1007."""
    world.release()
    world.tactics("execution")
    t = {n: world.technique(f"T100{n}", under=["execution"]) for n in range(1, 8)}
    world.security_test(t[1], "none/alerted", title="Held")
    world.security_test(t[2], "full/missed", days=400)
    world.security_test(t[3], "none/missed", days=300, title="Let through")
    world.security_test(t[3], "none/logged", procedure_key="other")
    world.security_test(t[4], "none/alerted")
    world.security_test(t[4], "none/missed", procedure_key="other")
    world.security_test(t[5], state="draft")
    world.out_of_scope("technique", "T1007")
    world.framework(
        "nist_800_53",
        {
            "AC-02": [t[1], t[3]],
            "AC-03": [t[1]],
            "AC-04": [t[2], t[4], t[6]],
            "SC-01": [t[5], t[6], t[7]],
            "SC-02": [t[7]],
        },
        not_mappable=["SC-03"],
    )
    execute("UPDATE control SET group_code = left(code, 2), group_name = 'Group ' || left(code, 2)")
    return t


def one(slug: str = "nist_800_53") -> dict[str, Any]:
    return compliance.framework(slug)


def states(found: dict[str, Any]) -> dict[str, str]:
    return {control["code"]: control["state"] for control in found["controls"]}


def decide(code: str, kind: str, expires: str | None = None, at: str = "now()", **more: Any) -> None:
    execute(
        "INSERT INTO control_decision (control_id, kind, reason, author_name, expires_on, created_at)"
        f" SELECT id, :kind, 'Why', 'ana', CAST(:expires AS date), {at} FROM control WHERE code = :code",
        code=code,
        kind=kind,
        expires=expires,
        **more,
    )


def test_states_and_figures_of_a_framework() -> None:
    found = one()
    assert states(found) == STATES
    assert found["states"] == dict.fromkeys(STATES.values(), 1)
    assert (found["demonstrated"]["n"], found["demonstrated"]["of"]) == (1, 4)
    assert found["techniques"] == {
        "covered": 1, "stale": 1, "partial": 1, "uncovered": 1, "in_progress": 1, "untested": 1, "out_of_scope": 1,
    }  # fmt: skip
    assert (found["proven"]["n"], found["proven"]["of"]) == (1, 6)
    assert [(group["code"], group["name"], sum(group["states"].values())) for group in found["groups"]] == [
        ("AC", "Group AC", 3),
        ("SC", "Group SC", 3),
    ]


def test_a_control_says_which_techniques_fail_first() -> None:
    found = {control["code"]: control["techniques"] for control in one()["controls"]}
    assert found["AC-02"] == ["T1003", "T1001"]
    assert found["AC-04"] == ["T1004", "T1002", "T1006"]


def test_the_list_has_the_same_figures() -> None:
    (listed,) = compliance.frameworks()
    found = one()
    assert {name: found[name] for name in listed} == listed


def test_states_follow_the_tests(world_map: dict[int, UUID]) -> None:
    assert states(one())["SC-01"] == "not_demonstrated"
    world.security_test(world_map[6], "none/missed")
    assert states(one())["SC-01"] == "contradicted"


def test_the_function_for_snapshots_says_the_same() -> None:
    found = measured.read(world.ENTERPRISE, as_of=measured.today())
    assert compliance.control_states(found) == {"nist_800_53": STATES}
    assert compliance.control_states(replace(found, domain="ics-attack")) == {}


def test_an_equal_row_counts_once_and_an_unplaced_id_is_no_gap() -> None:
    execute(
        "INSERT INTO control_mapping (framework_id, control_id, claimed_id, technique_id, resolution)"
        " SELECT m.framework_id, control_id, 'twice', technique_id, 'direct' FROM control_mapping AS m"
        " JOIN control ON control.id = control_id WHERE code = 'AC-03'"
    )
    execute(
        "INSERT INTO control_mapping (framework_id, control_id, claimed_id, resolution)"
        " SELECT framework_id, id, 'T9999', 'not_placed' FROM control WHERE code IN ('AC-03', 'SC-03')"
    )
    found = {control["code"]: control for control in one()["controls"]}
    assert (found["AC-03"]["techniques"], found["AC-03"]["state"]) == (["T1001"], "demonstrated")
    assert (found["AC-03"]["not_placed"], found["SC-03"]["state"]) == (["T9999"], "not_mappable")
    assert one()["not_placed"] == 2


def test_retired_techniques_and_those_of_other_maps_count_nowhere(world_map: dict[int, UUID]) -> None:
    execute("UPDATE technique SET active = false WHERE attack_id = 'T1003'")
    mobile = world.technique("T1501", domain="mobile-attack")
    execute(
        "INSERT INTO control_mapping (framework_id, control_id, claimed_id, technique_id, resolution)"
        " SELECT framework_id, id, 'T1501', :mobile, 'direct' FROM control WHERE code = 'AC-02'",
        mobile=mobile,
    )
    found = next(control for control in one()["controls"] if control["code"] == "AC-02")
    assert (found["state"], found["techniques"]) == ("demonstrated", ["T1001"])
    assert found["elsewhere"] == sorted([str(world_map[3]), "T1501"])


class TestDecisions:
    def test_out_of_scope_holds_until_its_last_day(self) -> None:
        decide("AC-02", "out_of_scope", (measured.today() + timedelta(days=1)).isoformat())
        assert states(one())["AC-02"] == "out_of_scope"
        assert one()["demonstrated"]["of"] == 3
        later = compliance.framework("nist_800_53", measured.today() + timedelta(days=2))
        assert states(later)["AC-02"] == "contradicted"

    def test_an_accepted_risk_is_a_flag_and_says_when_it_has_expired(self) -> None:
        decide("AC-02", "risk_accepted", (measured.today() - timedelta(days=1)).isoformat())
        decide("AC-04", "risk_accepted", measured.today().isoformat())
        found = {control["code"]: control for control in one()["controls"]}
        assert (found["AC-02"]["state"], found["AC-02"]["decision"]["holds"]) == ("contradicted", False)
        assert (found["AC-04"]["state"], found["AC-04"]["decision"]["holds"]) == ("partly", True)
        assert (one()["accepted"], one()["expired"]) == (1, 1)

    def test_what_was_withdrawn_or_came_later_does_not_count_on_a_day(self) -> None:
        decide("AC-02", "out_of_scope", at="now() - interval '10 days'")
        execute("UPDATE control_decision SET withdrawn_at = now() - interval '5 days'")
        decide("AC-02", "risk_accepted", (measured.today() + timedelta(days=9)).isoformat())
        found = measured.read(world.ENTERPRISE, as_of=measured.today())

        def on(days: int) -> str:
            day = measured.today() - timedelta(days=days)
            return compliance.control_states(found, day)["nist_800_53"]["AC-02"]

        assert [on(days) for days in (11, 9, 6, 4, 0)] == [
            "contradicted", "out_of_scope", "out_of_scope", "contradicted", "contradicted",
        ]  # fmt: skip


def test_two_days_compared() -> None:
    """On the day before, the failing tests of T1003 were not validated yet, nor what was decided about AC-03."""
    execute("UPDATE security_test SET validated_at = now() WHERE title = 'Let through' OR procedure_key = 'other'")
    decide("AC-03", "out_of_scope")
    assert compliance.changes("nist_800_53", measured.today() - timedelta(days=1)) == [
        {"code": "AC-02", "name": "Name of AC-02", "before": "partly", "after": "contradicted"},
        {"code": "AC-03", "name": "Name of AC-03", "before": "demonstrated", "after": "out_of_scope"},
    ]


def test_what_to_test_for_it() -> None:
    found, wanted = compliance.gaps("nist_800_53")
    assert found["name"] == "Name of nist_800_53"
    assert [(gap["attack_id"], gap["controls"]) for gap in wanted] == [
        ("T1006", 2), ("T1002", 1), ("T1003", 1), ("T1004", 1), ("T1005", 1),
    ]  # fmt: skip
    _, of_one = compliance.gaps("nist_800_53", "ac-2")
    assert [gap["attack_id"] for gap in of_one] == ["T1003"]
    with pytest.raises(NotFound):
        compliance.gaps("nist_800_53", "AC-99")


class TestControl:
    def test_rows_tests_and_history(self) -> None:
        decide("AC-02", "risk_accepted", measured.today().isoformat())
        found = compliance_control.control("nist_800_53", "AC-2")
        assert found["control"]["code"] == "AC-02"
        assert sorted(row["attack_id"] for row in found["rows"]) == ["T1001", "T1003"]
        assert {key: [test["held"] for test in tests] for key, tests in found["tests"].items()} == {
            "T1001": [True],
            "T1003": [False, False],
        }
        numbers = {test["number"] for tests in found["tests"].values() for test in tests}
        assert numbers == {
            number
            for (number,) in rows(
                "SELECT number FROM security_test AS s JOIN technique AS t ON t.id = technique_id"
                " WHERE t.attack_id IN ('T1001', 'T1003')"
            )
        }
        assert [(one["kind"], one["author"]) for one in found["history"]] == [("risk_accepted", "ana")]

    def test_tests_on_platforms_out_of_scope_do_not_count(self, world_map: dict[int, UUID]) -> None:
        world.security_test(world_map[1], "none/missed", platform="Linux")
        world.out_of_scope("platform", "Linux")
        found = compliance_control.control("nist_800_53", "AC-03")
        assert [test["platform"] for test in found["tests"]["T1001"]] == ["Windows"]

    def test_of_many_the_failing_ones_stand_first_and_the_others_are_counted(self, world_map: dict[int, UUID]) -> None:
        for number in range(12):
            result = "none/missed" if number == 11 else "none/alerted"
            world.security_test(world_map[1], result, procedure_key=f"p{number}")
        tests = compliance_control.control("nist_800_53", "AC-03")["tests"]["T1001"]
        assert (len(tests), tests[0]["held"], tests[0]["counting"]) == (compliance_control.TESTS_EACH, False, 13)


def test_templates_that_would_close_a_gap_are_counted(world_map: dict[int, UUID]) -> None:
    for platforms in ("{Windows}", "{Linux}", "{Linux,Windows}"):
        execute(
            "INSERT INTO test_template (source, source_id, procedure_key, name, claimed_technique, technique_id,"
            " resolution, platforms, words, content_hash) SELECT 'own', key, key, 'x', 'T1006', :home, 'direct',"
            " CAST(:platforms AS text[]), '', '' FROM (SELECT gen_random_uuid()::text AS key) AS made",
            home=world_map[6],
            platforms=platforms,
        )
    assert one()["map"]["T1006"]["templates"] == 3
    world.out_of_scope("platform", "Linux")
    assert one()["map"]["T1006"]["templates"] == 2


def test_a_framework_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="no framework of that name"):
        compliance.framework("nothing")
    execute("UPDATE framework SET removed_at = now()")
    with pytest.raises(NotFound):
        one()
    assert compliance.frameworks() == []
