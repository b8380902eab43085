"""The technique page: a rule beside it, marking a change as reviewed, and switching rules, by those who may."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.roles import Permission, Role, may
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

HERE = {"url.pathname": "/technique/T1059", "url.search": ""}
AskingOf = Callable[[Role], Asking]


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


@pytest.fixture
def blue(asking_of: AskingOf) -> Asking:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"], review_since=world.days_ago(3))
    return asking_of(Role.BLUE_LEAD)


@pytest.fixture
def rule(blue: Asking) -> UUID:
    (technique,) = rows("SELECT id FROM technique")[0]
    return world.rule({"T1059": technique}, title="Encoded command", author="A. Author", licence="DRL 1.1")


def switch(asking: Asking, rule: object, *, enable: bool) -> Answer:
    ident = {"type": "rule-enabled", "rule": str(rule), "enable": "yes" if enable else "no"}
    return asking.ask((ident, "n_clicks"), HERE)


def panel(asking: Asking, search: str, path: str = "/technique/T1059") -> Answer:
    return asking.ask("url.search", {"url.search": search, "url.pathname": path}, of="rule-panel")


def audited() -> list[tuple[str, str, str]]:
    """(who, did what, to what)"""
    return rows("SELECT actor_name, action, entity_id FROM audit_log WHERE action NOT LIKE 'session%' ORDER BY seq")


class TestRulePanel:
    def test_it_opens_beside_the_page_and_by_its_address(self, blue: Asking, rule: UUID) -> None:
        opened = panel(blue, f"?rule={rule}")
        at_once = blue.open("/technique/T1059", f"?rule={rule}")
        for shown in (opened.outputs["rule-panel.children"], at_once.outputs["page.children"]):
            assert "Encoded command" in said(shown)
            assert "A. Author" in said(shown)
            assert "DRL 1.1" in said(shown)
        assert panel(blue, "").outputs["rule-panel.children"] is None

    def test_an_address_of_no_rule_opens_none(self, blue: Asking) -> None:
        for search in (f"?rule={uuid4()}", "?rule=nonsense", "?rule=%00"):
            assert panel(blue, search).outputs["rule-panel.children"] is None
            assert "T1059" in said(blue.open("/technique/T1059", search).outputs["title.children"])

    def test_other_pages_are_left_alone(self, blue: Asking, rule: UUID) -> None:
        assert panel(blue, f"?rule={rule}", "/heatmap").status == 204

    def test_who_may_not_switch_it_is_not_offered_to(self, asking_of: AskingOf, blue: Asking, rule: UUID) -> None:
        assert "rule-enabled" in panel(blue, f"?rule={rule}").text
        assert "rule-enabled" not in panel(asking_of(Role.RED_TECH), f"?rule={rule}").text


class TestSwitching:
    def test_a_disabled_rule_no_longer_counts_until_it_is_enabled(self, blue: Asking, rule: UUID) -> None:
        assert "1 enabled rule" in blue.open("/technique/T1059").outputs["answer.children"]
        off = switch(blue, rule, enable=False)
        assert off.toast.startswith("The rule is disabled and no longer counts.")
        assert "0 of 1 enabled" in said(off.outputs["page.children"])
        assert "0 enabled rules" in off.beside["answer.children"]
        on = switch(blue, rule, enable=True)
        assert "1 of 1 enabled" in said(on.outputs["page.children"])
        assert "1 enabled rule" in on.beside["answer.children"]
        blue_lead = f"ana-{Role.BLUE_LEAD}"
        assert audited() == [(blue_lead, f"rule.{what}", str(rule)) for what in ("disabled", "enabled")]

    def test_doing_it_twice_is_told_once(self, blue: Asking, rule: UUID) -> None:
        for _ in range(2):
            assert switch(blue, rule, enable=False).status == 200
        assert len(audited()) == 1

    def test_what_cannot_be_switched_is_said(self, blue: Asking, rule: UUID) -> None:
        execute("UPDATE detection_rule SET removed_at = now()")
        for ident, sentence in (
            (rule, "Its source no longer has this rule"),
            (uuid4(), "There is no such rule."),
            ("nonsense", "This id is not one of ours."),
        ):
            refused = switch(blue, ident, enable=False)
            assert refused.toast.startswith(sentence)
            assert refused.outputs == {}
        assert audited() == []


class TestReview:
    def test_a_change_is_reviewed_once_and_by_name(self, blue: Asking) -> None:
        assert "nobody has reviewed it since" in said(blue.open("/technique/t1059").outputs["page.children"])
        here = {**HERE, "url.pathname": "/technique/t1059", "technique-reviewed.n_clicks": 1}
        done = blue.ask("technique-reviewed.n_clicks", here)
        assert done.toast.startswith("Marked as reviewed.")
        assert "nobody has reviewed" not in said(done.outputs["page.children"])
        assert f"by Ana-{Role.BLUE_LEAD.title()}" in said(done.outputs["page.children"])
        blue.ask("technique-reviewed.n_clicks", here)
        (technique,) = rows("SELECT id::text FROM technique")[0]
        assert audited() == [(f"ana-{Role.BLUE_LEAD}", "technique.reviewed", technique)]

    def test_of_two_maps_the_shown_one_is_meant(self, blue: Asking) -> None:
        world.release(domain="ics-attack")
        world.tactics("execution", domain="ics-attack")
        world.technique("T1059", under=["execution"], domain="ics-attack", review_since=world.days_ago(3))
        blue.ask(
            "technique-reviewed.n_clicks",
            {**HERE, "url.search": "?domain=ics-attack", "technique-reviewed.n_clicks": 1},
        )
        assert rows("SELECT domain FROM technique WHERE review_since IS NULL") == [("ics-attack",)]


def test_only_roles_that_may_change_anything(asking_of: AskingOf, blue: Asking, rule: UUID) -> None:
    for role in Role:
        theirs = asking_of(role) if role is not Role.BLUE_LEAD else blue
        execute("UPDATE detection_rule SET enabled = true")
        execute("UPDATE technique SET review_since = now(), reviewed_at = NULL, reviewed_by = NULL")
        switch(theirs, rule, enable=False)
        reviewed = theirs.ask("technique-reviewed.n_clicks", {**HERE, "technique-reviewed.n_clicks": 1})
        (found,) = rows("SELECT enabled, review_since IS NULL FROM detection_rule, technique")
        assert found == (not may(role, Permission.MANAGE_RULES), may(role, Permission.REVIEW_TECHNIQUE)), role
        refused = f"This needs the role Red lead, Blue lead or Administrator; yours is {role.label}."
        assert reviewed.toast.startswith("Marked" if may(role, Permission.REVIEW_TECHNIQUE) else refused)
