"""Every page in a browser, light and dark, by axe-core: nothing that keeps people out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect
from rq import Queue
from rq.worker import SimpleWorker

from app.navigation import PAGES
from data import redis as redis_connection
from data.database import Actor
from domain.roles import Role
from jobs import rehearsals, syncs
from tests.conftest import Person, new_database, url_of
from tests.data.sources import stix
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import at, bundle_file, rows

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
EVERY_RULE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
THEME = """theme => new Promise(done => {
  document.documentElement.setAttribute("data-bs-theme", theme);
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
LEAVE = """path => {
  document.querySelector("#page").firstElementChild.setAttribute("data-left", "");
  window.aegis.go(path);
}"""
DRAWN = "() => !document.querySelector('.chart.is-waiting')"
# A page whose address names a thing -> which of those there are.
EXAMPLES = {
    "/technique/": "SELECT 'T1059.001'",
    "/actor/": "SELECT 'G0016'",
    "/test/": "SELECT min(number)::text FROM security_test WHERE state = 'validated'",
    "/campaign/": "SELECT id::text FROM test_campaign ORDER BY created_at LIMIT 1",
    "/compliance/": "SELECT slug FROM framework WHERE is_demo",
    "/rules/": "SELECT id::text FROM detection_rule ORDER BY title LIMIT 1",
    "/countermeasures/": "SELECT d3fend_id FROM countermeasure ORDER BY d3fend_id LIMIT 1",
    "/template/": "SELECT id::text FROM test_template LIMIT 1",
    "/sources/rehearsal/": "SELECT id::text FROM attack_rehearsal",
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


@pytest.fixture
def filled(server: object, tmp_path: Path) -> None:
    """A template and a rehearsal beside the demo organisation, which has neither."""
    folder = tmp_path / "atomics"
    folder.mkdir()
    (folder / "a.yml").write_text(atomic_file("T1059", atomic_test(1, name="Atomic")))
    syncs.sync_in_place("atomic", input=at(folder))
    bundle = bundle_file(tmp_path, stix.SHELL, stix.TASK, version="19.0")
    rehearsals.request(Actor(name="ana"), Role.ADMIN, at(bundle))
    connection = redis_connection.client()
    SimpleWorker([Queue("sync", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")
    assert rows("SELECT state FROM attack_rehearsal") == [("ready",)]


def addresses() -> list[str]:
    """One of every page."""
    found = []
    for page in PAGES:
        before, _, named = page.module.PATH.partition("<")
        found.append(before + rows(EXAMPLES[before])[0][0] if named else before)
    return found


@pytest.mark.usefixtures("filled")
def test_no_page_keeps_anybody_out(add_person: Callable[..., Person], page_of: Callable[..., Page]) -> None:
    person = add_person("ada", Role.ADMIN)
    page, wrong = page_of(person), []
    page.goto("/glossary")
    expect(page.locator("#title")).to_have_text("Glossary")
    page.evaluate(AXE)
    for path in addresses():
        page.evaluate(LEAVE, path)
        expect(page.locator("[data-left]")).to_have_count(0)
        page.wait_for_function(DRAWN)
        wrong += [f"{path} {one}" for one in serious(page, EVERY_RULE)]
        page.evaluate(THEME, "dark")
        wrong += [f"{path} (dark) {one}" for one in serious(page, COLOURS)]
        page.evaluate(THEME, "light")
    assert not wrong, "\n".join(wrong)
