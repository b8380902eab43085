"""Styles and scripts in one file each: complete, at an address of their content, open to those who are to sign in."""

import re
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app.bundle import Bundle
from tests.conftest import Person

ASSETS = Path(__file__).parents[2] / "assets"


def _addresses(page: str) -> list[str]:
    return re.findall(r'"(/assets/[0-9a-f]{16}\.(?:css|js))"', page)


def test_a_bundle_holds_every_file_once_but_the_one_that_comes_first() -> None:
    for kind in ("css", "js"):
        content = Bundle.of(ASSETS, kind).content
        for path in ASSETS.glob(f"*.{kind}"):
            assert content.count(path.read_bytes()) == (path.name != "theme.js"), path.name


def test_the_address_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    before = Bundle.of(tmp_path, "css").address
    (tmp_path / "a.css").write_text("b {}")
    assert Bundle.of(tmp_path, "css").address != before


def test_a_page_asks_for_both_and_keeps_them(
    server: Flask, add_person: Callable[..., Person], client_of: Callable[..., FlaskClient]
) -> None:
    page = client_of(add_person("mara")).get("/", headers={"Accept": "text/html"}).text
    assert _addresses(page) == [Bundle.of(ASSETS, kind).address for kind in ("css", "js")]
    anonymous = server.test_client()
    assert anonymous.get("/assets/0123456789abcdef.css").status_code == 404
    for kind, mimetype in (("css", "text/css"), ("js", "text/javascript")):
        address = Bundle.of(ASSETS, kind).address
        plain = anonymous.get(address)
        zipped = anonymous.get(address, headers={"Accept-Encoding": "gzip"})
        assert plain.mimetype == mimetype
        assert plain.data == Bundle.of(ASSETS, kind).content
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert len(zipped.data) < len(plain.data) / 2
        assert "immutable" in plain.headers["Cache-Control"]
