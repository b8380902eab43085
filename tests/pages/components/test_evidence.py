"""The panel of evidence in a real browser: many files at once, what is refused, a screenshot, a picture, a deletion."""

import base64
import io
import re
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from dash import dcc, html
from playwright.sync_api import Page, Route, expect

from app import navigation
from callbacks.viewer import Viewer
from data.database import Actor
from data.queries import evidence as kept
from domain.evidence import Evidence
from domain.roles import Permission, Role
from domain.testing.person import Team
from jobs import evidence
from pages.components.evidence import panel
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

MEBIBYTE = 1024 * 1024
WHY_NOT = "This test is validated; its evidence is complete."


def png(width: int = 320, height: int = 200) -> bytes:
    """A picture of a few stripes."""
    line = b"\x00" + b"".join(bytes((60, 90 + 120 * (x // 16 % 2), 160)) for x in range(width))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(line * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def open_files(me: Viewer, query: dict[str, str], number: str) -> html.Div:
    """A page with nothing but both panels: who works on a side adds to it."""
    ((test_id,),) = rows("SELECT id FROM security_test WHERE number = :number", number=int(number))
    items = kept.of_test(test_id)
    panels = [
        html.Section(
            [
                html.Header(html.H2(side.label)),
                panel(
                    int(number),
                    side,
                    items,
                    may_add=me.may(Permission.ADD_EVIDENCE) and me.may(side.works),
                    may_delete=me.may(Permission.MANAGE_EVIDENCE),
                    why_not=WHY_NOT,
                    touches="touched",
                ),
            ],
            className="panel is-half",
        )
        for side in Team
    ]
    return html.Div([*panels, dcc.Store(id="touched")], className="grid")


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    files = SimpleNamespace(PATH="/files-of/<number>", TITLE="Files", NAV=None)
    monkeypatch.setattr(navigation, "PAGES", (*navigation.PAGES, navigation.Page(files, open_files)))


@pytest.fixture
def test_id(server: object) -> UUID:
    return world.security_test(world.technique("T1059"), state="red_executing")


@pytest.fixture
def address(test_id: UUID) -> str:
    ((number,),) = rows("SELECT number FROM security_test")
    return f"/files-of/{number}"


@pytest.fixture
def red(add_person: Callable[..., Person]) -> Person:
    return add_person("rita", Role.RED_TECH)


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(page: Page, *files: dict[str, Any], side: str = "red") -> None:
    with page.expect_file_chooser() as choosing:
        page.locator(f"#evidence-{side}").get_by_role("button", name="Choose files").click()
    choosing.value.set_files(list(files))


def shown(page: Page, side: str = "red") -> Any:
    return page.locator(f"#evidence-{side} .evidence-row")


def test_the_panel_sends_only_its_side() -> None:
    items = [
        Evidence(
            id=uuid4(),
            side=side,
            round=1,
            name="a.png",
            caption="",
            media_type="image/png",
            size=1,
            sha256="ab",
            uploaded_by="Ana",
            uploaded_at=datetime(2026, 11, 24, tzinfo=UTC),
        )
        for side in Team
    ]
    made = panel(7, Team.BLUE, items, may_add=True, may_delete=False).to_plotly_json()["props"]
    assert [item["id"] for item in made["items"]] == [str(items[1].id)]
    assert (made["number"], made["side"], made["mayAdd"], made["mayDelete"]) == (7, "blue", True, False)
    assert (made["items"][0]["kind"], made["items"][0]["previewed"]) == ("PNG image", True)


@pytest.mark.browser
class TestInBrowser:
    def test_several_files_at_once_good_and_bad(
        self, page_of: Callable[..., Page], red: Person, address: str, forgive: Callable[..., None]
    ) -> None:
        page = page_of(red)
        page.goto(address)
        expect(page.locator("#evidence-red")).to_contain_text("No files yet.")
        page.get_by_label("What the next files show").fill("The shell")
        choose(
            page,
            file("shot.png", png()),
            file("fake.png", b"MZ\x90\x00"),
            file("events.log", b"a line\n"),
            file("empty.txt", b""),
        )
        expect(page.locator(".evidence-row:not(.is-sending)")).to_have_count(2)
        expect(shown(page).filter(has_text="fake.png")).to_contain_text(
            "fake.png is not what its name says but a program for Windows; nothing was kept."
        )
        expect(shown(page).filter(has_text="empty.txt")).to_contain_text("It is empty, or a folder.")
        kept_row = shown(page).filter(has_text="shot.png")
        expect(kept_row).to_contain_text("The shell")
        expect(kept_row).to_contain_text("PNG image")
        expect(kept_row).to_contain_text("Round 1, Rita")
        assert kept_row.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
        page.get_by_role("button", name="Close fake.png").click()
        expect(shown(page).filter(has_text="fake.png")).to_have_count(0)
        assert rows("SELECT name, caption FROM evidence ORDER BY name") == [
            ("events.log", "The shell"),
            ("shot.png", "The shell"),
        ]
        page.reload()
        expect(shown(page)).to_have_count(2)
        forgive("422")

    def test_a_file_that_is_too_large_is_not_even_sent(
        self, page_of: Callable[..., Page], red: Person, address: str
    ) -> None:
        page = page_of(red)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method + request.url))
        page.goto(address)
        page.locator("#evidence-red .evidence-adding").evaluate(
            """zone => {
              const data = new DataTransfer();
              data.items.add(new File([new Blob([new Uint8Array(101 * 1048576)])], "huge.pcap"));
              zone.dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: data}));
            }"""
        )
        expect(shown(page)).to_contain_text("It has 101 MB; the limit is 100 MB.")
        assert not [one for one in asked if "/evidence" in one]

    def test_progress_and_a_connection_that_breaks(
        self, page_of: Callable[..., Page], red: Person, address: str, forgive: Callable[..., None]
    ) -> None:
        page = page_of(red)
        page.goto(address)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route(re.compile("/api/tests/"), hold)
        choose(page, file("one.log", b"1\n"), file("two.log", b"2\n"))
        expect(shown(page).filter(has_text="one.log").get_by_role("progressbar")).to_be_visible()
        expect(shown(page).filter(has_text="two.log")).to_contain_text("Waiting")
        held[0].abort()
        expect(shown(page).filter(has_text="one.log")).to_contain_text("The connection broke off. Nothing was kept")
        page.get_by_role("button", name="Stop two.log").click()
        expect(shown(page)).to_have_count(1)
        assert rows("SELECT count(*) FROM evidence") == [(0,)]
        forgive("ERR_FAILED")

    def test_what_is_said_stays_when_the_page_is_drawn_anew(
        self, page_of: Callable[..., Page], red: Person, address: str, forgive: Callable[..., None]
    ) -> None:
        page = page_of(red)
        page.goto(address.replace("/files-of/", "/test/"))
        expect(page.locator("#evidence-red")).to_be_visible()
        choose(page, file("fake.png", b"MZ\x90\x00"), file("one.log", b"1\n"), file("two.log", b"2\n"))
        expect(page.locator("#evidence-red .evidence-row:not(.is-sending)")).to_have_count(2)
        expect(page.locator(".timeline")).to_contain_text("two.log")
        expect(shown(page).filter(has_text="fake.png")).to_contain_text("a program for Windows")
        assert rows("SELECT count(*) FROM evidence") == [(2,)]
        forgive("422")

    def test_files_go_to_the_test_that_is_shown(
        self, page_of: Callable[..., Page], red: Person, test_id: UUID, address: str
    ) -> None:
        ((home,),) = rows("SELECT technique_id FROM security_test")
        other = world.security_test(home, state="red_executing")
        page = page_of(red)
        page.goto(address)
        choose(page, file("one.log", b"1\n"))
        expect(shown(page)).to_have_count(1)
        ((number,),) = rows("SELECT number FROM security_test WHERE id = :id", id=other)
        page.evaluate("path => window.aegis.go(path)", f"/files-of/{number}")
        expect(shown(page)).to_have_count(0)
        choose(page, file("two.log", b"2\n"))
        expect(page.locator(".evidence-row:not(.is-sending)")).to_have_count(1)
        assert rows("SELECT test_id, name FROM evidence ORDER BY name") == [(test_id, "one.log"), (other, "two.log")]

    def test_a_screenshot_is_pasted(self, page_of: Callable[..., Page], red: Person, address: str) -> None:
        page = page_of(red)
        page.goto(address)
        expect(page.locator(".evidence-adding")).to_be_visible()
        page.evaluate(
            """text => {
              const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], "image.png", {type: "image/png"}));
              const pasted = {clipboardData: data, bubbles: true, cancelable: true};
              document.dispatchEvent(new ClipboardEvent("paste", pasted));
            }""",
            base64.b64encode(png()).decode(),
        )
        expect(page.locator(".evidence-name")).to_have_text(re.compile(r"^screenshot-\d{8}-\d{6}\.png$"))

    def test_a_picture_is_looked_at_and_a_file_downloaded(
        self, page_of: Callable[..., Page], red: Person, address: str
    ) -> None:
        page = page_of(red)
        page.goto(address)
        choose(page, file("shot.png", png()))
        page.get_by_role("button", name="Show shot.png").click()
        large = page.get_by_role("dialog", name="shot.png")
        expect(large.locator("img")).to_be_visible()
        page.keyboard.press("Escape")
        expect(large).to_have_count(0)
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download shot.png").click()
        assert waiting.value.suggested_filename == "shot.png"
        assert waiting.value.path().read_bytes() == png()
        expect(page.locator("#evidence-red")).to_be_visible()

    def test_a_lead_deletes_with_a_reason_and_the_tombstone_stays(
        self, page_of: Callable[..., Page], add_person: Callable[..., Person], address: str
    ) -> None:
        page = page_of(add_person("lea", Role.RED_LEAD))
        page.goto(address)
        choose(page, file("shot.png", png()))
        expect(shown(page).locator("img")).to_have_js_property("complete", True)
        page.get_by_role("button", name="Delete shot.png").click()
        asking = page.get_by_role("dialog", name="Delete shot.png")
        expect(asking).to_contain_text("for everybody, and it cannot be brought back")
        sure = asking.get_by_role("button", name="Delete for everybody")
        expect(sure).to_be_disabled()
        asking.get_by_label("Why it is deleted").fill("Shows a customer")
        sure.click()
        expect(asking).to_have_count(0)
        expect(shown(page)).to_contain_text("shot.png deleted")
        expect(shown(page)).to_contain_text("Shows a customer")
        expect(page.get_by_role("button", name="Delete shot.png")).to_have_count(0)
        page.reload()
        expect(shown(page)).to_contain_text("Shows a customer")

    def test_who_may_not_is_told_why(
        self, page_of: Callable[..., Page], red: Person, test_id: UUID, address: str
    ) -> None:
        ((user_id,),) = rows("SELECT id FROM user_account WHERE username = 'rita'")
        number = int(address.rpartition("/")[2])
        evidence.attach(number, Team.RED, "shot.png", io.BytesIO(png()), Actor(name="rita", id=user_id))
        page = page_of(red)
        page.goto(address)
        expect(page.locator("#evidence-blue")).to_contain_text(WHY_NOT)
        expect(page.locator("#evidence-blue input")).to_have_count(0)
        expect(shown(page)).to_have_count(1)
        expect(page.get_by_role("button", name="Delete shot.png")).to_have_count(0)
