from pathlib import Path

import pytest

from data import database as db
from data.queries import sources
from jobs import syncs
from jobs.syncs import Outcome
from tests.data.sources import stix
from tests.data.sources.templates import GUID, ability, adversary, atomic_file, atomic_test
from tests.jobs.syncing import at, execute, report, rows, sync_attack

pytestmark = pytest.mark.usefixtures("database")


def _sync(folder: Path, source: str = "atomic", **files: str) -> Outcome:
    """A directory holding exactly `files` (name without .yml -> text)."""
    place = folder / source
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for name, content in files.items():
        (place / f"{name}.yml").write_text(content)
    return syncs.sync_in_place(source, input=at(place))


def _versions(number: int) -> list[tuple[int, str]]:
    return rows(  # type: ignore[return-value]
        "SELECT held.version, held.content ->> 'name' FROM template_version AS held"
        " JOIN test_template AS template ON template.id = held.template_id"
        " WHERE template.source_id = :id ORDER BY held.version",
        id=GUID(number),
    )


def test_templates_come_with_their_place_and_a_first_version(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL)
    done = _sync(tmp_path, a=atomic_file("T1059.001", atomic_test(1)), b=atomic_file("T9999", atomic_test(2)))
    assert (done.state, done.counts["read"], done.counts["not_placed"]) == ("succeeded", 2, 1)
    assert done.counts["objects"] == {"template": {"added": 2}}
    assert report(done) == {
        "added": [],
        "not_placed": [("template", GUID(2), "T9999 is not on the loaded map")],
    }
    assert rows(
        "SELECT source_id, procedure_key, t.attack_id, resolution, test_template.platforms, named_platforms, tools,"
        " elevation_required, licence FROM test_template LEFT JOIN technique AS t ON t.id = technique_id"
        " WHERE source_id = :id",
        id=GUID(1),
    ) == [
        (
            GUID(1),
            f"atomic:{GUID(1)}",
            "T1059.001",
            "direct",
            ["Windows", "IaaS"],
            ["windows", "iaas:aws", "iaas:gcp"],
            ["command_prompt"],
            True,
            "MIT",
        )
    ]
    assert _versions(1) == [(1, "Run a thing")]


def test_what_changed_is_named_and_makes_a_version(tmp_path: Path) -> None:
    tests = [atomic_test(number) for number in range(1, 5)]
    _sync(tmp_path, a=atomic_file("T1059", *tests))
    changed = [
        tests[0].replace("tool.exe", "other.exe").replace("Where it goes", "Whither"),
        atomic_test(2, name="Renamed"),
        tests[2],
        atomic_test(5),
    ]
    done = _sync(tmp_path, a=atomic_file("T1059", *changed))
    said = report(done)
    assert len(said.pop("not_placed")) == 4
    assert said == {
        "added": [("template", GUID(5), "")],
        "changed": [("template", GUID(1), "executors, arguments")],
        "renamed": [("template", GUID(2), "was: Run a thing")],
        "removed": [("template", GUID(4), "")],
    }
    assert _versions(1) == [(1, "Run a thing"), (2, "Run a thing")]
    assert _versions(2) == [(1, "Run a thing"), (2, "Renamed")]
    assert _versions(3) == [(1, "Run a thing")]
    assert rows("SELECT source_id, version FROM test_template WHERE version > 1 ORDER BY 1") == [
        (GUID(1), 2),
        (GUID(2), 2),
    ]


def test_one_that_goes_and_comes_back_keeps_what_people_decided_and_its_version(tmp_path: Path) -> None:
    both = atomic_file("T1059", atomic_test(1), atomic_test(2))
    _sync(tmp_path, a=both)
    execute("UPDATE test_template SET retired_at = now() WHERE source_id = :id", id=GUID(2))
    _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)))
    state = "SELECT removed_at IS NOT NULL, retired_at IS NOT NULL, version FROM test_template WHERE source_id = :id"
    assert rows(state, id=GUID(2)) == [(True, True, 1)]
    back = _sync(tmp_path, a=both)
    assert report(back)["restored"] == [("template", GUID(2), "")]
    assert rows(state, id=GUID(2)) == [(False, True, 1)]
    assert _versions(2) == [(1, "Run a thing")]


def test_a_file_that_only_moved_makes_no_version(tmp_path: Path) -> None:
    _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)))
    done = _sync(tmp_path, b=atomic_file("T1059", atomic_test(1)))
    assert (done.state, report(done).get("changed")) == ("succeeded", None)
    assert _versions(1) == [(1, "Run a thing")]
    assert rows("SELECT path FROM test_template") == [("b.yml",)]


def test_the_same_again_is_no_change(tmp_path: Path) -> None:
    _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)))
    done = _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)) + "\n\n")
    assert (done.state, done.counts["not_placed"]) == ("unchanged", 1)


def test_a_single_file_adds_and_removes_nothing(tmp_path: Path) -> None:
    _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)))
    (tmp_path / "one.yml").write_text(atomic_file("T1059", atomic_test(2)))
    done = syncs.sync_in_place("atomic", input=at(tmp_path / "one.yml"))
    assert done.counts["partial"] is True
    assert rows("SELECT count(*) FROM test_template WHERE removed_at IS NULL") == [(2,)]


def test_a_template_follows_the_map(tmp_path: Path) -> None:
    _sync(tmp_path, a=atomic_file("T1059", atomic_test(1)))
    place = "SELECT t.attack_id, resolution FROM test_template LEFT JOIN technique AS t ON t.id = technique_id"
    assert rows(place) == [(None, "not_placed")]
    done = sync_attack(tmp_path, stix.SHELL)
    assert done.counts["templates_moved"] == 1
    assert rows(place) == [("T1059", "direct")]


def test_adversaries_and_their_steps(tmp_path: Path) -> None:
    first = _sync(tmp_path, "caldera", a=ability(1), p=adversary(8, 1, 2, 1), q=adversary(9, 1))
    assert first.counts["objects"] == {"template": {"added": 1}, "adversary": {"added": 2}}
    assert first.counts["steps_not_found"] == 1
    second = _sync(tmp_path, "caldera", a=ability(1), b=ability(2), p=adversary(8, 2, 1))
    assert report(second)["removed"] == [("adversary", GUID(9), "")]
    assert report(second)["changed"] == [("adversary", GUID(8), "profile")]
    assert "steps_not_found" not in second.counts
    assert rows(
        "SELECT position, template_source_id FROM adversary_step JOIN adversary ON adversary.id = adversary_id"
        " WHERE source_id = :id ORDER BY 1",
        id=GUID(8),
    ) == [(1, GUID(2)), (2, GUID(1))]


@pytest.mark.usefixtures("redis_server")
def test_the_sources_page_counts_them(tmp_path: Path) -> None:
    _sync(tmp_path, "caldera", a=ability(1), b="- {id: x}", p=adversary(8, 1))
    with db.reading() as session:
        row = next(one for one in sources.sources(session) if one.slug == "caldera")
        not_placed = sources.not_placed(session, "caldera")
    assert row.figures == (("templates", 1), ("adversaries", 1), ("technique claims not placed", 1))
    assert row.last is not None
    assert row.last.kinds["rejected"] == 1
    assert [(one.claimed_id, one.rules) for one in not_placed] == [("T1005", 1)]
