"""What the overview adds to the totals of the matrix."""

from typing import Any

import pytest

from data.queries import heatmap, overview
from tests.data import world

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def newly_covered() -> list[str]:
    return [one["attack_id"] for one in overview.overview(world.ENTERPRISE)["newly_covered"]]


def test_totals_are_those_of_the_matrix() -> None:
    world.release()
    world.tactics("impact")
    world.security_test(world.technique("T1000", under=("impact",)), "none/alerted")
    assert overview.overview(world.ENTERPRISE)["totals"] == heatmap.matrix(world.ENTERPRISE)["totals"]


def test_newly_covered_is_covered_now_and_was_not_a_month_ago() -> None:
    first = world.technique("T1000")  # never tested before
    fixed = world.technique("T1001")  # missed before
    long_ago = world.technique("T1002")  # covered then and now
    partly = world.technique("T1003")  # still not covered
    again = world.technique("T1004")  # covered then, and proven again
    world.security_test(first, "none/alerted", days=5)
    world.security_test(fixed, "none/missed", days=60)
    world.security_test(fixed, "full/missed", days=3)
    world.security_test(long_ago, "none/alerted", days=60)
    world.security_test(partly, "none/alerted", days=5)
    world.security_test(partly, "none/logged", days=4, procedure_key="b")
    world.security_test(again, "none/alerted", days=60)
    world.security_test(again, "none/alerted", days=2)
    assert newly_covered() == ["T1001", "T1000"]


def test_the_latest_eight_of_the_newly_covered_are_told() -> None:
    for number in range(20):
        technique = world.technique(f"T10{number:02}")
        if number % 2:
            world.security_test(technique, "none/alerted", days=60)
        world.security_test(technique, "none/alerted", days=1 + number)
    assert newly_covered() == [f"T10{number:02}" for number in range(0, 16, 2)]


def test_an_empty_instance_has_an_overview() -> None:
    found = overview.overview(world.ENTERPRISE)
    assert (found["version"], found["totals"]["techniques"], found["newly_covered"]) == ("", 0, [])


def test_statements(count_statements: Any) -> None:
    world.security_test(world.technique("T1000"), "none/alerted", days=5)
    with count_statements() as statements:
        overview.overview(world.ENTERPRISE)
    assert len(statements) <= 3
    with count_statements() as statements:
        overview.overview(world.ENTERPRISE)
    assert len(statements) == 0


def test_the_last_twelve_months_by_hand() -> None:
    here, outside = world.technique("T1000"), world.technique("T1001")
    world.out_of_scope("technique", "T1001")
    world.security_test(here, "none/alerted", days=0)
    world.security_test(here, "full/missed", days=0, procedure_key="b")
    world.security_test(here, state="blue_evaluating", executed_at=world.NOW, created_at=world.NOW)
    world.security_test(here, "none/missed", days=800, procedure_key="c")
    world.security_test(outside, "none/alerted", days=0)
    found = overview.lately(world.ENTERPRISE)
    months = found["months"]
    assert len(months) == 12
    assert [one["month"] for one in months] == sorted({one["month"] for one in months})
    assert months[-1] | {"detected": None} == {
        "month": world.NOW.date().replace(day=1).isoformat(),
        "executed": 3,
        "evaluated": 2,
        "alerted": 1,
        "prevented": 1,
        "detected": None,
    }
    assert (months[-1]["detected"]["n"], months[-1]["detected"]["of"]) == (1, 2)
    assert months[0]["detected"] == {"n": 0, "of": 0, "low": None, "high": None}, "nothing tested is no 0 %"
    assert (found["validated"], found["within_days"]) == (3, 30), "what was validated, wherever it counts"
