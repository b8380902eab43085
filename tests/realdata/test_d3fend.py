"""D3FEND's ontology as published: every countermeasure, and every pair with a technique, to the unit."""

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
def ontology(realdata_dir: Path) -> Path:
    return realdata_dir / "d3fend" / "d3fend-protege.ttl.gz"


@pytest.fixture(scope="module")
def raw(ontology: Path) -> dict[str, set[str]]:
    return counting.d3fend(ontology)


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path, ontology: Path) -> Iterator[Loaded]:
    with own_database(postgres, migrated):
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz")
        outcome = sync("d3fend", ontology)
        yield outcome, counted()


def test_every_countermeasure_and_every_pair_is_counted_to_the_unit(
    loaded: Loaded, raw: dict[str, set[str]], realdata_dir: Path
) -> None:
    outcome, stats = loaded
    claims = {ident: {"claims": techniques} for ident, techniques in raw.items()}
    placed = counting.placed(claims, counting.bundle(realdata_dir / "attack" / "enterprise-attack-18.1.json.gz"))
    assert len(raw) == 249
    assert stats["d3fend"] == {
        "countermeasures": placed["rules"],
        "pairs": placed["technique_pairs"],
        "techniques": placed["techniques"],
        "not_placed": placed["not_placed"],
    }
    assert outcome.counts["rejected"] == 0


def test_each_countermeasure_applies_to_what_the_join_says(loaded: Loaded, raw: dict[str, set[str]]) -> None:
    held: dict[str, set[str]] = {ident: set() for ident in raw}
    for ident, claimed in rows(
        "SELECT one.d3fend_id, link.claimed_id FROM countermeasure AS one"
        " JOIN countermeasure_technique AS link ON link.countermeasure_id = one.id"
    ):
        held[ident].add(claimed)
    assert held == raw


def test_every_countermeasure_has_a_tactic_of_the_matrix(loaded: Loaded) -> None:
    counts = dict(rows("SELECT tactic, count(*) FROM countermeasure GROUP BY 1"))
    assert set(counts) == {"Model", "Harden", "Detect", "Isolate", "Deceive", "Evict", "Restore"}
    assert sum(counts.values()) == 249


def test_the_same_file_again_is_no_change(loaded: Loaded, ontology: Path) -> None:
    assert sync("d3fend", ontology).state == "unchanged"
