from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.data.sources import stix
from tests.jobs.syncing import execute, report, rows, sync_attack, sync_rules
from tests.jobs.syncing import rule as rule_text

pytestmark = pytest.mark.usefixtures("database")

USES = stix.rel(1, "uses", stix.GROUP, stix.POWERSHELL)
BASE = (stix.SHELL, stix.POWERSHELL, stix.TASK, stix.GROUP, stix.MALWARE, stix.MITIGATION, USES)


def _links() -> set[tuple[str, str, str]]:
    found = rows(
        "SELECT t.attack_id, o.attack_id, l.kind FROM technique_link AS l"
        " JOIN technique AS t ON t.id = l.technique_id JOIN attack_object AS o ON o.id = l.object_id"
    )
    return {(row[0], row[1], row[2]) for row in found}


def test_an_object_that_goes_and_comes_back_is_marked_and_unmarked(tmp_path: Path) -> None:
    sync_attack(tmp_path, *BASE)
    gone = sync_attack(tmp_path, *(item for item in BASE if item is not stix.TASK), version="18.2")
    assert report(gone) == {"vanished": [("technique", "T1053", "")]}
    assert rows("SELECT active, vanished_at IS NOT NULL FROM technique WHERE attack_id = 'T1053'") == [(False, True)]
    back = sync_attack(tmp_path, *BASE, version="18.3")
    assert report(back) == {"reactivated": [("technique", "T1053", "was gone")]}
    assert rows("SELECT active, vanished_at, review_since IS NOT NULL FROM technique WHERE attack_id = 'T1053'") == [
        (True, None, True)
    ]


def test_each_change_is_named_with_what_people_want_to_know(tmp_path: Path) -> None:
    sync_attack(tmp_path, *BASE, stix.technique(7, "T1077", "Shares"), stix.technique(8, "T1043", "Ports"))
    done = sync_attack(
        tmp_path,
        stix.SHELL | {"description": "Rewritten.", "x_mitre_platforms": ["macOS"]},
        stix.POWERSHELL | {"name": "PowerShell 7"},
        *BASE[2:],
        stix.technique(7, "T1077", "Shares", revoked=True),
        stix.rel(2, "revoked-by", stix.technique(7, "T1077", "Shares"), stix.TASK),
        stix.technique(8, "T1043", "Ports", x_mitre_deprecated=True),
        stix.technique(9, "T1204", "User Execution"),
        stix.technique(10, "T1500", "Old", revoked=True),
        version="19.0",
    )
    assert report(done) == {
        "changed": [("technique", "T1059", "description, platforms")],
        "renamed": [("technique", "T1059.001", "was: PowerShell")],
        "revoked": [("technique", "T1077", "now: T1053 Scheduled Task/Job")],
        "deprecated": [("technique", "T1043", "")],
        "added": [("technique", "T1204", ""), ("technique", "T1500", "already revoked")],
    }
    assert done.counts["objects"]["technique"] == {
        "added": 2,
        "added_retired": 1,
        "changed": 1,
        "renamed": 1,
        "revoked": 1,
        "deprecated": 1,
    }
    assert (done.counts["from_version"], done.counts["version"], done.counts["review"]) == ("18.1", "19.0", 2)


def test_a_moved_version_number_alone_is_written_but_nothing_to_read(tmp_path: Path) -> None:
    sync_attack(tmp_path, *BASE)
    done = sync_attack(tmp_path, stix.SHELL | {"x_mitre_version": "1.1"}, *BASE[1:], version="18.2")
    assert (report(done), done.counts["review"]) == ({}, 0)
    assert rows("SELECT object_version FROM technique WHERE attack_id = 'T1059'") == [("1.1",)]


def test_links_follow_active_relationships_between_active_ends(tmp_path: Path) -> None:
    component = stix.obj("x-mitre-data-component", 1, "Process Creation", "DC0032")
    reference = {"x_mitre_data_component_ref": component["id"], "name": "Sysmon", "channel": "1"}
    analytic = stix.obj("x-mitre-analytic", 1, "A1", "AN0001", x_mitre_log_source_references=[reference])
    strategy = stix.obj("x-mitre-detection-strategy", 1, "D1", "DET0001", x_mitre_analytic_refs=[analytic["id"]])
    old = (stix.rel(2, "detects", component, stix.TASK),)
    new = (analytic, strategy, stix.rel(3, "detects", strategy, stix.SHELL))
    others = (
        stix.rel(4, "uses", stix.MALWARE, stix.SHELL),
        stix.rel(5, "mitigates", stix.MITIGATION, stix.SHELL),
        stix.rel(6, "uses", stix.GROUP, stix.SHELL, x_mitre_deprecated=True),
        stix.rel(7, "uses", stix.GROUP, stix.MALWARE),
    )
    sync_attack(tmp_path, *BASE, component, *old, *new, *others)
    assert _links() == {
        ("T1059.001", "G0001", "group_uses"),
        ("T1053", "DC0032", "data_component"),
        ("T1059", "DET0001", "detection_strategy"),
        ("T1059", "DC0032", "data_component"),
        ("T1059", "S0001", "software_uses"),
        ("T1059", "M1038", "mitigates"),
    }
    assert rows("SELECT group_count FROM technique WHERE attack_id = 'T1059.001'") == [(1,)]
    without_group = [item for item in BASE if item is not stix.GROUP]
    sync_attack(tmp_path, *without_group, stix.GROUP | {"revoked": True}, component, *old, version="18.2")
    assert _links() == {("T1053", "DC0032", "data_component")}
    assert rows("SELECT sum(group_count) FROM technique") == [(0,)]


def test_revoked_chains_end_and_circles_are_survived(tmp_path: Path) -> None:
    a, b = stix.technique(11, "T1001", "A", revoked=True), stix.technique(12, "T1002", "B", revoked=True)
    c, d = stix.technique(13, "T1003", "C", revoked=True), stix.technique(14, "T1004", "D", revoked=True)
    sync_attack(
        tmp_path,
        *BASE,
        *(a, b, c, d),
        stix.rel(11, "revoked-by", a, b),
        stix.rel(12, "revoked-by", b, stix.SHELL),
        stix.rel(13, "revoked-by", c, d),
        stix.rel(14, "revoked-by", d, c),
    )
    ends = rows(
        "SELECT t.attack_id, s.attack_id FROM technique AS t JOIN technique AS s ON s.id = t.successor_id ORDER BY 1"
    )
    assert ends == [("T1001", "T1059"), ("T1002", "T1059")]


def test_parents_and_columns(tmp_path: Path) -> None:
    sync_attack(tmp_path, *BASE)
    assert rows("SELECT c.attack_id, p.attack_id FROM technique AS c JOIN technique AS p ON p.id = c.parent_id") == [
        ("T1059.001", "T1059")
    ]
    assert rows(
        "SELECT c.shortname FROM technique_tactic AS p JOIN technique AS t ON t.id = p.technique_id"
        " JOIN tactic AS c ON c.id = p.tactic_id WHERE t.attack_id = 'T1053' ORDER BY c.position"
    ) == [("execution",), ("persistence",)]


class TestClaims:
    def _claims(self) -> list[tuple[object, ...]]:
        return rows(
            "SELECT c.claimed_id, t.attack_id, c.resolution FROM rule_technique AS c"
            " LEFT JOIN technique AS t ON t.id = c.technique_id ORDER BY 1"
        )

    def test_they_are_placed_anew_when_the_map_changes_and_back_again(self, tmp_path: Path) -> None:
        sync_rules(tmp_path, a=rule_text(1, "T1059", "T1685", "T1562.001"))
        assert {row[2] for row in self._claims()} == {"not_placed"}
        impair, disable = stix.technique(20, "T1562.001", "Disable"), stix.technique(21, "T1685", "Disable")
        done = sync_attack(tmp_path, *BASE, impair)
        assert done.counts["claims_moved"] == 2
        assert self._claims() == [
            ("T1059", "T1059", "direct"),
            ("T1562.001", "T1562.001", "direct"),
            ("T1685", None, "not_placed"),
        ]
        sync_attack(
            tmp_path,
            *BASE,
            impair | {"revoked": True},
            disable,
            stix.rel(20, "revoked-by", impair, disable),
            version="19.0",
        )
        assert self._claims() == [
            ("T1059", "T1059", "direct"),
            ("T1562.001", "T1685", "revoked_by"),
            ("T1685", "T1685", "direct"),
        ]
        sync_attack(tmp_path, *BASE, impair, version="18.1")
        assert self._claims()[1:] == [("T1562.001", "T1562.001", "direct"), ("T1685", None, "not_placed")]
        assert rows("SELECT count(*) FROM technique WHERE attack_id = 'T1685'") == [(1,)]

    def test_a_successor_is_known_even_where_the_old_one_never_was(self, tmp_path: Path) -> None:
        sync_attack(tmp_path, *BASE, stix.technique(21, "T1685", "Disable"))
        sync_rules(tmp_path, a=rule_text(1, "T1562"))
        assert self._claims() == [("T1562", "T1685", "known_successor")]

    def test_a_test_keeps_its_technique_when_that_vanishes(self, tmp_path: Path) -> None:
        sync_attack(tmp_path, *BASE)
        execute(
            "INSERT INTO security_test (title, technique_id, claimed_technique, procedure_key, platform)"
            " SELECT 'x', id, 'T1053', 'x', 'Windows' FROM technique WHERE attack_id = 'T1053'"
        )
        done = sync_attack(tmp_path, *(item for item in BASE if item is not stix.TASK), version="18.2")
        assert done.counts["tests_moved"] == 0
        assert rows("SELECT t.attack_id FROM security_test AS s JOIN technique AS t ON t.id = s.technique_id") == [
            ("T1053",)
        ]


def test_one_release_is_adopted_at_a_time(tmp_path: Path) -> None:
    for version in ("18.1", "19.0", "18.1"):
        sync_attack(tmp_path, *BASE, version=version)
    assert rows("SELECT version, state FROM attack_release ORDER BY loaded_at") == [
        ("18.1", "superseded"),
        ("19.0", "superseded"),
        ("18.1", "adopted"),
    ]


def test_the_number_of_statements_does_not_grow_with_the_bundle(tmp_path: Path, database: Engine) -> None:
    from sqlalchemy import event

    def statements(count: int, version: str) -> int:
        seen: list[str] = []
        listener = lambda *call: seen.append(call[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listener)
        more = [stix.technique(100 + n, f"T{2000 + n}", f"Technique {n}") for n in range(count)]
        sync_attack(tmp_path, *BASE, *more, version=version)
        event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    sync_attack(tmp_path, *BASE)
    assert statements(1, "18.2") == statements(200, "18.3")
