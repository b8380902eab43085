"""Rehearsing published versions: nothing changes, and adopting afterwards does what the report said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from data import objects
from data.database import SYSTEM, reading
from data.models import Base
from data.queries import heatmap, measured
from data.queries import rehearsals as queries
from data.repositories import attack_comparing
from domain.errors import RuleViolated
from domain.roles import Role
from jobs import rehearsals
from tests.realdata.loading import execute, own_database, rows, sync

pytestmark = pytest.mark.realdata

# Rows that say what was done, not what is loaded.
_RECORDS = {"audit_log", "outbox_event", "attack_rehearsal", "data_generation", "sync_run", "sync_item"}
_RULE = "INSERT INTO detection_rule (source, external_id, title, language, body, content_hash)"
_CLAIM = """
INSERT INTO rule_technique (rule_id, claimed_id, technique_id, resolution)
SELECT rule.id, t.attack_id, t.id, 'direct' FROM detection_rule AS rule, technique AS t
WHERE t.domain = :domain AND t.attack_id IN ('T1574.002', 'T1574.001', 'T1064') AND t.active
"""
_TEST = """
INSERT INTO security_test (title, technique_id, claimed_technique, procedure_key, platform)
SELECT 'A test', id, attack_id, 'procedure', platforms[1] FROM technique
WHERE domain = :domain AND active AND cardinality(platforms) > 0
"""


@pytest.fixture(scope="module")
def database_of_module(postgres: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with own_database(postgres, migrated):
        objects.configure((tmp_path_factory.mktemp("objects")).as_uri())
        yield


def file_of(folder: Path, domain: str, version: str) -> Path:
    return folder / "attack" / f"{domain}-{version}.json.gz"


def rehearse(path: Path, version: str) -> UUID:
    return rehearsals.rehearse_in_place(SYSTEM, Role.ADMIN, {"kind": "path", "path": str(path)}, version=version)


def report(rehearsal_id: UUID) -> dict[str, Any]:
    with reading() as session:
        return dict(queries.rehearsal(session, rehearsal_id).report)


def state() -> dict[str, Any]:
    """Every row counted, every generation, and what the map says."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in _RECORDS]
    counted = {name: rows(f'SELECT count(*) FROM "{name}"') for name in tables}
    generations = rows("SELECT topic, number FROM data_generation WHERE topic <> 'sources' ORDER BY topic")
    names = rows(
        "SELECT stix_id, name, active, tactics, platforms, successor_id FROM technique ORDER BY domain, stix_id"
    )
    return {**counted, "generations": generations, "techniques": names}


def homes() -> dict[str, Any]:
    with reading() as session:
        return {
            "held": {(one.content, one.claimed, one.key): one.number for one in attack_comparing.held(session)},
            "maps": attack_comparing.techniques(session),
        }


def check_adopted(domain: str, rehearsal_id: UUID, before: dict[str, Any]) -> None:
    """Adopt it, and hold everything that the report said against what is there now."""
    said = report(rehearsal_id)
    outcome = rehearsals.adopt_in_place(SYSTEM, Role.ADMIN, rehearsal_id)
    assert (outcome.state, outcome.counts["objects"], outcome.counts["review"]) == (
        "succeeded", said["objects"], said["review"],
    )  # fmt: skip
    found = heatmap.totals(measured.read(domain, as_of=measured.today()))
    assert {**found, "proven": None, "claimed": None, "tactics": None} == {
        **said["after"], "proven": None, "claimed": None, "tactics": None,
    }  # fmt: skip
    moved = sum(row[4] for row in said["moves"] if row[0] == "tests" and row[3])
    assert outcome.counts["tests_moved"] == moved
    now = homes()
    new = {key: one for each in now["maps"].values() for key, one in each.items()}
    placed = {
        (content, claimed): new[key].attack_id if key in new and new[key].active else None
        for content, claimed, key in now["held"]
    }
    for content, claimed, _, after, _ in said["moves"]:
        assert placed[content, claimed] == after, (content, claimed)
    told = {(row[0], row[1]) for row in said["moves"]}
    old = {key: one for each in before["maps"].values() for key, one in each.items()}
    for content, claimed, key in before["held"]:
        if (content, claimed) not in told:
            was = old[key].attack_id if key in old and old[key].active else None
            assert placed[content, claimed] == was, (content, claimed, "moved and was not told")
    assert rows("SELECT version, state FROM attack_release WHERE domain = :d ORDER BY loaded_at", d=domain)[-2:] == [
        (said["from_version"], "superseded"), (said["version"], "adopted"),
    ]  # fmt: skip


@pytest.mark.usefixtures("database_of_module", "redis_server")
class TestEnterprise:
    def test_16_to_17_to_18(self, realdata_dir: Path) -> None:
        domain = "enterprise-attack"
        sync("attack", file_of(realdata_dir, domain, "16.1"), "16.1")
        execute(f"{_RULE} VALUES ('own', 'one', 'A rule', 'sigma', '', '')")
        execute(_CLAIM, domain=domain)
        execute(_TEST, domain=domain)
        before, held = state(), homes()

        first = rehearse(file_of(realdata_dir, domain, "17.1"), "17.1")
        assert state() == before, "a rehearsal changes nothing"
        said = report(first)
        assert (said["from_version"], said["version"], said["changes"]) == ("16.1", "17.1", True)
        assert (
            ["T1574.002", "DLL Side-Loading"] in [row[:2] for row in said["moves_named"]]
            if "moves_named" in said
            else True
        )
        moves = {(row[0], row[1]): (row[2], row[3]) for row in said["moves"]}
        assert moves["tests", "T1574.002"] == ("T1574.002", "T1574.001")
        assert moves["rules", "T1574.002"] == ("T1574.002", "T1574.001")
        merged = {row[0]: row[2] for row in said["turns"]["merged"]}
        assert "T1574.002" in merged["T1574.001"]

        far = rehearse(file_of(realdata_dir, domain, "18.1"), "18.1")
        check_adopted(domain, first, held)
        with pytest.raises(RuleViolated, match="has changed since"):
            rehearsals.adopt_in_place(SYSTEM, Role.ADMIN, far)

        before, held = state(), homes()
        rehearsals.again(SYSTEM, Role.ADMIN, far)
        rehearsals.run(str(far))
        assert state() == before
        said = report(far)
        assert said["from_version"] == "17.1"
        check_adopted(domain, far, held)
        same = rehearse(file_of(realdata_dir, domain, "18.1"), "18.1")
        assert report(same)["changes"] is False
        with pytest.raises(RuleViolated, match="nothing to adopt"):
            rehearsals.adopt_in_place(SYSTEM, Role.ADMIN, same)


@pytest.mark.usefixtures("database_of_module", "redis_server")
class TestOthers:
    def test_ics_changes_no_technique(self, realdata_dir: Path) -> None:
        domain = "ics-attack"
        sync("attack", file_of(realdata_dir, domain, "16.1"), "16.1")
        found = report(rehearse(file_of(realdata_dir, domain, "18.1"), "18.1"))
        counted = {name: number for name, number in found["objects"].get("technique", {}).items() if name != "changed"}
        assert counted == {}
        assert not any(found["turns"][kind] for kind in ("parents", "split", "merged", "replaced", "lost", "tactics"))
        assert found["moves"] == []
        assert found["before"]["techniques"] == found["after"]["techniques"]

    def test_mobile_changes_many(self, realdata_dir: Path) -> None:
        domain = "mobile-attack"
        sync("attack", file_of(realdata_dir, domain, "10.1"), "10.1")
        execute(_TEST, domain=domain)
        before, held = state(), homes()
        made = rehearse(file_of(realdata_dir, domain, "18.1"), "18.1")
        assert state() == before
        found = report(made)
        assert len(found["turns"]["replaced"]) + len(found["turns"]["merged"]) > 10
        assert len(found["turns"]["lost"]) > 5
        assert found["numbers"]["tests"]["lost"] > 0
        check_adopted(domain, made, held)
