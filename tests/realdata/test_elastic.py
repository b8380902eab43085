"""Elastic's rules as published: every rule loads, claims are placed to the unit, deprecated rules are no coverage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.syncs import Outcome
from tests.realdata import counting
from tests.realdata.loading import counted, own_database, rows, sync

pytestmark = pytest.mark.realdata
Loaded = tuple[Outcome, dict[str, Any]]


@pytest.fixture(scope="module")
def archive(realdata_dir: Path) -> Path:
    return realdata_dir / "elastic" / "detection-rules-main.zip"


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path, archive: Path) -> Iterator[Loaded]:
    with own_database(postgres, migrated):
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")
        outcome = sync("elastic", archive)
        yield outcome, counted()


@pytest.fixture(scope="module")
def raw(archive: Path) -> dict[str, dict[str, Any]]:
    return counting.elastic(archive)


@pytest.fixture(scope="module")
def bundle(realdata_dir: Path) -> counting.Bundle:
    return counting.bundle(realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")


def test_every_rule_and_every_claim_is_counted_to_the_unit(
    loaded: Loaded, raw: dict[str, Any], bundle: counting.Bundle
) -> None:
    outcome, stats = loaded
    assert stats["rules"] == {"elastic": counting.placed(raw, bundle)}
    assert (outcome.counts["rejected"], outcome.version) == (0, "main (14cf530f0d21)")


def test_deprecated_rules_are_kept_and_are_no_coverage(
    loaded: Loaded, raw: dict[str, Any], bundle: counting.Bundle
) -> None:
    assert dict(rows("SELECT status, count(*) FROM detection_rule WHERE NOT enabled GROUP BY 1")) == {"deprecated": 124}
    production = {key: rule for key, rule in raw.items() if not rule["deprecated"]}
    covered = counting.placed(production, bundle)["techniques"]
    assert loaded[1]["coverage"]["techniques_with_enabled_rule"] == covered


def test_two_rules_point_to_a_technique_that_was_revoked(loaded: Loaded) -> None:
    moved = "SELECT claimed_id, count(*) FROM rule_technique WHERE resolution = 'revoked_by' GROUP BY 1 ORDER BY 1"
    assert rows(moved) == [("T1547.011", 2)]


def test_texts_authors_and_licences_are_kept(loaded: Loaded, raw: dict[str, Any]) -> None:
    held = {row[0]: row[1:] for row in rows("SELECT external_id, body, author, licence, level FROM detection_rule")}
    for key, rule in raw.items():
        body, author, licence, level = held[key]
        assert body == rule["content"].decode()
        assert author == ", ".join(" ".join(one.split()) for one in rule["rule"]["author"])
        assert (licence, level) == ("Elastic License 2.0", rule["rule"]["severity"])


def test_the_same_archive_again_is_no_change(loaded: Loaded, archive: Path) -> None:
    assert sync("elastic", archive).state == "unchanged"
