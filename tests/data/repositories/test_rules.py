from pathlib import Path

import pytest

from tests.data.sources import stix
from tests.jobs.syncing import at, execute, report, rows, rule, sync_attack, sync_rules

pytestmark = pytest.mark.usefixtures("database")

ID = "00000000-0000-4000-8000-{:012d}".format


def test_rules_come_with_their_claims(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL)
    done = sync_rules(tmp_path, a=rule(1, "T1059.001", "T1059", "T9999"), b=rule(2))
    assert (done.state, done.counts["read"], done.counts["not_placed"]) == ("succeeded", 2, 1)
    assert report(done) == {"added": [], "not_placed": [("rule", ID(1), "T9999 is not on the loaded map")]}
    assert rows(
        "SELECT author, level, status, product, enabled FROM detection_rule WHERE external_id = :id", id=ID(1)
    ) == [("Ada", "high", "test", "windows", True)]


def test_what_changed_is_named(tmp_path: Path) -> None:
    sync_rules(tmp_path, a=rule(1), b=rule(2), c=rule(3), d=rule(4), e=rule(5))
    done = sync_rules(
        tmp_path,
        a=rule(1, level="low"),
        b=rule(2, title="Renamed"),
        c=rule(3).replace("[a]", "[b]"),
        d=rule(4),
        new=rule(6),
    )
    assert report(done) == {
        "added": [("rule", ID(6), "")],
        "changed": [("rule", ID(1), "level"), ("rule", ID(2), "rule text"), ("rule", ID(3), "rule text")],
        "renamed": [("rule", ID(2), "was: A rule")],
        "removed": [("rule", ID(5), "")],
    }


def test_claims_that_a_rule_gave_up_are_gone(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.TASK)
    sync_rules(tmp_path, a=rule(1, "T1059", "T9999"))
    sync_rules(tmp_path, a=rule(1, "T1053", "T1059"))
    assert rows("SELECT claimed_id FROM rule_technique ORDER BY 1") == [("T1053",), ("T1059",)]
    assert rows(
        "SELECT t.attack_id, r.rules FROM rollup_technique_rules AS r JOIN technique AS t ON t.id = r.technique_id"
        " ORDER BY 1"
    ) == [("T1053", 1), ("T1059", 1)]


def test_a_rule_that_goes_and_comes_back_keeps_what_people_decided(tmp_path: Path) -> None:
    sync_rules(tmp_path, a=rule(1), b=rule(2))
    execute("UPDATE detection_rule SET enabled = false WHERE external_id = :id", id=ID(2))
    sync_rules(tmp_path, a=rule(1))
    assert rows("SELECT enabled, removed_at IS NOT NULL FROM detection_rule WHERE external_id = :id", id=ID(2)) == [
        (False, True)
    ]
    back = sync_rules(tmp_path, a=rule(1), b=rule(2))
    assert report(back) == {"restored": [("rule", ID(2), "")]}
    assert rows("SELECT enabled, removed_at FROM detection_rule WHERE external_id = :id", id=ID(2)) == [(False, None)]


def test_a_rule_that_its_source_gives_up_is_disabled_once(tmp_path: Path) -> None:
    enabled = "SELECT enabled FROM detection_rule ORDER BY external_id"
    sync_rules(tmp_path, a=rule(1), b=rule(2))
    sync_rules(tmp_path, a=rule(1, status="deprecated"), b=rule(2))
    assert rows(enabled) == [(False,), (True,)]
    assert rows("SELECT actor_name, after ->> 'reason' FROM audit_log WHERE action = 'rule.disabled'") == [
        ("Aegis", "given up by its source")
    ]
    execute("UPDATE detection_rule SET enabled = true")
    sync_rules(tmp_path, a=rule(1, status="deprecated", level="low"), b=rule(2))
    assert rows(enabled) == [(True,), (True,)]


def test_a_single_file_adds_and_removes_nothing(tmp_path: Path) -> None:
    from jobs import syncs

    sync_rules(tmp_path, a=rule(1))
    (tmp_path / "one.yml").write_text(rule(2))
    done = syncs.sync_in_place("sigma", input=at(tmp_path / "one.yml"))
    assert (done.counts["partial"], report(done)) == (True, {"added": [("rule", ID(2), "")]})
    assert rows("SELECT count(*) FROM detection_rule WHERE removed_at IS NULL") == [(2,)]


def test_broken_files_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    done = sync_rules(tmp_path, a=rule(1), broken="title: [", twin=rule(1))
    assert done.counts["rejected"] == 2
    rejected = {ref: detail for _, ref, detail in report(done)["rejected"]}
    assert rejected["twin.yml"] == "has the same id as a.yml, which is kept"
    assert rejected["broken.yml"].startswith("is not valid YAML (line")


def test_rejected_files_stay_in_the_report_of_a_run_without_change(tmp_path: Path) -> None:
    first = sync_rules(tmp_path, a=rule(1), broken="title: [")
    again = sync_rules(tmp_path, a=rule(1), broken="title: [")
    assert again.state == "unchanged"
    assert report(again)["rejected"] == report(first)["rejected"]


def test_rules_of_other_sources_are_left_alone(tmp_path: Path) -> None:
    execute(
        "INSERT INTO detection_rule (source, external_id, title, language, body, content_hash)"
        " VALUES ('own', :id, 'Ours', 'sigma', '', '')",
        id=ID(9),
    )
    sync_rules(tmp_path, a=rule(1))
    assert rows("SELECT removed_at FROM detection_rule WHERE source = 'own'") == [(None,)]
