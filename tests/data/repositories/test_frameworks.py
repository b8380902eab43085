"""Frameworks taken in: what a newer file changes, what it leaves alone, and how ids follow the map."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from domain.errors import Duplicate
from jobs import syncs
from jobs.syncs import Outcome
from tests.data.sources import stix
from tests.data.sources.mappings import Row, content, row
from tests.jobs.syncing import at, execute, report, rows, sync_attack

HOLLOW, GONE, NEXT = (stix.technique(100 + n, f"T100{n}", f"Technique {n}") for n in (1, 2, 3))


@pytest.fixture(autouse=True)
def _map(database: Engine, tmp_path: Path) -> None:
    sync_attack(tmp_path, HOLLOW, GONE)


def sync(folder: Path, *given: Row, name: str = "one.json", **metadata: Any) -> Outcome:
    path = folder / name
    path.write_bytes(content(*given, **metadata))
    return syncs.sync_in_place("mappings", input=at(path))


def codes() -> list[str]:
    return [code for (code,) in rows("SELECT code FROM control WHERE removed_at IS NULL ORDER BY 1")]


def test_a_first_file_is_counted_not_listed(tmp_path: Path) -> None:
    done = sync(tmp_path, row("AC-02", "T1001"), row("AC-02", "T9999"), row("AC-03", None))
    assert done.counts["objects"] == {"framework": {"added": 1}, "control": {"added": 2}}
    assert done.counts["not_placed"] == 1
    assert done.version == "NIST SP 800-53 rev5"
    found = report(done)
    assert found["added"] == [("framework", "nist_800_53", "version rev5")]
    assert found["not_placed"] == [("mapping", "T9999", "T9999 is not on the loaded map")]


def test_a_newer_file_says_what_changed_by_control(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1001"), row("AC-03", "T1001"), row("AC-04", "T1001"), row("AC-05", "T1001"))
    done = sync(
        tmp_path,
        row("AC-02", "T1001"),
        row("AC-03", "T1002"),
        row("AC-04", "T1001", capability_description="Another"),
        row("AC-06", "T1001"),
        mapping_framework_version="rev6",
    )
    found = {kind: sorted(ref or "" for _type, ref, _detail in lines) for kind, lines in report(done).items()}
    assert found == {
        "added": ["AC-06"],
        "changed": ["AC-03", "AC-04", "nist_800_53"],
        "renamed": ["AC-04"],
        "removed": ["AC-05"],
    }
    assert codes() == ["AC-02", "AC-03", "AC-04", "AC-06"]
    assert rows("SELECT DISTINCT version FROM framework WHERE origin = 'mappings'") == [("rev6",)]


def test_the_order_of_rows_alone_is_no_change_of_a_control(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1001"), row("AC-03", "T1001"))
    done = sync(tmp_path, row("AC-03", "T1001"), row("AC-02", "T1001"))
    assert done.counts["objects"] == {"framework": {"changed": 1}}


def test_a_removed_control_comes_back_with_what_was_decided(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1001"), row("AC-03", "T1001"))
    execute(
        "INSERT INTO control_decision (control_id, kind, reason, author_name)"
        " SELECT id, 'out_of_scope', 'Why', 'ana' FROM control WHERE code = 'AC-03'"
    )
    sync(tmp_path, row("AC-02", "T1001"))
    assert rows(
        "SELECT count(*) FROM control_mapping JOIN control AS c ON c.id = control_id WHERE c.code = 'AC-03'"
    ) == [(0,)]
    done = sync(tmp_path, row("AC-02", "T1001"), row("AC-03", "T1001"), name="three.json")
    assert report(done)["restored"] == [("control", "AC-03", "")]
    assert rows("SELECT count(*) FROM control_decision") == [(1,)]


def test_a_file_leaves_other_frameworks_alone(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1001"))
    sync(tmp_path, row("CVE-1", "T1002"), mapping_framework="kev")
    slugs = rows("SELECT slug FROM framework WHERE removed_at IS NULL AND origin = 'mappings' ORDER BY 1")
    assert slugs == [("kev",), ("nist_800_53",)]


def test_the_same_content_under_another_name_writes_nothing(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1001"))
    before = rows("SELECT id FROM control_mapping ORDER BY 1"), rows("SELECT * FROM data_generation ORDER BY 1")
    done = sync(tmp_path, row("AC-02", "T1001"), name="other.json")
    assert done.state == "unchanged"
    after = rows("SELECT id FROM control_mapping ORDER BY 1"), rows("SELECT * FROM data_generation ORDER BY 1")
    assert {topic for topic, *_ in set(after[1]) - set(before[1])} <= {"sources"}
    assert after[0] == before[0]


def test_a_wrong_row_is_reported_and_the_others_come_in(tmp_path: Path) -> None:
    done = sync(tmp_path, row("AC-02", "T1001"), row(None, None))
    assert report(done)["rejected"] == [("file", "one.json, row 2", "names neither a control nor a technique")]
    assert codes() == ["AC-02"]


def test_mapped_ids_follow_the_map(tmp_path: Path) -> None:
    sync(tmp_path, row("AC-02", "T1002"), row("AC-02", "T1003"))
    gone = {**GONE, "revoked": True}
    sync_attack(tmp_path, HOLLOW, gone, NEXT, stix.rel(1, "revoked-by", gone, NEXT), version="19.0")
    assert rows(
        "SELECT m.claimed_id, t.attack_id, m.resolution FROM control_mapping AS m"
        " JOIN framework AS f ON f.id = m.framework_id AND f.slug = 'nist_800_53'"
        " JOIN technique AS t ON t.id = m.technique_id ORDER BY 1"
    ) == [("T1002", "T1003", "revoked_by"), ("T1003", "T1003", "direct")]


def test_a_slug_of_another_origin_is_not_taken(tmp_path: Path) -> None:
    execute(
        "INSERT INTO framework (slug, name, kind, origin, domain, content_hash)"
        " VALUES ('nist_800_53', 'Ours', 'controls', 'own', 'enterprise-attack', '')"
    )
    with pytest.raises(Duplicate, match="Ours goes by the name nist_800_53 already"):
        sync(tmp_path, row("AC-02", "T1001"))
    assert codes() == []


def test_mitigations_of_attack_are_a_framework_that_follows_it(tmp_path: Path) -> None:
    one, two = (stix.obj("course-of-action", n, f"Mitigation {n}", f"M100{n}") for n in (1, 2))
    sync_attack(tmp_path, HOLLOW, GONE, one, two, stix.rel(2, "mitigates", one, HOLLOW), version="18.2")
    held = "SELECT code, removed_at IS NULL FROM control ORDER BY 1"
    assert rows(held) == [("M1001", True), ("M1002", True)]
    assert rows("SELECT version, attack_version, origin FROM framework") == [("18.2", "18.2", "attack")]
    assert rows("SELECT claimed_id, resolution FROM control_mapping") == [("T1001", "direct")]
    sync_attack(tmp_path, HOLLOW, GONE, two, stix.rel(3, "mitigates", two, GONE), version="19.0")
    assert rows(held) == [("M1001", False), ("M1002", True)]
    assert rows("SELECT claimed_id FROM control_mapping") == [("T1002",)]
