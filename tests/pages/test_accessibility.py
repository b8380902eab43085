"""Every page in a browser, light and dark, by axe-core: nothing that keeps people out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from app.navigation import PAGES
from domain.roles import Role
from tests.conftest import Person, new_database, url_of
from tests.jobs.syncing import rows

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
EVERY_RULE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
DARK = """() => new Promise(done => {
  document.documentElement.setAttribute("data-bs-theme", "dark");
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
DRAWN = "() => !document.querySelector('.chart.is-waiting')"
# A page whose address names a thing -> which of the demo organisation. Templates and rehearsals it has none of.
EXAMPLES = {
    "/technique/": "SELECT 'T1059.001'",
    "/actor/": "SELECT 'G0016'",
    "/test/": "SELECT min(number)::text FROM security_test WHERE state = 'validated'",
    "/campaign/": "SELECT id::text FROM test_campaign ORDER BY created_at LIMIT 1",
    "/compliance/": "SELECT slug FROM framework WHERE is_demo",
    "/rules/": "SELECT id::text FROM detection_rule ORDER BY title LIMIT 1",
    "/countermeasures/": "SELECT d3fend_id FROM countermeasure ORDER BY d3fend_id LIMIT 1",
}


@pytest.fixture
def database_url(postgres: str, demonstrated: str) -> Iterator[str]:
    """A copy of the map with the demo organisation on it."""
    with new_database(postgres, demonstrated) as name:
        yield url_of(postgres, name)


def serious(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe-core finds serious or critical: rule, and the first elements it names."""
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{one['id']}: {'; '.join(node['html'][:160] + ' ' + node['failureSummary'] for node in one['nodes'][:3])}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def addresses() -> list[str]:
    """One of every page that the demo organisation has something to show on."""
    found = []
    for page in PAGES:
        before, _, named = page.module.PATH.partition("<")
        if not named:
            found.append(before)
        elif before in EXAMPLES:
            found.append(before + rows(EXAMPLES[before])[0][0])
    return found


def test_no_page_keeps_anybody_out(add_person: Callable[..., Person], page_of: Callable[..., Page]) -> None:
    person = add_person("ada", Role.ADMIN)
    page, wrong = page_of(person), []
    asked = addresses()
    assert len(asked) == len(PAGES) - 2, asked
    for path in asked:
        page.goto(path)
        expect(page.locator("#title")).not_to_have_text("")
        page.wait_for_function(DRAWN)
        page.evaluate(AXE)
        wrong += [f"{path} {one}" for one in serious(page, EVERY_RULE)]
        page.evaluate(DARK)
        wrong += [f"{path} (dark) {one}" for one in serious(page, COLOURS)]
    assert not wrong, "\n".join(wrong)
