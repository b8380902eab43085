"""The picture: well-formed, complete, and made of escaped text."""

from xml.etree import ElementTree as ET

import pytest

from domain.heatmap import MODES
from domain.heatmap_shown import Mark, Overlay, Shown, decide
from domain.heatmap_view import View
from domain.matrix_picture import svg
from pages.components.tokens import DARK, LIGHT
from tests.domain.matrices import SMALL, entry, matrix

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shown: Shown, title: str = "Heatmap", theme: dict[str, str] | None = None) -> ET.Element:
    return ET.fromstring(svg(shown, title=title, scope="Enterprise", colours=theme or dict(LIGHT)))


def titles(picture: ET.Element) -> list[str]:
    return [group.findtext(f"{SVG}title", "") for group in picture.iter(f"{SVG}g")]


def test_every_shown_technique_is_drawn_once_under_each_of_its_tactics() -> None:
    assert titles(drawn(decide(SMALL, View()))) == [
        "T1059 Command and Scripting Interpreter: Partly, 1/2",
        "T1053 Scheduled Task/Job: Not covered, 0/1",
        "T1053 Scheduled Task/Job: Not covered, 0/1",
        "T1547 Boot or Logon Autostart: Not tested",
        "T1037 Boot Scripts: Out of scope",
    ]


def test_sub_techniques_are_drawn_when_they_are_shown() -> None:
    assert len(titles(drawn(decide(SMALL, View(subs="all"))))) == 7


def test_title_scope_date_and_legend_stand_on_it() -> None:
    picture = drawn(decide(SMALL, View()), title="Coverage status")
    words = "\n".join(picture.itertext())
    for expected in (
        "Coverage status",
        "Scope: Enterprise",
        "As of 20 Nov 2026",
        "Covered: 1 of 5",
        "Not tested: 1 of 5",
    ):
        assert expected in words
    assert picture.findtext(f"{SVG}title") == "Coverage status"


def test_names_are_text_whatever_they_hold() -> None:
    hostile = "</text><script>alert(1)</script>&\"'\x00"
    shown = decide(matrix(entry("T1001", name=hostile)), View())
    picture = drawn(shown, title=hostile)
    assert not list(picture.iter(f"{SVG}script"))
    assert titles(picture) == ["T1001 </text><script>alert(1)</script>&\"': Not tested"]


def test_an_overlay_is_a_corner_beside_our_colour() -> None:
    overlay = Overlay("1", "APT3", [Mark("T1053", "persistence", 40, "#ff0000")], 1, 0)
    picture = drawn(decide(SMALL, View(), overlay=overlay))
    assert [path.get("fill") for path in picture.iter(f"{SVG}path")] == ["#ff0000"]
    assert [desc.text for group in picture.iter(f"{SVG}g") for desc in group.iter(f"{SVG}desc")] == ["APT3: 40"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_mode_can_be_drawn_in_both_themes(mode: str, theme: dict[str, str]) -> None:
    picture = drawn(decide(SMALL, View(mode=mode, subs="all", find="shell")), theme=theme)
    assert "None" not in ET.tostring(picture, encoding="unicode")


def test_nothing_to_show_is_still_a_picture() -> None:
    assert titles(drawn(decide(SMALL, View(), wanted=set()))) == []
