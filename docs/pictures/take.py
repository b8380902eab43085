"""Takes the pictures in this folder from a running instance: every page, light and dark, wide and narrow.

The instance has the demo organisation and everything that can be synced; `rehearsals` and `rehearsal` are of one on
ATT&CK 17.1 that has rehearsed 18.1.

AEGIS_PASSWORD=... .venv/bin/python docs/pictures/take.py http://127.0.0.1:8050 owner [NAME...]
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
# name -> address and what is on the page once it is drawn; "/list > selector" is where a link of the list leads
PAGES = {
    "overview": ("/", "text=Needs a look"),
    "heatmap": ("/heatmap", "text=Reconnaissance"),
    "score": ("/score", "text=Snapshots"),
    "weights": ("/score/weights", "text=Versions"),
    "coverage": ("/coverage", "text=The figures"),
    "next": ("/next", "text=by weight"),
    "metrics": ("/metrics", "#curve.is-drawn"),
    "retests": ("/retests", "text=Stale"),
    "compliance": ("/compliance", "text=Frameworks"),
    "import-framework": ("/compliance/import", "text=A table of controls"),
    "framework": ("/compliance/nist_800_53", "text=Controls"),
    "scope": ("/scope", "text=out of scope"),
    "rules": ("/rules", "text=Techniques claimed"),
    "rule": ("/rules > td a[href^='/rules/']", "text=Techniques"),
    "countermeasures": ("/countermeasures", "text=in place"),
    "countermeasure": ("/countermeasures > td a[href^='/countermeasures/']", "text=Techniques"),
    "threats": ("/threats", "text=Own groups"),
    "rehearsals": ("/sources/rehearsal", "text=ATT&CK"),
    "rehearsal": ("/sources/rehearsal > td a[href^='/sources/rehearsal/']", "text=Score"),
    "glossary": ("/glossary", "text=Threat-weighted"),
    "technique": ("/technique/T1003.001", "text=Where we stand"),
    "tests": ("/tests", ".ag-row .status"),
    "board": ("/tests?view=board", "text=In review"),
    "queue": ("/tests?view=mine", "text=Waiting since"),
    "test": ("/test/816", "#tools table"),
    "new-test": ("/tests/new", "text=Plan a test"),
    "import": ("/tests/import", "text=Look through it"),
    "contradictions": ("/tests/contradictions", "text=Looked for"),
    "campaigns": ("/campaigns", "text=In the manner of"),
    "campaign": ("/campaigns > a[href^='/campaign/']:has-text('Scattered Spider')", "text=From plan to detection"),
    "actors": ("/actors", "text=APT29"),
    "actor": ("/actor/G0016", "text=Plan a campaign from the gaps"),
    "plan": ("/plan?actor=G0016&platform=Windows", "text=Plan the ticked tests"),
    "templates": ("/templates", "text=Write a template"),
    "template": ("/templates > td a[href^='/template/']", "text=Versions"),
    "tools": ("/tools", "text=Endpoint"),
    "notifications": ("/notifications", "text=Channels"),
    "sources": ("/sources", "text=MITRE ATT&CK"),
    "account": ("/account", "text=Sessions"),
    "users": ("/admin/users", "text=People"),
    "jobs": ("/admin/jobs", "text=Workers"),
    "audit": ("/admin/audit", "text=Is the log whole?"),
}
WIDTHS = {1440: 900, 390: 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def main(address: str, username: str, password: str, only: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for theme in ("light", "dark"):
            for width, height in WIDTHS.items():
                _take(browser, address, username, password, theme, width, height, only or [*PAGES, "login"])
        browser.close()


def _take(
    browser: Browser, base: str, username: str, password: str, theme: str, width: int, height: int, only: list[str]
) -> None:
    context = browser.new_context(
        base_url=base,
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/login")
    if "login" in only:
        _save(page, "login", theme, width)
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("button[type=submit]")
    for name, (address, sign) in ((name, page_) for name, page_ in PAGES.items() if name in only):
        path, _, link = address.partition(" > ")
        page.goto(path)
        if link:
            page.locator(link).first.click()
        page.wait_for_selector(sign, state="attached")
        page.wait_for_load_state("networkidle")
        page.wait_for_selector(".tests-wait", state="detached")
        _save(page, name, theme, width)
    context.close()


def _save(page: Page, name: str, theme: str, width: int) -> None:
    """With a palette of 256 colours, chosen so that the rare ones that mean something stay: a third of the size."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    reduced = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(HERE / f"{name}-{theme}-{width}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], os.environ["AEGIS_PASSWORD"], sys.argv[3:])
