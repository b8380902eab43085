"""Layers of others: kept whole or not at all, placed on today's release, and never lost silently."""

import json
from pathlib import Path

import pytest

from data.database import SYSTEM, Actor, reading
from data.queries import heatmap_view
from data.repositories import overlays as repository
from domain.errors import BadInput, NotFound, PermissionDenied
from domain.roles import Role
from jobs import overlays
from tests.data.sources import stix
from tests.jobs.syncing import rows, sync_attack

pytestmark = pytest.mark.usefixtures("database")

OLD_SHARES = stix.technique(7, "T1077", "Shares", revoked=True)
MOVED = stix.rel(2, "revoked-by", OLD_SHARES, stix.TASK)


def layer(*techniques: dict[str, object], name: str = "APT3", domain: str = "enterprise-attack") -> dict[str, object]:
    versions = {"layer": "4.5", "navigator": "5.0.0", "attack": "17"}
    return {"name": name, "domain": domain, "versions": versions, "techniques": list(techniques)}


def keep(*layers: dict[str, object], role: Role = Role.BLUE_TECH, actor: Actor = SYSTEM) -> list[overlays.Kept]:
    return overlays.keep(actor, role, json.dumps(list(layers)).encode())


@pytest.fixture(autouse=True)
def _loaded(tmp_path: Path, database: object) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK, OLD_SHARES, MOVED)


def test_what_is_not_on_the_release_is_counted_and_named() -> None:
    (kept,) = keep(layer({"techniqueID": "T1059"}, {"techniqueID": "T9999"}, {"techniqueID": "T9999"}))
    assert (kept.name, kept.placed, kept.left_out) == ("APT3", 1, ["T9999"])
    assert rows("SELECT name, domain, attack_version, placed, not_placed FROM navigator_overlay") == [
        ("APT3", "enterprise-attack", "17", 1, 1)
    ]


def test_a_retired_id_lies_on_its_successor() -> None:
    (kept,) = keep(layer({"techniqueID": "T1077", "score": 5}))
    with reading() as session:
        overlay, domain, left_out = repository.shown(session, kept.id)
    assert [(mark.technique, mark.score) for mark in overlay.marks] == [("T1053", 5)]
    assert (domain, left_out) == ("enterprise-attack", [])


def test_a_tactic_the_technique_does_not_have_does_not_hide_the_note() -> None:
    (kept,) = keep(
        layer({"techniqueID": "T1059", "tactic": "stealth"}, {"techniqueID": "T1053", "tactic": "execution"})
    )
    with reading() as session:
        overlay, _, _ = repository.shown(session, kept.id)
    assert [(mark.technique, mark.tactic) for mark in overlay.marks] == [("T1059", None), ("T1053", "execution")]


def test_disabled_notes_are_not_shown() -> None:
    (kept,) = keep(layer({"techniqueID": "T1059", "enabled": False}))
    assert kept.placed == 0


def test_a_file_with_one_bad_layer_adds_nothing() -> None:
    with pytest.raises(BadInput):
        keep(layer({"techniqueID": "T1059"}), layer({"techniqueID": "Tbanana"}))
    assert rows("SELECT count(*) FROM navigator_overlay") == [(0,)]


def test_a_viewer_may_neither_keep_nor_remove() -> None:
    with pytest.raises(PermissionDenied):
        keep(layer(), role=Role.VIEWER)
    (kept,) = keep(layer())
    with pytest.raises(PermissionDenied):
        overlays.remove(SYSTEM, Role.VIEWER, kept.id)


def test_keeping_and_removing_stand_in_the_audit_log() -> None:
    (kept,) = keep(layer({"techniqueID": "T1059"}))
    overlays.remove(SYSTEM, Role.BLUE_TECH, kept.id)
    assert rows("SELECT action, entity_id FROM audit_log WHERE entity_type = 'navigator_overlay' ORDER BY seq") == [
        ("overlay.added", str(kept.id)),
        ("overlay.removed", str(kept.id)),
    ]
    with pytest.raises(NotFound):
        overlays.remove(SYSTEM, Role.BLUE_TECH, kept.id)


@pytest.mark.usefixtures("redis_server")
class TestInAView:
    def test_a_chosen_layer_is_beside_our_figures(self) -> None:
        (kept,) = keep(layer({"techniqueID": "T1059", "score": 80, "color": "#ff0000"}, {"techniqueID": "T9999"}))
        plain, loaded = heatmap_view.load({}), heatmap_view.load({"overlay": str(kept.id)})
        assert plain.shown is not None
        assert loaded.shown is not None
        assert loaded.shown.overlay is not None
        assert (loaded.shown.overlay.placed, loaded.left_out) == (1, ["T9999"])
        assert (loaded.shown.counts, loaded.shown.value) == (plain.shown.counts, plain.shown.value)
        assert plain.layers == {str(kept.id): "APT3"}

    @pytest.mark.parametrize("asked", ["nonsense", "01890000-0000-7000-8000-000000000000"])
    def test_a_layer_that_is_gone_is_left_out_with_a_sentence(self, asked: str) -> None:
        loaded = heatmap_view.load({"overlay": asked})
        assert loaded.notes == ["The layer asked for is not here any more and was left out."]

    def test_a_layer_of_another_domain_is_left_out(self) -> None:
        (kept,) = keep(layer(domain="mobile-attack", name="Phones"))
        loaded = heatmap_view.load({"overlay": str(kept.id)})
        assert loaded.notes == ["The layer “Phones” is of Mobile and was left out."]
        assert loaded.layers == {}
