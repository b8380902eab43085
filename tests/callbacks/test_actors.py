"""The actors pages over HTTP."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world


@pytest.fixture
def asking(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    world.release()
    world.tactics("execution")
    first, second, third = (world.technique(f"T100{number}", under=["execution"]) for number in range(3))
    world.attack_object(
        "group",
        "G0016",
        "Bear",
        uses={first: "group_uses", second: "group_uses"},
        aliases=["Urs"],
        description="A *bear*.",
    )
    world.attack_object("group", "G0032", "Wolf", uses={second: "group_uses", third: "group_uses"})
    world.security_test(second, "none/alerted")
    return Asking(client_of(add_person("ruth", Role.RED_TECH)))


def test_the_list_is_found_by_alias(asking: Asking) -> None:
    assert said(asking.open("/actors").outputs["answer.children"]) == "2 actors"
    found = asking.ask("actors-filters.value", {"actors-filters.value": {"q": "URS"}})
    assert said(found.beside["answer.children"]) == "1 of 2 actors"
    assert "Wolf" not in said(found.outputs["actors-list.children"])


def test_two_are_compared_by_what_they_use_directly(asking: Asking) -> None:
    words = said(asking.open("/actors", "?compare=g0032,G0016").outputs["page.children"])
    assert "Wolf and Bear: 1 technique in common" in words
    assert "Only Wolf 1, 0 of 1 in scope proven" in words
    assert "Both 1, 1 of 1 in scope proven" in words
    one = said(asking.open("/actors", "?compare=G0016").outputs["page.children"])
    assert "Choose two actors" in one


def test_an_actor_with_its_gaps_and_the_way_to_a_campaign(asking: Asking) -> None:
    shown = asking.open("/actor/G0016")
    assert said(shown.outputs["answer.children"]) == "2 techniques used directly, 1 of 2 in scope proven"
    page = shown.outputs["page.children"]
    assert links(page)["Plan a campaign from the gaps"] == "/plan?actor=G0016"
    assert said(page).index("T1000") < said(page).index("T1001")
    assert "no threat actor" in said(asking.open("/actor/G0099").outputs["page.children"])


def test_who_may_not_plan_is_not_offered_to(
    asking: Asking, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
) -> None:
    blue = Asking(client_of(add_person("ben", Role.BLUE_TECH)))
    assert "Plan a campaign" not in said(blue.open("/actor/G0016").outputs["page.children"])
