"""A lead brings in a table: says which column is which and where it ran, leaves the wrong row out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.roles import Role
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

CSV = """\
What,Where it lies,Executed,Result,Seen by,Alert time
Encoded command,T1059,2026-01-15 09:30,alerted,EDR,2026-01-15 09:42
Dump memory,T1059,2026-01-15 10:30,missed,,
Scheduled task,T1053,,,,
Not of this map,T9999,,,,
"""


@pytest.fixture
def lead(server: object, add_person: Callable[..., Person]) -> Person:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"], platforms=["Windows", "Linux"])
    world.technique("T1053", under=["execution"], platforms=["Windows"])
    return add_person("lena", Role.RED_LEAD)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    made = tmp_path / "winter.csv"
    made.write_text(CSV)
    return made


@pytest.mark.parametrize("width", [1440, 390])
def test_from_a_file_to_tests(lead: Person, table: Path, page_of: Callable[..., Page], width: int) -> None:
    page = page_of(lead, width=width)
    page.goto("/tests/import")
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Look through it").click()
    expect(page).to_have_url(re.compile(r"\?file=[0-9a-f-]{36}$"))
    expect(page.get_by_text("No column holds the techniques.")).to_be_visible()

    fold = page.locator("#import-fold")
    fold.get_by_label("Technique", exact=True).select_option("Where it lies")
    expect(page).to_have_url(re.compile(r"m_technique=Where\+it\+lies"))
    expect(page.get_by_text("T9999 is not on the loaded ATT&CK map.")).to_be_visible()
    for field, heading in (("Title", "What"), ("Defence tools", "Seen by")):
        fold.get_by_label(field, exact=True).select_option(heading)
    page.get_by_label("Rows without a platform").select_option("Linux")
    expect(page.get_by_text("Adds 2 defence tools: EDR, Not named.")).to_be_visible()
    expect(page.get_by_role("button", name="Import 3 tests", exact=True)).to_be_hidden()

    page.get_by_role("button", name="Leave out 1 wrong row, import 3 tests").click()
    expect(page.get_by_text("Added 2 validated tests and 1 draft.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert rows("SELECT title, platform, state FROM security_test ORDER BY number") == [
        ("Encoded command", "Linux", "validated"),
        ("Dump memory", "Linux", "validated"),
        ("Scheduled task", "Windows", "draft"),
    ]
