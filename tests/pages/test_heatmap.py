"""The heatmap in a browser: by mouse, by keyboard, on a phone, and with nothing loaded."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect

from domain.roles import Role
from tests.conftest import Person
from tests.data.sources import stix
from tests.jobs.syncing import rule, sync_attack, sync_rules

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
FOCUSED = "document.activeElement.getAttribute('aria-label')"


@pytest.fixture
def person(add_person: Callable[..., Person]) -> Person:
    return add_person("otto", Role.BLUE_TECH)


@pytest.fixture
def content(server: Flask, tmp_path: Path) -> None:
    sync_attack(
        tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK, stix.GROUP, stix.rel(1, "uses", stix.GROUP, stix.POWERSHELL)
    )
    sync_rules(tmp_path, a=rule(1, "T1059.001"), b=rule(2, "T1053"))


def opened(page: Page, query: str = "") -> Page:
    page.goto("/heatmap" + query)
    expect(page.locator(".mx-legend button").first).to_be_visible()
    return page


def pressed(page: Page, key: str) -> str:
    """Id of the technique in focus after a key."""
    page.keyboard.press(key)
    label: str = page.evaluate(FOCUSED) or ""
    return label.split(" ", maxsplit=1)[0]


def callbacks_of(page: Page) -> list[str]:
    """Every callback the page asks for from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.split("?")[0].endswith("/_dash-update-component"):
            asked.append((request.post_data_json or {})["output"])

    page.on("request", note)
    return asked


@pytest.mark.usefixtures("content")
class TestMatrix:
    def test_the_page_comes_in_one_answer(self, page_of: PageOf, person: Person) -> None:
        page = page_of(person)
        asked = callbacks_of(page)
        opened(page)
        expect(page.locator("#answer")).to_have_text("0 of 3 techniques covered")
        page.wait_for_load_state("networkidle")
        assert [output for output in asked if "heatmap" in output] == []

    def test_by_keyboard_into_a_technique_and_back_to_the_same_place(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person), "?colour=claimed")
        assert page.locator(".mx-grid [tabindex='0']").count() == 1
        page.locator(".mx-grid [tabindex='0']").focus()
        steps = {
            "ArrowDown": "T1059",
            "Home": "T1053",
            "ArrowRight": "T1053",  # under the next tactic
            "ArrowLeft": "T1053",
            "End": "T1059",
        }
        assert {key: pressed(page, key) for key in steps} == steps
        # opens before it moves on, into its sub-technique, back to the technique, and closes it
        opening = [pressed(page, key) for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft")]
        assert opening == ["T1059", "T1059.001", "T1059", "T1059"]
        expect(page.get_by_role("link", name="T1059 Command")).to_have_attribute("aria-expanded", "false")
        assert [pressed(page, key) for key in ("+", "ArrowDown")] == ["T1059", "T1059.001"]
        assert page.evaluate(FOCUSED) == "T1059.001 PowerShell, 1 rule, 1, 0 procedures tested, 1 rule"
        expect(page.get_by_role("tooltip")).to_contain_text("PowerShell")
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/technique/T1059\.001$"))
        page.go_back()
        expect(page).to_have_url(re.compile(r"/heatmap\?colour=claimed$"))
        expect(page.get_by_role("link", name="T1059.001 PowerShell")).to_be_focused()

    def test_a_link_is_a_link(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person))
        link = page.get_by_role("link", name=re.compile("^T1053 ")).first
        assert link.get_attribute("href") == "/technique/T1053"
        with page.context.expect_page() as other:
            link.click(modifiers=["Control"])
        assert other.value.url.endswith("/technique/T1053")
        assert "/heatmap" in page.url

    def test_search_and_legend_single_out_without_asking_the_server(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person))
        asked = callbacks_of(page)
        page.get_by_label("Search", exact=True).and_(page.locator(".filters input")).fill("powersh")
        expect(page.locator(".mx-found")).to_have_text("1 singled out")
        expect(page).to_have_url(re.compile(r"\?q=powersh$"))
        expect(page.get_by_role("link", name="T1059.001 PowerShell")).to_be_visible()  # its technique has opened
        page.locator(".filters input[type=search]").first.press("Enter")
        assert page.evaluate(FOCUSED).startswith("T1059.001")
        page.locator(".filters input[type=search]").first.fill("")
        page.locator(".mx-key", has_text="Not tested").click()
        expect(page).to_have_url(re.compile(r"\?only=untested$"))
        expect(page.locator(".mx-found")).to_have_text("3 singled out")
        assert asked == []

    def test_the_export_takes_the_view_along(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person), "?tactic=execution&colour=claimed")
        page.locator("summary", has_text="Export").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("Navigator layer")).click()
        layer = json.loads(Path(download.value.path()).read_bytes())
        assert {technique["tactic"] for technique in layer["techniques"]} == {"execution"}


@pytest.mark.usefixtures("content")
class TestFilters:
    def test_a_filter_is_one_round_trip_and_part_of_the_address(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person))
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelector('.mx-cell').dataset.same = 'yes'")
        asked = callbacks_of(page)
        page.get_by_label("Colour by").select_option("claimed")
        expect(page.locator("#answer")).to_have_text("2 of 3 techniques with an enabled rule")
        expect(page).to_have_url(re.compile(r"/heatmap\?colour=claimed$"))
        assert len(asked) == 1
        assert page.locator("[data-same]").count() == 1  # recoloured, not built anew

        page.get_by_role("button", name=re.compile("^Threat actors")).click()
        page.get_by_label("Find in Threat actors").press("ArrowDown")
        page.keyboard.press("Space")
        expect(page.locator("#answer")).to_have_text("1 of 1 techniques with an enabled rule")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name=re.compile("^Threat actors"))).to_be_focused()
        assert len(asked) == 2

        page.go_back()
        expect(page.locator("#answer")).to_have_text("2 of 3 techniques with an enabled rule")
        page.go_back()
        expect(page.locator("#answer")).to_have_text("0 of 3 techniques covered")
        expect(page.get_by_label("Colour by")).to_have_value("status")

    def test_time_is_stepped_through_by_a_slider(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person))
        slider = page.get_by_role("slider", name="As of: step through the days")
        expect(slider).to_have_attribute("aria-valuetext", "Today")
        day = datetime.now(UTC).date() + timedelta(days=30)
        slider.press("ArrowRight")
        expect(page.get_by_label("As of", exact=True)).to_have_value(day.isoformat())
        expect(page).to_have_url(re.compile(rf"as_of={day}"))
        expect(page.get_by_text("with evidence as old as it will be if nobody renews it")).to_be_visible()
        slider.press("End")
        expect(page).to_have_url(re.compile(rf"as_of={day + timedelta(days=330)}"))
        slider.press("Home")  # nothing is kept before today
        expect(slider).to_have_attribute("aria-valuetext", "Today")
        expect(page).not_to_have_url(re.compile("as_of"))

    def test_a_view_is_restored_from_its_address(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person), "?colour=score&sub=all&fit=1&tactic=execution&q=shell")
        expect(page.get_by_label("Colour by")).to_have_value("score")
        expect(page.get_by_label("Sub-techniques")).to_have_value("all")
        expect(page.get_by_role("switch", name="Fit width")).to_be_checked()
        expect(page.get_by_role("link", name=re.compile("^T1059.001 "))).to_be_visible()
        page.get_by_role("button", name="Clear filters").click()
        expect(page).to_have_url(re.compile(r"\?colour=score&sub=all&fit=1$"))

    def test_what_nobody_knows_is_left_out_with_a_note(self, page_of: PageOf, person: Person) -> None:
        page = opened(page_of(person), "?colour=rainbow&actor=G9999&platform=Amiga")
        expect(page.locator("#heatmap-notes")).to_contain_text("Threat actor G9999")
        expect(page.locator("#heatmap-notes")).to_contain_text("Platform Amiga")
        expect(page).to_have_url(re.compile(r"/heatmap$"))


@pytest.mark.usefixtures("content")
def test_a_layer_is_added_shown_and_removed(page_of: PageOf, person: Person, tmp_path: Path) -> None:
    notes = [{"techniqueID": "T1053", "score": 80, "color": "#ff0000"}, {"techniqueID": "T9999"}]
    versions = {"layer": "4.5", "navigator": "5.0.0"}
    file = tmp_path / "layer.json"
    file.write_text(
        json.dumps({"name": "APT3", "domain": "enterprise-attack", "versions": versions, "techniques": notes})
    )
    page = opened(page_of(person))
    page.get_by_role("button", name="Add layer").click()
    dialog = page.get_by_role("dialog", name="Add a Navigator layer")
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("Added “APT3”.")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#heatmap-notes")).to_contain_text("1 technique marked; 1 not on this ATT&CK version: T9999")
    expect(page).to_have_url(re.compile(r"overlay=[0-9a-f-]{36}$"))
    expect(page.get_by_role("link", name="1 rule, APT3 80")).to_have_count(2)
    page.get_by_role("button", name="Remove layer").click()
    expect(page).to_have_url(re.compile(r"/heatmap$"))
    expect(page.get_by_label("Layer over it")).to_have_count(0)


@pytest.mark.usefixtures("content")
def test_on_a_phone_one_tactic_at_a_time(page_of: PageOf, person: Person) -> None:
    page = opened(page_of(person, width=360, height=740))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shown = page.locator(".mx-col:visible")
    expect(shown).to_have_count(1)
    expect(page.get_by_label("Tactic", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Tactic", exact=True)).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    tab = page.get_by_role("navigation", name="Tactics").get_by_role("button").last
    tab.click()
    expect(tab).to_have_attribute("aria-pressed", "true")
    expect(shown).to_have_count(1)
    expect(shown.get_by_role("rowheader")).to_contain_text(tab.inner_text())


def test_without_content_the_page_says_what_to_do(page_of: PageOf, add_person: Callable[..., Person]) -> None:
    page = page_of(add_person("ada", Role.ADMIN))
    page.goto("/heatmap")
    expect(page.get_by_role("heading", name="No ATT&CK content is loaded")).to_be_visible()
    expect(page.get_by_role("link", name="Open sources")).to_have_attribute("href", "/sources")
