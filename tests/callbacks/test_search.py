"""The search box: what it finds, where each hit leads, and what it makes of odd input."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world


@pytest.fixture
def asking(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    """A viewer, on a map with one of everything."""
    made = Asking(client_of(add_person("ana")))
    world.release()
    world.tactics("execution")
    shell = world.technique("T1059", under=["execution"], name="Command shell")
    world.technique("T1059.001", under=["execution"], name="PowerShell")
    world.attack_object("group", "G0016", "Shell Bear", uses={shell: "group_uses"})
    world.attack_object(
        "software", "S0001", "Shellbot", uses={shell: "software_uses"}, url="https://attack.example/S0001"
    )
    world.attack_object("mitigation", "M1038", "No shell", uses={})
    world.attack_object("data_component", "DC0032", "Shell history", uses={shell: "data_component"})
    world.rule({"T1059": shell}, title="Shell started")
    world.rule({"T9999": None}, title="Shell nobody can place")
    return made


def find(asking: Asking, text: str | None) -> Any:
    return asking.ask("search-text.value", {"search-text.value": text}).outputs["search-results.children"]


def test_every_hit_leads_somewhere(asking: Asking) -> None:
    shown = find(asking, "shell")
    found = links(shown)
    rule = found.pop("Shell started")
    assert rule.startswith("/technique/T1059?rule=")
    assert found == {
        "T1059 Command shell": "/technique/T1059",
        "T1059.001 PowerShell": "/technique/T1059.001",
        "G0016 Shell Bear": "/actor/G0016",
        "S0001 Shellbot": "https://attack.example/S0001",
        "DC0032 Shell history": "/heatmap?data=DC0032",
        "Shell nobody can place": "/sources?source=sigma&kind=not_placed",
    }
    assert "M1038 No shell" in said(shown)  # it has no page anywhere: said, not linked


def test_kinds_come_in_the_order_people_look_for_them(asking: Asking) -> None:
    words = said(find(asking, "shell"))
    kinds = ("Techniques", "Threat actors", "Software", "Mitigations", "Data components", "Detection rules")
    assert sorted(kinds, key=words.index) == list(kinds)


def test_an_id_finds_its_technique_first(asking: Asking) -> None:
    assert next(iter(links(find(asking, "t1059")))) == "T1059 Command shell"
    assert links(find(asking, "T1059.0")) == {"T1059.001 PowerShell": "/technique/T1059.001"}


def test_odd_input_still_answers(asking: Asking) -> None:
    for text in (None, "", "   ", "%", "_", "'", "\\", "&|!", "a\x00b", "<b>", "x" * 5000, "😀", "shell & |"):
        assert asking.ask("search-text.value", {"search-text.value": text}).status == 200, text
    assert "by id or by name" in said(find(asking, " "))
    assert "Nothing is called “certutil”." in said(find(asking, "certutil"))
    assert "Nothing is called" in said(find(asking, "%"))


def test_more_than_fits_is_said(asking: Asking) -> None:
    for number in range(3):
        world.attack_object("group", f"G20{number:02}", f"Shell group {number}", uses={})
    assert "There may be more" not in said(find(asking, "shell"))  # few of each kind, however many in all
    for number in range(8):
        world.technique(f"T20{number:02}", under=["execution"], name=f"Shell {number}")
    assert "There may be more" in said(find(asking, "shell"))
