"""The heatmap and what is taken from it, on the whole Enterprise matrix with the demo organisation's tests."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data import redis as redis_connection
from data.database import SYSTEM
from data.queries import heatmap_view
from data.queries.heatmap_view import Loaded
from domain import heatmap_export, navigator
from domain.heatmap import MODES
from domain.heatmap_shown import Shown
from jobs import demo
from pages.components.tokens import LIGHT
from tests.realdata.loading import own_database, rows, sync

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module", autouse=True)
def _loaded(postgres: str, migrated: str, redis_url: str, realdata_dir: Path) -> Iterator[None]:
    with own_database(postgres, migrated):
        redis_connection.configure(redis_url)
        redis_connection.client().flushall()
        sync("attack", realdata_dir / "attack" / "enterprise-attack-18.1.json.gz", "18.1")
        demo.load(SYSTEM, today=datetime.now(UTC).date())
        yield
        redis_connection.close()


def view(**query: str) -> tuple[Loaded, Shown]:
    loaded = heatmap_view.load(query)
    assert loaded.shown is not None
    return loaded, loaded.shown


def layer(**query: str) -> dict[str, Any]:
    loaded, shown = view(**query)
    made: dict[str, Any] = json.loads(navigator.to_json(heatmap_export.layer_of(shown, loaded.scope, LIGHT)))
    return made


def test_691_techniques_each_counted_once() -> None:
    _, shown = view()
    assert (len(shown.cells), sum(shown.counts)) == (691, 691)
    assert len(shown.tactics) == 14
    assert sum(total for _n, total in shown.columns) > shown.total  # a column counts what stands under it


def test_what_the_organisation_put_out_of_scope_is_shown_and_not_counted() -> None:
    _, shown = view()
    [(outside,)] = rows("SELECT count(*) FROM technique WHERE active AND platforms = ARRAY['PRE']")
    assert outside == 92
    assert (shown.total, shown.counts[-1]) == (691 - outside, outside)


def test_every_layer_names_only_what_the_release_has() -> None:
    active = {row[0] for row in rows("SELECT attack_id FROM technique WHERE active")}
    tactics = {row[0] for row in rows("SELECT shortname FROM tactic WHERE active")}
    for mode in MODES:
        made = layer(colour=mode, tactic="execution")
        assert {technique["techniqueID"] for technique in made["techniques"]} <= active
        assert {technique["tactic"] for technique in made["techniques"]} <= tactics
        assert all(0 <= technique.get("score", 0) <= 100 for technique in made["techniques"])


def test_mitreattack_python_agrees_about_a_whole_layer() -> None:
    from mitreattack.navlayers import Layer

    made = layer(colour="score")
    judged = Layer(made).to_dict()
    assert judged is not None
    by_id = {technique["techniqueID"]: technique for technique in judged["techniques"]}
    assert by_id == {technique["techniqueID"]: technique for technique in made["techniques"]}
    assert len(by_id) > 100


def test_an_actor_shows_the_techniques_it_uses() -> None:
    used = {
        row[0]
        for row in rows(
            "SELECT t.attack_id FROM attack_relationship AS r JOIN attack_object AS g ON g.stix_id = r.source_ref"
            " JOIN technique AS t ON t.stix_id = r.target_ref"
            " WHERE g.attack_id = 'G0016' AND t.active AND r.active AND r.kind = 'uses'"
        )
    }
    _, shown = view(actor="G0016")
    assert {shown.cells[i].id for i in shown.exported()} == used
