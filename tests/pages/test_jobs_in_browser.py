"""The jobs page in a browser: it follows what happens while it is looked at, and a button does what it says."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person
from tests.jobs.syncing import execute

pytestmark = pytest.mark.browser

LOOK_AWAY = """hidden => {
  Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def asked_for(number: int) -> None:
    execute(
        "INSERT INTO workflow_action (id, kind, test_id, actor_id, actor_name)"
        " VALUES (:id, 'start', uuidv7(), uuidv7(), 'ruth')",
        id=f"00000000-0000-4000-8000-{number:012}",
    )


def test_it_follows_and_takes_back(
    server: Flask, page_of: Callable[..., Page], add_person: Callable[..., Person]
) -> None:
    page = page_of(add_person("ada", Role.ADMIN))
    page.goto("/admin/jobs")
    expect(page.locator("#answer")).to_have_text("0 failed, 0 waiting, no worker")
    asked_for(1)
    expect(page.locator("#answer")).to_have_text("0 failed, 1 waiting, no worker")
    page.get_by_role("link", name="Start a test").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("The action was taken back before it was done.")).to_be_visible()
    expect(page.locator("#answer")).to_have_text("0 failed, 0 waiting, no worker")
    expect(page.get_by_role("heading", name="Not there any more")).to_be_visible()

    for hidden in (True, False):
        page.evaluate(LOOK_AWAY, hidden)
        page.wait_for_function(
            "hidden => dash_component_api.getLayout('jobs-poll').props.disabled === hidden", arg=hidden
        )
