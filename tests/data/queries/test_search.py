"""The global search: by id, by words, by the beginning of a word."""

import pytest
from sqlalchemy import Engine

from data.queries.search import EACH_MAX, search
from tests.data import world


def found(text: str) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["id"], one["name"]) for one in search(text)]


RULE_ID = "36210e0d-5b19-485d-a087-c096088885f0"


@pytest.fixture(autouse=True)
def _some_content(database: Engine) -> None:
    shell = world.technique("T1059", name="Command and Scripting Interpreter")
    world.technique("T1059.001", name="PowerShell")
    world.technique("T1105", name="100%_sure Tool Transfer")
    world.attack_object("group", "G0016", "APT29", uses={shell: "group_uses"}, aliases=["Cozy Bear"])
    world.attack_object("group", "G0099", "Gone Bear", uses={}, active=False)
    world.attack_object("software", "S0002", "Mimikatz", uses={}, url="https://attack.mitre.org/software/S0002")
    world.rule({"T1059": shell}, title="Suspicious PowerShell Download", external_id=RULE_ID)
    world.rule({"T1685": None}, title="Disable Windows Logging")
    world.rule({"T1059": shell}, title="Removed PowerShell Rule", removed_at=world.NOW)


def test_by_id() -> None:
    assert found("t1059")[:2] == [
        ("technique", "T1059", "Command and Scripting Interpreter"),
        ("technique", "T1059.001", "PowerShell"),
    ]
    assert found("G0016") == [("group", "G0016", "APT29")]


def test_by_words_in_any_order_and_any_case() -> None:
    assert found("scripting COMMAND") == [("technique", "T1059", "Command and Scripting Interpreter")]
    assert found("cozy") == [("group", "G0016", "APT29")], "by another name of it"
    assert found("gone bear") == []


def test_rules_by_the_beginning_of_a_word_with_the_technique_they_lead_to() -> None:
    hits = [one for one in search("suspicious powersh") if one["kind"] == "rule"]
    assert [(one["name"], one["ref"].split("|")[0]) for one in hits] == [("Suspicious PowerShell Download", "T1059")]
    (by_id,) = search(RULE_ID.upper())
    assert by_id["name"] == "Suspicious PowerShell Download"
    (unplaced,) = search("windows logging")
    assert unplaced["ref"].startswith("|")


def test_signs_that_mean_something_to_a_database_mean_nothing_here() -> None:
    assert found("100%_") == [("technique", "T1105", "100%_sure Tool Transfer")]
    assert found("%") == found("'; --") == found(" ") == []
    assert found("powershell & !zzz | :*") == []


def test_a_kind_never_floods_the_answer() -> None:
    for number in range(EACH_MAX + 3):
        world.technique(f"T20{number:02}", name=f"Flood {number}")
    assert len(found("flood")) == EACH_MAX


def test_controls_by_their_code_with_or_without_zeros_and_by_their_name() -> None:
    world.framework("nist_800_53", {"AC-02": [], "AC-20": []})
    assert found("ac-2")[0] == ("control", "AC-02", "Name of AC-02")
    assert found("AC-02")[0] == ("control", "AC-02", "Name of AC-02")
    assert ("control", "AC-20", "Name of AC-20") in found("name ac-20")
    assert {one["ref"] for one in search("AC-02")} == {"nist_800_53"}
