"""Coverage divided, counted by hand; and that every number is exactly the tests its link opens."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from callbacks import coverage as callback
from data.database import SYSTEM, unit_of_work
from data.models import DefenceTool, Observation, User
from data.queries import coverage, tests_table
from domain.coverage_view import Division
from domain.roles import Role
from domain.tests_view import TestsView
from jobs import people
from pages import coverage as page
from tests.data import world

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def observed(test_id: Any, tool: Any, prevention: str, detection: str) -> None:
    with unit_of_work() as session:
        session.add(Observation(test_id=test_id, round=1, tool_id=tool, prevention=prevention, detection=detection))


def defence_tool(slug: str) -> Any:
    with unit_of_work() as session:
        made = DefenceTool(id=uuid4(), slug=slug, name=slug.upper(), kind="edr")
        session.add(made)
        return made.id


def person(username: str, team: str = "") -> Any:
    with unit_of_work() as session:
        made = User(id=uuid4(), username=username, display_name=username.title(), role="blue_tech", team=team)
        session.add(made)
        return made.id


@pytest.fixture
def organisation(database: Engine, redis_server: None) -> None:
    """T1000 (two tactics) holds on Windows, not on Linux; T1001 holds; its sub fails; T1002 untested; T1003 is out."""
    world.release()
    world.tactics("execution", "impact")
    both = world.technique("T1000", under=("execution", "impact"), platforms=("Windows", "Linux"))
    holds = world.technique("T1001", under=("execution",))
    sub = world.technique("T1001.001", under=("execution",))
    world.technique("T1002", under=("impact",))
    outside = world.technique("T1003", under=("impact",))
    world.out_of_scope("technique", "T1003")
    world.out_of_scope("platform", "macOS")
    world.attack_object("data_component", "DC0001", "Process creation", uses={both: "data_component"})
    edr, siem = defence_tool("edr"), defence_tool("siem")
    one = world.security_test(both, "full/logged", procedure_key="a")
    observed(one, edr, "full", "logged")
    observed(one, siem, "none", "missed")
    world.security_test(both, "none/missed", procedure_key="a", days=40)  # older: counts no more
    bo, eve, kim = person("bo", "Blue, north"), person("eve", "Blue, north"), person("kim")
    world.security_test(both, "none/logged", procedure_key="a", platform="Linux", blue_submitted_by=kim)
    world.security_test(both, "none/missed", procedure_key="a", platform="macOS")
    two = world.security_test(holds, "none/alerted", procedure_key="b", blue_submitted_by=bo)
    observed(two, siem, "none", "alerted")
    world.security_test(sub, "partial/missed", procedure_key="c", blue_submitted_by=eve)
    world.security_test(outside, "none/missed", procedure_key="d")
    world.rule({"T1000": both, "T1001": holds})
    world.rule({"T1003": outside}, source="own")


def groups(division: Division) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in coverage.coverage(world.ENTERPRISE, division)["groups"]}


def brief(group: dict[str, Any]) -> tuple[Any, ...]:
    results = group["results"]
    outcomes = tuple(results[name] for name in ("blocked", "alerted", "logged", "missed"))
    return group["techniques"], group["tested"], group["proven"]["n"], group["claimed"]["n"], outcomes


@pytest.mark.usefixtures("organisation")
def test_by_tactic_a_technique_counts_under_each_of_its_own() -> None:
    found = groups(Division.TACTIC)
    assert brief(found["execution"]) == (3, 3, 1, 2, (1, 1, 1, 1))
    assert brief(found["impact"]) == (2, 1, 0, 1, (1, 0, 1, 0))
    assert found["execution"]["trend"][-2:] != [[0, 0], [0, 0]]
    assert sum(evaluated for evaluated, _ in found["execution"]["trend"]) == 5, "older runs are history, too"


@pytest.mark.usefixtures("organisation")
def test_by_platform_only_tests_on_it_prove_anything() -> None:
    found = groups(Division.PLATFORM)
    assert brief(found["Windows"]) == (4, 3, 2, 2, (1, 1, 0, 1))
    assert brief(found["Linux"]) == (1, 1, 0, 1, (0, 0, 1, 0))


@pytest.mark.usefixtures("organisation")
def test_by_tool_each_is_judged_by_what_it_did_itself() -> None:
    found = groups(Division.TOOL)
    assert brief(found["edr"]) == (1, 1, 1, 1, (1, 0, 0, 0))
    assert brief(found["siem"]) == (2, 2, 1, 2, (0, 1, 0, 1))


@pytest.mark.usefixtures("organisation")
def test_by_team_and_by_person_it_is_whoever_evaluated() -> None:
    found = groups(Division.TEAM)
    assert list(found) == ["Blue, north", ""], "those without a team come last"
    assert brief(found["Blue, north"]) == (2, 2, 1, 1, (0, 1, 0, 1))
    assert brief(found[""]) == (1, 1, 0, 1, (1, 0, 1, 0)), "without a team, and by nobody who is named"
    assert found[""]["name"] == "No team"
    by_name = {one["name"]: brief(one) for one in groups(Division.PERSON).values()}
    assert by_name == {
        "Bo": (1, 1, 1, 1, (0, 1, 0, 0)),
        "Eve": (1, 1, 0, 0, (0, 0, 0, 1)),
        "Kim": (1, 1, 0, 1, (0, 0, 1, 0)),
        "Not recorded": (1, 1, 1, 1, (1, 0, 0, 0)),
    }


@pytest.mark.usefixtures("organisation")
def test_who_changes_teams_takes_their_results_along_at_once() -> None:
    assert set(groups(Division.TEAM)) == {"Blue, north", ""}
    people.set_team(SYSTEM, Role.ADMIN, "eve", "Blue, south")
    found = groups(Division.TEAM)
    assert (found["Blue, north"]["techniques"], found["Blue, south"]["techniques"]) == (1, 1)
    assert "Eve" in {one["name"] for one in groups(Division.PERSON).values()}
    with unit_of_work() as session:
        session.execute(update(User).where(User.username == "eve").values(display_name="Eva"))
    assert "Eva" in {one["name"] for one in groups(Division.PERSON).values()}


@pytest.mark.usefixtures("organisation")
def test_by_data_component_and_by_source() -> None:
    assert brief(groups(Division.DATA)["DC0001"]) == (1, 1, 0, 1, (1, 0, 1, 0))
    found = groups(Division.SOURCE)
    assert list(found) == ["sigma"], "a source that claims nothing in scope has no group"
    assert found["sigma"]["claims"]["claimed_holds"] == 1


@pytest.mark.usefixtures("organisation")
def test_what_is_claimed_and_what_is_proven_are_told_apart() -> None:
    found = coverage.coverage(world.ENTERPRISE, Division.TECHNIQUE)
    assert {name: number for name, number in found["claims"].items() if number} == {
        "claimed_holds": 1,
        "claimed_fails": 1,
        "unclaimed_fails": 1,
        "unclaimed_untested": 1,
    }
    rows = found["rows"]
    assert rows["attack_id"] == ["T1000", "T1001", "T1001.001", "T1002"]
    assert rows["subs"][1] == [1, 1, 0]
    assert (rows["held"][0], rows["status"][0]) == (50, "partial")


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize("division", [one for one in Division if one is not Division.SOURCE])
def test_every_number_of_results_opens_exactly_that_many_tests(division: Division) -> None:
    shown = page.render(callback._coverage({"by": str(division)}))
    links = [(int(cell["t"].replace(",", "")), cell["h"]) for cell in _cells(shown) if "/tests?" in cell.get("h", "")]
    assert links, "there are tests, so there are links"
    if division.of_tested:
        groups_shown = len(coverage.coverage(world.ENTERPRISE, division)["groups"])
        assert sum("outcome" not in href for _, href in links) == groups_shown, "even those without a name"
    for number, href in links:
        query = dict(parse_qsl(urlsplit(href).query))
        assert _count(query) == number, href


def _cells(shown: list[Any]) -> list[dict[str, Any]]:
    listings = [one for part in shown for one in part._traverse() if type(one).__name__ == "Listing"]
    rows = [row for one in listings for row in one.rows]
    return [cell for row in rows for cell in row if isinstance(cell, dict) and cell["t"].replace(",", "").isdigit()]


def _count(query: dict[str, str]) -> int | None:
    return tests_table.count(TestsView.of(query, uuid4())).total


def test_nothing_loaded_has_no_groups() -> None:
    found = coverage.coverage(world.ENTERPRISE, Division.TACTIC)
    assert (found["techniques"], found["groups"]) == (0, [])
    assert datetime.now(UTC).date().isoformat() >= found["months"][-1]
