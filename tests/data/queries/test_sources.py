from pathlib import Path
from uuid import uuid4

import pytest

from data import database as db
from data.database import SYSTEM
from data.queries import sources
from domain.errors import NotFound
from jobs import syncs
from tests.data import world
from tests.data.sources import stix
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import at, bundle_file, execute, rule, sync_attack, sync_rules

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def _sources() -> dict[str, sources.SourceRow]:
    with db.reading() as session:
        return {row.slug: row for row in sources.sources(session)}


def test_before_anything_is_loaded() -> None:
    attack = _sources()["attack"]
    assert (attack.loaded, attack.figures, attack.last, attack.active, attack.next_run_at) == ((), (), None, None, None)


def test_the_last_run_that_ended_and_the_one_under_way(tmp_path: Path) -> None:
    done = sync_attack(tmp_path, stix.SHELL)
    with db.unit_of_work() as session:
        promised = syncs.sync_runs.create(
            session, syncs.Request("attack", at(bundle_file(tmp_path)), None, "person"), SYSTEM
        )
    attack = _sources()["attack"]
    assert attack.last is not None
    assert attack.active is not None
    assert (attack.last.id, attack.active.id) == (done.run_id, promised)
    assert attack.last.kinds == {"added": 3}  # two tactics and a technique


def test_figures_are_those_of_now(tmp_path: Path) -> None:
    """They are kept: each time something comes they are counted anew."""
    assert all(row.figures == () for row in _sources().values())
    sync_attack(tmp_path, stix.SHELL)
    assert _sources()["attack"].figures == (("techniques", 1), ("sub-techniques", 0))
    sync_rules(tmp_path, a=rule(1, "T1059"), b=rule(2, "T1685"))
    assert _sources()["sigma"].figures == (("rules", 2), ("enabled", 2), ("technique claims not placed", 1))
    folder = tmp_path / "atomics"
    folder.mkdir()
    (folder / "a.yml").write_text(atomic_file("T1059", atomic_test(1, name="Atomic")))
    syncs.sync_in_place("atomic", input=at(folder))
    assert _sources()["atomic"].figures == (("templates", 1),)
    execute("UPDATE detection_rule SET enabled = false")
    assert _sources()["sigma"].figures == (("rules", 2), ("technique claims not placed", 1))
    world.framework("ours", {"A": []})
    execute("UPDATE framework SET origin = 'mappings'")
    mappings = _sources()["mappings"]
    assert mappings.loaded == ("Name of ours",)
    assert mappings.figures == (("controls, capabilities and vulnerabilities", 1),)


def test_shortened_texts_are_named(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL)
    execute("UPDATE attack_release SET shortened = true, origin = 'built-in ATT&CK 18.1'")
    assert _sources()["attack"].shortened_from == "built-in ATT&CK 18.1"


def test_what_is_not_placed_is_told_as_of_now(tmp_path: Path) -> None:
    sync_rules(tmp_path, a=rule(1, "T1059", "T1685"), b=rule(2, "T1685"))
    with db.reading() as session:
        before = sources.not_placed(session, "sigma")
    assert [(row.claimed_id, row.rules) for row in before] == [("T1685", 2), ("T1059", 1)]
    assert before[0].why == "T1685 is not on the loaded map; it replaces T1562, T1562.001"
    sync_attack(tmp_path, stix.SHELL)
    with db.reading() as session:
        assert [row.claimed_id for row in sources.not_placed(session, "sigma")] == ["T1685"]


def test_runs_come_newest_first_of_all_or_of_one_source(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL)
    sync_rules(tmp_path, a=rule(1))
    with db.reading() as session:
        assert [run.source for run in sources.runs(session)] == ["sigma", "attack"]
        assert [run.source for run in sources.runs(session, source="attack")] == ["attack"]
        assert len(sources.runs(session, limit=1)) == 1


def test_a_run_nobody_knows() -> None:
    with db.reading() as session, pytest.raises(NotFound):
        sources.run(session, uuid4())
