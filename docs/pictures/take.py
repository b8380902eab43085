"""Takes the pictures in this folder from a running instance: every page, light and dark, wide and narrow.

AEGIS_PASSWORD=... .venv/bin/python docs/pictures/take.py http://127.0.0.1:8050 owner
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
# name -> address, and what is on the page once it is drawn
PAGES = {
    "overview": ("/", "text=Needs a look"),
    "heatmap": ("/heatmap", "text=Reconnaissance"),
    "technique": ("/technique/T1003.001", "text=Where we stand"),
    "tests": ("/tests", "text=Plan a test"),
    "test": ("/test/816", "text=Defence tools"),
    "campaigns": ("/campaigns", "text=In the manner of"),
    "actors": ("/actors", "text=APT29"),
    "actor": ("/actor/G0016", "text=Plan a campaign from the gaps"),
    "plan": ("/plan?actor=G0016&platform=Windows", "text=Plan the ticked tests"),
    "templates": ("/templates", "text=Write a template"),
    "tools": ("/tools", "text=Endpoint"),
    "notifications": ("/notifications", "text=Channels"),
    "sources": ("/sources", "text=MITRE ATT&CK"),
    "account": ("/account", "text=Sessions"),
    "users": ("/admin/users", "text=People"),
}
WIDTHS = {1440: 900, 390: 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def main(address: str, username: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for theme in ("light", "dark"):
            for width, height in WIDTHS.items():
                _take(browser, address, username, password, theme, width, height)
        browser.close()


def _take(browser: Browser, address: str, username: str, password: str, theme: str, width: int, height: int) -> None:
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/login")
    _save(page, "login", theme, width)
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("button[type=submit]")
    for name, (path, sign) in PAGES.items():
        page.goto(path)
        page.wait_for_selector(sign, state="attached")
        page.wait_for_load_state("networkidle")
        _save(page, name, theme, width)
    context.close()


def _save(page: Page, name: str, theme: str, width: int) -> None:
    page.screenshot(path=HERE / f"{name}-{theme}-{width}.png")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], os.environ["AEGIS_PASSWORD"])
