"""From the score to what moved it, to other weights, and to what has to be tested again; a phone shows all of it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from data.database import SYSTEM, unit_of_work
from data.repositories import templates
from domain.roles import Role
from domain.templates import Template
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def test_from_the_score_to_its_reasons_and_what_to_do(
    add_person: Callable[..., Person], page_of: Callable[..., Page]
) -> None:
    page = page_of(add_person("ada", Role.ADMIN))
    page.goto("/")
    page.locator("nav").get_by_role("link", name="Score", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("of 100, ")
    expect(page.locator(".trend circle.trend-dot").nth(30)).to_be_attached()

    steps = page.locator(".fall tbody tr")
    points = [float(text.replace("−", "-").replace("±", "")) for text in steps.locator(".num").all_text_contents()]
    assert sum(points[1:-1]) == pytest.approx(points[-1] - points[0])
    page.locator(".fall").get_by_role("link", name="Ageing").click()
    expect(page.get_by_role("heading", name="Techniques moved by: ageing")).to_be_visible()
    assert "cause=decay" in page.url

    page.get_by_label("Name of the snapshot").fill("Before the audit")
    page.get_by_role("button", name="Keep this moment").click()
    expect(page.locator("#page")).to_contain_text("Before the audit")

    page.get_by_role("link", name="Change the weights").click()
    page.get_by_label("Tests of 100").fill("65")
    expect(page.locator("#weights-preview")).to_contain_text("add up to 125; they have to add up to 100")
    page.get_by_label("Detection rules of 100").fill("0")
    expect(page.locator("#weights-preview")).to_contain_text("Ranks are among")
    page.get_by_label("Why").fill("Rules are claims")
    page.get_by_role("button", name="Put in force").click()
    expect(page.locator("#answer")).to_contain_text("version 2 in force")

    page.locator("nav").get_by_role("link", name="Retests").click()
    page.get_by_role("button", name="Plan a campaign of the ticked").click()
    page.get_by_role("link", name="Open the campaign").click()
    expect(page.locator("#title")).to_contain_text("Retests until")


def test_the_best_tests_become_one_campaign_however_often_it_is_pressed(
    add_person: Callable[..., Person], page_of: Callable[..., Page]
) -> None:
    page = page_of(add_person("ada", Role.ADMIN))
    with unit_of_work() as session:
        for (attack_id,) in rows("SELECT attack_id FROM technique WHERE domain = 'enterprise-attack' LIMIT 5"):
            on = ("Windows", "Linux", "macOS")
            value = Template(name="A way", description="", technique=attack_id, platforms=on, executors=())
            templates.add_own(session, SYSTEM, value, note="")
    before = rows("SELECT count(*) FROM test_campaign")[0][0]
    for made in (1, 2):
        page.goto("/next")  # the second time it comes out of the cache, and is another campaign
        page.get_by_role("button", name="Make it a campaign").dblclick()
        expect(page.locator("#plan-made")).to_contain_text("planned")
        page.wait_for_load_state("networkidle")
        assert rows("SELECT count(*) FROM test_campaign")[0][0] == before + made


def test_a_phone_scrolls_in_one_direction(add_person: Callable[..., Person], page_of: Callable[..., Page]) -> None:
    page = page_of(add_person("ada", Role.RED_LEAD), width=390, theme="dark")
    for path in ("/score", "/retests"):
        page.goto(path)
        expect(page.locator("#page h2").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
