"""The audit page and its exports over HTTP: found by person, entity, action and time; verified by a worker."""

import csv
import hashlib
import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from rq import Queue
from rq.worker import SimpleWorker
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data import database as db
from data import redis as redis_connection
from data.database import Actor, unit_of_work
from data.queries import audit as query
from data.repositories import audit
from domain.roles import Role
from jobs import presence
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]


@pytest.fixture
def client(client_of: ClientOf, add_person: AddPerson) -> FlaskClient:
    return client_of(add_person("ada", Role.ADMIN))


@pytest.fixture
def admin(client: FlaskClient) -> Asking:
    return Asking(client)


def id_of(username: str) -> str:
    return str(rows("SELECT id FROM user_account WHERE username = :name", name=username)[0][0])


def write(action: str, entity: tuple[str, str] | None = None, *, by: str = "", **fields: object) -> int:
    """An entry, by the person `by` or by nobody; returns its number."""
    actor = Actor(name=by, id=db_id(by)) if by else Actor(name="Schedule")
    with unit_of_work() as session:
        audit.record(session, actor, action, entity=entity, **fields)  # type: ignore[arg-type]
    return int(rows("SELECT max(seq) FROM audit_log")[0][0])


def db_id(username: str) -> object:
    return rows("SELECT id FROM user_account WHERE username = :name", name=username)[0][0]


def shown(admin: Asking, search: str = "") -> str:
    return said(admin.open("/admin/audit", search).outputs["page.children"])


def listed(admin: Asking, **value: str) -> list[str]:
    """The actions in the list, newest first."""
    table = admin.ask("audit-filters.value", {"audit-filters.value": value}).outputs["audit-list.children"]
    if table[0]["type"] != "Listing":
        return []
    return [row[3] for row in table[0]["props"]["rows"]]


def work() -> None:
    connection = redis_connection.client()
    SimpleWorker([Queue("default", connection=connection)], connection=connection).work(
        burst=True, logging_level="ERROR"
    )


class TestFinding:
    @pytest.fixture
    def entries(self, admin: Asking, add_person: AddPerson) -> None:
        add_person("ben", Role.BLUE_LEAD)
        world.release()
        test = world.security_test(world.technique("T1000"), "none/alerted")
        write(
            "test.assigned",
            ("test", str(test)),
            by="ben",
            before={"red_assignee": None},
            after={"red_assignee": id_of("ben")},
        )
        write(
            "test.validated", ("test", str(test)), by="ada", before={"state": "in_review"}, after={"state": "validated"}
        )
        write("sync.succeeded", ("source", "attack"), after={"version": "18.1"})
        write("user.changed", ("user", id_of("ben")), by="ada", before={"role": "viewer"}, after={"role": "blue_lead"})

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"person": "ben"}, ["Test: assigned", "Session: started"]),
            ({"person": "system"}, ["Sync: succeeded"]),
            ({"action": "test."}, ["Test: validated", "Test: assigned"]),
            ({"action": "test.assigned,sync.succeeded"}, ["Sync: succeeded", "Test: assigned"]),
            ({"entity": "source", "id": "attack"}, ["Sync: succeeded"]),
            ({"entity": "test", "id": "1"}, ["Test: validated", "Test: assigned"]),
            ({"entity": "user", "id": "Ben", "action": "user."}, ["User: changed"]),
            ({"entity": "test", "id": "no such"}, []),
            ({"to": "2020-01-01"}, []),
            ({"from": "2020-01-01", "to": "2200-12-31", "action": "user.changed"}, ["User: changed"]),
        ],
    )
    def test_by_person_action_entity_and_day(
        self, admin: Asking, entries: None, asked: dict[str, str], found: list[str]
    ) -> None:
        if asked.get("person") == "ben":
            asked = {"person": id_of("ben")}
        assert listed(admin, **asked) == found

    def test_a_row_says_what_changed_and_leads_on(self, admin: Asking, entries: None) -> None:
        table = admin.open("/admin/audit", "?action=test.").outputs["page.children"]
        words = said(table)
        assert "state: in_review → validated" in words
        assert "red assignee: ben" in words  # a name, not an id
        number = rows("SELECT seq FROM audit_log WHERE action = 'test.validated'")[0][0]
        panel = admin.open("/admin/audit", f"?action=test.&entry={number}").outputs["page.children"]
        assert links(panel)["Test 1"] == "/test/1"
        assert links(panel)["Close"] == "/admin/audit?action=test."
        assert links(panel)["All by ada"] == f"/admin/audit?person={id_of('ada')}"

    def test_the_top_line_counts_what_matches(self, admin: Asking, entries: None) -> None:
        whole = rows("SELECT count(*) FROM audit_log")[0][0]
        assert said(admin.open("/admin/audit").outputs["answer.children"]) == f"{whole} entries"
        found = admin.ask("audit-filters.value", {"audit-filters.value": {"action": "test."}})
        assert said(found.beside["answer.children"]) == f"2 of {whole} entries"

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("person", "nobody", "There is no such person."),
            ("action", "x' OR 1", "Actions read like"),
            ("entity", "Te;st", "There is no such kind of thing"),
            ("id", "x" * 121, "An id has at most 120 characters."),
            ("from", "yesterday", "A day reads 2026-11-24."),
            ("to", "9999-12-31", "Days are between the years 2000 and 2200."),
            ("before", "-1", "Entries are numbered"),
        ],
    )
    def test_what_is_not_understood_shows_nothing(self, admin: Asking, name: str, value: str, sentence: str) -> None:
        assert sentence in shown(admin, f"?{name}={value}")
        assert admin.client.get("/export/audit.csv", query_string={name: value}).status_code == (
            200 if name == "before" else 422
        )

    def test_an_entry_that_is_not_there_is_said_on_a_page_that_stands(self, admin: Asking) -> None:
        for text_, sentence in (("99999", "There is no entry of this number."), ("x", "Entries are numbered")):
            opened = admin.open("/admin/audit", f"?entry={text_}")
            assert opened.toast.startswith(sentence)
            assert "Verify the log" in said(opened.outputs["page.children"])


def test_pages_go_on_without_a_gap(admin: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PAGE", 3)
    for number in range(7):
        write("thing.changed", ("thing", str(number)))
    seen: list[str] = []
    search = "?action=thing."
    while True:
        page = admin.open("/admin/audit", search).outputs["page.children"]
        seen += [row[4]["s"] for row in _table(page)["rows"]]
        older = links(page).get("Older")
        if older is None:
            break
        search = older.removeprefix("/admin/audit")
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert links(page)["The newest"] == "/admin/audit?action=thing."


def _table(node: object) -> dict[str, list[list[dict[str, str]]]]:
    if isinstance(node, list):
        return next((found for one in node if (found := _table(one))), {})
    if not isinstance(node, dict):
        return {}
    if node.get("type") == "Listing":
        return dict(node["props"])
    return _table(node.get("props", {}).get("children"))


class TestExports:
    def test_csv_follows_the_filter_and_holds_no_formula(self, client: FlaskClient) -> None:
        write("thing.changed", ("thing", "=cmd()"), after={"n": "a,b"})
        write("other.changed", ("other", "1"))
        answered = client.get("/export/audit.csv?action=thing.")
        assert "attachment" in answered.headers["Content-Disposition"]
        (row,) = csv.DictReader(io.StringIO(answered.get_data().decode("utf-8-sig")))
        assert (row["action"], row["entity_id"], row["person"]) == ("thing.changed", "'=cmd()", "Schedule")
        assert json.loads(row["after"]) == {"n": "a,b"}

    def test_the_chain_can_be_walked_outside_from_the_lines(self, client: FlaskClient) -> None:
        write("thing.changed", ("thing", 'a "quoted"\\ name'), after={"text": 'one\ntwo "three" \\ \x02'})
        lines = client.get("/export/audit.jsonl").get_data().decode().splitlines()
        found = [json.loads(line) for line in lines]
        head = hashlib.sha256(b"aegis audit log").hexdigest()
        for number, entry in enumerate(found, 1):
            assert (entry["seq"], entry["prev_hash"]) == (number, head)
            head = hashlib.sha256(bytes.fromhex(head) + entry["payload"].encode()).hexdigest()
            assert entry["hash"] == head
        (ours,) = (entry for entry in found if entry["action"] == "thing.changed")
        assert ours["after"] == {"text": 'one\ntwo "three" \\ \x02'}
        assert ours["entity_id"] == 'a "quoted"\\ name'

    def test_taking_it_along_is_written_down_first(self, client: FlaskClient) -> None:
        client.get("/export/audit.csv?action=thing.&nonsense=1").get_data()
        assert rows("SELECT actor_name, after FROM audit_log WHERE action = 'audit.exported'") == [
            ("ada", {"kind": "csv", "filter": {"action": "thing."}})
        ]
        assert client.get("/export/audit.pdf").status_code == 404

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_the_file_carries_where_the_log_ended(self, client: FlaskClient, kind: str) -> None:
        answered = client.get(f"/export/audit.{kind}?action=thing.")
        ((count, head),) = rows("SELECT seq, encode(hash, 'hex') FROM audit_log ORDER BY seq DESC LIMIT 1")
        assert answered.headers["Aegis-Audit-Head"] == f"{count}:{head}"
        assert f"-{count}-{head}.{kind}" in answered.headers["Content-Disposition"]


class TestVerifying:
    def ask(self, admin: Asking) -> str:
        answered = admin.ask("audit-verify.n_clicks", {"audit-verify.n_clicks": 1})
        return said(answered.outputs["audit-chain.children"]) if answered.outputs else answered.toast

    def follow(self, admin: Asking) -> tuple[str, bool]:
        done = admin.ask("audit-poll.n_intervals", {"audit-poll.n_intervals": 1}).outputs
        return said(done["audit-chain.children"]), done["audit-poll.disabled"]

    def test_a_worker_does_it_once_and_the_page_says_what_it_found(self, admin: Asking) -> None:
        presence.forget()
        assert "Nobody has verified it yet." in shown(admin)
        write("thing.changed")
        assert "Waits: no worker serves this queue just now." in self.ask(admin)
        self.ask(admin)
        assert Queue("default", connection=redis_connection.client()).count == 1
        whole, head = rows("SELECT seq, encode(hash, 'hex') FROM audit_log ORDER BY seq DESC LIMIT 1")[0]
        work()
        words, over = self.follow(admin)
        assert over
        assert f"{whole} entries fit the chain" in words
        assert head in words
        assert "1 entry since then." in words  # the verification itself
        assert "cut off at the end" in words

    def test_one_that_runs_says_how_far_it_is_and_is_not_begun_again(
        self, admin: Asking, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, told = audit.verify, []

        def watched(session: Session, report: Callable[[int, int], None]) -> audit.ChainReport:
            report(5_000, 12_000)
            told.append(self.ask(admin))
            return real(session, report)

        self.ask(admin)
        monkeypatch.setattr(audit, "verify", watched)
        work()
        assert ["5,000 of 12,000" in words for words in told] == [True]  # asked once more while it ran, done once
        assert len(rows("SELECT 1 FROM audit_log WHERE action = 'audit.verified'")) == 1

    def test_what_was_changed_from_outside_is_named(self, admin: Asking, server: object) -> None:
        number = write("thing.changed", ("thing", "1"), after={"n": 1})
        write("thing.changed", ("thing", "2"))
        engine: Engine = db.engine()
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("UPDATE audit_log SET after = '{\"n\": 2}' WHERE seq = :seq"), {"seq": number})
        self.ask(admin)
        work()
        words, _ = self.follow(admin)
        assert f"Entry {number} does not fit the chain" in words
        assert rows("SELECT actor_name, after ->> 'broken_at' FROM audit_log WHERE action = 'audit.found_broken'") == [
            ("ada", str(number))
        ]

    def test_one_that_broke_off_says_so_and_can_be_asked_for_again(
        self, admin: Asking, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_given: object) -> None:
            raise RuntimeError("a full disk")

        self.ask(admin)
        with monkeypatch.context() as patched:
            patched.setattr(audit, "verify", broken)
            work()
        words, over = self.follow(admin)
        assert over
        assert "broke off" in words
        self.ask(admin)
        work()
        assert "fits the chain" in self.follow(admin)[0]

    def test_without_redis_it_is_refused_and_the_page_stands(self, admin: Asking) -> None:
        admin.open("/admin/audit")
        redis_connection.configure("redis://127.0.0.1:1/0")
        assert "Workers cannot be told just now" in self.ask(admin)
        assert "Nobody has verified it yet." in shown(admin)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_it_is_for_administrators(client_of: ClientOf, add_person: AddPerson, role: Role) -> None:
    client = client_of(add_person("ben", role))
    other = Asking(client)
    assert "Your role does not include this page" in shown(other)
    for trigger in ("audit-filters.value", "audit-verify.n_clicks", "audit-poll.n_intervals"):
        assert "This needs the role Administrator" in other.ask(trigger, {trigger: 1}).text
    told = other.ask("url.search", {"url.search": "?entry=1", "url.pathname": "/admin/audit"}, of="audit-panel")
    assert "This needs the role Administrator" in told.text
    assert client.get("/export/audit.csv").status_code == client.get("/export/audit.jsonl").status_code == 403
    assert rows("SELECT 1 FROM audit_log WHERE action LIKE 'audit.%'") == []
