"""The audit page in a browser: filtered, an entry beside it, a page on, all in the address."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from data.database import Actor, unit_of_work
from data.repositories import audit
from domain.roles import Role
from tests.conftest import Person

pytestmark = pytest.mark.browser


def test_the_view_is_in_the_address(page_of: Callable[..., Page], add_person: Callable[..., Person]) -> None:
    ada = add_person("ada", Role.ADMIN)
    with unit_of_work() as session:
        made = [
            audit.Entry("thing.changed", ("thing", str(number)), {"n": 0}, {"n": number}) for number in range(1, 131)
        ]
        audit.record_many(session, Actor(name="Schedule"), made)
    page = page_of(ada)
    page.goto("/admin/audit")
    table = page.get_by_role("table", name="Audit log")
    expect(table.locator("tbody tr")).to_have_count(100)

    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile(r"\?before=\d+$"))
    expect(table.locator("tbody tr")).to_have_count(31)
    expect(page.get_by_role("link", name="Older")).to_have_count(0)

    page.get_by_label("Which").fill("7")  # a filter begins at the newest again
    expect(page).to_have_url(re.compile(r"/admin/audit\?id=7$"))
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#answer")).to_have_text("1 of 131 entries")

    table.get_by_role("link").first.click()
    side = page.get_by_role("complementary", name="Thing: changed")
    expect(side.get_by_role("table", name="What changed")).to_contain_text("n07")
    side.get_by_role("link", name="Close").click()
    expect(side).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/admin/audit\?id=7$"))
    expect(table.locator("tbody tr")).to_have_count(1)
