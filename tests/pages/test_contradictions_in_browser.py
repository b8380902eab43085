"""The demo organisation says nothing that cannot be true; what is made to is found, and leads to the test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from data.queries import contradictions
from domain.contradictions import KINDS
from domain.roles import Role
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import execute

pytestmark = pytest.mark.browser

# Makes twenty tests each seen a day before the attack, and one that no tool prevented.
_EARLY = """
UPDATE observation SET detected_at = detected_at - interval '1 day' WHERE id IN (
  SELECT o.id FROM observation AS o JOIN security_test AS s ON s.id = o.test_id AND s.round = o.round
  WHERE o.detected_at IS NOT NULL ORDER BY s.number LIMIT 20)
"""
_UNPREVENTED = """
UPDATE security_test SET prevention = 'full' WHERE number = (
  SELECT min(number) FROM security_test WHERE state = 'validated' AND prevention = 'none')
"""


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def reader(server: object, add_person: Callable[..., Person]) -> Person:
    assert {one.slug: one.total for one in contradictions.everything().kinds} == dict.fromkeys(KINDS, 0)
    execute(_EARLY)
    execute(_UNPREVENTED)
    return add_person("vera", Role.VIEWER)


def test_from_the_kind_to_the_test_that_has_to_be_mended(reader: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(reader)
    page.goto("/tests")
    page.locator("nav").get_by_role("link", name="Contradictions").click()
    expect(page.locator("#answer")).to_contain_text("2 kinds found")
    expect(page.locator("#rail a[aria-current]")).to_have_text("Contradictions")
    expect(page.get_by_role("heading", name="Alert before execution")).to_be_visible()
    page.locator("#page").get_by_role("link", name="Prevented by no tool").click()
    expect(page.get_by_role("heading", name="Alert before execution")).to_have_count(0)
    listed = page.locator("#contradictions-groups tbody a").nth(1)
    title = listed.inner_text()
    listed.click()
    expect(page.locator("#title")).to_have_text(title)


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(reader: Person, page_of: Callable[..., Page], width: int) -> None:
    page = page_of(reader, width=width)
    for path in ("/tests/contradictions", "/tests/contradictions?kind=before_execution"):
        page.goto(path)
        expect(page.locator("#answer")).to_contain_text("2 kinds found")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
