"""A test in a browser: started, submitted and evaluated; odd times, two at once, nobody there to do it, comments."""

import io
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import evidence, presence, workflow
from pages.components.sides import TOUCHED
from tests.conftest import Person
from tests.data import world
from tests.jobs import acting
from tests.jobs.acting import do, person
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
AddPerson = Callable[..., Person]
Forgive = Callable[..., None]


@pytest.fixture
def test_id(server: object) -> UUID:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"])
    return acting.planned(person("rosa", Role.RED_LEAD), procedure="echo #{what}", arguments={"what": "hello"})


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    acting.worker_at_once(monkeypatch)


def address() -> str:
    return f"/test/{rows('SELECT number FROM security_test')[0][0]}"


def opened(page: Page) -> None:
    page.goto(address())
    expect(page.locator("#title")).to_have_text("Encoded command")


def pressed(page: Page, name: str) -> None:
    page.get_by_role("group", name="Actions").get_by_role("button", name=name).click()


def submits(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


@pytest.mark.usefixtures("test_id", "worker")
def test_red_starts_and_submits_an_odd_time_after_being_asked(
    page_of: PageOf, add_person: AddPerson, forgive: Forgive
) -> None:
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    expect(page.locator("#procedure pre")).to_have_text("echo hello")
    pressed(page, "Start execution")
    expect(page.get_by_text("Start execution: done.")).to_be_visible()
    expect(page.locator(".stopwatch.is-running")).to_have_count(1)

    pressed(page, "Submit red's side")
    dialog = page.get_by_role("dialog", name="Submit red's side")
    ran = dialog.get_by_label("When did the attack run?")
    expect(ran).to_have_value("")  # never the time of the click
    submits(page, "Submit red's side")
    expect(dialog).to_be_visible()  # the browser asks for what is missing
    ran.fill("2026-01-02T10:20:30")
    dialog.get_by_label("Yes").check()
    dialog.get_by_label("What was done").fill("Ran it twice.")
    submits(page, "Submit red's side")
    expect(dialog.get_by_text(re.compile("before this test was created: is the date right"))).to_be_visible()

    page.reload()  # what was typed is kept
    pressed(page, "Submit red's side")
    expect(dialog.get_by_label("What was done")).to_have_value("Ran it twice.")
    submits(page, "Submit red's side")
    submits(page, "Yes, it is right")
    expect(page.locator("#answer")).to_have_text(re.compile("evaluating$"))
    expect(page.get_by_text("Blue evaluates what the defence did.")).to_be_visible()
    assert rows("SELECT executed_at::text, state FROM security_test") == [("2026-01-02 10:20:30+00", "blue_evaluating")]
    forgive("409")


@pytest.mark.usefixtures("worker")
def test_blue_records_and_changes_what_a_tool_did(test_id: UUID, page_of: PageOf, add_person: AddPerson) -> None:
    acting.tool()
    rosa = person("rosa", Role.RED_LEAD)
    do(test_id, rosa, actions.Start())
    do(
        test_id,
        rosa,
        actions.SubmitRed(executed_at=world.days_ago(0.01), attack_succeeded=True, confirmed=True),
    )
    page = page_of(add_person("ben", Role.BLUE_TECH))
    opened(page)
    pressed(page, "Record observation")
    dialog = page.get_by_role("dialog", name="Record observation")
    dialog.get_by_label("Defence tool").select_option("EDR")
    dialog.get_by_label("No", exact=True).check()
    expect(dialog.get_by_label("Logged at")).to_have_count(0)
    dialog.get_by_label("Logged, no alert").check()
    expect(dialog.get_by_label("Logged at")).to_be_visible()
    dialog.get_by_label("Note").fill("in the console")
    submits(page, "Record observation")
    table = page.get_by_role("table", name="What each defence tool did")
    expect(table).to_contain_text("Logged only")

    table.locator("[data-act=observe]").click()
    expect(dialog.get_by_label("Note")).to_have_value("in the console")
    dialog.get_by_label("No, nothing").check()
    submits(page, "Record observation")
    expect(table).to_contain_text("Missed")
    assert rows("SELECT detection FROM observation") == [("missed",)]


@pytest.mark.usefixtures("worker")
def test_of_two_at_once_the_second_sees_who_was_quicker_and_goes_on(
    test_id: UUID, page_of: PageOf, add_person: AddPerson, forgive: Forgive
) -> None:
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    pressed(page, "Edit plan")
    dialog = page.get_by_role("dialog", name="Edit plan")
    dialog.get_by_label("Title").fill("My title")
    do(test_id, person("rosa", Role.RED_LEAD), actions.EditPlan(priority=1))
    submits(page, "Edit plan")
    expect(dialog.get_by_role("alert")).to_have_text("Changed meanwhile by Rosa: look at it again before you go on.")
    expect(page.get_by_text("High priority")).to_be_visible()
    expect(dialog.get_by_label("Title")).to_have_value("My title")
    submits(page, "Edit plan")
    expect(page.locator("#title")).to_have_text("My title")
    assert rows("SELECT title, priority, version FROM security_test") == [("My title", 1, 3)]
    forgive("409")


@pytest.mark.usefixtures("test_id")
def test_without_a_worker_it_is_kept_and_the_page_says_so(page_of: PageOf, add_person: AddPerson) -> None:
    presence.forget()
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    expect(page.get_by_text("No worker is running; your action is kept and done when one returns.")).to_be_visible()
    pressed(page, "Start execution")
    expect(page.get_by_text(re.compile("Queued: Start execution"))).to_be_visible()
    ((key,),) = rows("SELECT id FROM workflow_action WHERE state = 'queued'")
    workflow.perform(str(key))
    expect(page.get_by_text("Start execution: done.")).to_be_visible()
    expect(page.locator("#answer")).to_have_text(re.compile("executing$"))


@pytest.mark.usefixtures("test_id", "worker")
def test_somebody_is_spoken_to_and_text_stays_text(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    box = page.get_by_role("combobox", name="Comment")
    box.press_sequentially("Look @ro")
    expect(page.get_by_role("option", name=re.compile("Rosa"))).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("Look @rosa ")
    box.press_sequentially("<b>here</b> @nobody")
    box.press("Control+Enter")
    comment = page.locator(".comments li")
    expect(comment).to_contain_text("Look @rosa <b>here</b> @nobody")
    expect(comment.locator(".mention")).to_have_text("@rosa")
    expect(box).to_have_value("")


@pytest.mark.usefixtures("worker")
def test_the_page_follows_what_others_do(test_id: UUID, page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("vera", Role.VIEWER))
    opened(page)
    expect(page.get_by_role("group", name="Actions").get_by_role("button")).to_have_count(0)
    do(test_id, person("rosa", Role.RED_LEAD), actions.Start())
    expect(page.locator("#answer")).to_have_text(re.compile("executing$"))


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(test_id: UUID, page_of: PageOf, add_person: AddPerson, width: int) -> None:
    page = page_of(add_person("rita", Role.RED_LEAD), width=width)
    opened(page)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    pressed(page, "Edit plan")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(wide) <= 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("group", name="Actions").get_by_role("button", name="Edit plan")).to_be_focused()


@pytest.mark.usefixtures("worker")
def test_the_rule_that_fired_may_claim_another_technique(test_id: UUID, page_of: PageOf, add_person: AddPerson) -> None:
    acting.tool()
    other = world.technique("T1003", under=["execution"])
    world.rule({"T1059": acting.home()}, title="Encoded command line")
    world.rule({"T1003": other}, title="Memory of a process read")
    rosa = person("rosa", Role.RED_LEAD)
    do(test_id, rosa, actions.Start())
    do(
        test_id,
        rosa,
        actions.SubmitRed(executed_at=world.days_ago(0.01), attack_succeeded=True, confirmed=True),
    )
    page = page_of(add_person("ben", Role.BLUE_TECH))
    opened(page)
    pressed(page, "Record observation")
    dialog = page.get_by_role("dialog", name="Record observation")
    dialog.get_by_label("Defence tool").select_option("EDR")
    dialog.get_by_label("No", exact=True).check()
    dialog.get_by_label("Logged, no alert").check()
    rule = dialog.get_by_role("combobox", name="Rule that fired")
    rule.focus()
    expect(dialog.get_by_role("listbox", name="Rules").get_by_role("option")).to_have_text(["Encoded command line"])
    rule.press_sequentially("memory")
    expect(dialog.get_by_role("listbox", name="Rules").get_by_role("option")).to_have_text(["Memory of a process read"])
    rule.press("Escape")  # closes the list, not the form
    expect(dialog).to_be_visible()
    rule.press("ArrowDown")
    rule.press("Enter")
    submits(page, "Record observation")
    fired = page.get_by_role("table", name="What each defence tool did").get_by_role("link")
    expect(fired).to_have_text("Memory of a process read")
    expect(fired).to_have_attribute("href", re.compile(r"^/technique/T1003\?rule="))


@pytest.mark.usefixtures("worker")
def test_a_time_is_taken_from_evidence_to_the_fraction(
    test_id: UUID, page_of: PageOf, add_person: AddPerson, forgive: Forgive
) -> None:
    rosa = person("rosa", Role.RED_LEAD)
    do(test_id, rosa, actions.Start())
    ran = world.NOW.replace(microsecond=125_000)
    log = f"{ran.isoformat()} payload ran\n".encode()
    evidence.attach(rows("SELECT number FROM security_test")[0][0], Team.RED, "run.log", io.BytesIO(log), rosa)
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    pressed(page, "Submit red's side")
    dialog = page.get_by_role("dialog", name="Submit red's side")
    dialog.get_by_role("button", name="From evidence").click()
    expect(dialog.get_by_text("payload ran")).to_be_visible()
    dialog.locator(".times li button").click()
    expect(dialog.get_by_label("When did the attack run?")).to_have_value(f"{ran:%Y-%m-%dT%H:%M:%S}")
    dialog.get_by_label("Yes").check()
    submits(page, "Submit red's side")
    submits(page, "Yes, it is right")
    expect(dialog).to_have_count(0)
    assert rows("SELECT executed_at FROM security_test") == [(ran,)]
    assert rows("SELECT taken_from #>> '{executed_at,name}' FROM test_round") == [("run.log",)]
    expect(page.locator(".side-panel.is-red dd").get_by_role("link", name="run.log")).to_be_visible()
    forgive("409")


@pytest.mark.usefixtures("test_id", "worker")
def test_files_chosen_while_the_page_is_drawn_anew_are_added(page_of: PageOf, add_person: AddPerson) -> None:
    page = page_of(add_person("rita", Role.RED_TECH))
    opened(page)
    pressed(page, "Start execution")
    expect(page.get_by_text("Start execution: done.")).to_be_visible()
    files = page.locator("#evidence-red")
    files.get_by_label("What the next files show").fill("The shell")
    with page.expect_file_chooser() as choosing:
        files.get_by_text("Choose files").click()
    page.evaluate("document.querySelector('#evidence-red').dataset.drawn = 'before'")
    with page.expect_response("**/_dash-update-component*"):
        page.evaluate("id => window.dash_clientside.set_props(id, { data: Date.now() })", TOUCHED)
    expect(page.locator("#evidence-red[data-drawn]")).to_have_count(0)
    choosing.value.set_files({"name": "shell.txt", "mimeType": "text/plain", "buffer": b"whoami\n"})
    expect(files.get_by_role("link", name="Download shell.txt")).to_be_visible()
    expect(files.get_by_text("The shell")).to_be_visible()
