"""The frame and its parts in a real browser, on a small application of their own under the strict policy."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dash
import pytest
from dash import Input, Output, State, dcc, html
from flask import Flask, Response, jsonify, request
from playwright.sync_api import Browser, Page, Route, expect
from werkzeug.serving import make_server

from domain.roles import Role
from pages.components import frame, parts, toast
from pages.components.frame import Nav, Place

ROOT = Path(__file__).parents[2]
PLACES = [
    Place(path="/", nav=Nav("State", "Overview", "overview", 10, "o")),
    Place(path="/rules", nav=Nav("Content", "Rules", "rules", 20, "r")),
]
LIMIT = 2_000
CALLBACKS = re.compile("_dash-update-component")


def rules() -> html.Div:
    rows: list[list[parts.Cell]] = [
        [
            parts.cell(f"Rule {index}", href=f"/rules?rule={index}"),
            parts.cell("High" if index % 2 else "Low", order=index % 2, mark="on"),
            index,
            parts.moment_cell(datetime(2026, 11, 14, 23, 30, tzinfo=UTC), "day"),
        ]
        for index in range(30)
    ]
    rows[7][0] = parts.cell("=cmd()")
    columns = [parts.column("Rule"), parts.column("Level"), parts.column("n", "num"), parts.column("Seen", "when")]
    form = parts.upload_form(
        "/upload", "Upload", [{"name": "file", "label": "File", "type": "file"}], limit=LIMIT, touches="touched"
    )
    text = '<p><a href="/">Back</a></p>'
    return html.Div(
        [
            parts.listing(columns, rows, caption="Rules", noun="rules", limit=5),
            parts.SafeHtml(html=text, className="prose"),
            form,
            dcc.Store(id="touched"),
            html.Div(id="touched-said"),
            html.Button("Do it", id="do", type="button"),
            html.Div(id="panel"),
        ]
    )


def start() -> html.Div:
    words = "Endpoint detection (EDR): prevented, alerted"
    seen = parts.cell(words, each=[("EDR", ["blocked", "alerted"], words)])
    people = parts.listing([parts.column("Tool")], [[seen]], caption="People", noun="people")
    return html.Div([html.P("State", id="state"), people])


def make_app() -> Flask:
    server = Flask("parts", static_folder=None)
    app = dash.Dash(
        "parts",
        server=server,
        update_title=None,
        assets_folder=str(ROOT / "assets"),
        index_string=frame.index_string(),
        suppress_callback_exceptions=True,
        enable_mcp=False,
    )
    person = frame.Person(name="Mara Lindqvist", username="mara", role=Role.ADMIN)
    app.layout = lambda: frame.shell(person, PLACES, demo=True)
    hashes = " ".join(app.csp_hashes())
    policy = (
        f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
    )

    @server.after_request
    def finish(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.set_cookie("_csrf_token", "token-1")
        return response

    @server.get("/login")
    def login() -> str:
        return "sign in"

    @server.post("/upload")
    def upload() -> tuple[Response, int]:
        if request.headers.get("X-CSRFToken") != "token-1":
            return jsonify(detail="No token."), 400
        if request.files["file"].read() != b"good":
            return jsonify(detail="This is not a rule."), 422
        return jsonify(run_id="1"), 202

    @app.callback(Output("page", "children"), Output("title", "children"), Input("url", "pathname"))
    def open_page(path: str) -> tuple[object, str]:
        return (rules(), "Rules") if path == "/rules" else (start(), "Overview")

    @app.callback(Output("panel", "children"), Input("url", "search"), State("url", "pathname"))
    def panel(search: str, path: str) -> object:
        return frame.side("A rule", [html.P(search)], close_href="/rules") if "rule=" in (search or "") else None

    @app.callback(Output("toasts", "children"), Input("do", "n_clicks"), prevent_initial_call=True)
    def done(clicks: int | None) -> object:
        return toast.toast("Done.") if clicks else dash.no_update

    @app.callback(Output("touched-said", "children"), Input("touched", "data"), prevent_initial_call=True)
    def touched(data: object) -> str:
        return "touched" if data else ""

    @app.callback(Output("search-results", "children"), Input("search-text", "value"))
    def search(text: str) -> object:
        hits = [
            frame.Hit(kind="Pages", id="R", name="Rules", href="/rules"),
            frame.Hit(kind="Pages", id="O", name="Start", href="/"),
        ]
        return frame.render_search(text or "", hits)

    return server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    listening = make_server("127.0.0.1", 0, make_app(), threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=address, viewport={"width": 1440, "height": 900}, reduced_motion="reduce", timezone_id="Asia/Tokyo"
    )
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    context.close()
    assert errors == []


@pytest.fixture
def rules_page(page: Page) -> Page:
    page.goto("/rules")
    expect(page.locator(".listing")).to_be_visible()
    return page


pytestmark = pytest.mark.browser


def test_keys_go_places_without_loading_the_document_again(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.locator(".listing")).to_be_visible()
    expect(page).to_have_title("Rules · Aegis")
    expect(page.locator("#page")).to_be_focused()
    assert page.evaluate("window.sameDocument") is True
    assert page.locator("#rail [aria-current]").inner_text() == "Rules"


def test_search_opens_by_key_and_its_results_are_walked_by_arrows(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("ru")
    expect(page.locator(".hits a")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/rules$"))
    expect(page.locator("#search-dialog")).not_to_be_visible()


def test_the_list_of_keys_opens_by_its_own(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_be_visible()
    page.keyboard.press("?")
    row = page.locator("#keys-dialog tr", has_text="Rules")
    expect(row).to_be_visible()
    expect(row.locator("kbd")).to_have_text(["g", "r"])
    page.keyboard.press("Escape")
    expect(row).not_to_be_visible()


def test_keys_typed_into_a_field_are_text(rules_page: Page) -> None:
    field = rules_page.get_by_label("Filter rules")
    field.click()
    rules_page.keyboard.type("g o ? /")
    assert field.input_value() == "g o ? /"
    expect(rules_page).to_have_url(re.compile("/rules$"))
    expect(rules_page.locator("#keys-dialog")).not_to_be_visible()


def test_the_panel_is_in_the_address_and_gives_the_focus_back(rules_page: Page) -> None:
    link = rules_page.get_by_role("link", name="Rule 3", exact=True)
    link.click()
    expect(rules_page.locator(".side")).to_be_focused()
    expect(rules_page).to_have_url(re.compile(r"\?rule=3$"))
    rules_page.keyboard.press("Escape")
    expect(rules_page.locator(".side")).to_have_count(0)
    expect(link).to_be_focused()
    rules_page.go_back()
    expect(rules_page.locator(".side")).to_be_visible()


def test_a_listing_shows_the_first_rows_sorts_and_filters(rules_page: Page) -> None:
    rows = rules_page.locator(".listing tbody tr")
    expect(rows).to_have_count(5)
    rules_page.get_by_role("button", name="Level").click()
    expect(rows.first).to_contain_text("Low")
    rules_page.get_by_role("button", name="Level").click()
    expect(rows.first).to_contain_text("High")
    expect(rules_page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    rules_page.get_by_label("Filter rules").fill("rule 2")
    expect(rules_page.locator(".listing .count")).to_have_text("11 of 30 rules")
    rules_page.get_by_role("button", name="Show all 11").click()
    expect(rows).to_have_count(11)


def test_a_listing_as_csv_carries_no_formula(rules_page: Page) -> None:
    with rules_page.expect_download() as waiting:
        rules_page.get_by_role("button", name="CSV").click()
    lines = waiting.value.path().read_text(encoding="utf-8-sig").split("\n")
    assert lines[0].strip() == "Rule,Level,n,Seen"
    assert len([line for line in lines if line.strip()]) == 31
    assert any(line.startswith("'=cmd()") for line in lines)


def test_marks_stand_for_words_that_are_still_there(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".marked .mark")).to_have_count(2)
    expect(page.locator(".marked")).to_have_attribute("title", "Endpoint detection (EDR): prevented, alerted")
    expect(page.locator(".marked .unseen")).to_contain_text("prevented, alerted")
    expect(page.locator(".listing .count")).to_have_text("1 person")


def test_a_moment_is_shown_in_the_zone_of_the_viewer(rules_page: Page) -> None:
    shown = rules_page.locator(".listing time").first
    expect(shown).to_have_text("15 Nov 2026")
    assert "14 Nov 2026, 23:30 UTC" in (shown.get_attribute("title") or "")


def test_links_in_sanitised_text_stay_in_the_app(rules_page: Page) -> None:
    rules_page.evaluate("window.sameDocument = true")
    rules_page.locator(".prose a").click()
    expect(rules_page.locator("#state")).to_be_visible()
    assert rules_page.evaluate("window.sameDocument") is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"bad", "This is not a rule."),
        (b"x" * (LIMIT + 1), "the limit is"),
        (b"good", "Received."),
    ],
)
def test_an_upload_says_what_became_of_it(rules_page: Page, content: bytes, said: str) -> None:
    file = {"name": "rules.zip", "mimeType": "application/zip", "buffer": content}
    rules_page.locator("input[type=file]").set_input_files([file])
    rules_page.get_by_role("button", name="Upload").click()
    expect(rules_page.locator(".upload-state")).to_contain_text(said)
    expect(rules_page.locator("#touched-said")).to_have_text("touched" if content == b"good" else "")


def test_the_theme_follows_the_system_until_somebody_chooses(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, color_scheme="dark")
    page = context.new_page()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Theme").click()
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    context.close()


def test_the_result_of_an_action_is_said_and_can_be_put_away(rules_page: Page) -> None:
    rules_page.get_by_role("button", name="Do it").click()
    told = rules_page.locator("#toasts .told")
    expect(told).to_contain_text("Done.")
    told.get_by_role("button", name="Close").click()
    expect(told).not_to_be_visible()


def test_an_ended_session_leads_to_the_sign_in_and_back(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/rules?rule=2")
    expect(page.locator(".side")).to_be_visible()
    page.route(CALLBACKS, lambda route: route.fulfill(status=401, body="{}"))
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/login\?ended=1&next=%2Frules$"))
    context.close()


def test_a_server_that_does_not_answer_is_said(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/rules")
    expect(page.locator(".listing")).to_be_visible()
    expect(page.locator(".unreachable")).not_to_be_visible()
    page.route(CALLBACKS, lambda route: route.abort())
    page.get_by_role("button", name="Do it").click()
    expect(page.locator(".unreachable")).to_be_visible()
    page.unroute(CALLBACKS)
    page.get_by_role("button", name="Do it").click()
    expect(page.locator(".unreachable")).not_to_be_visible()
    context.close()


def test_a_late_answer_to_an_older_question_does_not_hide_the_failure(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/rules?rule=2")
    expect(page.locator(".side")).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:  # Playwright cannot wrap a built-in method
        held.append(route)

    page.route(CALLBACKS, hold)
    page.keyboard.press("Escape")  # asks for the page without the panel
    page.wait_for_function("() => !location.search")
    while not held:
        page.wait_for_timeout(10)
    older = list(held)
    page.route(CALLBACKS, lambda route: route.abort())
    page.get_by_role("button", name="Do it").click()
    expect(page.locator(".unreachable")).to_be_visible()
    for route in older:
        route.continue_()
    expect(page.locator(".side")).not_to_be_visible()
    expect(page.locator(".unreachable")).to_be_visible()
    context.close()


def test_on_a_phone_the_rail_is_a_drawer(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/rules")
    expect(page.locator(".listing")).to_be_visible()
    expect(page.locator("#rail")).not_to_be_visible()
    page.get_by_role("button", name="Pages").click()
    page.locator("#rail").get_by_role("link", name="Overview").click()
    expect(page.locator("#state")).to_be_visible()
    expect(page.locator("#rail")).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
