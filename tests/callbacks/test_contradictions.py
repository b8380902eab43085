"""The page of contradictions over HTTP: what is found, why, and the way to mend it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from rq import Queue
from rq.job import JobStatus
from rq.worker import SimpleWorker

from data import redis as redis_connection
from domain.contradictions import KINDS
from domain.roles import Role
from jobs import contradictions as jobs
from jobs import presence
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute

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
    assert '"t":"1","h":"/test/1"' in shown.text


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


def queue() -> Queue:
    return Queue("reports", connection=redis_connection.client())


def work() -> None:
    client = redis_connection.client()
    SimpleWorker([queue()], connection=client).work(burst=True, logging_level="CRITICAL")


class TestMany:
    """Over the limit a worker looks; the page shows what it found last, and how far the next answer is."""

    @pytest.fixture(autouse=True)
    def many(self, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "SMALL", 0)
        monkeypatch.setattr(jobs, "PAUSE", jobs.PAUSE * 0)
        monkeypatch.setattr(presence, "worker_for", lambda queue: queue == "reports")
        world.security_test(world.technique("T1059", under=["execution"]), "full/missed", title="Whoami")

    def poll(self, asking: Asking, shown: str = "") -> Answer:
        poll = "contradictions-poll.n_intervals"
        return asking.ask(poll, {poll: 1, "contradictions-shown.data": shown, "url.search": ""})

    def change(self) -> None:
        execute("UPDATE security_test SET contained_at = executed_at, detected_at = executed_at + interval '1 minute'")

    def test_the_first_answer_comes_by_itself(self, asking: Asking) -> None:
        opened = asking.open(PATH)
        assert said(opened.outputs["answer.children"]) == "1 test to look at"
        assert "Waiting for a worker to look through 1 test" in said(opened.outputs["page.children"])
        waits = self.poll(asking)
        assert waits.outputs["contradictions-poll.disabled"] is False
        assert "contradictions-body.children" not in waits.outputs
        assert queue().count == 1  # asking again is not another one
        work()
        come = self.poll(asking)
        assert "To mend it" in said(come.outputs["contradictions-body.children"])
        assert said(come.beside["answer.children"]) == "3 kinds found, 1 test looked at"
        assert "As of" in said(come.outputs["contradictions-way.children"])
        assert come.outputs["contradictions-poll.disabled"] is True

    def test_what_was_found_is_shown_while_the_next_answer_is_on_its_way(self, asking: Asking) -> None:
        asking.open(PATH)
        work()
        kept = said(asking.open(PATH).outputs["page.children"])
        assert "have changed since" not in kept
        assert queue().count == 0
        self.change()
        opened = asking.open(PATH)
        assert said(opened.outputs["answer.children"]) == "3 kinds found, 1 test looked at"
        words = said(opened.outputs["page.children"])
        assert "Tests, rules or files have changed since." in words
        assert "Waiting for a worker" in words
        shown = self.poll(asking).outputs["contradictions-shown.data"]
        assert (
            "contradictions-body.children" not in self.poll(asking, shown).outputs
        )  # the same answer is not drawn anew
        work()
        come = self.poll(asking, shown)
        assert said(come.beside["answer.children"]) == "4 kinds found, 1 test looked at"
        assert come.outputs["contradictions-shown.data"] > shown

    def test_the_next_answer_is_not_asked_for_at_once(self, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        asking.open(PATH)
        work()
        monkeypatch.setattr(jobs, "PAUSE", jobs.timedelta(hours=1))
        self.change()
        assert "have changed since" in said(asking.open(PATH).outputs["page.children"])
        assert queue().count == 0
        assert self.poll(asking).outputs["contradictions-poll.disabled"] is False

    def test_it_says_how_far_it_is(self, asking: Asking) -> None:
        asking.open(PATH)
        (job,) = queue().jobs
        job.set_status(JobStatus.STARTED)
        job.meta.update(done=300_000, total=1_000_000)
        job.save_meta()
        words = said(self.poll(asking).outputs["contradictions-way.children"])
        assert "Looking through 1,000,000 tests: 300,000 so far" in words

    def test_it_says_that_nobody_is_there_to_look(self, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(presence, "worker_for", lambda _queue: False)
        assert "there is none just now" in said(asking.open(PATH).outputs["page.children"])

    def test_what_broke_off_is_begun_again_by_whoever_asks_for_it(self, asking: Asking) -> None:
        asking.open(PATH)
        (job,) = queue().jobs
        queue().remove(job)
        job.set_status(JobStatus.FAILED)
        told = self.poll(asking)
        assert "broke off; the reason is on the jobs page. Look again" in said(
            told.outputs["contradictions-way.children"]
        )
        assert told.outputs["contradictions-poll.disabled"] is True
        asking.ask(
            "contradictions-again.n_clicks", {"contradictions-again.n_clicks": 1, "contradictions-shown.data": ""}
        )
        work()
        assert "To mend it" in said(asking.open(PATH).outputs["page.children"])

    def test_one_kind_by_the_address(self, asking: Asking) -> None:
        asking.open(PATH)
        work()
        words = said(asking.open(PATH, "?kind=no_evidence").outputs["page.children"])
        assert KINDS["no_evidence"].mend in words
        assert KINDS["no_observation"].mend not in words
