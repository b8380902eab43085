"""The bell rings while one looks at another page, and what is read is read everywhere."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.callbacks.test_notifications import SLACK, tell
from tests.conftest import Person

pytestmark = pytest.mark.browser


@pytest.fixture
def ruth(server: object, add_person: Callable[..., Person]) -> Person:
    return add_person("ruth", Role.RED_TECH)


def _look(page: Page) -> None:
    """The page asks again when it is looked at again; nobody waits for the next time it asks by itself."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_from_the_bell_to_the_list(ruth: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(ruth)
    page.goto("/account")
    bell = page.get_by_label("Notifications, none unread")
    expect(bell).to_be_visible()
    bell.click()
    expect(page.get_by_text("Nothing yet. Here stands what concerns you")).to_be_visible()
    page.keyboard.press("Escape")

    tell("ruth", 12)
    _look(page)
    bell = page.get_by_label("Notifications, 12 unread")
    expect(bell).to_be_visible()
    bell.press("Enter")
    menu = page.locator(".bell-body")
    expect(menu.locator("li")).to_have_count(8)
    menu.get_by_label("Mark as read: Note 3").click()
    expect(page.get_by_label("Notifications, 11 unread")).to_be_visible()
    expect(menu.locator("li.is-unread")).to_have_count(7)

    menu.get_by_role("link", name="All notifications").click()
    expect(page.locator("#answer")).to_have_text("11 unread")
    expect(menu).to_be_hidden()
    page.get_by_role("link", name="Unread", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?show=unread$"))
    expect(page.locator("#notifications-list li")).to_have_count(11)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#answer")).to_have_text("Nothing unread")
    expect(page.get_by_label("Notifications, none unread")).to_be_visible()
    expect(page.locator("#notifications-list li.is-unread")).to_have_count(0)


def test_following_one_reads_it(ruth: Person, page_of: Callable[..., Page]) -> None:
    tell("ruth", 2)
    page = page_of(ruth)
    page.goto("/notifications")
    page.get_by_role("link", name="Note 1").click()
    expect(page).to_have_url(re.compile("/test/1$"))
    expect(page.get_by_label("Notifications, 1 unread")).to_be_visible()


def test_a_channel_of_ones_own(ruth: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(ruth)
    page.goto("/notifications")
    page.get_by_text("Add a channel").click()
    page.get_by_label("Name", exact=True).fill("Slack of ours")
    page.get_by_label("Address").fill("syslog://")
    page.get_by_role("button", name="Add channel").click()
    expect(page.get_by_text("Aegis sends nothing to syslog://")).to_be_visible()
    page.get_by_label("Address").fill(SLACK)
    page.get_by_role("button", name="Add channel").click()
    page.get_by_role("link", name="Slack of ours").click()
    expect(page).to_have_url(re.compile(r"\?channel=[0-9a-f-]{36}$"))
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Sending")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#channel-remove").click()
    expect(page.get_by_text("None yet. Without one you are told here only")).to_be_visible()
    assert "hooks.slack.com" not in page.content()


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(ruth: Person, page_of: Callable[..., Page], width: int) -> None:
    tell("ruth", 3)
    page = page_of(ruth, width=width)
    page.goto("/notifications")
    page.get_by_text("Add a channel").click()
    page.get_by_label("Notifications, 3 unread").click()
    menu = page.locator(".bell-body")
    expect(menu.locator("li")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
