"""Atomic Red Team, CALDERA and LOLBAS as published: every template loads, and a newer archive makes new versions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadInput
from domain.templates import Template, as_own, check_own
from jobs.syncs import Outcome
from tests.realdata import counting
from tests.realdata.loading import counted, own_database, refs, rows, sync

pytestmark = pytest.mark.realdata

FILES = {
    "atomic": ("atomic-red-team-61080b19460f2c6431c31689d58063c5f6c1f8fb", "atomic-red-team-master"),
    "caldera": ("stockpile-master",),
    "lolbas": ("LOLBAS-master",),
}
ARCHIVES = [(source, name) for source, names in FILES.items() for name in names]
OLD, NEW = FILES["atomic"]


@dataclass(frozen=True, slots=True)
class Step:
    outcome: Outcome
    stats: dict[str, Any]
    report: dict[str, set[str | None]]


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path) -> Iterator[dict[str, Step]]:
    """All archives in turn on ATT&CK 18.1."""
    steps = {}
    with own_database(postgres, migrated):
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")
        for source, name in ARCHIVES:
            outcome = sync(source, realdata_dir / source / f"{name}.zip")
            steps[name] = Step(outcome, counted()["templates"][source], refs(outcome, "template"))
        yield steps


@pytest.fixture(scope="module")
def raw(realdata_dir: Path) -> dict[str, dict[str, dict[str, Any]]]:
    return {name: counting.templates(source, realdata_dir / source / f"{name}.zip") for source, name in ARCHIVES}


@pytest.fixture(scope="module")
def bundle(realdata_dir: Path) -> counting.Bundle:
    return counting.bundle(realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")


@pytest.mark.parametrize("name", [name for _, name in ARCHIVES])
def test_every_template_is_counted_to_the_unit(
    loaded: dict[str, Step], raw: dict[str, Any], bundle: counting.Bundle, name: str
) -> None:
    assert loaded[name].stats == counting.placed_templates(raw[name], bundle)
    assert loaded[name].outcome.counts["rejected"] == 0


def test_the_numbers_of_the_files_are_what_they_were_when_somebody_looked(loaded: dict[str, Step]) -> None:
    assert {name: step.stats["templates"] for name, step in loaded.items()} == {
        OLD: 1790,
        NEW: 1819,
        "stockpile-master": 209,
        "LOLBAS-master": 482,
    }
    assert loaded[NEW].stats["by_named_platform"]["iaas:aws"] == 25
    assert loaded[NEW].stats["by_platform"]["IaaS"] == 46


def test_an_archive_of_the_loaded_attack_version_lands_whole_a_newer_one_does_not(loaded: dict[str, Step]) -> None:
    assert loaded[OLD].stats["not_placed"] == 0
    assert loaded[NEW].stats["not_placed"] > 0
    assert loaded[NEW].outcome.counts["not_placed"] == loaded[NEW].stats["not_placed"]
    assert len(loaded[NEW].report["not_placed"]) == loaded[NEW].stats["not_placed"]


def test_the_newer_archive_says_what_changed(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    old, new, report = raw[OLD], raw[NEW], loaded[NEW].report
    assert report["added"] == new.keys() - old.keys()
    assert report.get("removed", set()) == old.keys() - new.keys()
    both = old.keys() & new.keys()
    assert report.get("renamed", set()) == {key for key in both if old[key]["name"] != new[key]["name"]}
    moved = {key for key in both if old[key]["technique"] != new[key]["technique"]}
    edited = {key for key in both if old[key]["command"].strip() != new[key]["command"].strip()}
    assert edited | moved <= report["changed"]


def test_changed_templates_have_a_second_version_and_keep_the_first(loaded: dict[str, Step]) -> None:
    report = loaded[NEW].report
    held = dict(rows("SELECT source_id, version FROM test_template WHERE source = 'atomic' AND version > 1"))
    assert held == dict.fromkeys(report["changed"] | report.get("renamed", set()), 2)
    versions = rows(
        "SELECT count(*) FROM template_version AS v JOIN test_template AS t ON t.id = v.template_id"
        " WHERE t.source = 'atomic'"
    )
    everything = rows("SELECT count(*) FROM test_template WHERE source = 'atomic'")
    assert versions[0][0] == everything[0][0] + len(held)


def test_commands_arguments_and_dependencies_arrive_as_written(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    held = dict(
        rows(
            "SELECT t.source_id, v.content FROM test_template AS t JOIN template_version AS v"
            " ON v.template_id = t.id AND v.version = t.version WHERE t.source = 'atomic' AND t.removed_at IS NULL"
        )
    )
    for guid, test in raw[NEW].items():
        content = held[guid]
        assert content["executors"][0]["command"] == test["command"].lstrip("\r\n").rstrip()
        assert content["elevation_required"] is test["elevated"]
        assert len(content["arguments"]) == test["arguments"]
        assert len(content["dependencies"]) == test["dependencies"]


def test_every_lolbas_command_is_a_template_of_its_own(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    held = rows(
        "SELECT v.content -> 'executors' -> 0 ->> 'command' FROM test_template AS t JOIN template_version AS v"
        " ON v.template_id = t.id WHERE t.source = 'lolbas'"
    )
    written = sorted(command["command"].lstrip("\r\n").rstrip() for command in raw["LOLBAS-master"].values())
    assert sorted(row[0] for row in held) == written


def test_adversaries_come_with_their_steps_and_those_not_found_are_counted(loaded: dict[str, Step]) -> None:
    assert rows("SELECT count(*) FROM adversary") == [(27,)]
    assert rows("SELECT count(*) FROM adversary_step") == [(183,)]
    assert loaded["stockpile-master"].outcome.counts["steps_not_found"] == 34


def test_every_template_can_be_copied_into_one_of_our_own(loaded: dict[str, Step]) -> None:
    refused = {}
    for name, content in rows(
        "SELECT t.name, v.content FROM test_template AS t JOIN template_version AS v ON v.template_id = t.id"
    ):
        try:
            check_own(as_own(Template.of(content)))
        except BadInput as error:
            refused[name] = error.detail
    assert refused == {  # what only CALDERA's agent runs, and one that only cleans up
        "Shutdown Target System": "shellcode is not a way to run a command.",
        "Spawn calculator (shellcode)": "shellcode is not a way to run a command.",
        "Exfil Compressed Archive to S3 via Golang": "native is not a way to run a command.",
        "Delete payload": "A command is needed.",
    }


@pytest.mark.parametrize(("source", "name"), ARCHIVES[1:])
def test_the_same_archive_again_is_no_change(
    loaded: dict[str, Step], realdata_dir: Path, source: str, name: str
) -> None:
    outcome = sync(source, realdata_dir / source / f"{name}.zip")
    assert outcome.state == "unchanged"
    assert outcome.counts["not_placed"] == loaded[name].stats["not_placed"]
