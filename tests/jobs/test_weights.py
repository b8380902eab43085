import pytest

from data.database import Actor
from data.queries import heatmap, measured
from data.queries import score as query
from domain.errors import BadInput, PermissionDenied, StaleVersion
from domain.roles import Role
from domain.score import Weights
from domain.snapshots import weights_kept
from jobs import weights
from tests.data import world
from tests.jobs.syncing import rows

ADA = Actor(name="ada")
TESTS_ONLY = weights_kept(Weights(1, 100, 0, 0, 0, 0, alerted=1.0))


@pytest.fixture(autouse=True)
def _map(database: object, redis_server: None) -> None:
    world.release()
    world.tactics("execution", "impact")
    tested = world.technique("T1000", under=["execution"])
    ruled = world.technique("T1001", under=["impact"], groups=7)
    world.security_test(tested, "none/alerted", days=0)
    for _ in range(9):
        world.rule({"T1001": ruled})


def test_a_version_is_in_force_at_once_and_kept() -> None:
    assert weights.decide(ADA, Role.ADMIN, TESTS_ONLY, "tests alone", seen_version=1) == 2
    assert measured.read(world.ENTERPRISE, as_of=measured.today()).scorer.weights.points == (100, 0, 0, 0, 0)
    assert heatmap.matrix(world.ENTERPRISE)["totals"]["score"]["weighted"] == 20.0  # 1 of 1 + 4
    newest, first = query.versions()
    assert (newest["weights"].version, newest["reason"], newest["author"]) == (2, "tests alone", "ada")
    assert first["weights"] == Weights(version=1)
    assert rows("SELECT action, after ->> 'tests' FROM audit_log") == [("weights.decided", "100.0")]


def test_who_may_and_what_is_refused() -> None:
    with pytest.raises(PermissionDenied):
        weights.decide(ADA, Role.RED_LEAD, TESTS_ONLY, "why", seen_version=1)
    with pytest.raises(BadInput):
        weights.decide(ADA, Role.ADMIN, TESTS_ONLY, "", seen_version=1)
    with pytest.raises(BadInput, match="add up"):
        weights.decide(ADA, Role.ADMIN, {**TESTS_ONLY, "tests": 90}, "why", seen_version=1)
    assert len(query.versions()) == 1


def test_two_at_once() -> None:
    weights.decide(ADA, Role.ADMIN, TESTS_ONLY, "first", seen_version=1)
    with pytest.raises(StaleVersion):
        weights.decide(ADA, Role.ADMIN, TESTS_ONLY, "second", seen_version=1)
    assert len(query.versions()) == 2


def test_a_preview_is_what_then_happens() -> None:
    proposed = Weights(1, 100, 0, 0, 0, 0, alerted=1.0)
    seen = query.preview(world.ENTERPRISE, proposed)
    assert seen["before"] == heatmap.matrix(world.ENTERPRISE)["totals"]["score"]["weighted"]
    assert {one["attack_id"]: (one["rank_before"], one["rank_after"]) for one in seen["moved"]} == {
        "T1000": (1, 1),
        "T1001": (2, 2),
    }
    weights.decide(ADA, Role.ADMIN, TESTS_ONLY, "as previewed", seen_version=1)
    assert seen["after"] == heatmap.matrix(world.ENTERPRISE)["totals"]["score"]["weighted"]
    cells = heatmap.matrix(world.ENTERPRISE)["cells"]
    assert [one["after"] for one in sorted(seen["moved"], key=lambda one: one["attack_id"])] == cells["score"]


def test_the_band_lies_around_the_score() -> None:
    found = query.standing(world.ENTERPRISE)
    assert round(found["band"]["score"], 1) == found["score"]["weighted"]
    assert found["band"]["low"] < found["band"]["score"] < found["band"]["high"]
    assert [one["key"] for one in found["tactics"]] == ["impact", "execution"]
    assert found["last"]["name"] == "Impact"
    assert query.band(world.ENTERPRISE) == (found["band"]["low"], found["band"]["high"])
    assert query.standing("ics-attack")["band"] is None
