"""ATT&CK as published: every version loads to the unit, upgrades say what happened, and nothing is lost."""

import gzip
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs import syncs
from jobs.syncs import Outcome
from tests.realdata import counting
from tests.realdata.loading import counted, execute, own_database, refs, rows, sync

pytestmark = pytest.mark.realdata

CHAINS = {
    "mobile-attack": ("10.1", "18.1"),
    "ics-attack": ("8.2", "16.1", "17.1", "18.1"),
    "enterprise-attack": ("16.1", "17.1", "18.1"),
}
STEPS = [(domain, version) for domain, versions in CHAINS.items() for version in versions]
UPGRADES = [(d, a, b) for d, versions in CHAINS.items() for a, b in itertools.pairwise(versions)]
_OBJECTS = {
    "technique": "attack-pattern",
    "group": "intrusion-set",
    "mitigation": "course-of-action",
    "campaign": "campaign",
    "detection_strategy": "x-mitre-detection-strategy",
    "tactic": "x-mitre-tactic",
}


@dataclass(frozen=True, slots=True)
class Step:
    outcome: Outcome
    stats: dict[str, Any]
    report: dict[str, dict[str, set[str | None]]]
    to_review: set[str]
    rule: tuple[Any, ...] | None
    test: tuple[Any, ...] | None


def _file(folder: Path, domain: str, version: str) -> Path:
    return folder / "attack" / f"{domain}-{version}.json.gz"


_RULE = """
INSERT INTO detection_rule (source, external_id, title, language, body, content_hash)
VALUES ('own', 'one', 'Finds side-loading', 'sigma', '', '')
"""
_CLAIM = """
INSERT INTO rule_technique (rule_id, claimed_id, technique_id, resolution)
SELECT r.id, t.attack_id, t.id, 'direct' FROM detection_rule AS r, technique AS t WHERE t.attack_id = 'T1574.002'
"""
_TEST = """
INSERT INTO security_test (title, technique_id, claimed_technique, procedure_key, platform)
SELECT 'Side-load', id, attack_id, 'side-load', 'Windows' FROM technique WHERE attack_id = 'T1574.002'
"""
_RULE_IS_ON = """
SELECT c.claimed_id, t.attack_id, c.resolution FROM rule_technique AS c JOIN technique AS t ON t.id = c.technique_id
"""
_TEST_IS_ON = """
SELECT s.claimed_technique, t.attack_id FROM security_test AS s JOIN technique AS t ON t.id = s.technique_id
"""


@pytest.fixture(scope="module")
def loaded(postgres: str, migrated: str, realdata_dir: Path) -> Iterator[dict[tuple[str, str], Step]]:
    """Every chain in turn; on Enterprise 16.1 a rule and a test are put on a technique that 17.1 revokes."""
    steps = {}
    with own_database(postgres, migrated):
        for domain, version in STEPS:
            outcome = sync("attack", _file(realdata_dir, domain, version), version)
            if (domain, version) == ("enterprise-attack", "16.1"):
                for statement in (_RULE, _CLAIM, _TEST):
                    execute(statement)
            review = rows(
                "SELECT attack_id FROM technique WHERE domain = :domain AND review_since IS NOT NULL", domain=domain
            )
            steps[domain, version] = Step(
                outcome,
                counted(domain)["attack"],
                {name: refs(outcome, name) for name in _OBJECTS},
                {row[0] for row in review},
                next(iter(rows(_RULE_IS_ON)), None),
                next(iter(rows(_TEST_IS_ON)), None),
            )
            execute("UPDATE technique SET review_since = NULL WHERE review_since IS NOT NULL")
        yield steps


@pytest.fixture(scope="module")
def raw(realdata_dir: Path) -> dict[tuple[str, str], counting.Bundle]:
    return {step: counting.bundle(_file(realdata_dir, *step)) for step in STEPS}


class TestLoading:
    @pytest.mark.parametrize(("domain", "version"), STEPS)
    def test_every_version_is_right_to_the_unit(
        self,
        loaded: dict[tuple[str, str], Step],
        raw: dict[tuple[str, str], counting.Bundle],
        domain: str,
        version: str,
    ) -> None:
        expected = {"domain": domain, "version": version, **counting.stats(raw[domain, version])}
        assert loaded[domain, version].stats == expected

    def test_figures_published_elsewhere(self, loaded: dict[tuple[str, str], Step]) -> None:
        # 14 tactics, 216 techniques, 475 sub-techniques: https://attack.mitre.org/resources/updates/, October 2025
        stats = loaded["enterprise-attack", "18.1"].stats
        assert (stats["tactics"], stats["techniques"], stats["subtechniques"]) == (14, 216, 475)
        assert stats["revoked_resolved"] == 132

    def test_sub_techniques_stand_under_the_parents_that_relationships_name(
        self, loaded: dict[tuple[str, str], Step], raw: dict[tuple[str, str], counting.Bundle]
    ) -> None:
        held = dict(rows("SELECT c.stix_id, p.stix_id FROM technique AS c JOIN technique AS p ON p.id = c.parent_id"))
        for step in (("enterprise-attack", "18.1"), ("mobile-attack", "18.1")):
            relationships = counting.of_type(raw[step], "relationship").values()
            named = {
                r["source_ref"]: r["target_ref"] for r in relationships if r["relationship_type"] == "subtechnique-of"
            }
            assert named
            assert {key: held.get(key) for key in named} == named

    def test_the_columns_are_those_of_the_matrix(
        self, loaded: dict[tuple[str, str], Step], raw: dict[tuple[str, str], counting.Bundle]
    ) -> None:
        for domain in CHAINS:
            objects = raw[domain, "18.1"]
            (matrix,) = (item for item in counting.of_type(objects, "x-mitre-matrix").values() if counting.active(item))
            order = rows(
                "SELECT stix_id FROM tactic WHERE domain = :domain AND position IS NOT NULL ORDER BY position",
                domain=domain,
            )
            assert [row[0] for row in order] == matrix["tactic_refs"]

    def test_a_technique_stands_in_every_column_it_names(
        self, loaded: dict[tuple[str, str], Step], raw: dict[tuple[str, str], counting.Bundle]
    ) -> None:
        placed = rows(
            "SELECT count(*) FROM technique_tactic AS p JOIN technique AS t ON t.id = p.technique_id"
            " JOIN tactic AS c ON c.id = p.tactic_id WHERE t.active AND c.active AND t.domain = 'enterprise-attack'"
        )
        techniques = counting.of_type(raw["enterprise-attack", "18.1"], "attack-pattern").values()
        assert placed == [(sum(len(item["kill_chain_phases"]) for item in techniques if counting.active(item)),)]

    def test_chains_of_revocations_end_where_they_end(
        self, loaded: dict[tuple[str, str], Step], raw: dict[tuple[str, str], counting.Bundle]
    ) -> None:
        for domain in CHAINS:
            held = dict(
                rows(
                    "SELECT t.stix_id, s.stix_id FROM technique AS t JOIN technique AS s ON s.id = t.successor_id"
                    " WHERE t.domain = :domain",
                    domain=domain,
                )
            )
            assert held == counting.successors(raw[domain, "18.1"])
        assert rows(
            "SELECT s.attack_id FROM technique AS t JOIN technique AS s ON s.id = t.successor_id"
            " WHERE t.attack_id = 'T1073'"
        ) == [("T1574.001",)]


class TestUpgrading:
    @pytest.mark.parametrize(("domain", "before", "after"), UPGRADES)
    def test_the_report_says_what_happened(
        self,
        loaded: dict[tuple[str, str], Step],
        raw: dict[tuple[str, str], counting.Bundle],
        domain: str,
        before: str,
        after: str,
    ) -> None:
        for name, stix_type in _OBJECTS.items():
            expected = counting.changes(raw[domain, before], raw[domain, after], stix_type)
            found = loaded[domain, after].report[name]
            for kind in ("added", "revoked", "deprecated", "renamed", "vanished", "reactivated"):
                assert found.get(kind, set()) == expected.get(kind, set()), (name, kind)
            if name == "technique":
                assert found.get("changed", set()) == expected.get("changed", set())

    @pytest.mark.parametrize(("domain", "before", "after"), UPGRADES)
    def test_changed_content_waits_for_review(
        self,
        loaded: dict[tuple[str, str], Step],
        raw: dict[tuple[str, str], counting.Bundle],
        domain: str,
        before: str,
        after: str,
    ) -> None:
        expected = counting.changes(raw[domain, before], raw[domain, after]).get("review", set())
        assert loaded[domain, after].to_review == expected
        assert loaded[domain, after].outcome.counts["review"] == len(expected)

    def test_first_loads_ask_for_no_review(self, loaded: dict[tuple[str, str], Step]) -> None:
        for domain, versions in CHAINS.items():
            assert loaded[domain, versions[0]].to_review == set()

    def test_known_turns_of_history(self, loaded: dict[tuple[str, str], Step]) -> None:
        assert loaded["mobile-attack", "18.1"].report["technique"]["reactivated"] == {"T1453"}
        assert loaded["enterprise-attack", "17.1"].report["technique"]["revoked"] == {"T1574.002"}
        for version in ("17.1", "18.1"):
            assert loaded["ics-attack", version].report["technique"] == {}

    def test_nothing_is_ever_deleted(
        self, loaded: dict[tuple[str, str], Step], raw: dict[tuple[str, str], counting.Bundle]
    ) -> None:
        for domain, versions in CHAINS.items():
            for table, stix_types in (
                ("technique", ["attack-pattern"]),
                ("attack_relationship", ["relationship"]),
                ("attack_object", ["course-of-action", "malware", "intrusion-set"]),
            ):
                ever = {key for version in versions for key in counting.of_type(raw[domain, version], *stix_types)}
                held = {row[0] for row in rows(f"SELECT stix_id FROM {table} WHERE domain = :domain", domain=domain)}
                assert ever <= held

    def test_what_vanished_is_marked_and_no_longer_counts(self, loaded: dict[tuple[str, str], Step]) -> None:
        gone = rows(
            "SELECT bool_or(active), count(*) FROM attack_object"
            " WHERE domain = 'ics-attack' AND vanished_at IS NOT NULL"
        )
        assert gone[0][0] is False
        assert gone[0][1] > 30

    def test_a_rule_and_a_test_follow_their_technique(self, loaded: dict[tuple[str, str], Step]) -> None:
        before, after = loaded["enterprise-attack", "16.1"], loaded["enterprise-attack", "17.1"]
        assert (before.rule, before.test) == (("T1574.002", "T1574.002", "direct"), ("T1574.002", "T1574.002"))
        assert (after.rule, after.test) == (("T1574.002", "T1574.001", "revoked_by"), ("T1574.002", "T1574.001"))
        assert (after.outcome.counts["claims_moved"], after.outcome.counts["tests_moved"]) == (1, 1)
        assert rows("SELECT action, note FROM test_timeline") == [
            ("technique_moved", "ATT&CK 17.1: T1574.002 is now T1574.001")
        ]


class TestAgain:
    def test_the_same_file_is_no_change(self, loaded: dict[tuple[str, str], Step], realdata_dir: Path) -> None:
        outcome = sync("attack", _file(realdata_dir, "ics-attack", "18.1"))
        assert (outcome.state, outcome.version) == ("unchanged", "18.1")

    def test_another_file_with_the_same_content_is_no_change(
        self, loaded: dict[tuple[str, str], Step], realdata_dir: Path, tmp_path: Path
    ) -> None:
        bundle = orjson.loads(gzip.decompress(_file(realdata_dir, "ics-attack", "18.1").read_bytes()))
        bundle["objects"].reverse()
        for item in bundle["objects"]:
            item["modified"] = "2026-01-01T00:00:00.000Z"
        (tmp_path / "ics.json").write_bytes(orjson.dumps(bundle))
        before = rows("SELECT number FROM data_generation WHERE topic = 'techniques'")
        assert sync("attack", tmp_path / "ics.json").state == "unchanged"
        assert rows("SELECT number FROM data_generation WHERE topic = 'techniques'") == before


def test_the_built_in_map_gives_way_to_the_full_bundle_without_any_review(
    postgres: str, migrated: str, realdata_dir: Path
) -> None:
    with own_database(postgres, migrated):
        syncs.sync_in_place("attack", trigger="first_run")
        shortened = counted()["attack"]
        outcome = sync("attack", _file(realdata_dir, "enterprise-attack", "18.1"))
        assert counted()["attack"] == shortened
        assert outcome.state == "succeeded"
        assert (outcome.counts["shortened"], outcome.counts["review"]) == (False, 0)
        assert outcome.counts["objects"] == {}
        assert rows("SELECT count(*) FROM technique WHERE review_since IS NOT NULL") == [(0,)]
        longest = rows("SELECT max(length(description)) FROM technique")
        assert longest[0][0] > 3000
