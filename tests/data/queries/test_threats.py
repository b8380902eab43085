"""What weighs, against rows thought of by hand."""

import pytest

from data.queries import threats
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def loaded(database: None) -> None:
    world.release()
    world.tactics("execution")
    first = world.technique("T1000", under=["execution"], groups=1)
    second = world.technique("T1001", under=["execution"], groups=1)
    world.technique("T1002", under=["execution"])
    world.out_of_scope("technique", "T1002")
    world.attack_object(
        "group", "G0001", "Bear", uses={first: "group_uses", second: "group_uses"}, description="It targets banks."
    )
    world.attack_object("group", "G0002", "ape", uses={second: "group_uses"}, description="It targets hospitals.")
    world.own_group("G0001")
    world.own_group("G0099")
    world.priority("T1001", "low")
    world.priority("T1002", "high")
    world.framework("kev", {"CVE-1": [first], "CVE-2": [first]}, kind="vulnerabilities")


def test_groups_by_name_with_the_words_of_a_sector() -> None:
    found = threats.groups(world.ENTERPRISE, "finance")
    assert [(row["attack_id"], row["own"], row["techniques"], row["words"]) for row in found] == [
        ("G0002", False, 1, []),
        ("G0001", True, 2, ["banks"]),
    ]
    assert [row["words"] for row in threats.groups(world.ENTERPRISE)] == [[], []]
    assert [row["attack_id"] for row in threats.lost(world.ENTERPRISE)] == ["G0099"]


def test_what_weighs_and_why() -> None:
    found = threats.weighing(world.ENTERPRISE)
    counts = {name: found[name] for name in ("techniques", "used_by_own", "exploited", "raised", "lowered")}
    assert counts == {"techniques": 2, "used_by_own": 2, "exploited": 1, "raised": 0, "lowered": 1}
    heaviest = found["weightiest"]
    assert [one["attack_id"] for one in heaviest] == ["T1000", "T1001"]
    assert heaviest[0]["why"].endswith("(2 known exploited vulnerabilities)")
    assert heaviest[1]["why"].endswith("× 0.5 (low priority)")
    execute("DELETE FROM threat_group")
    assert threats.weighing(world.ENTERPRISE)["used_by_own"] == 0


def test_priorities_high_first() -> None:
    found = threats.priorities(world.ENTERPRISE)
    assert [(row["attack_id"], row["priority"], row["name"]) for row in found] == [
        ("T1002", "high", "Name of T1002"),
        ("T1001", "low", "Name of T1001"),
    ]
