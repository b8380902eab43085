"""Actors: the three ways to a technique kept apart, and what of it is covered, counted by hand."""

from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from data.database import unit_of_work
from data.models import AttackObject, AttackRelationship, Technique
from data.queries import actors
from domain.errors import NotFound
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("redis_server")


def relate(source: UUID, kind: str, target: UUID, *, active: bool = True) -> None:
    with unit_of_work() as session:
        first, second = session.get_one(AttackObject, source), session.get_one(AttackObject, target)
        session.add(
            AttackRelationship(
                domain=world.ENTERPRISE,
                stix_id=f"relationship--{source}{target}",
                kind=kind,
                source_ref=first.stix_id,
                target_ref=second.stix_id,
                active=active,
                content_hash=b"",
            )
        )


@pytest.fixture(autouse=True)
def _map(database: Engine) -> None:
    """A bear that uses T1 and T2 itself, T2 and T3 by its tool, T4 in a campaign; T5 is out of scope."""
    world.release()
    world.tactics("execution", "impact")
    t = {n: world.technique(f"T100{n}", under=["impact" if n == 1 else "execution"]) for n in range(1, 7)}
    bear = world.attack_object(
        "group",
        "G0016",
        "Bear",
        uses={t[1]: "group_uses", t[2]: "group_uses", t[5]: "group_uses"},
        aliases=["Bear", "Urs"],
    )
    world.attack_object("group", "G0001", "Axe", uses={t[2]: "group_uses"})
    tool = world.attack_object("software", "S0001", "Claw", uses={t[2]: "software_uses", t[3]: "software_uses"})
    old = world.attack_object("software", "S0002", "Old", uses={t[6]: "software_uses"})
    attack = world.attack_object("campaign", "C0001", "Raid", uses={t[4]: "campaign_uses"})
    relate(bear, "uses", tool)
    relate(bear, "uses", old, active=False)
    relate(attack, "attributed-to", bear)
    world.out_of_scope("technique", "T1005")
    world.security_test(t[2], "none/alerted", days=10)
    world.security_test(t[3], "none/alerted", days=400)
    world.rule({"T1001": t[1]})


def of(attack_id: str) -> dict[str, dict[str, object]]:
    return {one["attack_id"]: one for one in actors.actor(attack_id)["techniques"]}


def test_the_three_ways_are_kept_apart() -> None:
    ways = {key: one["ways"] for key, one in of("g0016").items()}
    assert ways == {
        "T1001": {"direct": []},
        "T1002": {"direct": [], "software": [("S0001", "Claw")]},
        "T1003": {"software": [("S0001", "Claw")]},
        "T1004": {"campaign": [("C0001", "Raid")]},
        "T1005": {"direct": []},
    }


def test_what_is_covered_least_stands_first_and_stale_before_fresh() -> None:
    assert [one["attack_id"] for one in actors.actor("G0016")["techniques"]] == [
        "T1001", "T1004", "T1005", "T1003", "T1002",
    ]  # fmt: skip


def test_a_gap_is_in_scope_and_not_freshly_covered() -> None:
    assert {key for key, one in of("G0016").items() if one["gap"]} == {"T1001", "T1003", "T1004"}


def test_on_another_platform_only_its_tests_count() -> None:
    found = {one["attack_id"]: one["status"] for one in actors.techniques(world.ENTERPRISE, "G0016", ["Linux"])}
    assert found["T1002"] == "untested"


def test_a_technique_that_a_platform_does_not_have_is_no_gap_there() -> None:
    execute("UPDATE technique SET platforms = '{Linux}' WHERE attack_id IN ('T1001', 'T1002')")
    found = actors.techniques(world.ENTERPRISE, "G0016", ["Linux"])
    assert {one["attack_id"] for one in found if one["gap"]} == {"T1001", "T1002"}


def test_the_list_counts_what_is_used_directly_and_in_scope() -> None:
    axe, bear = actors.actors(world.ENTERPRISE)
    assert (axe["attack_id"], bear["aliases"]) == ("G0001", ["Urs"])
    assert [bear[name] for name in ("direct", "software", "campaign", "scope", "untested")] == [3, 2, 1, 2, 1]
    assert [(bear[name]["n"], bear[name]["of"]) for name in ("proven", "claimed")] == [(1, 2), (1, 2)]


def test_a_technique_used_through_two_tools_is_one_technique_in_the_list_as_on_the_page() -> None:
    with unit_of_work() as session:
        bear = session.scalars(select(AttackObject.id).where(AttackObject.attack_id == "G0016")).one()
        third = session.scalars(select(Technique.id).where(Technique.attack_id == "T1003")).one()
    relate(bear, "uses", world.attack_object("software", "S0003", "Fang", uses={third: "software_uses"}))
    assert of("G0016")["T1003"]["ways"] == {"software": [("S0001", "Claw"), ("S0003", "Fang")]}
    for row in actors.actors(world.ENTERPRISE):
        used = [one["ways"] for one in of(row["attack_id"]).values()]
        assert {way: row[way] for way in actors.WAYS} == {way: sum(way in ways for ways in used) for way in actors.WAYS}


def test_the_list_follows_what_is_tested() -> None:
    actors.actors(world.ENTERPRISE)
    execute("DELETE FROM security_test")
    assert actors.actors(world.ENTERPRISE)[1]["proven"]["n"] == 0


def test_an_actor_of_no_map_is_not_found() -> None:
    with pytest.raises(NotFound, match="no threat actor G9"):
        actors.actor("G9")
