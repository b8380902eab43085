"""CTID's mappings as published: every row is kept, and every figure is what counting the raw file gives."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.realdata import counting
from tests.realdata.loading import counted, own_database, rows, sync

pytestmark = pytest.mark.realdata

SLUGS = ("aws", "azure", "cri_profile", "csa_ccm", "gcp", "kev", "m365", "nist_800_53")


def raw_files(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Framework -> its rows, straight from the files."""
    found = {}
    for path in sorted(folder.glob("*.json.gz")):
        content = json.loads(gzip.decompress(path.read_bytes()))
        found[content["metadata"]["mapping_framework"]] = content["mapping_objects"]
    return found


@pytest.fixture(scope="module")
def raw(realdata_dir: Path) -> dict[str, list[dict[str, Any]]]:
    return raw_files(realdata_dir / "mappings")


@pytest.fixture(scope="module")
def bundle(realdata_dir: Path) -> counting.Bundle:
    return counting.bundle(realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path) -> Iterator[dict[str, Any]]:
    """All files at once on ATT&CK 18.1."""
    with own_database(postgres, migrated):
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")
        outcome = sync("mappings", realdata_dir / "mappings")
        assert (outcome.state, outcome.counts["rejected"]) == ("succeeded", 0)
        yield counted()["compliance"]


def expected(mapped: list[dict[str, Any]], objects: counting.Bundle) -> dict[str, int]:
    by_id = {counting.attack_id(item): item for item in counting.of_type(objects, "attack-pattern").values()}
    ends = counting.successors(objects)
    pairs, nowhere = set(), set()
    for row in mapped:
        control, claimed = row["capability_id"], row["attack_object_id"]
        if not control or not claimed:
            continue
        item = by_id.get(claimed)
        if item is None:
            nowhere.add((control, claimed))
            continue
        end = objects[ends.get(item["id"], item["id"])]
        if counting.active(end):
            pairs.add((control, end["id"]))
    return {
        "controls": len({row["capability_id"] for row in mapped if row["capability_id"]}),
        "controls_mapped": len({control for control, _ in pairs}),
        "pairs": len(pairs),
        "techniques": len({technique for _, technique in pairs}),
        "not_placed": len(nowhere),
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_every_figure_is_that_of_the_raw_file(
    loaded: dict[str, Any], raw: dict[str, list[dict[str, Any]]], bundle: counting.Bundle, slug: str
) -> None:
    assert loaded[slug] == expected(raw[slug], bundle)


@pytest.mark.parametrize("slug", SLUGS)
def test_no_row_is_lost_or_merged(loaded: dict[str, Any], raw: dict[str, list[dict[str, Any]]], slug: str) -> None:
    held = rows(
        """SELECT control.code, mapping.claimed_id, mapping.mapping_type, mapping.score_category, mapping.score_value,
             mapping.comment, mapping."references"
           FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
           LEFT JOIN control ON control.id = mapping.control_id WHERE framework.slug = :slug""",
        slug=slug,
    )
    ours = Counter((*row[:6], tuple(row[6])) for row in held)
    theirs = Counter(
        (
            row["capability_id"],
            row["attack_object_id"],
            row["mapping_type"] or ("non_mappable" if row["status"] == "non_mappable" else ""),
            row.get("score_category"),
            row.get("score_value"),
            (row.get("comments") or "").strip(),
            tuple(" ".join(each.split()) for each in row["references"]),
        )
        for row in raw[slug]
        if row["attack_object_id"]
    )
    assert ours == theirs
    without = {row["capability_id"] for row in raw[slug] if not row["attack_object_id"]}
    marked = rows(
        "SELECT control.code FROM control JOIN framework ON framework.id = framework_id"
        " WHERE slug = :slug AND not_mappable",
        slug=slug,
    )
    assert {code for (code,) in marked} == without


def test_mitigations_of_attack_are_the_first_framework(loaded: dict[str, Any]) -> None:
    assert loaded["attack_mitigations"]["pairs"] == counted()["attack"]["mitigation_technique_pairs"]
    assert loaded["attack_mitigations"]["controls"] == counted()["attack"]["mitigations"]


def test_known_traps(loaded: dict[str, Any]) -> None:
    placed = dict(
        rows(
            """SELECT DISTINCT mapping.claimed_id, technique.attack_id || ' ' || mapping.resolution
               FROM control_mapping AS mapping JOIN technique ON technique.id = mapping.technique_id
               WHERE mapping.claimed_id IN ('T1574.002', 'T1053.001')"""
        )
    )
    assert placed["T1574.002"] == "T1574.001 revoked_by"
    assert rows("SELECT DISTINCT claimed_id FROM control_mapping WHERE resolution = 'not_placed'") == [("T1521.003",)]
    assert rows(
        "SELECT count(*) FROM control_mapping AS m JOIN framework AS f ON f.id = m.framework_id"
        " WHERE f.slug = 'nist_800_53' AND m.control_id IS NULL"
    ) == [(96,)]
    ((hrs, pairs),) = rows(
        "SELECT not_mappable, (SELECT count(*) FROM control_mapping WHERE control_id = c.id)"
        " FROM control AS c WHERE code = 'HRS-03'"
    )
    assert (hrs, pairs) == (True, 11)


def test_the_same_again_changes_nothing(loaded: dict[str, Any], realdata_dir: Path) -> None:
    before = rows("SELECT id FROM control_mapping ORDER BY 1")
    assert sync("mappings", realdata_dir / "mappings").state == "unchanged"
    single = sync("mappings", realdata_dir / "mappings" / "kev-07.28.2025_attack-16.1-enterprise.json.gz")
    assert (single.state, single.version) == ("unchanged", "CISA Known Exploited Vulnerabilities 07/28/2025")
    assert rows("SELECT id FROM control_mapping ORDER BY 1") == before
