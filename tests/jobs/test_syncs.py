import io
import uuid
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from rq import Queue
from rq.worker import SimpleWorker

from data import database as db
from data import objects, sync_lock
from data import redis as redis_connection
from data.database import Actor
from data.queries import sources
from data.sources import registry
from data.sources.registry import SourceEntry
from domain.errors import BadInput, Busy, NotFound, Unavailable
from jobs import sync_input, syncs
from jobs.sync_progress import ProgressWriter
from tests.data.sources import stix
from tests.jobs.syncing import at, bundle_file, execute, rows, rule, sync_attack, sync_rules

ANA = Actor(name="ana", id=uuid.UUID(int=7))


@pytest.fixture(autouse=True)
def _store(database: object, redis_server: None, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())


def _work() -> None:
    """Do what is queued, as a worker does, in this process."""
    SimpleWorker([Queue("sync", connection=redis_connection.client())], connection=redis_connection.client()).work(
        burst=True, logging_level="ERROR"
    )


def _run(run_id: uuid.UUID) -> sources.RunRow:
    with db.reading() as session:
        return sources.run(session, run_id)


class TestThroughTheQueue:
    def test_a_run_is_promised_done_and_told(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=ANA, input=at(bundle_file(tmp_path, stix.SHELL)))
        assert _run(run_id).state == "queued"
        _work()
        done = _run(run_id)
        assert (done.state, done.version, done.by, done.origin) == (
            "succeeded",
            "18.1",
            "ana",
            "enterprise-attack-18.1.json",
        )
        assert done.started_at is not None
        assert done.finished_at is not None
        ((action, actor, after),) = rows("SELECT action, actor_id, after FROM audit_log")
        assert (action, actor, after["run_id"]) == ("sync.succeeded", ANA.id, str(run_id))
        assert rows("SELECT topic FROM outbox_event") == [("sync.finished",)]

    def test_one_at_a_time(self, tmp_path: Path) -> None:
        given = at(bundle_file(tmp_path, stix.SHELL))
        first = syncs.request_sync("attack", actor=ANA, input=given)
        with pytest.raises(Busy):
            syncs.request_sync("attack", actor=ANA, input=given)
        with pytest.raises(Busy):
            syncs.sync_in_place("attack", input=given)
        _work()
        assert _run(first).state == "succeeded"
        assert syncs.sync_in_place("attack", input=given).state == "unchanged"

    def test_a_job_that_comes_twice_does_it_once(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=ANA, input=at(bundle_file(tmp_path, stix.SHELL)))
        syncs.run_sync(str(run_id))
        syncs.run_sync(str(run_id))
        assert rows("SELECT count(*) FROM audit_log") == [(1,)]

    def test_a_job_waits_while_another_holds_the_source(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=ANA, input=at(bundle_file(tmp_path, stix.SHELL)))
        with sync_lock.held("attack") as mine:
            assert mine
            syncs.run_sync(str(run_id))
        assert _run(run_id).state == "queued"

    def test_without_redis_the_promise_stands(self, tmp_path: Path) -> None:
        redis_connection.configure("redis://127.0.0.1:1/0")
        run_id = syncs.request_sync("attack", actor=ANA, input=at(bundle_file(tmp_path, stix.SHELL)))
        assert _run(run_id).state == "queued"

    def test_a_failed_run_keeps_its_sentence_and_changes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "layer.json").write_text("{}")
        run_id = syncs.request_sync("attack", actor=ANA, input=at(tmp_path / "layer.json"))
        _work()
        failed = _run(run_id)
        assert failed.state == "failed"
        assert failed.error == "layer.json is JSON but not a STIX bundle; give a bundle as MITRE publishes it."
        assert rows("SELECT count(*) FROM technique") == [(0,)]
        assert rows("SELECT action FROM audit_log") == [("sync.failed",)]

    def test_an_unexpected_failure_in_the_middle_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr("data.repositories.claims.place_again", broken)
        with pytest.raises(RuntimeError):
            sync_attack(tmp_path, stix.SHELL)
        assert rows("SELECT state, error LIKE '%secret%' FROM sync_run") == [("failed", False)]
        assert rows("SELECT (SELECT count(*) FROM technique), (SELECT count(*) FROM attack_release)") == [(0, 0)]


class TestUpload:
    def _upload(self, content: bytes, name: str) -> dict[str, str]:
        objects.put("uploads/1", io.BytesIO(content))
        return {"kind": "upload", "key": "uploads/1", "name": name}

    def test_it_is_read_under_its_own_name_and_then_forgotten(self) -> None:
        content = stix.packed(*stix.FRAME, stix.SHELL)
        run_id = syncs.request_sync("attack", actor=ANA, input=self._upload(content, "enterprise-attack-18.1.json"))
        _work()
        assert (_run(run_id).state, _run(run_id).version) == ("succeeded", "18.1")
        with pytest.raises(NotFound), objects.as_file("uploads/1"):
            pass

    def test_it_is_forgotten_after_a_failure_too(self) -> None:
        run_id = syncs.request_sync("attack", actor=ANA, input=self._upload(b"no", "x.json"))
        _work()
        assert _run(run_id).state == "failed"
        with pytest.raises(NotFound), objects.as_file("uploads/1"):
            pass


class TestAgain:
    def test_the_same_file_is_not_even_parsed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sync_attack(tmp_path, stix.SHELL)
        monkeypatch.setattr("orjson.loads", lambda _: pytest.fail("parsed again"))
        assert sync_attack(tmp_path, stix.SHELL).state == "unchanged"

    def test_a_file_read_before_another_one_is_read_again(self, tmp_path: Path) -> None:
        sync_rules(tmp_path, a=rule(1))
        sync_rules(tmp_path, a=rule(1), b=rule(2))
        assert sync_rules(tmp_path, a=rule(1)).state == "succeeded"
        assert rows("SELECT count(*) FROM detection_rule WHERE removed_at IS NULL") == [(1,)]

    def test_another_version_of_the_same_content_is_a_change(self, tmp_path: Path) -> None:
        sync_attack(tmp_path, stix.SHELL)
        done = syncs.sync_in_place("attack", input=at(bundle_file(tmp_path, stix.SHELL)), version="18.2")
        assert (done.state, done.version, done.counts["objects"]) == ("succeeded", "18.2", {})

    def test_no_generation_of_content_moves_when_nothing_changed(self, tmp_path: Path) -> None:
        generations = "SELECT topic, number FROM data_generation WHERE topic <> 'sources' ORDER BY topic"
        sync_attack(tmp_path, stix.SHELL)
        before = rows(generations)
        sync_attack(tmp_path, stix.SHELL)
        sync_attack(tmp_path, stix.SHELL | {"modified": "2030-01-01T00:00:00.000Z"})
        assert rows(generations) == before


class TestUpstream:
    @pytest.fixture
    def offline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unreachable(*_: object) -> None:
            raise Unavailable("It could not be reached.")

        monkeypatch.setattr("data.fetch._download", unreachable)

    @pytest.fixture(autouse=True)
    def small_built_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The built-in data is a bundle of one technique."""
        from data.sources import attack_stix
        from data.sources.base import Asked, Document, Input

        content = stix.packed(*stix.FRAME, stix.SHELL)
        document = Document("enterprise-attack-18.1.json", content)
        bundle = attack_stix.parse(Input("built-in", (document,), whole=False), Asked())
        entry = registry.entry("attack")
        assert entry.built_in is not None
        small = replace(entry, built_in=replace(entry.built_in, parse=lambda *_: bundle))
        monkeypatch.setitem(cast(dict[str, SourceEntry], registry.SOURCES), "attack", small)

    @pytest.mark.usefixtures("offline")
    def test_without_network_the_built_in_map_comes_first(self) -> None:
        done = syncs.sync_in_place("attack")
        assert (done.state, done.origin) == ("succeeded", "built-in ATT&CK 18.1")

    @pytest.mark.usefixtures("offline")
    def test_it_never_takes_the_place_of_a_loaded_one(self, tmp_path: Path) -> None:
        sync_attack(tmp_path, stix.SHELL)
        with pytest.raises(Unavailable):
            syncs.sync_in_place("attack")

    @pytest.mark.usefixtures("offline")
    def test_it_does_not_serve_for_other_domains(self) -> None:
        with pytest.raises(Unavailable):
            syncs.sync_in_place("attack", input={"kind": "upstream", "domain": "ics-attack"})


class TestRefusedBeforehand:
    @pytest.mark.parametrize(
        ("source", "given"),
        [
            ("attack", {"kind": "magic"}),
            ("attack", {"kind": "url"}),
            ("attack", {"kind": "upload", "key": "x"}),
            ("attack", {"kind": "upstream", "domain": "pre-attack"}),
            ("sigma", {"kind": "built_in"}),
            ("sigma", {"kind": "upstream", "domain": "ics-attack"}),
        ],
    )
    def test_no_run_is_promised(self, source: str, given: dict[str, str]) -> None:
        with pytest.raises(BadInput):
            syncs.request_sync(source, actor=ANA, input=given)
        assert rows("SELECT count(*) FROM sync_run") == [(0,)]

    def test_an_unknown_source(self) -> None:
        with pytest.raises(NotFound, match="there are attack, sigma"):
            syncs.request_sync("nothing", actor=ANA)


class TestProgress:
    def test_the_database_hears_of_it_a_few_times_a_second_and_at_each_phase(self, tmp_path: Path) -> None:
        run_id = syncs.request_sync("attack", actor=ANA, input=at(bundle_file(tmp_path, stix.SHELL)))
        execute("UPDATE sync_run SET state = 'running'")
        now = [0.0]
        said: list[tuple[int, int | None, str | None]] = []
        progress = ProgressWriter(run_id, lambda *step: said.append(step), clock=lambda: now[0])
        held = []
        for at_second, phase, done in (
            (0, "Fetching", 1),
            (0.1, "Fetching", 2),
            (0.35, "Fetching", 3),
            (0.4, "Reading", None),
        ):
            now[0] = at_second
            progress.step(phase, done, 9)
            held.append(rows("SELECT phase, done, total FROM sync_run")[0])
        assert held == [("Fetching", 1, 9), ("Fetching", 1, 9), ("Fetching", 3, 9), ("Reading", None, 9)]
        assert said[0] == (1, 9, "fetching")
        assert len(said) == 4


def test_kinds_of_input_are_the_ones_described() -> None:
    assert all(f"  {kind} " in (syncs.__doc__ or "") for kind in sync_input.KINDS)


class TestSchedule:
    def test_it_is_set_and_audited(self) -> None:
        syncs.set_schedule("sigma", 1440, actor=ANA)
        syncs.set_schedule("sigma", 1440, actor=ANA)
        syncs.set_schedule("sigma", None, actor=ANA)
        assert rows("SELECT schedule_minutes, next_run_at FROM source") == [(None, None)]
        assert rows("SELECT before, after FROM audit_log ORDER BY seq") == [
            ({"minutes": None}, {"minutes": 1440}),
            ({"minutes": 1440}, {"minutes": None}),
        ]

    @pytest.mark.parametrize("minutes", [0, 59, 60 * 24 * 91])
    def test_within_reason(self, minutes: int) -> None:
        with pytest.raises(BadInput):
            syncs.set_schedule("sigma", minutes, actor=ANA)
