"""The scope page: everybody reads it, leads see what a change does and make it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.errors import Busy
from domain.roles import Role
from jobs import scope as jobs
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]


@pytest.fixture
def lead(client_of: ClientOf, add_person: AddPerson) -> Asking:
    world.release()
    world.tactics("reconnaissance", "execution")
    home = world.technique("T1000", under=["execution"])
    world.technique("T1000.001", under=["execution"])
    scanned = world.technique("T1001", under=["reconnaissance"], platforms=["PRE"])
    world.technique("T1001.001", under=["reconnaissance"], platforms=["PRE"])
    world.security_test(home, "none/alerted")
    world.security_test(scanned, "none/missed", platform="PRE")
    return Asking(client_of(add_person("bo", Role.BLUE_LEAD)))


def select(asking: Asking, **value: str) -> Answer:
    return asking.ask("scope-filters.value", {"scope-filters.value": value}, of="scope-filters.fields")


def decide(asking: Asking, reason: str, **value: str) -> Answer:
    values = {"scope-decide.n_clicks": 1, "scope-filters.value": value, "scope-reason.value": reason}
    return asking.ask("scope-decide.n_clicks", values)


def body(answer: Answer) -> str:
    return said(answer.outputs["scope-body.children"])


def decided() -> list[tuple[object, ...]]:
    return rows("SELECT kind, ref, reason, author_name FROM scope_decision ORDER BY 1, 2")


def test_a_whole_tactic_is_looked_at_and_taken_out(lead: Asking) -> None:
    opened = lead.open("/scope")
    assert opened.outputs["answer.children"] == "4 of 4 techniques in scope"
    assert "Everything is in scope" in said(opened.outputs["page.children"])
    seen = body(select(lead, tactic="reconnaissance"))
    assert "Take out T1001 and T1001.001" in seen
    assert "Techniques in scope 4 2 −2" in seen
    assert "Proven by tests 1 of 4 25 % 1 of 2 50 % +25.0 points" in seen
    assert "Alerted, of evaluated tests 1 of 2 50 % 1 of 1 100 % +50.0 points" in seen
    assert decided() == []
    done = decide(lead, " It happens elsewhere ", tactic="reconnaissance")
    assert done.toast.startswith("The scope has changed")
    assert done.beside["scope-filters.value"] == {}
    assert "1 technique taken out by hand" in body(done)
    assert decided() == [("technique", "T1001", "It happens elsewhere", "bo")]
    assert "2 of 4" in lead.open("/scope").outputs["answer.children"]


def test_an_address_shows_the_preview_and_putting_back_is_one_more(lead: Asking) -> None:
    decide(lead, "No", platform="PRE")
    opened = said(lead.open("/scope", "?back=PRE").outputs["page.children"])
    assert "Put back PRE" in opened
    assert "Techniques in scope 2 4 +2" in opened
    decide(lead, "Yes", back="PRE")
    assert decided() == []


def test_what_cannot_be_is_said_in_place_of_the_preview(lead: Asking) -> None:
    seen = body(select(lead, technique="T9999"))
    assert "The loaded map has no technique T9999." in seen
    assert "scope-decide" not in select(lead, technique="T9999").text
    assert "Nothing would be left in scope" in body(select(lead, tactic="reconnaissance,execution"))
    assert decide(lead, "", platform="PRE").toast.startswith("Say why")
    assert decided() == []


def test_what_is_over_in_a_moment_is_not_kept(lead: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_given: object) -> None:
        raise Busy("Others are changing the scope just now.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(jobs, "preview", busy)
        assert "Others are changing" in said(lead.open("/scope", "?platform=PRE").outputs["page.children"])
    again = said(lead.open("/scope", "?platform=PRE").outputs["page.children"])
    assert "Others are changing" not in again
    assert "Techniques in scope 4 2 −2" in again


def test_leaving_it_shows_the_page_as_it_was(lead: Asking) -> None:
    left = lead.ask("scope-leave.n_clicks", {"scope-leave.n_clicks": 1, "scope-filters.value": {"platform": "PRE"}})
    assert left.beside["scope-filters.value"] == {}
    assert "Everything is in scope" in body(left)


def test_others_read_and_do_not_change(lead: Asking, client_of: ClientOf, add_person: AddPerson) -> None:
    decide(lead, "No", platform="PRE")
    other = Asking(client_of(add_person("vi", Role.VIEWER)))
    opened = other.open("/scope", "?technique=T1000")
    assert "PRE out of scope" in said(opened.outputs["page.children"])
    assert "Techniques in scope" not in said(opened.outputs["page.children"])
    assert "scope-decide" not in opened.text
    assert "This needs the role" in decide(other, "x", technique="T1000").text
    assert len(decided()) == 1


def test_without_a_map_it_says_so(client_of: ClientOf, add_person: AddPerson) -> None:
    asking = Asking(client_of(add_person("ada", Role.ADMIN)))
    assert "No map yet" in said(asking.open("/scope").outputs["page.children"])
