"""The page of contradictions over HTTP: what is found, why, and the way to mend it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.contradictions import KINDS
from domain.roles import Role
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world

PATH = "/tests/contradictions"


@pytest.fixture
def asking(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    world.tactics("execution")
    return Asking(client_of(add_person("vera", Role.VIEWER)))


def test_nothing_to_look_at_and_nothing_found(asking: Asking) -> None:
    assert "There are no tests yet" in said(asking.open(PATH).outputs["page.children"])
    world.security_test(world.technique("T1059", under=["execution"]), state="draft")
    shown = asking.open(PATH)
    assert said(shown.outputs["answer.children"]) == "none, 1 test looked at"
    words = said(shown.outputs["page.children"])
    assert "In 1 test nothing was found that cannot be true." in words
    assert all(kind.name in words for kind in KINDS.values())
    assert "To mend it" not in words


def test_each_found_kind_says_why_and_how_to_mend_it_and_leads_to_the_test(asking: Asking) -> None:
    world.security_test(world.technique("T1059", under=["execution"]), "full/missed", title="Whoami")
    shown = asking.open(PATH)
    assert said(shown.outputs["answer.children"]) == "3 kinds found, 1 test looked at"
    words = said(shown.outputs["page.children"])
    for slug in ("prevented_by_no_tool", "no_evidence", "no_observation"):
        assert f"To mend it: {KINDS[slug].mend}" in words
    assert KINDS["disabled_rule"].mend not in words
    assert "Whoami" in words
    assert r'"t":"1","h":"\u002ftest\u002f1"' in shown.text


def test_one_kind_by_the_address_and_back(asking: Asking) -> None:
    world.security_test(world.technique("T1059", under=["execution"]), "full/missed", title="Whoami")
    for search, chosen in (("?kind=no_evidence", True), ("", False), ("?kind=nonsense", False)):
        told = asking.ask("url.search", {"url.search": search, "url.pathname": PATH}, of="contradictions-groups")
        groups = told.outputs["contradictions-groups.children"]
        assert KINDS["no_evidence"].mend in said(groups)
        assert (KINDS["no_observation"].mend in said(groups)) is not chosen
        assert links(groups) == ({"All kinds": PATH} if chosen else {})
    opened = said(asking.open(PATH, "?kind=no_evidence").outputs["page.children"])
    assert KINDS["no_observation"].mend not in opened
    elsewhere = asking.ask("url.search", {"url.search": "", "url.pathname": "/tests"}, of="contradictions-groups")
    assert elsewhere.status == 204
