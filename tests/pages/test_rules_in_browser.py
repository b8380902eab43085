"""A lead of blue looks through the rules, switches one off, says which logs are collected; decides about the rest."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(server: object, add_person: Callable[..., Person]) -> Person:
    world.release()
    world.tactics("execution")
    first = world.technique("T1059", under=["execution"], groups=1)
    world.security_test(first)
    for number in range(60):
        world.rule({"T1059": first}, title=f"Rule {number:02}", product="windows", category="process_creation")
    world.rule({"T1059": first}, title="Other", product="linux")
    world.countermeasure("D3-AA", against=[first])
    world.attack_object("group", "G0001", "Bear", uses={first: "group_uses"}, description="It targets banks.")
    return add_person("bea", Role.BLUE_LEAD)


def test_rules_are_found_switched_and_their_logs_declared(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    page.goto("/rules")
    expect(page.locator("#answer")).to_have_text("0 of 61 enabled rules proven by a test")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.get_by_text("51 to 61 of 61 rules.")).to_be_visible()
    page.get_by_placeholder("Title or id").fill("rule 07")
    expect(page.get_by_text("1 to 1 of 1 rule.")).to_be_visible()
    page.get_by_label("Rule 07").check()
    page.get_by_role("button", name="Disable", exact=True).click()
    expect(page.get_by_text("1 rule disabled.")).to_be_visible()
    page.get_by_role("link", name="Rule 07").click()
    expect(page.locator("#title")).to_have_text("Rule 07")
    expect(page.get_by_text("It does not count as coverage.")).to_be_visible()
    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.get_by_text("It counts as a claim of coverage.")).to_be_visible()

    page.goto("/rules?view=logs")
    page.get_by_label("linux", exact=True).check()
    page.get_by_label("Which, for linux", exact=True).select_option("no")
    page.get_by_role("button", name="Keep for those ticked").click()
    expect(page.get_by_text("Kept; 1 changed.")).to_be_visible()
    assert rows("SELECT title FROM rollup_rule WHERE truth = 'no_data'") == [("Other",)]
    page.goto("/rules?truth=no_data")
    expect(page.get_by_role("link", name="Other")).to_be_visible()


def test_countermeasures_and_threats_are_decided(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    page.goto("/countermeasures")
    expect(page.locator("#answer")).to_have_text("0 of 1 in place")
    page.get_by_label("Name of D3-AA", exact=True).check()
    page.get_by_role("button", name="Keep for those ticked").click()
    expect(page.locator("#answer")).to_have_text("1 of 1 in place")
    page.get_by_role("link", name="Name of D3-AA").first.click()
    expect(page.locator("#answer")).to_have_text("In place; applies to 1 technique")

    page.goto("/threats")
    page.get_by_label("Groups whose description names").select_option("finance")
    expect(page).to_have_url(re.compile(r"\?sector=finance$"))
    expect(page.get_by_text("1 group not yet ours")).to_be_visible()  # the list is drawn anew
    page.get_by_label("Bear").check()
    page.get_by_label("Why they threaten us").fill("They were here")
    page.get_by_role("button", name="Name those ticked as ours").click()
    expect(page.locator("#answer")).to_have_text("1 own group uses 1 technique in scope")
    page.get_by_role("link", name="Name of T1059").first.click()
    expect(page.get_by_text("(1 own group uses it)")).to_be_visible()
