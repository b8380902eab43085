"""The tests page in a browser: rows while scrolling, orders and filters in the address, many at once, board, phone."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, LocatorAssertions, Page, expect

from domain.roles import Role
from jobs import workflow
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


@pytest.fixture
def lead(server: object, add_person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch) -> Person:
    done = {True: workflow.perform_batch, False: workflow.perform}
    monkeypatch.setattr(
        workflow, "_hand_over", lambda waiting: [done[batch is not None](str(batch or key)) for key, batch in waiting]
    )
    return add_person("lea", Role.RED_LEAD)


def count(page: Page) -> LocatorAssertions:
    return expect(page.locator(".tests-foot .count"))


def cell(page: Page, row: int, column: str) -> Locator:
    return page.locator(f".ag-row[row-index='{row}'] [col-id='{column}']")


def test_rows_orders_and_filters_stand_in_the_address(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests")
    expect(page.locator("#answer")).to_have_text("900 tests")
    count(page).to_have_text(re.compile(r"^1–\d+ of 900$"))
    expect(cell(page, 0, "number")).to_have_text("900")

    page.locator(".ag-header-cell[col-id=number]").click()
    expect(cell(page, 0, "number")).to_have_text("1")
    expect(page).to_have_url(re.compile(r"/tests\?sort=-number$"))

    page.get_by_placeholder("Title or number").fill("registry")
    expect(page.locator("#answer")).to_have_text(re.compile(r"^\d?\d tests match$"))
    expect(page).to_have_url(re.compile("sort=-number&q=registry"))
    page.reload()
    expect(page.locator("#answer")).to_have_text(re.compile(r"^\d?\d tests match$"))
    expect(cell(page, 0, "title")).to_have_text(re.compile("registry", re.IGNORECASE))

    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#answer")).to_have_text("900 tests")
    page.locator(".ag-body-viewport").hover()
    page.mouse.wheel(0, 32 * 450)
    expect(page.locator(".ag-row[row-index='450'] [col-id='number']")).to_have_text("451")


def test_a_row_opens_its_test_by_mouse_and_by_keyboard(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests?sort=-number")
    cell(page, 1, "title").click()
    expect(page).to_have_url(re.compile("/test/2$"))
    page.goto("/tests?sort=-number")
    cell(page, 0, "number").get_by_role("link").focus()
    page.locator(".ag-header-cell[col-id=title]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/test/2$"))


def test_many_are_assigned_with_an_answer_each(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests?state=draft")
    expect(cell(page, 1, "number")).to_have_text(re.compile(r"^\d+$"))
    for row in (0, 1):
        page.locator(f".ag-row[row-index='{row}'] .ag-checkbox-input").click()
    bulk = page.get_by_role("form", name="What to do with the tests that are chosen")
    expect(bulk).to_contain_text("2 tests chosen")
    bulk.get_by_role("button", name="Assign", exact=True).click()
    bulk.get_by_label("Side").select_option("blue")
    bulk.get_by_label("To").select_option(label="Beatriz Silva")
    bulk.get_by_role("button", name="Assign (2)").click()
    results = page.locator("#tests-results")
    expect(results).to_contain_text("2 of 2 tests answered.")
    expect(cell(page, 0, "blue")).to_have_text("Beatriz Silva")
    expect(bulk).to_have_count(0)

    page.locator(".ag-row[row-index='0'] .ag-checkbox-input").click()
    bulk.get_by_role("button", name=re.compile(r"^All \d+ that match$")).click()
    bulk.get_by_role("button", name="Cancel tests").click()
    bulk.get_by_label("Reason").fill("The plan has changed")
    bulk.get_by_role("button", name=re.compile(r"^Cancel tests \(\d+\)$")).click()
    expect(results.get_by_role("heading")).to_have_text("Cancel test")
    expect(results).to_contain_text(re.compile(r"(\d+) of \1 tests answered\."))
    assert rows("SELECT count(*) FROM security_test WHERE state = 'draft'")[0][0] == 0
    count(page).to_have_text("No test matches. Take a filter away, or search for fewer words.")


def test_a_view_comes_back_under_its_name(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests?outcome=missed&columns=title,state&rows=dense&sort=priority")
    expect(page.locator(".ag-header-cell[col-id=title]")).to_be_visible()
    expect(page.locator(".ag-header-cell[col-id=platform]")).to_have_count(0)
    page.locator(".saved-views summary").click()
    page.get_by_label("Name of this view").fill("Missed first")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator("#toasts")).to_contain_text("The view is kept.")

    page.goto("/tests")
    expect(page.locator(".ag-header-cell[col-id=platform]")).to_be_visible()
    page.locator(".saved-views summary").click()
    page.get_by_role("link", name="Missed first").click()
    expect(page.locator(".ag-header-cell[col-id=platform]")).to_have_count(0)
    expect(page.locator("#answer")).to_have_text(re.compile(r"tests match$"))
    expect(page).to_have_url(re.compile("outcome=missed"))


def test_the_board_by_mouse_and_arrow_keys(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests")
    page.get_by_label("Show").select_option("board")
    expect(page.get_by_role("heading", name=re.compile("^Validated"))).to_be_visible()
    cards = page.locator(".board-column:first-child .board-card")
    cards.first.focus()
    page.keyboard.press("ArrowDown")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".board-column:nth-child(2) .board-card:focus")).to_have_count(1)
    page.get_by_role("link", name="Validated", exact=True).click()
    expect(page).to_have_url(re.compile(r"/tests\?state=validated$"))
    expect(page.locator("#answer")).to_have_text(re.compile("tests match"))


def test_a_grid_that_goes_while_it_has_something_to_tell_is_not_asked(lead: Person, page_of: PageOf) -> None:
    page = page_of(lead)
    page.goto("/tests")
    count(page).to_have_text(re.compile(r"^1–\d+ of 900$"))
    page.evaluate("""async () => {
        const grid = await window.dash_ag_grid.getApiAsync("tests-grid");
        grid.purgeInfiniteCache();
        grid.destroy();
        await new Promise((done) => setTimeout(done, 500));
    }""")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_a_row_is_a_card_and_nothing_is_cut_off(lead: Person, page_of: PageOf, theme: str) -> None:
    page = page_of(lead, width=390, height=844, theme=theme)
    page.goto("/tests")
    expect(page.locator(".tests-card").first).to_be_visible()
    expect(page.locator(".ag-header-cell[col-id=platform]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/tests?view=board")
    expect(page.locator(".board-card").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
