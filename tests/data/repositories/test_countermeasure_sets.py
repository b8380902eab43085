from pathlib import Path

import orjson
import pytest

from data.database import reading
from data.queries import sources, stats
from data.repositories import rollups
from jobs import syncs
from jobs.syncs import Outcome
from tests.data.sources import stix
from tests.data.sources.d3fend import ONTOLOGY, row
from tests.jobs.syncing import at, execute, report, rows, sync_attack

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def loaded(database: None, tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL)  # T1059 and T1059.001, but no T1566


def sync(folder: Path, text: str | bytes, name: str = "d3fend.ttl") -> Outcome:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return syncs.sync_in_place("d3fend", input=at(path))


def mapping(*found: dict[str, object]) -> bytes:
    return orjson.dumps({"results": {"bindings": found}})


def test_countermeasures_come_with_what_they_apply_to(tmp_path: Path) -> None:
    done = sync(tmp_path, ONTOLOGY)
    assert (done.state, done.version, done.counts["read"], done.counts["not_placed"]) == ("succeeded", "1.2.0", 4, 1)
    assert report(done) == {
        "added": [],
        "not_placed": [("countermeasure", "D3-FA", "T1566 is not on the loaded map")],
    }
    assert rows("SELECT d3fend_id, tactic, parent FROM countermeasure ORDER BY 1") == [
        ("D3-AN", "Detect", None),
        ("D3-FA", "Detect", "D3-AN"),
        ("D3-MF", "", None),
        ("D3-SA", "Isolate", "D3-FA"),
    ]
    assert rows("SELECT applicable, in_place FROM rollup_technique_countermeasures") == [(2, 0)]
    with reading() as session:
        counted = stats.stats(session)["d3fend"]
        assert counted == {"countermeasures": 4, "pairs": 2, "techniques": 1, "not_placed": 1}
        shown = next(one for one in sources.sources(session) if one.slug == "d3fend")
        assert shown.figures == (("countermeasures", 4), ("techniques", 1), ("technique claims not placed", 1))
        assert not any(rollups.verify(session).values())


def test_again_is_no_change_and_a_change_is_named(tmp_path: Path) -> None:
    sync(tmp_path, ONTOLOGY)
    assert sync(tmp_path, ONTOLOGY + "\n# the same\n").state == "unchanged"
    changed = ONTOLOGY.replace('"Mail Filter"', '"Filter"').replace('"Script Analysis"', '"Script Analysis" ; :x :y')
    smaller = changed.replace(":subClassOf :DefensiveTechnique ; :d3fend-id", ":subClassOf :Nothing ; :d3fend-id")
    done = sync(tmp_path, smaller)
    assert report(done)["renamed"] == [("countermeasure", "D3-MF", "was: Mail Filter")]
    assert {ref for _, ref, _ in report(done)["removed"]} == {"D3-AN", "D3-FA", "D3-SA"}
    assert rows("SELECT count(*) FROM rollup_technique_countermeasures") == [(0,)]
    back = sync(tmp_path, ONTOLOGY)
    assert {ref for _, ref, _ in report(back)["restored"]} == {"D3-AN", "D3-FA", "D3-SA"}


def test_a_mapping_keeps_what_the_ontology_said_and_what_people_decided(tmp_path: Path) -> None:
    sync(tmp_path, ONTOLOGY)
    execute(
        "INSERT INTO countermeasure_decision (countermeasure_id, state, author_name)"
        " SELECT id, 'in_place', 'ana' FROM countermeasure WHERE d3fend_id = 'D3-FA'"
    )
    done = sync(tmp_path, mapping(row("FileAnalysis", "T1059"), row("New", "T1059")), "mapping.json")
    assert report(done)["added"] == [("countermeasure", "d3f:New", "")]
    assert rows("SELECT d3fend_id, definition <> '', parent FROM countermeasure WHERE removed_at IS NULL") == [
        ("D3-FA", True, "D3-AN"),
        ("d3f:New", False, None),
    ]
    assert rows("SELECT applicable, in_place FROM rollup_technique_countermeasures") == [(2, 1)]


def test_a_class_under_another_name_is_the_same_countermeasure(tmp_path: Path) -> None:
    sync(tmp_path, ONTOLOGY)
    before = rows("SELECT id FROM countermeasure WHERE d3fend_id = 'D3-MF'")
    sync(tmp_path, ONTOLOGY.replace(":MailFilter", ":MailFiltering"))
    assert rows("SELECT id FROM countermeasure WHERE url LIKE '%MailFiltering/' AND removed_at IS NULL") == before
