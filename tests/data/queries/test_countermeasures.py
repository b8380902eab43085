"""Countermeasures against rows thought of by hand: states, what they apply to, and the best next ones."""

from uuid import UUID

import pytest

from data.queries import countermeasures, heatmap, measured, technique
from domain.errors import NotFound
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture
def techniques() -> tuple[UUID, UUID, UUID]:
    world.release()
    world.tactics("execution")
    first = world.technique("T1000", under=["execution"], groups=7)
    second = world.technique("T1001", under=["execution"])
    out = world.technique("T1002", under=["execution"])
    world.out_of_scope("technique", "T1002")
    world.countermeasure("D3-IN", against=[first], state="in_place")
    world.countermeasure("D3-PLAN", against=[first, second], state="planned")
    world.countermeasure("D3-NOT", against=[first, second], state="not_applicable")
    world.countermeasure("D3-ONE", against=[second])
    world.countermeasure("D3-OUT", against=[out])
    return first, second, out


def score() -> float:
    """The organisation's exact score."""
    inside = [one for one in measured.read(world.ENTERPRISE, as_of=measured.today()).techniques if one.in_scope]
    return sum(one.relevance * sum(one.points) for one in inside) / sum(one.relevance for one in inside)


def test_all_of_them_with_what_was_decided(techniques: tuple[UUID, ...]) -> None:
    found = {row["d3fend_id"]: row for row in countermeasures.everything()}
    assert {key: (row["state"], row["techniques"]) for key, row in found.items()} == {
        "D3-IN": ("in_place", 1),
        "D3-PLAN": ("planned", 2),
        "D3-NOT": ("not_applicable", 2),
        "D3-ONE": ("", 1),
        "D3-OUT": ("", 1),
    }
    execute("UPDATE countermeasure SET removed_at = now() WHERE d3fend_id = 'D3-ONE'")
    assert "D3-ONE" not in {row["d3fend_id"] for row in countermeasures.everything()}


def test_the_best_next_ones_are_what_the_score_moves_by(techniques: tuple[UUID, ...]) -> None:
    best = countermeasures.best(world.ENTERPRISE)
    # relevance of T1000 is 1 + log2(8) = 4, of T1001 is 1; two apply to each, and what is in place is no candidate
    assert [one["d3fend_id"] for one in best] == ["D3-PLAN", "D3-ONE"]
    assert [one["techniques"] for one in best] == [2, 1]
    before = score()
    execute("UPDATE countermeasure_decision SET state = 'in_place' WHERE state = 'planned'")
    assert score() - before == pytest.approx(best[0]["points"])
    assert [one["d3fend_id"] for one in countermeasures.best(world.ENTERPRISE)] == ["D3-ONE"]


def test_one_with_its_techniques(techniques: tuple[UUID, ...]) -> None:
    one = countermeasures.one("D3-PLAN")
    assert [(row["attack_id"], row["in_place"], row["applicable"]) for row in one["applies"]] == [
        ("T1000", 1, 2),
        ("T1001", 0, 2),
    ]
    with pytest.raises(NotFound):
        countermeasures.one("D3-NONE")


def test_those_of_a_technique_in_place_first(techniques: tuple[UUID, ...]) -> None:
    found = technique.technique("T1000")
    assert [(row["d3fend_id"], row["state"]) for row in found["countermeasures"]] == [
        ("D3-IN", "in_place"),
        ("D3-PLAN", "planned"),
        ("D3-NOT", "not_applicable"),
    ]
    assert found["relevance"] == {
        "value": 4.0,
        "why": "4.0 = 1.0 (every technique counts once) + 3.0 (7 groups use it)",
    }
    assert heatmap.matrix(world.ENTERPRISE)["cells"]["relevance"][0] == 4.0
