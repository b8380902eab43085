"""A lead goes from the frameworks to a failing control and its tests, and accepts its risk; nothing is too wide."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser
POLICY = "/compliance/own_security_policy"


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def lead(server: object, add_person: Callable[..., Person]) -> Person:
    return add_person("bea", Role.BLUE_LEAD)


def test_from_the_frameworks_to_an_accepted_risk(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    page.goto("/compliance")
    page.get_by_role("table", name="Controls by state").get_by_role("link", name="Security policy").click()
    expect(page.locator("#title")).to_have_text("Security policy 2026")
    expect(page.locator("#answer")).to_contain_text("demonstrated")
    page.get_by_role("link", name="Contradicted", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"\?state=contradicted"))
    page.locator(".tile.is-contradicted[href*='state=contradicted']").first.click()  # of the page as it is redrawn
    panel = page.locator("#control-panel aside")
    expect(panel.get_by_role("heading", name="Tests that count")).to_be_visible()
    expect(panel).to_contain_text("did not hold")
    panel.get_by_label("Reason").fill("It is replaced in spring")
    panel.get_by_label("Until").fill((datetime.now(UTC) + timedelta(days=30)).date().isoformat())
    panel.get_by_role("button", name="Keep the decision").click()
    expect(page.locator("#control-panel")).to_contain_text("Risk accepted until")
    expect(page.locator(".tile.has-flag").first).to_be_visible()
    assert rows("SELECT author_name FROM control_decision WHERE reason = 'It is replaced in spring'") == [("bea",)]
    page.locator("#control-panel").get_by_role("link", name="Close").click()
    expect(page.locator("#control-panel aside")).to_have_count(0)


def test_a_filter_redraws_and_stays_in_the_address(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    page.goto(POLICY)
    whole = page.locator(".tile")
    expect(whole).to_have_count(17)
    page.get_by_label("Group", exact=True).select_option("Network")
    expect(whole).to_have_count(4)
    expect(page).to_have_url(re.compile(r"\?group=Network$"))
    page.reload()
    expect(whole).to_have_count(4)


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(lead: Person, page_of: Callable[..., Page], width: int) -> None:
    page = page_of(lead, width=width)
    for path in (
        "/compliance",
        POLICY,
        f"{POLICY}?control=NW-2",
        "/compliance/attack_mitigations",
        "/compliance/import",
    ):
        page.goto(path)
        expect(page.locator("#answer")).not_to_be_empty()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
