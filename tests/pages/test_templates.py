"""Pages outside the app work without scripts, and escape what they are given."""

import re
from pathlib import Path

import pytest
from flask import Flask, render_template

TEMPLATES = Path(__file__).parents[2] / "app" / "templates"
ASSETS = Path(__file__).parents[2] / "assets"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def render() -> object:
    app = Flask("templates", template_folder=str(TEMPLATES))

    def rendered(name: str, **values: object) -> str:
        with app.test_request_context():
            return render_template(name, csrf_token=lambda: "token-1", **values)

    return rendered


def test_sign_in_keeps_the_name_and_says_what_was_wrong(render) -> None:
    page = render(
        "login.html", error="Wrong username or password.", username=HOSTILE, ended=False, action="/login?next=/x"
    )
    assert 'role="alert"' in page
    assert "Wrong username or password." in page
    assert 'action="/login?next=/x"' in page
    assert 'value="token-1"' in page
    assert "<script>alert" not in page


def test_an_ended_session_is_told_apart_from_a_wrong_password(render) -> None:
    page = render("login.html", error=None, username="", ended=True, action="/login")
    assert "Your session has ended" in page
    assert 'role="alert"' not in page


def test_a_one_time_password_has_no_way_around(render) -> None:
    values = {"error": None, "username": "mara", "minimum": 12, "action": "/password"}
    forced = render("change_password.html", forced=True, **values)
    free = render("change_password.html", forced=False, **values)
    assert 'href="/account"' not in forced
    assert 'action="/logout"' in forced
    assert 'href="/account"' in free
    assert "At least 12 characters" in forced


def test_an_outage_page_asks_again_by_itself(render) -> None:
    values = {"title": "Not available just now", "detail": HOSTILE, "request_id": "a3f1"}
    assert 'http-equiv="refresh"' in render("error.html", status=503, retry=True, **values)
    page = render("error.html", status=404, retry=False, **values)
    assert 'http-equiv="refresh"' not in page
    assert "<script>alert" not in page
    assert "a3f1" in page


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_inline_code_and_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []
    linked = re.findall(r'(?:src|href)="/assets/([^"]+)"', text)
    assert [name for name in linked if not (ASSETS / name).is_file()] == []
