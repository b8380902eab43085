"""Rehearsals through the queue: promised, done, adopted, discarded; what changes nothing and what is refused."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rq import Queue
from rq.worker import SimpleWorker

from data import database as db
from data import objects, sync_lock
from data import redis as redis_connection
from data.database import Actor
from data.queries import rehearsals as queries
from data.repositories import claims
from data.repositories.rehearsals import KEPT_MAX
from domain.errors import BadInput, Busy, InvalidTransition, NotFound, PermissionDenied, RuleViolated
from domain.rehearsal import State
from domain.roles import Role
from jobs import rehearsals, rehearsing
from tests.data import world
from tests.data.sources import stix
from tests.jobs.syncing import at, bundle_file, execute, rows, rule, sync_attack, sync_rules

ANA = Actor(name="ana", id=uuid.UUID(int=7))
RETIRED = stix.SHELL | {"revoked": True}
NEXT = stix.technique(90, "T1690", "Shells")
REVOKED = stix.rel(90, "revoked-by", RETIRED, NEXT)
GENERATIONS = "SELECT topic, number FROM data_generation WHERE topic <> 'sources' ORDER BY topic"


@pytest.fixture(autouse=True)
def _store(database: object, redis_server: None, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())


@pytest.fixture
def loaded(tmp_path: Path) -> None:
    """18.1 with T1059, a test and a rule on it."""
    sync_attack(tmp_path, stix.SHELL, stix.TASK)
    home = rows("SELECT id FROM technique WHERE attack_id = 'T1059'")[0][0]
    world.security_test(home, "none/alerted", claimed_technique="T1059")
    sync_rules(tmp_path, one=rule(1, "T1059"), lost=rule(2, "T1690"))


def work() -> None:
    connection = redis_connection.client()
    SimpleWorker([Queue("sync", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")


def request(folder: Path, *objects: stix.Object, version: str = "19.0") -> uuid.UUID:
    return rehearsals.request(ANA, Role.ADMIN, at(bundle_file(folder, *objects, version=version)))


def one(rehearsal_id: uuid.UUID) -> queries.RehearsalRow:
    with db.reading() as session:
        return queries.rehearsal(session, rehearsal_id)


def kept_files(folder: Path) -> list[str]:
    return [path.name for path in (folder / "objects").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("loaded")
class TestReport:
    def test_it_says_what_moves_and_changes_nothing(self, tmp_path: Path) -> None:
        generations = rows(GENERATIONS)
        made = request(tmp_path, RETIRED, stix.TASK, NEXT, REVOKED)
        assert one(made).state is State.QUEUED
        work()
        found = one(made)
        assert (found.state, found.version, found.from_version, found.by) == (State.READY, "19.0", "18.1", "ana")
        assert rows(GENERATIONS) == generations
        assert rows("SELECT count(*) FROM technique") == [(2,)]
        report = found.report
        assert (report["added"], report["retired"]) == (1, 1)
        assert report["turns"]["replaced"] == [["T1059", "Command and Scripting Interpreter", [], ["T1690"]]]
        assert report["moves"] == [
            ["rules", "T1059", "T1059", "T1690", 1],
            ["rules", "T1690", None, "T1690", 1],
            ["tests", "T1059", "T1059", "T1690", 1],
        ]
        assert report["numbers"]["rules"] == {"moved": 1, "lost": 0, "found": 1}
        assert report["numbers"]["tests"] == {"moved": 1, "lost": 0, "found": 0}
        assert ["revoked", "technique", "T1059", "Command and Scripting Interpreter", "now: T1690 Shells"] in report[
            "items"
        ]
        assert (report["before"]["techniques"], report["after"]["techniques"]) == (2, 2)
        told = rows("SELECT action FROM audit_log WHERE action LIKE 'rehearsal.%' ORDER BY seq")
        assert told == [("rehearsal.requested",), ("rehearsal.ready",)]

    def test_what_loses_its_technique_lands_nowhere(self, tmp_path: Path) -> None:
        world.framework("ours", {"AC-1": [rows("SELECT id FROM technique WHERE attack_id = 'T1059'")[0][0]]})
        execute("UPDATE control_mapping SET claimed_id = 'T1059'")
        made = request(tmp_path, stix.SHELL | {"x_mitre_deprecated": True}, stix.TASK)
        work()
        report = one(made).report
        assert {tuple(row) for row in report["moves"]} == {
            ("tests", "T1059", "T1059", None, 1), ("rules", "T1059", "T1059", None, 1),
            ("mappings", "T1059", "T1059", None, 1),
        }  # fmt: skip
        assert [turn[0] for turn in report["turns"]["lost"]] == ["T1059"]
        ((framework, code, before, after),) = report["controls"]
        assert (framework, code) == ("ours", "AC-1")
        assert before == "demonstrated" != after

    def test_adopting_does_it_and_is_refused_when_the_map_has_moved_on(self, tmp_path: Path) -> None:
        first = request(tmp_path, RETIRED, stix.TASK, NEXT, REVOKED)
        work()
        other = request(tmp_path, stix.SHELL, version="20.0")
        work()
        assert len(kept_files(tmp_path)) == 2
        rehearsals.adopt(ANA, Role.ADMIN, first)
        work()
        assert one(first).state is State.ADOPTED
        assert rows("SELECT version FROM attack_release WHERE state = 'adopted'") == [("19.0",)]
        assert rows("SELECT t.attack_id FROM security_test AS s JOIN technique AS t ON t.id = s.technique_id") == [
            ("T1690",)
        ]
        assert len(kept_files(tmp_path)) == 1, "its bundle is forgotten"
        assert one(other).stale
        with pytest.raises(RuleViolated, match="has changed since"):
            rehearsals.adopt(ANA, Role.ADMIN, other)
        with pytest.raises(InvalidTransition):
            rehearsals.adopt(ANA, Role.ADMIN, first)
        rehearsals.again(ANA, Role.ADMIN, other)
        work()
        assert (one(other).from_version, one(other).stale) == ("19.0", False)
        rehearsals.adopt_in_place(ANA, Role.ADMIN, other)
        assert kept_files(tmp_path) == []

    def test_a_map_that_changes_before_the_run_begins_is_noticed_by_the_run(self, tmp_path: Path) -> None:
        made = request(tmp_path, RETIRED, stix.TASK, NEXT, REVOKED)
        work()
        rehearsals.adopt(ANA, Role.ADMIN, made)
        execute("UPDATE attack_release SET id = uuidv7()")
        work()
        assert rows("SELECT state, error FROM sync_run ORDER BY queued_at DESC LIMIT 1") == [
            ("failed", "The loaded map has changed since this was rehearsed. Rehearse it again, then adopt it.")
        ]
        assert one(made).state is State.READY
        assert len(kept_files(tmp_path)) == 1, "it can be rehearsed again"

    def test_the_loaded_version_changes_nothing_and_cannot_be_adopted(self, tmp_path: Path) -> None:
        made = request(tmp_path, stix.SHELL, stix.TASK, version="18.1")
        work()
        assert one(made).report["changes"] is False
        with pytest.raises(RuleViolated, match="nothing to adopt"):
            rehearsals.adopt(ANA, Role.ADMIN, made)

    def test_it_gives_up_when_others_hold_the_map(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rehearsing, "_LOCK_MS", 50)
        with db.unit_of_work() as session:
            claims.lock(session)
            with pytest.raises(Busy):
                rehearsals.rehearse_in_place(ANA, Role.ADMIN, at(bundle_file(tmp_path, NEXT, version="19.0")))
        ((state, error),) = rows("SELECT state, error FROM attack_rehearsal")
        assert (state, error[:24]) == ("failed", "Others are changing the ")
        assert kept_files(tmp_path) == []


class TestLife:
    def test_a_first_load_can_be_rehearsed(self, tmp_path: Path) -> None:
        made = request(tmp_path, stix.SHELL, version="18.1")
        work()
        found = one(made)
        assert (found.from_version, found.report["before"]["techniques"], found.report["after"]["techniques"]) == (
            None, 0, 1,
        )  # fmt: skip
        rehearsals.adopt_in_place(ANA, Role.ADMIN, made)
        assert rows("SELECT attack_id FROM technique") == [("T1059",)]

    def test_an_upload_is_read_and_forgotten_and_its_content_kept(self, tmp_path: Path) -> None:
        objects.put("uploads/1", io.BytesIO(stix.packed(*stix.FRAME, stix.SHELL)))
        given = {"kind": "upload", "key": "uploads/1", "name": "enterprise-attack-18.1.json"}
        made = rehearsals.request(ANA, Role.ADMIN, given)
        work()
        assert kept_files(tmp_path) == ["enterprise-attack-18.1.json.gz"]
        rehearsals.discard(ANA, Role.ADMIN, made)
        assert (one(made).state, one(made).kept, kept_files(tmp_path)) == (State.DISCARDED, False, [])

    def test_a_file_that_is_no_bundle_fails_with_its_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text("{}")
        made = rehearsals.request(ANA, Role.ADMIN, at(tmp_path / "x.json"))
        work()
        assert one(made).error.startswith("x.json is JSON but not a STIX bundle")
        with pytest.raises(InvalidTransition, match="not kept"):
            rehearsals.again(ANA, Role.ADMIN, made)
        rehearsals.discard(ANA, Role.ADMIN, made)

    def test_an_unexpected_failure_says_nothing_of_its_inside(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr("data.repositories.claims.place_again", broken)
        with pytest.raises(RuntimeError):
            rehearsals.rehearse_in_place(ANA, Role.ADMIN, at(bundle_file(tmp_path, stix.SHELL)))
        ((error, releases),) = rows("SELECT error, (SELECT count(*) FROM attack_release) FROM attack_rehearsal")
        assert ("secret" in error, releases) == (False, 0)

    @pytest.mark.parametrize(
        "given", [{"kind": "built_in"}, {"kind": "rehearsal", "key": "k", "name": "n", "rehearsal": "r"}, {}]
    )
    def test_it_reads_files_and_addresses_only(self, given: dict[str, str]) -> None:
        with pytest.raises(BadInput):
            rehearsals.request(ANA, Role.ADMIN, given)

    def test_only_who_syncs_may(self, tmp_path: Path) -> None:
        for role in set(Role) - {Role.ADMIN}:
            for call in (rehearsals.again, rehearsals.adopt, rehearsals.discard):
                with pytest.raises(PermissionDenied):
                    call(ANA, role, uuid.uuid4())
            with pytest.raises(PermissionDenied):
                rehearsals.request(ANA, role, at(tmp_path))
        with pytest.raises(NotFound):
            rehearsals.adopt(ANA, Role.ADMIN, uuid.uuid4())

    def test_there_is_a_limit(self, tmp_path: Path) -> None:
        for _ in range(KEPT_MAX):
            request(tmp_path, stix.SHELL)
        with pytest.raises(RuleViolated, match="adopt or discard one first"):
            request(tmp_path, stix.SHELL)

    def test_what_waits_without_a_job_is_queued_again_and_what_died_is_ended(self, tmp_path: Path) -> None:
        waiting, dead, alive = (request(tmp_path, stix.SHELL) for _ in range(3))
        redis_connection.client().flushall()
        execute("UPDATE attack_rehearsal SET state = 'running' WHERE id <> :id", id=waiting)
        with sync_lock.held(f"rehearsal {alive}"):
            assert rehearsals.relay(datetime.now(UTC) + timedelta(minutes=1)) == 1
        assert [one(each).state for each in (waiting, dead, alive)] == [State.QUEUED, State.FAILED, State.RUNNING]
        assert "ended before it was done" in one(dead).error
        work()
        assert one(waiting).state is State.READY
