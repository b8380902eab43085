"""The countermeasures pages: looking, and what leads decide."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.roles import Permission, Role, may
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

AskingOf = Callable[[Role], Asking]


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    world.release()
    world.tactics("execution")
    first = world.technique("T1000", under=["execution"])
    world.countermeasure("D3-AA", against=[first])
    world.countermeasure("D3-BB", against=[first], state="planned")
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


def decide(asking: Asking, chosen: dict[str, str], note: str = "") -> Answer:
    values = {"countermeasures-decide.n_clicks": 1, "countermeasures-chosen.value": chosen}
    more = {"countermeasures-note.value": note, "countermeasures-filters.value": {}}
    return asking.ask("countermeasures-decide.n_clicks", values | more)


def states() -> dict[str, str]:
    return dict(
        rows(
            "SELECT one.d3fend_id, said.state FROM countermeasure AS one"
            " JOIN countermeasure_decision AS said ON said.countermeasure_id = one.id"
        )
    )


def test_the_page_and_one_of_them(asking_of: AskingOf) -> None:
    viewer = asking_of(Role.VIEWER)
    page = viewer.open("/countermeasures")
    assert page.outputs["answer.children"] == "0 of 2 in place"
    assert "The next 2 add" in said(page.outputs["page.children"])
    assert "countermeasures-chosen" not in str(page.outputs["page.children"])
    one = viewer.open("/countermeasures/D3-AA")
    assert one.outputs["answer.children"] == "Not in place; applies to 1 technique"
    assert "0 of 2" in str(one.outputs["page.children"])
    assert viewer.open("/countermeasures/D3-ZZ").outputs["title.children"] == "Nothing here"
    shown = viewer.ask("countermeasures-filters.value", {"countermeasures-filters.value": {"state": "planned"}})
    assert "D3-BB" in str(shown.outputs["countermeasures-list.children"])
    assert "D3-AA" not in str(shown.outputs["countermeasures-list.children"])


def test_none_are_loaded(asking_of: AskingOf) -> None:
    execute("DELETE FROM countermeasure")
    assert "No countermeasures are loaded" in said(
        asking_of(Role.VIEWER).open("/countermeasures").outputs["page.children"]
    )


def test_leads_decide(asking_of: AskingOf) -> None:
    lead = asking_of(Role.BLUE_LEAD)
    done = decide(lead, {"D3-AA": "in_place", "D3-BB": "none"}, "done in spring")
    assert "Kept; 2 changed." in done.toast
    assert states() == {"D3-AA": "in_place"}
    assert rows("SELECT in_place, applicable FROM rollup_technique_countermeasures") == [(1, 2)]
    assert done.beside["answer.children"] == "1 of 2 in place"
    assert "Kept; 0 changed." in decide(lead, {"D3-AA": "in_place"}, "done in spring").toast
    assert rows(
        "SELECT entity_id, before ->> 'state', after ->> 'state' FROM audit_log"
        " WHERE action = 'countermeasure.decided' ORDER BY seq"
    ) == [("D3-AA", None, "in_place"), ("D3-BB", "planned", None)]
    values = {"countermeasure-shown.data": "D3-AA", "countermeasure-state.value": "planned"}
    one = lead.ask(
        "countermeasure-decide.n_clicks",
        {"countermeasure-decide.n_clicks": 1, "countermeasure-note.value": "", **values},
    )
    assert "Planned" in said(one.outputs["countermeasure-body.children"])


def test_what_cannot_be_decided(asking_of: AskingOf) -> None:
    lead = asking_of(Role.RED_LEAD)
    assert "Say why it does not apply" in decide(lead, {"D3-AA": "not_applicable"}).toast
    assert "has no countermeasure D3-ZZ" in decide(lead, {"D3-AA": "in_place", "D3-ZZ": "in_place"}).toast
    assert "Choose what stands" in decide(lead, {"D3-AA": "broken"}).toast
    assert "Tick the countermeasures first" in decide(lead, {}).toast
    for role in Role:
        if not may(role, Permission.MANAGE_COUNTERMEASURES):
            assert "This needs the role" in decide(asking_of(role), {"D3-AA": "in_place"}).toast
    assert states() == {"D3-BB": "planned"}
