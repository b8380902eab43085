"""Each part of Python's side has its other half in the browser's assets, and cells say what they should."""

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from pages.components import parts

ASSETS = Path(parts.__file__).parents[2] / "assets"


def test_every_part_has_its_half_in_the_browser() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in ASSETS.glob("*.js"))
    defined = set(re.findall(r"^  parts\.([A-Z]\w+) = function", scripts, re.MULTILINE))
    ours = {part.__name__ for part in parts.Part.__subclasses__() if part.__module__ == parts.__name__}
    frame = {"Rail", "Keys", "SearchField"}
    assert ours == frame | {"SafeHtml", "When", "PostForm", "Listing", "Bars", "Mix", "Timeline"}
    assert ours <= defined


def test_every_mark_has_a_shape() -> None:
    styles = (ASSETS / "marks.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.mark\.is-([a-z]+)", styles))
    plain_ring = {"off"}
    assert set(get_args(parts.Mark)) - plain_ring <= drawn


def test_a_part_sends_only_what_was_given() -> None:
    sent = parts.SafeHtml(html="<p>x</p>").to_plotly_json()
    assert sent == {"props": {"html": "<p>x</p>"}, "type": "SafeHtml", "namespace": "aegis_parts"}


def test_a_part_refuses_an_unknown_property() -> None:
    with pytest.raises(TypeError, match="colour"):
        parts.SafeHtml(colour="red")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parts.when(datetime(2026, 11, 14, 10, 0))  # noqa: DTZ001


def test_a_moment_keeps_its_zone() -> None:
    shown = parts.when(datetime(2026, 11, 14, 10, 0, tzinfo=UTC), "ago")
    assert shown.at == "2026-11-14T10:00:00+00:00"
    assert shown.show == "ago"


def test_a_cell_leaves_out_what_it_does_not_have() -> None:
    assert parts.cell("T1059", href="/technique/T1059") == {"t": "T1059", "h": "/technique/T1059"}
    assert parts.cell("High", order=0) == {"t": "High", "o": 0}


def test_a_day_sorts_by_the_calendar() -> None:
    early, late = parts.day_cell(date(2026, 2, 9)), parts.day_cell(date(2026, 11, 14))
    assert early is not None
    assert late is not None
    assert late["t"] == "14 Nov 2026"
    assert early["o"] < late["o"]
    assert parts.day_cell(None) is None


def test_making_a_part_looks_for_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_spec(name: str, *_rest: object) -> None:
            pytest.fail(f"{name} is looked for")

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    parts.listing([parts.column("Name")], [["x"]], caption="Rows", noun="rows")
