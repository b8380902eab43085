"""Sigma rules as published: every rule loads, claims are placed to the unit, and a newer archive says what changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.syncs import Outcome
from tests.realdata import counting
from tests.realdata.loading import counted, execute, own_database, refs, rows, sync

pytestmark = pytest.mark.realdata

ARCHIVES = ("sigma-r2026-04-01", "sigma-master")
SWITCHED_OFF = "7e4bfe58-4a47-4709-828d-d86c78b7cc1f"


@dataclass(frozen=True, slots=True)
class Step:
    outcome: Outcome
    stats: dict[str, Any]
    report: dict[str, set[str | None]]


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path) -> Iterator[dict[str, Step]]:
    """Both archives in turn on ATT&CK 18.1; one rule is switched off in between."""
    steps = {}
    with own_database(postgres, migrated):
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")
        for name in ARCHIVES:
            outcome = sync("sigma", realdata_dir / "sigma" / f"{name}.zip")
            steps[name] = Step(outcome, counted(), refs(outcome, "rule"))
            execute("UPDATE detection_rule SET enabled = false WHERE external_id = :id", id=SWITCHED_OFF)
        yield steps


@pytest.fixture(scope="module")
def raw(realdata_dir: Path) -> dict[str, dict[str, dict[str, Any]]]:
    return {name: counting.sigma(realdata_dir / "sigma" / f"{name}.zip") for name in ARCHIVES}


@pytest.fixture(scope="module")
def bundle(realdata_dir: Path) -> counting.Bundle:
    return counting.bundle(realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_rule_and_every_claim_is_counted_to_the_unit(
    loaded: dict[str, Step], raw: dict[str, Any], bundle: counting.Bundle, name: str
) -> None:
    expected = counting.placed(raw[name], bundle)
    assert loaded[name].stats["rules"] == {"sigma": expected}
    assert loaded[name].outcome.counts["rejected"] == 0


def test_content_newer_than_the_map_is_not_placed_and_says_what_it_replaced(loaded: dict[str, Step]) -> None:
    assert loaded["sigma-r2026-04-01"].stats["rules"]["sigma"]["not_placed"] == 0
    assert loaded["sigma-master"].stats["rules"]["sigma"]["not_placed"] == 244
    details = dict(rows("SELECT detail, count(*) FROM sync_item WHERE kind = 'not_placed' GROUP BY detail"))
    assert details["T1685 is not on the loaded map; it replaces T1562, T1562.001"] == 164


def test_coverage_counts_enabled_rules_on_active_techniques(loaded: dict[str, Step]) -> None:
    coverage = loaded["sigma-r2026-04-01"].stats["coverage"]
    techniques = loaded["sigma-r2026-04-01"].stats["rules"]["sigma"]["techniques"]
    assert coverage == {
        "techniques_with_enabled_rule": techniques,
        "denominator": 691,
        "percent": round(100 * techniques / 691, 1),
    }


def test_the_newer_archive_says_what_changed(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    old, new = raw["sigma-r2026-04-01"], raw["sigma-master"]
    both = old.keys() & new.keys()
    report = loaded["sigma-master"].report
    assert report["added"] == new.keys() - old.keys()
    assert report["removed"] == old.keys() - new.keys()
    assert report["renamed"] == {key for key in both if old[key]["title"] != new[key]["title"]}
    edited = {key for key in both if old[key]["content"] != new[key]["content"]}
    assert edited <= report["changed"] | report["renamed"]


def test_removed_rules_are_marked_and_no_longer_count(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    gone = {row[0] for row in rows("SELECT external_id FROM detection_rule WHERE removed_at IS NOT NULL")}
    assert gone == raw["sigma-r2026-04-01"].keys() - raw["sigma-master"].keys()


def test_switching_a_rule_off_survives(loaded: dict[str, Step]) -> None:
    assert rows("SELECT enabled, removed_at FROM detection_rule WHERE external_id = :id", id=SWITCHED_OFF) == [
        (False, None)
    ]


def test_texts_and_authors_are_kept_verbatim(loaded: dict[str, Step], raw: dict[str, Any]) -> None:
    held = {
        row[0]: row[1:]
        for row in rows("SELECT external_id, body, author, licence FROM detection_rule WHERE removed_at IS NULL")
    }
    for key, rule in raw["sigma-master"].items():
        body, author, licence = held[key]
        assert body == rule["content"].decode()
        assert author == " ".join(rule["rule"]["author"].split())
        assert licence == "DRL 1.1"


def test_the_same_archive_again_is_no_change(loaded: dict[str, Step], realdata_dir: Path) -> None:
    outcome = sync("sigma", realdata_dir / "sigma" / "sigma-master.zip")
    assert (outcome.state, outcome.version) == ("unchanged", "master (8eaafff1f284)")
    assert outcome.counts["not_placed"] == 244
