"""Evidence comes and goes whole: a failed upload leaves neither row nor object, and what is left over is swept."""

import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from rq import Queue

from data import database as db
from data import objects
from data import redis as redis_connection
from data.database import Actor
from data.queries import evidence as kept
from data.repositories import audit
from domain.errors import AegisError, Duplicate, NotFound, PermissionDenied, RuleViolated, Unavailable
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import evidence, schedule
from tests.jobs import acting
from tests.jobs.syncing import execute, rows

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
LATER = timedelta(hours=2)


@pytest.fixture(autouse=True)
def _services(database: object, redis_server: None, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())


@pytest.fixture
def rea() -> Actor:
    return acting.person("rea", Role.RED_TECH)


@pytest.fixture
def lead() -> Actor:
    return acting.person("lea", Role.BLUE_LEAD)


@pytest.fixture
def test_id(rea: Actor) -> UUID:
    return acting.planned(rea)


@pytest.fixture
def number(test_id: UUID) -> int:
    ((found,),) = rows("SELECT number FROM security_test WHERE id = :id", id=test_id)
    return int(found)


def attach(number: int, by: Actor, content: bytes = PNG, name: str = "shot.png", side: Team = Team.RED) -> UUID:
    return evidence.attach(number, side, name, io.BytesIO(content), by).id


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


def refused(number: int, by: Actor, side: Team = Team.RED, content: bytes = PNG) -> AegisError:
    with pytest.raises(AegisError) as error:
        attach(number, by, content, side=side)
    return error.value


class TestAdding:
    def test_the_file_its_row_the_timeline_and_the_audit_log(
        self, tmp_path: Path, test_id: UUID, number: int, rea: Actor
    ) -> None:
        before = acting.state(test_id).version
        added = evidence.attach(number, Team.RED, "shot.png", io.BytesIO(PNG), rea, caption=" The  shell ")
        (file,) = files(tmp_path)
        assert file.read_bytes() == PNG
        assert kept.of_test(test_id) == [added]
        assert (added.side, added.round, added.caption, added.uploaded_by) == (Team.RED, 1, "The shell", "Rea")
        assert (added.kind, added.size, added.previewed) == ("PNG image", len(PNG), True)
        assert rows(
            "SELECT action, side, note, details ->> 'name' FROM test_timeline WHERE action LIKE 'evidence%'"
        ) == [("evidence_added", "red", "The shell", "shot.png")]
        assert rows("SELECT actor_name, after ->> 'sha256' FROM audit_log WHERE action = 'test.evidence_added'") == [
            ("rea", added.sha256)
        ]
        assert rows("SELECT payload ->> 'kind' FROM outbox_event WHERE payload ->> 'kind' LIKE 'evidence%'") == [
            ("evidence_added",)
        ]
        assert acting.state(test_id).version == before  # who edits the test is not disturbed

    def test_the_same_content_twice_on_a_side(self, tmp_path: Path, number: int, rea: Actor) -> None:
        attach(number, rea)
        assert refused(number, rea).detail == "shot.png is there already, as shot.png."
        assert len(files(tmp_path)) == 1
        attach(number, acting.person("ada", Role.ADMIN), side=Team.BLUE)
        assert len(files(tmp_path)) == 2

    def test_a_test_keeps_so_many(self, monkeypatch: pytest.MonkeyPatch, number: int, rea: Actor) -> None:
        monkeypatch.setattr(evidence, "PER_TEST", 1)
        attach(number, rea)
        assert isinstance(refused(number, rea, content=PNG + b"2"), RuleViolated)

    def test_a_test_that_is_not_there(self, tmp_path: Path, rea: Actor) -> None:
        assert refused(999_999, rea).detail == "There is no test 999999."
        assert files(tmp_path) == []


class TestWhoMayAdd:
    @pytest.mark.parametrize(
        ("role", "red", "blue"),
        [
            (Role.VIEWER, False, False),
            (Role.RED_TECH, True, False),
            (Role.RED_LEAD, True, False),
            (Role.BLUE_TECH, False, True),
            (Role.BLUE_LEAD, False, True),
            (Role.ADMIN, True, True),
        ],
    )
    def test_each_side_its_own(self, number: int, role: Role, red: bool, blue: bool) -> None:
        by = acting.person("somebody", role)
        for side, may in ((Team.RED, red), (Team.BLUE, blue)):
            if may:
                attach(number, by, side=side)
            else:
                assert isinstance(refused(number, by, side), PermissionDenied)

    def test_not_to_a_cancelled_test(self, tmp_path: Path, test_id: UUID, number: int, rea: Actor) -> None:
        acting.do(test_id, rea, actions.Cancel(reason="Not needed"))
        assert refused(number, rea).detail == "This test is cancelled; its evidence is complete."
        assert files(tmp_path) == []

    def test_not_to_a_validated_one(self, number: int, rea: Actor) -> None:
        execute(
            "UPDATE security_test SET state = 'validated', validated_at = now(), prevention = 'none',"
            " detection = 'missed', outcome = 'missed'"
        )
        assert refused(number, rea).detail == "This test is validated; its evidence is complete."

    def test_not_to_a_side_that_was_decided_on(self, number: int, rea: Actor) -> None:
        execute("UPDATE security_test SET state = 'in_review'")
        execute("UPDATE test_round SET red_verdict = 'approved', red_verdict_at = now()")
        assert refused(number, rea).detail == "Red's side has been decided on; its evidence is complete."
        attach(number, acting.person("bo", Role.BLUE_TECH), side=Team.BLUE)

    def test_not_by_an_account_that_was_disabled(self, tmp_path: Path, number: int, rea: Actor) -> None:
        execute("UPDATE user_account SET disabled_at = now() WHERE username = 'rea'")
        assert isinstance(refused(number, rea), PermissionDenied)
        assert files(tmp_path) == []


class TestFailedUploads:
    def nothing_is_left(self, tmp_path: Path) -> bool:
        counted = """SELECT (SELECT count(*) FROM evidence),
          (SELECT count(*) FROM test_timeline WHERE action LIKE 'evidence%'),
          (SELECT count(*) FROM audit_log WHERE action LIKE 'test.evidence%')"""
        return rows(counted) == [(0, 0, 0)] and files(tmp_path) == []

    def test_the_commit_fails(self, tmp_path: Path, number: int, rea: Actor) -> None:
        execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
            "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON evidence DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION no()"
        )
        with pytest.raises(Exception, match="no"):
            attach(number, rea)
        assert self.nothing_is_left(tmp_path)

    def test_the_connection_breaks_after_the_commit(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, test_id: UUID, number: int, rea: Actor
    ) -> None:
        write = evidence._write

        def written_and_lost(session: object, *args: object, **options: object) -> None:
            write(session, *args, **options)  # type: ignore[arg-type]
            session.commit()  # type: ignore[attr-defined]
            raise Unavailable("The database does not answer just now.")

        monkeypatch.setattr(evidence, "_write", written_and_lost)
        with pytest.raises(Unavailable):
            attach(number, rea)
        (item,) = kept.of_test(test_id)
        assert b"".join(objects.stream(kept.file(item.id).key)) == PNG

    def test_the_store_fails(self, tmp_path: Path, number: int, rea: Actor) -> None:
        (tmp_path / "objects").mkdir(exist_ok=True)
        (tmp_path / "objects" / "evidence").write_bytes(b"a file where a folder should be")
        with pytest.raises(Unavailable, match="Files cannot be kept or read just now"):
            attach(number, rea)
        (tmp_path / "objects" / "evidence").unlink()
        assert self.nothing_is_left(tmp_path)

    def test_a_bad_file_never_reaches_the_store(self, tmp_path: Path, number: int, rea: Actor) -> None:
        assert "program for Windows" in refused(number, rea, content=b"MZ\x90\x00").detail
        assert self.nothing_is_left(tmp_path)


class TestDeleting:
    def test_the_content_goes_and_a_tombstone_stays(
        self, tmp_path: Path, test_id: UUID, number: int, rea: Actor, lead: Actor
    ) -> None:
        item = attach(number, rea)
        gone = evidence.delete(item, "  Shows a customer's name ", lead)
        assert files(tmp_path) == []
        assert kept.of_test(test_id) == [gone]
        assert (gone.deleted_by, gone.deleted_reason, gone.previewed) == ("Lea", "Shows a customer's name", False)
        assert rows("SELECT action, side, note FROM test_timeline WHERE action = 'evidence_deleted'") == [
            ("evidence_deleted", "lead", "Shows a customer's name")
        ]
        assert rows("SELECT before ->> 'name' FROM audit_log WHERE action = 'test.evidence_deleted'") == [("shot.png",)]
        with db.reading() as session:
            assert audit.verify(session).broken_at is None

    def test_once(self, number: int, rea: Actor, lead: Actor) -> None:
        item = attach(number, rea)
        evidence.delete(item, "A reason", lead)
        with pytest.raises(NotFound, match=r"shot.png was deleted already, by Lea."):
            evidence.delete(item, "A reason", lead)
        with pytest.raises(NotFound, match="was deleted by Lea: A reason"):
            kept.file(item)

    def test_by_leads_only_and_with_a_reason(self, tmp_path: Path, number: int, rea: Actor, lead: Actor) -> None:
        item = attach(number, rea)
        with pytest.raises(PermissionDenied, match="deleted by Red lead, Blue lead or Administrator"):
            evidence.delete(item, "A reason", rea)
        for reason in ("", "  x ", "x" * 501):
            with pytest.raises(AegisError, match="in 3 to 500 characters"):
                evidence.delete(item, reason, lead)
        assert len(files(tmp_path)) == 1

    def test_what_was_deleted_may_be_added_again(self, number: int, rea: Actor, lead: Actor) -> None:
        evidence.delete(attach(number, rea), "A reason", lead)
        attach(number, rea)

    def test_a_store_that_fails_leaves_it_to_the_sweep(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, rea: Actor, lead: Actor
    ) -> None:
        item = attach(number, rea)
        with monkeypatch.context() as broken:
            broken.setattr(objects, "delete", lambda key: 1 / 0)
            evidence.delete(item, "A reason", lead)
        assert len(files(tmp_path)) == 1
        assert evidence.sweep(datetime.now(UTC) + LATER) == 1
        assert files(tmp_path) == []


_KILLED = """
import io, os, signal, sys
from uuid import UUID
from data import database as db, objects
from data.database import Actor
from domain.testing.person import Team
from jobs import evidence
db.configure(sys.argv[1])
objects.configure(sys.argv[2])
evidence._write = lambda *_args, **_options: os.kill(os.getpid(), signal.SIGKILL)
evidence.attach(int(sys.argv[3]), Team.RED, "a.txt", io.BytesIO(b"text"), Actor(name="rea", id=UUID(sys.argv[4])))
"""


class TestSweeping:
    def test_what_a_killed_process_left(self, tmp_path: Path, number: int, rea: Actor) -> None:
        arguments = [db.url(), (tmp_path / "objects").as_uri(), str(number), str(rea.id)]
        done = subprocess.run([sys.executable, "-c", _KILLED, *arguments], check=False, capture_output=True)
        assert done.returncode < 0, done.stderr.decode()
        assert len(files(tmp_path)) == 1
        assert evidence.sweep() == 0  # its row may be on its way
        assert evidence.sweep(datetime.now(UTC) + LATER) == 1
        assert files(tmp_path) == []

    def test_what_is_known_stays(self, tmp_path: Path, number: int, rea: Actor) -> None:
        attach(number, rea)
        objects.put("uploads/attack/1", io.BytesIO(b"not ours"))
        assert evidence.sweep(datetime.now(UTC) + LATER) == 0
        assert len(files(tmp_path)) == 2

    def test_what_belonged_to_a_test_that_is_gone(self, tmp_path: Path, number: int, rea: Actor) -> None:
        attach(number, rea)
        execute("DELETE FROM security_test")
        assert evidence.sweep(datetime.now(UTC) + LATER) == 1
        assert files(tmp_path) == []

    def test_a_half_written_file(self, tmp_path: Path) -> None:
        half = tmp_path / "objects" / "evidence" / "x" / "abc#1"
        half.parent.mkdir(parents=True)
        half.write_bytes(b"half")
        assert evidence.sweep() == 0
        long_ago = datetime.now(UTC).timestamp() - 7200
        os.utime(half, (long_ago, long_ago))
        assert evidence.sweep() == 1
        assert files(tmp_path) == []

    def test_any_number_of_schedulers_plan_it_once_an_hour(self) -> None:
        for _ in range(3):
            schedule.tick()
        assert self.planned() == 1
        redis_connection.client().delete("aegis:evidence:swept")  # an hour later
        schedule.tick()
        assert self.planned() == 2

    def planned(self) -> int:
        jobs = Queue("default", connection=redis_connection.client()).jobs
        return [job.func_name for job in jobs].count("jobs.evidence.sweep")


def test_a_duplicate_is_named_by_what_is_there(number: int, rea: Actor) -> None:
    attach(number, rea, b"a log line\n", "first.log")
    with pytest.raises(Duplicate, match=r"second.log is there already, as first.log."):
        attach(number, rea, b"a log line\n", "second.log")
