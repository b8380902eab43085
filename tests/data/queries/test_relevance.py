"""What threats and countermeasures do to what a technique weighs and scores, counted by hand."""

from typing import Any
from uuid import UUID

import pytest

from data.queries import heatmap
from tests.data import world

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def matrix() -> dict[str, dict[str, Any]]:
    """The columns that matter here, by technique."""
    cells = heatmap.matrix(world.ENTERPRISE)["cells"]
    names = ("own_groups", "exploited", "priority", "relevance", "score")
    return {key: {name: cells[name][at] for name in names} for at, key in enumerate(cells["id"])}


@pytest.fixture
def technique() -> UUID:
    world.release()
    world.tactics("execution")
    return world.technique("T1000", under=("execution",), groups=3)


def test_own_groups_exploited_vulnerabilities_and_priorities_add_weight(technique: UUID) -> None:
    other = world.technique("T1001", under=("execution",), groups=3)
    world.attack_object("group", "G0001", "Ours", uses={technique: "group_uses"})
    world.attack_object("group", "G0002", "Not ours", uses={other: "group_uses"})
    assert matrix()["T1000"]["relevance"] == matrix()["T1001"]["relevance"] == 3.0
    world.own_group("G0001")
    world.framework("kev", {f"CVE-{n}": [technique] for n in range(3)}, kind="vulnerabilities")
    world.framework("nist", {"AC-1": [technique]})
    world.priority("T1000", "high")
    # (1 + log2(4) + 2 x log2(2) + 0.5 x log2(4)) x 2
    assert matrix()["T1000"] == {
        "own_groups": 1, "exploited": 3, "priority": "high", "relevance": 12.0, "score": None
    }  # fmt: skip
    assert matrix()["T1001"]["relevance"] == 3.0


def test_countermeasures_in_place_out_of_those_that_apply_here_are_a_part_of_the_score(technique: UUID) -> None:
    world.security_test(technique, "full/alerted", days=0)
    world.countermeasure("D3-A", against=[technique])
    # without rules: tests 40, freshness 15 and platforms 10 of 100; countermeasures add 10 when all are in place
    assert matrix()["T1000"]["score"] == 65
    world.countermeasure("D3-B", against=[technique], state="in_place")
    world.countermeasure("D3-C", against=[technique], state="not_applicable")
    assert matrix()["T1000"]["score"] == 70
