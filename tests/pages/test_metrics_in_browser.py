"""The metrics page on the demo organisation: charts are drawn, follow the theme, and every row leads to its tests."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person, new_database, url_of

pytestmark = pytest.mark.browser
LINE = "document.querySelector('#curve .scatterlayer .trace:nth-child(3) path.js-line').style.stroke"


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def test_from_the_curve_to_the_tests(add_person: Callable[..., Person], page_of: Callable[..., Page]) -> None:
    page = page_of(add_person("vera", Role.VIEWER))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/glossary")
    expect(page.locator("#title")).to_have_text("Glossary")
    assert not [url for url in asked if "plotly" in url]  # no chart, no library
    page.locator("#rail").get_by_role("link", name="Metrics").click()
    expect(page.locator("#curve.is-drawn")).to_be_visible()
    expect(page.locator("#answer")).to_contain_text("Executed to first alert, median")
    light = page.evaluate(LINE)
    page.evaluate("window.aegisTheme.choose('dark')")
    page.wait_for_function(f"{LINE} !== '{light}'")  # drawn anew, without loading the page
    page.get_by_label("Time", exact=True).select_option("remediate")
    expect(page.locator("#answer")).to_contain_text("Gap known to remediated")
    expect(page).to_have_url(re.compile(r"measure=remediate"))
    row = page.locator("#metrics-body table").last.locator("tbody tr").first
    cases = row.locator("td").nth(1).inner_text()
    row.get_by_role("link").click()
    expect(page.locator("#answer")).to_contain_text(f"{cases} test")
    page.set_viewport_size({"width": 360, "height": 800})
    page.go_back()
    expect(page.locator("#curve.is-drawn")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
