"""What to do next, from rows: weights of gaps counted by hand, and templates that are left to run."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from data.database import unit_of_work
from data.models import TestTemplate
from data.queries.next_best import Asked, what_next
from tests.data import world


def template(attack_id: str, technique: UUID, *platforms: str, procedure: str = "", name: str = "") -> str:
    with unit_of_work() as session:
        made = TestTemplate(
            id=uuid4(),
            source="atomic",
            source_id=str(uuid4()),
            procedure_key=procedure or str(uuid4()),
            name=name or f"Template for {attack_id}",
            claimed_technique=attack_id,
            technique_id=technique,
            resolution="direct",
            platforms=list(platforms),
            words="",
            content_hash=b"",
        )
        session.add(made)
        return str(made.id)


@pytest.fixture
def found(database: Engine, redis_server: None) -> dict[str, UUID]:
    """T1000 untested, of three groups; T1001 missed once; T1002 covered; T1003 out of scope."""
    world.release()
    world.tactics("execution")
    made = {
        key: world.technique(key, under=("execution",), platforms=("Windows", "Linux"), groups=groups)
        for key, groups in (("T1000", 3), ("T1001", 0), ("T1002", 0), ("T1003", 0))
    }
    world.out_of_scope("technique", "T1003")
    world.security_test(made["T1001"], "none/missed", procedure_key="ran", days=0)
    world.security_test(made["T1002"], "full/alerted", procedure_key="held", days=0)
    world.security_test(made["T1002"], "full/alerted", procedure_key="held", days=0, platform="Linux")
    return made


def ask(**more: Any) -> dict[str, Any]:
    return what_next(Asked(world.ENTERPRISE, **more))


def test_gaps_by_weight_with_what_it_is_made_of(found: dict[str, UUID]) -> None:
    world.framework("nist", {f"AC-{n}": [found["T1001"]] for n in range(3)})
    gaps = ask()["gaps"]
    assert [gap["attack_id"] for gap in gaps] == ["T1000", "T1001"], "covered and out of scope are no gaps"
    first, second = gaps
    assert (first["weight"], first["score"]) == (pytest.approx(3.0), None)
    # missed today on one of two platforms: freshness 15 and half of platforms' 10, of 90; three controls: x 1.5
    assert second["score"] == pytest.approx((15 + 5) / 0.9)
    assert second["weight"] == pytest.approx((1 - (15 + 5) / 90) * 1.5)
    assert (second["facts"]["missed"], second["facts"]["controls"]) == (1, 3)


def test_tests_are_templates_that_were_not_run_there(found: dict[str, UUID]) -> None:
    ran = template("T1001", found["T1001"], "Windows", "Linux", procedure="ran")
    fresh = template("T1000", found["T1000"], "Windows")
    template("T1003", found["T1003"], "Windows")
    tests = ask()["tests"]
    assert [(one["template"], one["platform"]) for one in tests] == [(fresh, "Windows"), (ran, "Linux")]
    assert tests[0]["gain"] > tests[1]["gain"] > 0
    answer = ask()
    assert answer["score"]["after"] == pytest.approx(answer["score"]["now"] + sum(one["gain"] for one in tests))
    assert [one["platform"] for one in ask(budget=1)["tests"]] == ["Windows"]


def test_only_for_what_is_asked(found: dict[str, UUID]) -> None:
    template("T1000", found["T1000"], "Windows", "Linux")
    template("T1001", found["T1001"], "Windows")
    world.attack_object("group", "G0001", "A group", uses={found["T1001"]: "group_uses"})
    assert {one["attack_id"] for one in ask(groups=("G0001",))["tests"]} == {"T1001"}
    assert {one["platform"] for one in ask(platforms=("Linux",))["tests"]} == {"Linux"}
    world.out_of_scope("platform", "Linux")
    assert {one["platform"] for one in ask()["tests"]} == {"Windows"}


def test_nothing_loaded(database: Engine, redis_server: None) -> None:
    answer = ask()
    assert (answer["score"], answer["gaps"], answer["tests"]) == ({"now": None, "after": None}, [], [])
