"""The rules pages: looking, switching many at once, removing our own, declaring logs; each by those who may."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

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
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


@pytest.fixture
def ids(database: None) -> dict[str, UUID]:
    world.release()
    world.tactics("execution")
    first = world.technique("T1000", under=["execution"])
    world.security_test(first)
    return {
        "one": world.rule({"T1000": first}, title="One", author="Ada", licence="DRL 1.1", product="windows"),
        "two": world.rule({"T1000": first}, title="Two", enabled=False, product="windows", category="dns"),
        "own": world.rule({"T1000": first}, title="Mine", source="own"),
        "gone": world.rule({"T1000": first}, title="Vanished", removed_at=world.NOW),
    }


def do(asking: Asking, what: str, *keys: UUID, query: dict[str, str] | None = None, scope: str = "") -> Answer:
    values: dict[str, Any] = {
        "rules-filters.value": query or {},
        "rules-scope.value": scope,
        "rules-chosen.value": {str(key): "1" for key in keys},
    }
    return asking.ask(({"type": "rules-do", "what": what}, "n_clicks"), values)


def declare(asking: Asking, chosen: dict[str, str], note: str = "") -> Answer:
    values = {"logs-declare.n_clicks": 1, "logs-chosen.value": chosen, "logs-note.value": note}
    return asking.ask("logs-declare.n_clicks", values | {"rules-filters.value": {"view": "logs"}})


def enabled() -> dict[str, bool]:
    return dict(rows("SELECT title, enabled FROM detection_rule"))


class TestLooking:
    def test_the_page_says_what_is_proven_and_lists_the_rules(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        viewer = asking_of(Role.VIEWER)
        page = viewer.open("/rules")
        assert page.outputs["answer.children"] == "0 of 2 enabled rules proven by a test"
        text = str(page.outputs["page.children"])
        assert all(word in text for word in ("One", "Two", "Mine", "Silent", f"/rules/{ids['one']}"))
        assert "Vanished" not in text
        assert "rules-chosen" not in text  # a viewer has nothing to tick

    def test_a_filter_changes_the_list(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        found = asking_of(Role.VIEWER).ask("rules-filters.value", {"rules-filters.value": {"source": "own"}})
        shown = str(found.outputs["rules-list.children"])
        assert "Mine" in shown
        assert "'Two'" not in shown

    def test_nothing_matches_and_nothing_is_loaded(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        viewer = asking_of(Role.VIEWER)
        assert "No rule matches" in viewer.open("/rules", "?q=nothing").text
        execute("DELETE FROM detection_rule")
        empty = viewer.open("/rules").text
        assert "No detection rules are loaded" in empty
        assert "CSV" not in empty, "there is nothing to send"

    def test_one_rule_with_its_author_licence_and_text(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        page = asking_of(Role.VIEWER).open(f"/rules/{ids['one']}")
        assert page.outputs["title.children"] == "One"
        assert page.outputs["answer.children"].startswith("Silent: its technique was tested where it applies")
        text = said(page.outputs["page.children"])
        assert all(word in text for word in ("Ada", "DRL 1.1", "detection: {}", "T1000"))
        blue = asking_of(Role.BLUE_TECH)
        for none in (str(uuid4()), "nonsense"):
            assert blue.open(f"/rules/{none}").outputs["title.children"] == "Nothing here"
        assert "no longer has this rule" in asking_of(Role.RED_TECH).open(f"/rules/{ids['gone']}").text

    def test_csv(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        answer = asking_of(Role.VIEWER).client.get("/export/rules.csv?source=own")
        assert answer.status_code == 200
        assert "Mine" in answer.text
        assert "One" not in answer.text


class TestSwitching:
    def test_many_at_once_each_with_its_answer(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        blue = asking_of(Role.BLUE_TECH)
        done = do(blue, "disable", ids["one"], ids["two"], ids["gone"], uuid4())
        text = said(done.outputs["rules-results.children"])
        assert "1 rule disabled, 1 already were. 2 rules refused:" in text
        assert "Vanished: Its source no longer has it." in text
        assert enabled()["One"] is False
        entries = rows("SELECT action, after ->> 'title' FROM audit_log WHERE entity_type = 'rule'")
        assert entries == [("rule.disabled", "One")]

    def test_all_that_match(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        do(asking_of(Role.BLUE_LEAD), "enable", query={"product": "windows"}, scope="all")
        assert enabled() == {"One": True, "Two": True, "Mine": True, "Vanished": True}
        assert rows("SELECT count(*) FROM audit_log WHERE action = 'rule.enabled'") == [(1,)]

    def test_nothing_ticked(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        assert do(asking_of(Role.BLUE_TECH), "disable").toast.startswith("Tick the rules first.")
        assert "Reload the page" in do(asking_of(Role.ADMIN), "disable", "x").toast  # type: ignore[arg-type]

    def test_only_our_own_are_removed(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        done = do(asking_of(Role.BLUE_TECH), "remove", ids["one"], ids["own"])
        assert "One: It belongs to its source; disable it instead." in said(done.outputs["rules-results.children"])
        assert rows("SELECT title FROM detection_rule WHERE removed_at IS NOT NULL ORDER BY 1") == [
            ("Mine",),
            ("Vanished",),
        ]
        assert rows("SELECT after ->> 'title' FROM audit_log WHERE action = 'rule.removed'") == [("Mine",)]

    def test_from_its_page(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        blue = asking_of(Role.BLUE_TECH)
        clicked = ({"type": "rule-do", "what": "disable"}, "n_clicks")
        done = blue.ask(clicked, {"rule-shown.data": str(ids["one"])})
        assert "It does not count as coverage." in said(done.outputs["rule-body.children"])
        refused = blue.ask(clicked, {"rule-shown.data": str(ids["gone"])})
        assert refused.toast.startswith("Its source no longer has it.")

    def test_those_who_may_not(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        for role in Role:
            if not may(role, Permission.MANAGE_RULES):
                assert "This needs the role" in do(asking_of(role), "disable", ids["one"]).toast
        assert enabled()["One"] is True


class TestLogSources:
    def test_leads_say_what_is_collected(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        lead = asking_of(Role.BLUE_LEAD)
        assert "windows / dns" in str(lead.open("/rules", "?view=logs").outputs["page.children"])
        done = declare(lead, {"windows||": "no", "windows|dns|": "yes"}, "next year")
        assert "Kept; 2 changed." in done.toast
        assert rows("SELECT title, truth FROM rollup_rule WHERE present ORDER BY 1") == [
            ("Mine", "silent"),
            ("One", "no_data"),
            ("Two", "silent"),
        ]
        assert "Not collected" in said(done.outputs["rules-list.children"])
        assert "Kept; 0 changed." in declare(lead, {"windows||": "no"}, "next year").toast
        declare(lead, {"windows||": "unknown"})
        assert rows("SELECT category, collected, note FROM log_source") == [("dns", True, "next year")]
        assert rows(
            "SELECT entity_id, before ->> 'collected', after ->> 'collected' FROM audit_log"
            " WHERE action = 'log_source.declared' ORDER BY seq"
        ) == [
            ("windows", None, "false"),
            ("windows / dns", None, "true"),
            ("windows", "false", None),
        ]

    def test_what_cannot_be_said(self, ids: dict[str, UUID], asking_of: AskingOf) -> None:
        lead = asking_of(Role.RED_LEAD)
        assert "No rule reads such logs" in declare(lead, {"beos||": "no"}).toast
        assert "Tick the log sources first" in declare(lead, {}).toast
        assert "at most 500" in declare(lead, {"windows||": "no"}, "x" * 501).toast
        assert "This needs the role" in declare(asking_of(Role.BLUE_TECH), {"windows||": "no"}).toast
        assert rows("SELECT count(*) FROM log_source") == [(0,)]
