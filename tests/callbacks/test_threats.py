"""The threats page: looking, naming groups, setting priorities, by leads."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from domain.roles import Permission, Role, may
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

AskingOf = Callable[[Role], Asking]
BESIDE: dict[str, Any] = {"threats-filters.value": {"sector": "finance"}, "threats-domain.data": world.ENTERPRISE}


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    world.release()
    world.tactics("execution")
    first = world.technique("T1000", under=["execution"], groups=1)
    world.attack_object("group", "G0001", "Bear", uses={first: "group_uses"}, description="It targets banks.")
    world.attack_object("group", "G0002", "Ape", uses={}, description="It targets hospitals.")
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


def name(asking: Asking, *groups: str, reason: str = "They were here") -> Answer:
    values = {"threats-name.n_clicks": 1, "threats-chosen.value": dict.fromkeys(groups, "1")}
    return asking.ask("threats-name.n_clicks", values | {"threats-reason.value": reason} | BESIDE)


def prioritise(asking: Asking, technique: str, word: str, reason: str = "Crown jewels") -> Answer:
    values = {"priority-set.n_clicks": 1, "priority-technique.value": technique, "priority-word.value": word}
    return asking.ask("priority-set.n_clicks", values | {"priority-reason.value": reason} | BESIDE)


def test_the_page_and_a_sector(asking_of: AskingOf) -> None:
    viewer = asking_of(Role.VIEWER)
    page = viewer.open("/threats")
    assert page.outputs["answer.children"] == "no group is named as ours; every group counts the same"
    text = str(page.outputs["page.children"])
    assert "Bear" in text
    assert "Ape" in text
    assert "threats-chosen" not in text
    found = str(viewer.ask("threats-filters.value", BESIDE).outputs["threats-sector.children"])
    assert "Bear" in found
    assert "banks" in found
    assert "Ape" not in found


def test_groups_are_named_and_taken_off_again(asking_of: AskingOf) -> None:
    lead = asking_of(Role.BLUE_LEAD)
    done = name(lead, "G0001")
    assert done.beside["answer.children"] == "1 own group uses 1 technique in scope"
    assert rows("SELECT attack_id, reason, author_name FROM threat_group") == [
        ("G0001", "They were here", "ana-blue_lead")
    ]
    assert "1 own group uses it" in str(done.outputs["threats-standing.children"])
    assert "Bear" not in str(done.outputs["threats-sector.children"])
    dropped = {"threats-drop.n_clicks": 1, "threats-dropped.value": "G0001"}
    lead.ask("threats-drop.n_clicks", dropped | BESIDE)
    assert rows("SELECT action FROM audit_log WHERE action LIKE 'threat.%' ORDER BY seq") == [
        ("threat.group_named",),
        ("threat.group_dropped",),
    ]
    assert rows("SELECT count(*) FROM threat_group") == [(0,)]


def test_priorities(asking_of: AskingOf) -> None:
    lead = asking_of(Role.RED_LEAD)
    assert "× 2 (high priority)" in str(prioritise(lead, " t1000 ", "high").outputs["threats-standing.children"])
    prioritise(lead, "T1000", "low", "Nothing there")
    prioritise(lead, "T1000", "low", "Nothing there")
    assert rows("SELECT attack_id, priority, reason FROM technique_priority") == [("T1000", "low", "Nothing there")]
    prioritise(lead, "T1000", "")
    assert rows("SELECT count(*) FROM technique_priority") == [(0,)]
    assert rows(
        "SELECT before ->> 'priority', after ->> 'priority' FROM audit_log WHERE action = 'threat.priority_set'"
        " ORDER BY seq"
    ) == [(None, "high"), ("high", "low"), ("low", None)]


def test_what_is_refused(asking_of: AskingOf) -> None:
    lead = asking_of(Role.ADMIN)
    assert "no group G0999" in name(lead, "G0001", "G0999").toast
    assert "Say why" in name(lead, "G0001", reason=" ").toast
    assert "at most 500" in name(lead, "G0001", reason="x" * 501).toast
    assert "Tick the groups first" in name(lead).toast
    assert "no technique T9999" in prioritise(lead, "T9999", "high").toast
    assert "Say why" in prioritise(lead, "T1000", "high", "").toast
    assert "Name a technique" in prioritise(lead, " ", "high").toast
    for role in Role:
        if not may(role, Permission.MANAGE_THREATS):
            other = asking_of(role)
            assert "This needs the role" in name(other, "G0001").toast
            assert "This needs the role" in prioritise(other, "T1000", "high").toast
    assert rows("SELECT count(*) FROM threat_group") == [(0,)]
    assert rows("SELECT count(*) FROM technique_priority") == [(0,)]


def test_on_an_empty_instance(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> None:
    page = Asking(client_of(add_person("ana", Role.BLUE_LEAD))).open("/threats")
    assert "0 groups of Enterprise" in said(page.outputs["page.children"])
