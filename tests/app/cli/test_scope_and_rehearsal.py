"""Declaring scope and rehearsing ATT&CK from the command line."""

import json
from pathlib import Path

import pytest

from domain.errors import BadInput, RuleViolated
from tests.app.cli.test_content import Aegis, aegis
from tests.data.sources import stix
from tests.jobs.syncing import bundle_file, rows

__all__ = ["aegis"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundle_file(tmp_path, stix.SHELL, stix.TASK)


def test_scope_is_seen_decided_and_listed(aegis: Aegis, bundle: Path) -> None:
    aegis("sync", "attack", "--from", bundle)
    seen = aegis("scope", "out", "technique", "T1059", "--reason", "Not ours", "--dry-run").output
    assert "techniques in scope: 2 -> 1" in seen
    assert "Nothing was changed." in seen
    assert rows("SELECT count(*) FROM scope_decision") == [(0,)]
    aegis("scope", "out", "technique", "T1059", "--reason", "Not ours")
    assert "out technique T1059: Not ours" in aegis("scope", "list").output
    found = json.loads(aegis("scope", "list", "--json").output)
    assert (found["techniques"], found["in_scope"], found["decisions"][0]["reason"]) == (2, 1, "Not ours")
    aegis("scope", "back", "technique", "T1059", "--reason", "Ours")
    assert rows("SELECT count(*) FROM scope_decision") == [(0,)]
    with pytest.raises(BadInput, match="no platform Amiga"):
        aegis("scope", "out", "platform", "Amiga", "--reason", "x")


def test_a_version_is_rehearsed_and_adopted(aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
    aegis("sync", "attack", "--from", bundle)
    newer = bundle_file(tmp_path, stix.SHELL, stix.TASK, stix.technique(90, "T1690", "Shells"), version="19.0")
    said = aegis("rehearse", "attack", "--from", newer).output
    assert "Enterprise 19.0, compared with 18.1: ready" in said
    assert "19.0 adds 1 technique; the score would " in said
    found = json.loads(aegis("rehearse", "attack", "--from", newer, "--json").output.partition("{")[2].join(("{", "")))
    assert found["added"] == 1
    (first,), (second,) = rows("SELECT id::text FROM attack_rehearsal ORDER BY created_at")
    aegis("rehearse", "discard", second)
    assert "MITRE ATT&CK 19.0 is loaded." in aegis("rehearse", "adopt", first).output
    states = [one["state"] for one in json.loads(aegis("rehearse", "list", "--json").output)]
    assert states == ["discarded", "adopted"]
    again = aegis("rehearse", "attack", "--from", newer).output.split()[-1]
    with pytest.raises(RuleViolated, match="nothing to adopt"):
        aegis("rehearse", "adopt", again)
