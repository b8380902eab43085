"""A person walks through Aegis in a browser: from the first sign-in to the last figure, and back again."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from rq import Queue
from rq.worker import SimpleWorker

from data import redis as redis_connection
from data.database import SYSTEM, Actor
from data.sources.registry import SOURCES
from domain.roles import Role
from jobs import people
from tests.callbacks.asking import Asking, said
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
AddPerson = Callable[..., Person]
OWN = "Chosen by myself, 1 time"
UNLOADED = f"{len(SOURCES) - 1} of {len(SOURCES)} sources not loaded"  # all but the map
BESIDE_DEMO = f"{len(SOURCES) - 3} of {len(SOURCES)} sources not loaded"  # it has rules and countermeasures of its own


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def sign_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def arrived(page: Page, title: str) -> None:
    expect(page.locator("#title")).to_have_text(title)


def busiest() -> tuple[str, str, str, str]:
    """A technique with a rule and one tactic only: its id and name, the tactic's short name and name."""
    (found,) = rows("""
        SELECT t.attack_id, t.name, tactic.shortname, tactic.name FROM technique AS t
        JOIN technique_tactic AS link ON link.technique_id = t.id JOIN tactic ON tactic.id = link.tactic_id
        WHERE t.active AND NOT t.is_subtechnique AND cardinality(t.tactics) = 1
          AND EXISTS (SELECT FROM rule_technique AS claim WHERE claim.technique_id = t.id)
          AND EXISTS (SELECT FROM security_test AS test WHERE test.technique_id = t.id AND test.state = 'validated')
        ORDER BY t.attack_id LIMIT 1""")
    return found


def test_from_the_first_sign_in_to_a_rule_and_back(server: Flask, page_of: PageOf) -> None:
    once = people.add_user(SYSTEM, Role.ADMIN, "owner", Role.ADMIN)
    attack_id, name, shortname, tactic = busiest()
    page = page_of()

    page.goto("/heatmap?colour=claimed")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    sign_in(page, "owner", once)
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("One-time password").fill(once)
    page.get_by_label("New password", exact=True).fill(OWN)
    page.get_by_label("New password again").fill(OWN)
    page.get_by_role("button", name="Change password").click()
    expect(page).to_have_url(re.compile(r"/heatmap\?colour=claimed$"))
    expect(page.get_by_label("Colour by")).to_have_value("claimed")

    page.locator("#rail").get_by_role("link", name="Overview").click()
    arrived(page, "Overview")
    page.get_by_role("table", name="Coverage by tactic").get_by_role("link", name=tactic, exact=True).click()
    expect(page).to_have_url(re.compile(rf"/heatmap\?tactic={shortname}$"))
    arrived(page, "Heatmap")
    expect(page.locator(".mx-col:visible")).to_have_count(1)

    page.get_by_role("link", name=re.compile(rf"^{attack_id} ")).focus()
    page.keyboard.press("Enter")
    arrived(page, f"{attack_id} {name}")
    page.locator("#rules a[href^='?rule=']").first.click()
    panel = page.locator(".side")
    expect(panel).to_be_focused()
    expect(page).to_have_url(re.compile(rf"/technique/{attack_id}\?rule=[0-9a-f-]{{36}}$"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"/technique/{attack_id}$"))
    page.go_back()
    expect(panel).to_be_visible()
    panel.get_by_role("link", name="Close").click()
    expect(panel).to_have_count(0)

    for _ in range(3):  # past the panel closed, open, and the technique as it was first
        page.go_back()
    expect(page).to_have_url(re.compile(rf"/heatmap\?tactic={shortname}$"))
    arrived(page, "Heatmap")
    expect(page.locator(".mx-col:visible")).to_have_count(1)


def test_the_search_box_leads_to_a_technique_and_outside(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"))
    page.goto("/sources")
    arrived(page, "Sources")
    page.keyboard.press("/")
    box = page.get_by_role("dialog", name="Search")
    expect(box.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("T1059.001")
    expect(box.get_by_role("link")).to_have_count(1)
    page.keyboard.press("Enter")
    arrived(page, "T1059.001 PowerShell")
    expect(box).to_be_hidden()

    page.keyboard.press("/")
    page.keyboard.type("mimikatz")
    hit = box.get_by_role("link", name="Mimikatz").first
    expect(hit).to_have_attribute("href", re.compile(r"^https://attack\.mitre\.org/software/S0002"))
    expect(hit).to_have_attribute("target", "_blank")


def test_what_is_shown_can_be_taken_along(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"))
    page.goto("/heatmap?tactic=execution&platform=Linux&colour=score")
    headline = page.locator("#answer")
    expect(headline).not_to_be_empty()
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Navigator layer")).click()
    layer = json.loads(Path(download.value.path()).read_bytes())
    assert layer["name"] == "Aegis: Score, ATT&CK Enterprise 18.1"
    assert layer["description"].startswith(f"{headline.inner_text()}. ")
    assert "Execution" in layer["description"]
    assert "Linux" in layer["description"]
    assert layer["filters"]["platforms"] == ["Linux"]
    assert {note["tactic"] for note in layer["techniques"]} == {"execution"}
    assert download.value.suggested_filename.endswith(".json")


def test_the_demo_organisation_leaves_without_a_trace(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("ada", Role.ADMIN))
    banner = page.locator("#demo-banner")
    page.goto("/")
    expect(page.locator("#answer")).to_have_text(
        re.compile(r"^\d+ of 100( \(\w+ [\d.]+ in a month\))?, \d+ of \d+ techniques tested$")
    )
    for path in ("/heatmap", "/sources", "/account", "/admin/users", "/technique/T1059"):
        page.goto(path)
        expect(banner).to_contain_text("Demo organisation.")
    page.goto("/")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog", name="Remove the demo organisation").get_by_role("button", name="Close").click()
    expect(banner).to_contain_text("Demo organisation.")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove demo data").click()
    expect(page.locator("#answer")).to_have_text(re.compile(r"^\d+ techniques in scope, none tested yet$"))
    expect(banner).to_be_empty()
    expect(page.get_by_text("Nothing has been tested yet.")).to_be_visible()
    for name, answer in (
        ("Heatmap", r"^0 of \d+ techniques covered$"),
        ("Sources", f"^{UNLOADED}$"),
        ("Users", r"^1 person can sign in$"),
    ):
        page.locator("#rail").get_by_role("link", name=name).click()
        arrived(page, name)
        expect(page.locator("#answer")).to_have_text(re.compile(answer))
        expect(page.get_by_text(re.compile("demo", re.IGNORECASE))).to_have_count(0)
    page.reload()
    expect(page.get_by_text(re.compile("demo", re.IGNORECASE))).to_have_count(0)


def test_logging_out_leaves_nothing_open(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"))
    page.goto("/heatmap")
    arrived(page, "Heatmap")
    page.get_by_label("You").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile(r"/login$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fheatmap$"))


def test_a_session_revoked_meanwhile_leads_back_to_the_same_view(
    page_of: PageOf, forgive: Callable[..., None], add_person: AddPerson
) -> None:
    vera = add_person("vera")
    page = page_of(vera)
    page.goto("/heatmap?colour=score&tactic=execution")
    expect(page.get_by_label("Colour by")).to_have_value("score")
    (owner,) = rows("SELECT id FROM user_account WHERE username = 'vera'")[0]
    assert people.end_all_sessions(Actor(name="vera", id=owner)) == 1
    page.get_by_label("Colour by").select_option("claimed")
    expect(page).to_have_url(re.compile(r"/login\?ended=1&next="))
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    forgive("401")
    sign_in(page, "vera", vera.password)
    expect(page).to_have_url(re.compile(r"/heatmap\?colour=claimed&tactic=execution$"))
    expect(page.get_by_label("Colour by")).to_have_value("claimed")
    expect(page.locator(".mx-col:visible")).to_have_count(1)


def test_logging_out_everywhere_ends_here_too(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"))
    page.goto("/account")
    page.get_by_role("button", name="Log out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Log out everywhere").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/account")
    expect(page).to_have_url(re.compile(r"/login\?next=%2Faccount$"))


def test_an_administrator_lets_somebody_in_and_keeps_them_out(page_of: PageOf, add_person: AddPerson) -> None:
    page, theirs = page_of(add_person("ada", Role.ADMIN)), page_of()
    page.goto("/admin/users")
    page.get_by_text("Add a person").click()
    page.get_by_label("Username").fill("jonas")
    page.get_by_role("radio", name="Red lead").first.check()
    page.get_by_role("button", name="Add person").click()
    secret = page.locator("#user-secret code")
    theirs.goto("/login")
    sign_in(theirs, "jonas", secret.inner_text())
    expect(theirs.get_by_role("heading", name="Choose a password")).to_be_visible()

    page.get_by_role("link", name="jonas", exact=True).click()
    panel = page.locator(".side")
    expect(panel).to_contain_text("Red lead")
    panel.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("jonas is disabled and signed out everywhere.")).to_be_visible()
    expect(panel.get_by_role("button", name="Enable")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_bad_upload_is_followed_to_its_sentence(page_of: PageOf, add_person: AddPerson, tmp_path: Path) -> None:
    file = tmp_path / "layer.json"
    file.write_text("{}")
    page = page_of(add_person("ada", Role.ADMIN))
    page.goto("/sources")
    card = page.locator(".source", has_text="MITRE ATT&CK")
    card.get_by_text("Use a file instead").click()
    card.locator("input[type=file]").set_input_files(file)
    card.get_by_role("button", name="Upload and sync").click()
    expect(card).to_contain_text("Waiting for a worker")
    expect(page.locator("#answer")).to_have_text(f"MITRE ATT&CK under way; {BESIDE_DEMO}")
    connection = redis_connection.client()
    SimpleWorker([Queue("sync", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")
    expect(card).to_contain_text("layer.json is JSON but not a STIX bundle; give a bundle as MITRE publishes it.")
    expect(page.locator("#answer")).to_have_text(f"MITRE ATT&CK failed last time; {BESIDE_DEMO}")
    expect(card).to_contain_text("Enterprise 18.1")  # what was loaded stays


def test_a_viewer_reads_and_nothing_else(
    page_of: PageOf, add_person: AddPerson, client_of: Callable[..., FlaskClient]
) -> None:
    vera = add_person("vera", Role.VIEWER)
    page = page_of(vera)
    page.goto("/")
    expect(page.locator("#answer")).not_to_be_empty()
    expect(page.locator("#rail").get_by_role("link", name="Heatmap")).to_be_visible()
    expect(page.locator("#rail").get_by_role("link", name="Users")).to_have_count(0)
    expect(page.locator("#demo-banner").get_by_role("button")).to_have_count(0)
    page.goto("/admin/users")
    expect(page.get_by_role("heading", name="Your role does not include this page")).to_be_visible()
    expect(page.get_by_text("vera", exact=True)).to_have_count(0)
    page.goto("/sources")
    expect(page.get_by_text("An administrator can sync it.").first).to_be_visible()
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)

    theirs = Asking(client_of(vera))
    refused = theirs.ask("demo-remove.n_clicks", {"demo-remove.n_clicks": 1})
    assert refused.outputs == {}
    assert refused.toast.startswith("This needs the role Administrator; yours is Viewer.")
    assert "Demo" in said(theirs.client.get("/_dash-layout").get_json())


def test_on_a_phone(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"), width=390, height=844)
    page.goto("/")
    expect(page.locator("#answer")).not_to_be_empty()
    expect(page.locator("#rail")).not_to_be_visible()
    page.get_by_role("button", name="Pages").click()
    page.locator("#rail").get_by_role("link", name="Heatmap").click()
    arrived(page, "Heatmap")
    expect(page.locator("#rail")).not_to_be_visible()
    expect(page.locator(".mx-col:visible")).to_have_count(1)
    tabs = page.get_by_role("navigation", name="Tactics").get_by_role("button")
    tabs.filter(has_text="Execution").click()
    page.get_by_role("link", name=re.compile("^T1059 ")).first.click()
    arrived(page, "T1059 Command and Scripting Interpreter")
    for path in ("/", "/heatmap", "/technique/T1059", "/sources", "/account"):
        page.goto(path)
        expect(page.locator("#answer")).not_to_be_empty()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_on_a_phone_a_row_of_many_columns_stands_in_lines(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera"), width=390, height=844)
    for path, table in (
        ("/", "The gaps that weigh most"),
        ("/compliance", "Frameworks"),
        ("/coverage?by=technique", "Techniques and their coverage"),
        ("/campaigns", "Campaigns"),
        ("/account", ""),
    ):
        page.goto(path)
        scrolls = page.locator(f".listing-scroll[aria-label='{table}']" if table else ".listing-scroll")
        row = scrolls.locator("tbody tr").first
        expect(row.locator("td").nth(1)).to_be_visible()
        assert scrolls.evaluate("one => one.scrollWidth - one.clientWidth") == 0, path
        named = row.locator("td").evaluate_all("all => all.map(one => getComputedStyle(one, '::before').content)")
        assert named[0] == "none"  # what the row is about needs no name
        assert [json.loads(name) for name in named[2:]] == page.evaluate(
            "row => [...row.children].slice(2).map(one => one.dataset.column)", row.element_handle()
        )
