"""The frame shows each person their pages, and starts without inline code."""

import re
from pathlib import Path

from dash.development.base_component import Component

from domain.roles import Role
from pages import account, overview, sources, users
from pages.components import frame
from tests.pages.reading import ids, size

ASSETS = Path(frame.__file__).parents[2] / "assets"
PLACES = [frame.Place(path=page.PATH, nav=page.NAV) for page in (users, account, overview, sources)]


def person(role: Role) -> frame.Person:
    return frame.Person(name="Mara Lindqvist", username="mara", role=role)


def rail(shell: Component) -> list[str]:
    nav = next(node for node in shell._traverse() if getattr(node, "id", None) == "rail")
    return [href for _, places in nav.groups for href, *_ in places]


def test_the_rail_is_in_order_and_lists_what_the_role_may_open() -> None:
    assert rail(frame.shell(person(Role.ADMIN), PLACES)) == ["/", "/sources", "/admin/users", "/account"]
    assert rail(frame.shell(person(Role.VIEWER), PLACES)) == ["/", "/sources", "/account"]


def test_only_who_may_remove_the_demo_is_offered_it() -> None:
    assert "demo-remove" in ids(frame.shell(person(Role.ADMIN), PLACES, demo=True))
    assert "demo-remove" not in ids(frame.shell(person(Role.VIEWER), PLACES, demo=True))
    assert "demo-remove" not in ids(frame.shell(person(Role.ADMIN), PLACES, demo=False))


def test_the_chrome_stays_small() -> None:
    """It is built with every page that is opened, however many pages there are to go to."""
    shell = frame.shell(person(Role.ADMIN), PLACES, demo=True)
    assert size(shell) < 60
    assert size(shell) == size(frame.shell(person(Role.ADMIN), PLACES * 5, demo=True))


def test_the_document_has_no_inline_code() -> None:
    document = frame.index_string()
    assert re.findall(r"<script(?![^>]*src=)", document) == []
    assert "<style" not in document
    assert re.findall(r"\son\w+=", document) == []


def test_every_page_in_the_rail_has_its_icon_and_its_own_key() -> None:
    icons = (ASSETS / "icons.css").read_text(encoding="utf-8")
    assert [place.path for place in PLACES if f".icon.is-{place.nav.icon} " not in icons] == []
    keys = [place.nav.key for place in PLACES]
    assert len(set(keys)) == len(keys)


def test_every_icon_is_where_it_says_on_the_sheet() -> None:
    icons = (ASSETS / "icons.css").read_text(encoding="utf-8")
    used = [int(place) for place in re.findall(r"--drawing: (\d+);", icons)]
    drawn = [int(offset) for offset in re.findall(r"translate\(0 (\d+)\)", icons)]
    assert sorted(used) == list(range(1, len(drawn) + 1))
    assert drawn == [16 * place for place in sorted(used)]
    assert f"height='{16 * (len(drawn) + 1)}'" in icons


def test_results_are_grouped_and_lead_somewhere() -> None:
    hits = [
        frame.Hit(kind="Techniques", id="T1059", name="Command and Scripting Interpreter", href="/technique/T1059"),
        frame.Hit(kind="Groups", id="G0016", name="APT29", href="/heatmap?actor=G0016"),
    ]
    found = frame.render_search("t10", hits)
    assert [node.children for node in found._traverse() if type(node).__name__ == "H3"] == ["Techniques", "Groups"]
    assert [node.href for node in found._traverse() if hasattr(node, "href")] == [
        "/technique/T1059",
        "/heatmap?actor=G0016",
    ]


def test_a_search_without_result_says_what_was_sought() -> None:
    assert "zzz" in frame.render_search(" zzz ", []).children
