"""A lead goes from an actor to a running campaign that comes again; nothing is wider than a phone."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from jobs import syncs, workflow
from tests.conftest import Person, new_database, url_of
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import at, rows

pytestmark = pytest.mark.browser

MOST_DRAFTS = """
SELECT campaign_id, count(*) FROM security_test JOIN test_campaign AS campaign ON campaign.id = campaign_id
WHERE security_test.state = 'draft' AND campaign.state IN ('planned', 'running') GROUP BY 1 ORDER BY 2 DESC LIMIT 1
"""

USED_BY_APT29 = """
SELECT technique.attack_id FROM attack_object AS object
JOIN technique_link AS link ON link.object_id = object.id AND link.kind = 'group_uses'
JOIN technique ON technique.id = link.technique_id AND technique.active
WHERE object.attack_id = 'G0016'
"""


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def lead(server: object, add_person: Callable[..., Person], tmp_path: Path) -> Person:
    for number, (name,) in enumerate(rows(USED_BY_APT29), start=1):
        (tmp_path / f"{name}.yml").write_text(atomic_file(name, atomic_test(number, name=f"Atomic {number}")))
    syncs.sync_in_place("atomic", input=at(tmp_path))
    return add_person("rita", Role.RED_LEAD)


def work() -> None:
    """What a worker does."""
    for (batch,) in rows("SELECT DISTINCT batch_id FROM workflow_action WHERE state = 'queued'"):
        workflow.perform_batch(str(batch))


def test_from_the_gaps_of_an_actor_to_a_campaign_that_comes_again(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    page.goto("/actors?q=apt29")
    page.get_by_role("link", name="APT29", exact=True).click()
    page.get_by_role("link", name="Plan a campaign from the gaps").click()
    page.locator(".for-platform select").select_option("Windows")
    expect(page.locator("#answer")).to_contain_text("Gaps of APT29 on Windows: ")
    chosen = page.locator("#plan-chosen tbody input:checked").count()
    assert chosen > 1
    page.locator("#plan-chosen tbody input:checked").first.uncheck()
    expect(page.locator("#plan-chosen .count")).to_contain_text(f"{chosen - 1} of ")
    page.get_by_label("Name of a new campaign").fill("Bear hunt")
    page.get_by_role("button", name="Plan the ticked tests").dblclick()
    expect(page.locator("#plan-made")).to_contain_text("planned")
    work()
    page.get_by_role("link", name="Open the campaign").click()
    expect(page.locator("#title")).to_have_text("Bear hunt")
    tests = f"0 of {chosen - 1} test{'s' if chosen > 2 else ''} evaluated"
    expect(page.locator("#answer")).to_have_text(f"Planned, {tests}")

    page.get_by_role("button", name="Start campaign").click()
    expect(page.locator("#answer")).to_have_text(f"Running, {tests}")
    page.get_by_role("link", name="Let it come again").click()
    page.locator("#campaign-rhythm").select_option("0 9 1 1,4,7,10 *")
    expect(page.locator("#campaign-next li")).to_have_count(3)
    page.get_by_role("button", name="Save rhythm").click()
    expect(page.get_by_text("Rhythm changed")).to_be_visible()
    page.get_by_role("link", name="Clone").click()
    page.get_by_role("button", name="Clone campaign").dblclick()
    expect(page.locator("#title")).to_have_text("Bear hunt, run 2")
    assert rows("SELECT count(*) FROM test_campaign WHERE name LIKE 'Bear%'") == [(2,)]


def test_order_and_dependencies_by_keyboard(lead: Person, page_of: Callable[..., Page]) -> None:
    page = page_of(lead)
    ((key, drafts),) = rows(MOST_DRAFTS)
    assert drafts > 1
    page.goto(f"/campaign/{key}?arrange=1")
    order = page.locator("#campaign-order tbody tr")
    draft = order.filter(has_text="Draft").first  # not the last of the order: there is another
    number, place = (re.sub(r"\D.*", "", draft.locator("td").nth(column).inner_text()) for column in (3, 1))
    down = page.get_by_role("button", name=f"Move test {number} down", exact=True)
    down.press("Enter")
    expect(order.nth(int(place)).locator(down)).to_be_visible()
    waits = order.filter(has_text="Draft").filter(has_not=down).first.get_by_role("textbox")
    waits.fill(number)
    waits.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The dependencies are kept.")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text(f"blocked by {number}")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(lead: Person, page_of: Callable[..., Page], width: int) -> None:
    page = page_of(lead, width=width)
    ((key,),) = rows("SELECT id FROM test_campaign WHERE state = 'running' ORDER BY name LIMIT 1")
    paths = ["/campaigns", "/actors?compare=G0016,G0032", "/actor/G0016", "/plan?actor=G0016"]
    paths += [f"/campaign/{key}{search}" for search in ("", "?edit=1", "?arrange=1", "?repeat=1", "?clone=1")]
    for path in paths:
        page.goto(path)
        expect(page.locator("#answer")).not_to_be_empty()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
