"""The overview: every figure is that of the map asked for, and what waits for somebody is named with its count."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from tests.callbacks.asking import Asking, said
from tests.conftest import Person
from tests.data import world
from tests.data.sources import stix
from tests.jobs.syncing import execute, rule, sync_attack, sync_rules


@pytest.fixture
def asking(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    return Asking(client_of(add_person("ada", Role.ADMIN)))


@pytest.fixture
def two_maps(asking: Asking) -> None:
    """Enterprise with one technique of three covered, ICS with one technique nobody has tested."""
    world.release()
    world.tactics("execution", "persistence")
    shell = world.technique("T1059", under=["execution"])
    task = world.technique("T1053", under=["execution", "persistence"], review_since=world.days_ago(3))
    world.technique("T1547", under=["persistence"])
    world.security_test(shell, "none/alerted")
    world.security_test(task, "none/logged", days=300)
    world.security_test(task, state="draft", procedure_key="other")
    world.rule({"T1053": task})
    world.release("17.1", domain="ics-attack")
    world.tactics("collection", domain="ics-attack")
    world.technique("T0801", under=["collection"], domain="ics-attack")


def bars(node: Any, caption: str) -> dict[str, tuple[int, int]]:
    """(n, of) by label, of the bars with this caption."""
    if isinstance(node, list):
        return {label: pair for one in node for label, pair in bars(one, caption).items()}
    if not isinstance(node, dict):
        return {}
    if node["type"] == "Bars" and node["props"]["caption"] == caption:
        return {row["label"]: (row["bars"][0]["n"], row["bars"][0]["of"]) for row in node["props"]["rows"]}
    return bars(node["props"].get("children"), caption)


@pytest.mark.usefixtures("two_maps")
class TestFigures:
    def test_they_are_those_of_the_map(self, asking: Asking) -> None:
        opened = asking.open("/")
        words = said(opened.outputs["page.children"])
        assert opened.outputs["answer.children"].endswith("2 of 3 techniques tested")
        assert "3 techniques in scope, ATT&CK 18.1" in words
        assert "1 technique whose newest evidence is stale" in words
        assert "1 technique changed by ATT&CK since the last review" in words
        assert bars(opened.outputs["page.children"], "From plan to detection") == {
            "Planned": (3, 3),
            "Executed": (2, 3),
            "Evaluated": (2, 2),
            "Detected": (1, 2),
        }

    def test_what_is_newly_covered_is_named(self, asking: Asking) -> None:
        words = said(asking.open("/").outputs["page.children"])
        assert "T1059 Name of T1059 is newly covered" in words
        assert "T1053 Name of T1053 is newly covered" not in words

    def test_the_address_chooses_the_map(self, asking: Asking) -> None:
        def chosen(search: str) -> str:
            return str(asking.open("/", search).outputs["answer.children"])

        assert chosen("?domain=ics-attack") == "1 technique in scope, none tested yet"
        assert chosen("?domain=mobile-attack") == chosen("?domain=<b>") == chosen("")


class TestChanges:
    def test_syncs_that_changed_something_and_claims_without_a_place(self, asking: Asking, tmp_path: Path) -> None:
        sync_attack(tmp_path, stix.SHELL)
        sync_rules(tmp_path, a=rule(1, "T1059"), b=rule(2, "T9998"))
        words = said(asking.open("/").outputs["page.children"])
        assert "MITRE ATT&CK 18.1 :" in words
        assert "1 claim of sigma not placed on ATT&CK 18.1" in words
        assert "the last sync failed" not in words
        execute("UPDATE sync_run SET state = 'failed', error = 'No.' WHERE source = 'sigma'")
        assert "Sigma rules: the last sync failed" in said(asking.open("/").outputs["page.children"])

    def test_without_a_map_it_says_what_to_do(self, asking: Asking) -> None:
        opened = asking.open("/")
        assert "Load ATT&CK first" in said(opened.outputs["page.children"])
        assert opened.outputs["answer.children"] == "No ATT&CK content is loaded yet"
