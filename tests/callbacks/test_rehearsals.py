"""The pages of rehearsals: the sentence, the rows behind it, and who may decide."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from rq import Queue
from rq.worker import SimpleWorker

from data import redis as redis_connection
from data.database import SYSTEM
from domain.roles import Role
from jobs import rehearsals
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.data.sources import stix
from tests.jobs.syncing import at, bundle_file, execute, rows, rule, sync_attack, sync_rules

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]
PATH = "/sources/rehearsal"
RETIRED = stix.SHELL | {"revoked": True}
NEXT = stix.technique(90, "T1690", "Shells")
OBJECTS = (RETIRED, stix.TASK, NEXT, stix.rel(90, "revoked-by", RETIRED, NEXT))


@pytest.fixture
def admin(client_of: ClientOf, add_person: AddPerson, tmp_path: Path) -> Asking:
    sync_attack(tmp_path, stix.SHELL, stix.TASK)
    home = rows("SELECT id FROM technique WHERE attack_id = 'T1059'")[0][0]
    world.security_test(home, "none/alerted", claimed_technique="T1059")
    sync_rules(tmp_path, one=rule(1, "T1059"))
    return Asking(client_of(add_person("ada", Role.ADMIN)))


@pytest.fixture
def made(admin: Asking, tmp_path: Path) -> UUID:
    return rehearsals.rehearse_in_place(SYSTEM, Role.ADMIN, at(bundle_file(tmp_path, *OBJECTS, version="19.0")))


def work() -> None:
    connection = redis_connection.client()
    SimpleWorker([Queue("sync", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")


def page(answer: Answer) -> str:
    return said(answer.outputs["page.children"])


def act(asking: Asking, button: str, key: UUID) -> Answer:
    return asking.ask(f"{button}.n_clicks", {f"{button}.n_clicks": 1, "rehearsal-key.data": str(key)})


SENTENCE = "19.0 adds 1 technique, retires 1 and moves 1 test and 1 rule; the score would "


def test_the_first_line_says_what_adopting_does(admin: Asking, made: UUID) -> None:
    listed = admin.open(PATH)
    assert listed.outputs["answer.children"] == "1 rehearsal ready"
    assert SENTENCE in page(listed)
    opened = admin.open(f"{PATH}/{made}")
    assert opened.outputs["answer.children"].startswith(SENTENCE)
    assert opened.outputs["title.children"] == "Rehearsal of Enterprise 19.0, compared with 18.1"
    words = page(opened)
    assert "1 test T1059 T1059 T1690" in words
    assert "Goes on under another id now T1690" in words
    assert "Proven by tests 1 of 2 50 % 1 of 2 50 %" in words
    assert "Adopt 19.0" in words


def test_changes_of_the_map_are_chosen_by_the_address(admin: Asking, made: UUID) -> None:
    opened = page(admin.open(f"{PATH}/{made}", "?kind=revoked"))
    assert "now: T1690 Shells" in opened
    values = {"url.search": "?kind=added", "url.pathname": f"{PATH}/{made}", "rehearsal-key.data": str(made)}
    chosen = said(admin.ask("url.search", values, of="rehearsal-items").outputs["rehearsal-items.children"])
    assert "T1690" in chosen
    assert "now: T1690" not in chosen
    elsewhere = values | {"url.pathname": "/tests"}
    assert admin.ask("url.search", elsewhere, of="rehearsal-items").status == 204


def test_adopting_leads_to_the_sources_and_a_changed_map_is_said(admin: Asking, made: UUID, tmp_path: Path) -> None:
    other = rehearsals.rehearse_in_place(SYSTEM, Role.ADMIN, at(bundle_file(tmp_path, NEXT, version="20.0")))
    done = act(admin, "rehearsal-adopt", made)
    assert done.beside["url.pathname"] == "/sources"
    work()
    assert rows("SELECT version FROM attack_release WHERE state = 'adopted'") == [("19.0",)]
    adopted = page(admin.open(f"{PATH}/{made}"))
    assert "Adopted" in adopted
    assert "Adopt 19.0" not in adopted
    stale = page(admin.open(f"{PATH}/{other}"))
    assert "The loaded map has changed since" in stale
    assert "Adopt 20.0" not in stale
    assert "Rehearse it again" in act(admin, "rehearsal-adopt", other).toast
    act(admin, "rehearsal-again", other)
    work()
    assert "Adopt 20.0" in page(admin.open(f"{PATH}/{other}"))
    assert "Enterprise 18.1 Superseded" in page(admin.open(PATH))


def test_discarding_keeps_the_report(admin: Asking, made: UUID) -> None:
    assert act(admin, "rehearsal-discard", made).toast.startswith("It is discarded")
    opened = page(admin.open(f"{PATH}/{made}"))
    assert "Discarded" in opened
    assert SENTENCE in opened
    assert "rehearsal-again" not in admin.open(f"{PATH}/{made}").text


def test_it_is_followed_while_it_runs(admin: Asking, tmp_path: Path) -> None:
    made = rehearsals.request(SYSTEM, Role.ADMIN, at(bundle_file(tmp_path, *OBJECTS, version="19.0")))
    assert admin.open(PATH).outputs["answer.children"] == "a rehearsal is under way"
    execute("UPDATE attack_rehearsal SET phase = 'Reading'")
    values = {"rehearsal-poll.n_intervals": 1, "rehearsal-key.data": str(made)}
    running = admin.ask("rehearsal-poll.n_intervals", values)
    assert "Reading" in said(running.outputs["rehearsal-body.children"])
    assert running.outputs["rehearsal-poll.disabled"] is False
    work()
    ended = admin.ask("rehearsal-poll.n_intervals", values)
    assert SENTENCE in said(ended.outputs["rehearsal-body.children"])
    assert ended.outputs["rehearsal-poll.disabled"] is True
    listed = admin.ask("rehearsals-poll.n_intervals", {"rehearsals-poll.n_intervals": 1})
    assert listed.outputs["rehearsals-poll.disabled"] is True


def test_starting_from_the_newest_published_names_the_map(admin: Asking) -> None:
    values = {"rehearse-now.n_clicks": 1, "rehearse-domain.value": "ics-attack"}
    started = admin.ask("rehearse-now.n_clicks", values)
    assert started.outputs["rehearsals-poll.disabled"] is False
    assert rows("SELECT domain, input ->> 'kind' FROM attack_rehearsal") == [("ics-attack", "upstream")]
    assert "Choose which map" in admin.ask("rehearse-now.n_clicks", values | {"rehearse-domain.value": "moon"}).toast


def test_others_read_and_do_not_decide(admin: Asking, made: UUID, client_of: ClientOf, add_person: AddPerson) -> None:
    other = Asking(client_of(add_person("bo", Role.BLUE_LEAD)))
    opened = other.open(f"{PATH}/{made}")
    assert SENTENCE in page(opened)
    assert "rehearsal-adopt" not in opened.text
    assert "rehearse-now" not in other.open(PATH).text
    for button in ("rehearsal-adopt", "rehearsal-again", "rehearsal-discard"):
        assert "This needs the role" in act(other, button, made).toast
    started = other.ask("rehearse-now.n_clicks", {"rehearse-now.n_clicks": 1, "rehearse-domain.value": "ics-attack"})
    assert "This needs the role" in started.toast
    assert rows("SELECT state FROM attack_rehearsal") == [("ready",)]


def test_an_address_of_none_says_so(admin: Asking) -> None:
    for key in ("nonsense", "00000000-0000-4000-8000-000000000000"):
        opened = admin.open(f"{PATH}/{key}")
        assert opened.outputs["title.children"] == "Nothing here"
