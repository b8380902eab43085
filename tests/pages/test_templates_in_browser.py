"""A red operator finds a template, copies its command, and writes one of their own from it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from jobs import syncs
from tests.conftest import Person
from tests.data import world
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import at, rows

pytestmark = pytest.mark.browser


@pytest.fixture
def red(server: object, add_person: Callable[..., Person], tmp_path: Path) -> Person:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"])
    tests = (atomic_test(number, name=f"Atomic {number:03}") for number in range(1, 121))
    (tmp_path / "a.yml").write_text(atomic_file("T1059", *tests))
    syncs.sync_in_place("atomic", input=at(tmp_path))
    return add_person("rita", Role.RED_TECH)


def test_from_the_list_to_a_template_of_ones_own(red: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(red)
    page.goto("/templates")
    expect(page.locator("#answer")).to_have_text("120 templates")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?page=2$"))
    expect(page.get_by_text("51 to 100 of 120 templates.")).to_be_visible()

    page.get_by_placeholder("Text or command").fill("atomic 117")
    expect(page.locator("#answer")).to_have_text("1 of 120 templates")
    expect(page).to_have_url(re.compile(r"\?q=atomic\+117$"))
    page.get_by_role("link", name="Atomic 117").click()
    expect(page.locator("#title")).to_have_text("Atomic 117")
    expect(page.locator("#command-1")).to_have_text("tool.exe #{output_file}")
    copy = page.locator("[data-copies=command-1]")
    copy.click()
    expect(copy).to_have_text(re.compile("Copied|Selected"))

    page.get_by_role("link", name="Copy as our own").click()
    expect(page.locator("#title")).to_have_text("New template")
    page.get_by_label("Name").fill("Our own")
    page.get_by_role("button", name="Save template").click()
    expect(page.locator("#title")).to_have_text("Our own")
    expect(page).to_have_url(re.compile(r"/template/[0-9a-f-]{36}$"))

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Command, or the steps where it is done by hand").fill("other.exe #{output_file}")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("#command-1")).to_have_text("other.exe #{output_file}")
    expect(page).to_have_url(re.compile(r"/template/[0-9a-f-]{36}$"))
    page.get_by_role("table", name="Versions").get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_text("This is version 1; the newest is 2.")).to_be_visible()
    assert rows("SELECT version, name FROM test_template WHERE source = 'own'") == [(2, "Our own")]


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(red: Person, page_of: Callable[..., Page], width: int) -> None:
    page = page_of(red, width=width)
    (ident,) = rows("SELECT id FROM test_template ORDER BY name LIMIT 1")[0]
    for path in ("/templates", f"/template/{ident}", f"/template/new?from={ident}"):
        page.goto(path)
        expect(page.locator("#title")).to_have_text(re.compile("Templates|Atomic 001|New template"))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
