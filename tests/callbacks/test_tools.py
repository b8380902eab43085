"""Defence tools: leads add, rename and put them out of use; others read; observations stay."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from tests.callbacks.asking import Answer, Asking
from tests.callbacks.test_test import nodes
from tests.conftest import Person
from tests.jobs.syncing import rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]


@pytest.fixture
def lead(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("bo", Role.BLUE_LEAD)))


def add(asking: Asking, name: str, kind: str = "edr") -> Answer:
    values = {"tool-name.value": name, "tool-new-kind.value": kind}
    return asking.ask("tool-add.n_clicks", {"tool-add.n_clicks": 1, **values})


def kept() -> list[tuple[str, str, str, bool]]:
    return rows("SELECT slug, name, kind, active FROM defence_tool ORDER BY slug")  # type: ignore[return-value]


def test_without_a_tool_the_page_leads_those_who_may_to_adding_one(
    lead: Asking, client_of: ClientOf, add_person: AddPerson
) -> None:
    def opened(asking: Asking) -> list[bool]:
        shown = asking.open("/tools").outputs["page.children"]
        return [one.get("open", False) for one in nodes(shown, "Details")]

    viewer = Asking(client_of(add_person("vic", Role.VIEWER)))
    assert opened(lead) == [True]
    assert "Add the first one above" in lead.open("/tools").text
    assert opened(viewer) == []
    assert "Blue lead or Administrator adds them" in viewer.open("/tools").text
    add(lead, "Falcon")
    assert opened(lead) == [False]


def test_a_tool_is_added_renamed_and_put_out_of_use(lead: Asking) -> None:
    assert "No defence tools yet" in lead.open("/tools").text
    assert "Falcon" in add(lead, "  Falcon ").text
    chosen = {"tool-chosen.data": "falcon"}
    changed = {"tool-change.n_clicks": 1, **chosen, "tool-new-name.value": "Falcon Pro", "tool-kind.value": "other"}
    lead.ask("tool-change.n_clicks", changed)
    lead.ask("tool-retire.n_clicks", {"tool-retire.n_clicks": 1, **chosen})
    assert kept() == [("falcon", "Falcon Pro", "other", False)]
    lead.ask("tool-revive.n_clicks", {"tool-revive.n_clicks": 1, **chosen})
    assert kept() == [("falcon", "Falcon Pro", "other", True)]
    assert [row[0] for row in rows("SELECT action FROM audit_log WHERE action LIKE 'tool.%' ORDER BY seq")] == [
        "tool.added", "tool.changed", "tool.put_out_of_use", "tool.put_in_use",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        (" ", "edr", "Give the tool a name."),
        ("x" * 61, "edr", "A tool's name has at most 60 characters."),
        ("FALCON", "edr", "There is a tool called Falcon already."),
        ("Other", "spaceship", "Choose what kind of tool it is."),
    ],
)
def test_bad_input_changes_nothing(lead: Asking, name: str, kind: str, sentence: str) -> None:
    add(lead, "Falcon")
    assert sentence in add(lead, name, kind).text
    assert len(kept()) == 1


def test_others_read_and_do_not_change(client_of: ClientOf, add_person: AddPerson, lead: Asking) -> None:
    add(lead, "Falcon")
    other = Asking(client_of(add_person("ben", Role.BLUE_TECH)))
    opened = other.open("/tools", "?tool=falcon").text
    assert "Falcon" in opened
    assert "tool-add" not in opened
    assert "This needs the role" in add(other, "Mine").text
    assert len(kept()) == 1
