"""A view as read from the database: choices, filters, and what is said when there is nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from data.queries import heatmap_view
from tests.conftest import Statements
from tests.data.sources import stix
from tests.jobs.syncing import execute, sync_attack

pytestmark = pytest.mark.usefixtures("database", "redis_server")

Count = Callable[[], AbstractContextManager[Statements]]


def test_an_actor_leaves_what_it_uses(tmp_path: Path) -> None:
    uses = stix.rel(1, "uses", stix.GROUP, stix.POWERSHELL)
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK, stix.GROUP, uses)
    group = heatmap_view.load({}).choices.groups[0]
    loaded = heatmap_view.load({"actor": group.id.lower()})
    assert loaded.shown is not None
    assert [loaded.shown.cells[i].id for i in loaded.shown.exported()] == ["T1059.001"]
    assert (loaded.shown.total, group.n, loaded.ignored) == (1, 1, [])
    assert loaded.scope == f"Enterprise; all platforms; used by {group.name} ({group.id})"


def test_unknown_values_are_named_and_change_nothing(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.TASK)
    loaded = heatmap_view.load({"actor": "G9999", "tactic": "nowhere"})
    assert loaded.shown is not None
    assert (loaded.shown.total, len(loaded.ignored)) == (2, 2)


def test_nothing_loaded_is_no_matrix() -> None:
    loaded = heatmap_view.load({"domain": "ics-attack"})
    assert loaded.shown is None
    assert loaded.choices.domains == {"ics-attack": "ICS"}


def test_without_enterprise_the_first_loaded_domain_is_shown(tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL)
    execute("UPDATE attack_release SET domain = 'ics-attack'")
    execute("UPDATE technique SET domain = 'ics-attack'")
    loaded = heatmap_view.load({})
    assert loaded.shown is not None
    assert (loaded.view.domain, loaded.shown.total) == ("ics-attack", 1)
    assert heatmap_view.load({"domain": "enterprise-attack"}).shown is None


def test_a_view_is_a_handful_of_statements(tmp_path: Path, count_statements: Count) -> None:
    uses = stix.rel(1, "uses", stix.GROUP, stix.POWERSHELL)
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK, stix.GROUP, uses)
    query = {"actor": "G0001", "colour": "score"}
    with count_statements() as first:
        heatmap_view.load(query)
    with count_statements() as again:
        heatmap_view.load(query)
    assert len(first) <= 4, first.texts  # the map and its tests, the choices, what the actor uses
    assert len(again) == 0, again.texts
