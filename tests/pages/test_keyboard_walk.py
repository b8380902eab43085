"""From the overview to a test without a mouse: every step by keys, and always seen where one is."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

TABS_MAX = 120
_FOCUSED = """selector => {
  const one = document.activeElement;
  return Boolean(one && one.matches(selector));
}"""
_RINGED = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
}"""


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what `selector` names has the focus, and see the ring around it."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate(_FOCUSED, selector):
            assert page.evaluate(_RINGED), f"nothing shows that {selector} has the focus"
            return
    raise AssertionError(f"{TABS_MAX} times Tab do not lead to {selector}")


def test_overview_heatmap_technique_test(add_person: Callable[..., Person], page_of: Callable[..., Page]) -> None:
    (technique,) = rows("""
        SELECT t.attack_id FROM technique AS t JOIN security_test AS s ON s.technique_id = t.id
        WHERE t.active AND NOT t.is_subtechnique AND s.state = 'validated' ORDER BY t.attack_id LIMIT 1""")[0]
    page = page_of(add_person("vera", Role.VIEWER))
    page.goto("/")
    expect(page.locator("#title")).to_have_text("Overview")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.locator("#title")).to_have_text("Heatmap")
    expect(page.locator("#heatmap .mx-cell").first).to_be_visible()
    tab_to(page, "#heatmap .mx-cell a, #heatmap .mx-cell button")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") != first, "arrows walk the matrix"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/technique/T"))
    page.keyboard.press("/")
    page.keyboard.type(technique)
    expect(page.locator("#search-results a").first).to_contain_text(technique)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/technique/{technique}$"))
    tab_to(page, "#page a[href^='/test/']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/test/\d+"))
    expect(page.locator("#title")).not_to_have_text("")
