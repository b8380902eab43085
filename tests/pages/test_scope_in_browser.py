"""A lead takes a platform out and looks at what a new version of ATT&CK does; nothing is wider than a phone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.database import SYSTEM
from domain.roles import Role
from jobs import rehearsals
from tests.conftest import Person, new_database, url_of
from tests.data.sources import stix
from tests.jobs.syncing import at, bundle_file, rows

pytestmark = pytest.mark.browser


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen, once the page has come to rest in its new width."""
    for _ in range(50):
        if page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            return True
        page.wait_for_timeout(100)
    return False


def test_a_platform_goes_out_with_a_reason(
    server: object, add_person: Callable[..., Person], page_of: Callable[..., Page]
) -> None:
    page = page_of(add_person("rita", Role.RED_LEAD))
    page.goto("/scope")
    expect(page.locator("#scope-body")).to_contain_text("PRE out of scope")
    expect(page.locator("#answer")).to_contain_text("techniques in scope")
    before = page.locator("#answer").inner_text()
    page.get_by_role("button", name="Take out platforms: None").click()
    page.get_by_role("checkbox", name="ESXi").check()
    page.keyboard.press("Escape")
    expect(page.locator("#scope-body")).to_contain_text("Take out ESXi")
    assert "platform=ESXi" in page.url
    expect(page.locator("#answer")).to_have_text(before)
    page.get_by_label("Why").fill("We run no hypervisors of our own")
    page.get_by_role("button", name="Change the scope").click()
    expect(page.locator("#scope-body")).to_contain_text("We run no hypervisors of our own")
    expect(page.locator("#answer")).not_to_have_text(before)
    assert "platform=" not in page.url
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)


def test_a_version_is_looked_at_and_discarded(
    server: object, add_person: Callable[..., Person], page_of: Callable[..., Page], tmp_path: Path
) -> None:
    made = rehearsals.rehearse_in_place(SYSTEM, Role.ADMIN, at(bundle_file(tmp_path, stix.SHELL, version="19.0")))
    page = page_of(add_person("ada", Role.ADMIN))
    page.goto("/sources/rehearsal")
    page.get_by_role("link", name="Enterprise 19.0, compared with").click()
    expect(page.locator("#answer")).to_contain_text("19.0 adds 1 technique, retires 691 and leaves ")
    expect(page.locator("#rehearsal-body")).to_contain_text("Gone without a successor")
    page.get_by_role("link", name="Vanished").click()
    expect(page.locator("#rehearsal-items")).to_contain_text("objects")
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#rehearsal-body")).to_contain_text("Discarded")
    assert rows("SELECT state FROM attack_rehearsal WHERE id = :id", id=made) == [("discarded",)]
