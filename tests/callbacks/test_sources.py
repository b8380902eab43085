"""The sources page: starting a sync, following it to its end, its report beside the page, and its schedule."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from data.database import SYSTEM
from data.sources.registry import SOURCES
from domain.roles import Role
from jobs import syncs
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data.sources import stix
from tests.jobs.syncing import execute, rows, rule, sync_attack, sync_rules

STATES = {
    "source-state.id": [({"type": "source-state", "source": slug}, {"source": slug}) for slug in ("attack", "sigma")]
}


@pytest.fixture
def admin(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    return Asking(client_of(add_person("ada", Role.ADMIN)))


@pytest.fixture
def viewer(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    return Asking(client_of(add_person("vera", Role.VIEWER)))


def start(asking: Asking, source: str) -> Answer:
    return asking.ask(({"type": "sync-now", "source": source}, "n_clicks"))


def follow(asking: Asking) -> Answer:
    return asking.ask("sources-poll.n_intervals", {"sources-poll.n_intervals": 1, **STATES})


def panel(asking: Asking, search: str) -> str:
    asked = asking.ask("url.search", {"url.search": search, "url.pathname": "/sources"}, of="run-panel")
    return said(asked.outputs["run-panel.children"])


def schedule(asking: Asking, source: str, minutes: int) -> Answer:
    ident = {"type": "source-schedule", "source": source}
    values = {"source-schedule.value": [(ident, minutes)], "source-schedule.id": [(ident, {"source": source})]}
    return asking.ask((ident, "value"), values)


class TestStarting:
    def test_a_click_promises_a_run_and_the_page_follows_it(self, admin: Asking) -> None:
        started = start(admin, "sigma")
        assert rows("SELECT source, state, trigger, requested_by_name FROM sync_run") == [
            ("sigma", "queued", "person", "ada")
        ]
        assert "Waiting for a worker" in said(started.outputs["sources-body.children"])
        assert started.outputs["sources-poll.disabled"] is False
        assert "Sigma rules under way" in started.beside["answer.children"]

    def test_one_at_a_time(self, admin: Asking) -> None:
        start(admin, "attack")
        again = start(admin, "attack")
        assert "already" in again.toast
        assert again.outputs == {}
        assert rows("SELECT count(*) FROM sync_run") == [(1,)]

    def test_what_there_is_not_is_said(self, admin: Asking) -> None:
        assert start(admin, "nothing").toast.startswith("There is no source called nothing")
        assert rows("SELECT count(*) FROM sync_run") == [(0,)]

    def test_others_start_and_change_nothing(self, viewer: Asking) -> None:
        for refused in (start(viewer, "sigma"), schedule(viewer, "sigma", 1440)):
            assert refused.toast.startswith("This needs the role Administrator; yours is Viewer.")
            assert refused.outputs == {}
        assert rows("SELECT (SELECT count(*) FROM sync_run), (SELECT count(*) FROM source)") == [(0, 0)]
        page = viewer.open("/sources")
        assert "An administrator can sync it." in said(page.outputs["page.children"])
        assert "sync-now" not in page.text


class TestFollowing:
    def test_it_shows_how_far_it_is_and_stops_when_it_has_ended(self, admin: Asking, tmp_path: Path) -> None:
        start(admin, "sigma")
        execute("UPDATE sync_run SET state = 'running', phase = 'Reading', done = 1820, total = 3756")
        running = follow(admin)
        assert "Reading 1,820 of 3,756" in " ".join(map(said, running.outputs.values()))
        assert running.beside == {}
        execute("UPDATE sync_run SET state = 'failed', finished_at = now(), error = 'It did not answer.'")
        ended = follow(admin)
        assert ended.outputs == {}
        assert "It did not answer." in said(ended.beside["sources-body.children"])
        assert ended.beside["sources-poll.disabled"] is True
        assert (
            ended.beside["answer.children"]
            == f"Sigma rules failed last time; {len(SOURCES) - 1} of {len(SOURCES)} sources not loaded"
        )

    def test_an_upload_that_was_taken_starts_it_too(self, admin: Asking, tmp_path: Path) -> None:
        syncs.request_sync("sigma", actor=SYSTEM, input={"kind": "path", "path": str(tmp_path)})
        touched = admin.ask("sources-touched.data", {"sources-touched.data": 1})
        assert touched.outputs["sources-poll.disabled"] is False


class TestReport:
    @pytest.fixture
    def runs(self, admin: Asking, tmp_path: Path) -> tuple[str, str]:
        """Ids of a first load of ATT&CK, and of rules of which one is broken and one lies nowhere."""
        first = sync_attack(tmp_path, stix.SHELL)
        second = sync_rules(tmp_path, good=rule(1, "T1059"), lost=rule(2, "T9998"), broken="a: [")
        return str(first.run_id), str(second.run_id)

    def test_it_opens_by_its_address(self, admin: Asking, runs: tuple[str, str]) -> None:
        attack, sigma = runs
        assert "A first load is counted, not listed item by item." in panel(admin, f"?run={attack}")
        assert "broken.yml" in panel(admin, f"?run={sigma}")  # of several kinds, what needs somebody first
        assert "is not valid YAML" in panel(admin, f"?run={sigma}&kind=rejected")
        assert "broken.yml" not in panel(admin, f"?run={sigma}&kind=not_placed")
        assert "T9998" in panel(admin, "?source=sigma&kind=not_placed")
        assert "broken.yml" in panel(admin, f"?run={sigma}&kind=nonsense")
        assert "broken.yml" in said(admin.open("/sources", f"?run={sigma}").outputs["page.children"])

    def test_an_address_of_no_run_says_so_on_a_page_that_stands(self, admin: Asking) -> None:
        for search, sentence in (
            (f"?run={uuid4()}", "There is no such sync run."),
            ("?run=nonsense", "This id is not one of ours."),
        ):
            opened = admin.open("/sources", search)
            assert opened.toast.startswith(sentence)
            assert "MITRE ATT&CK" in said(opened.outputs["page.children"])
        for search in ("", "?source=nothing", "?source=sigma"):
            assert panel(admin, search) == ""


def test_a_schedule_is_kept_once_and_only_when_it_changes(admin: Asking) -> None:
    done = schedule(admin, "sigma", 1440)
    assert done.toast.startswith("The schedule is kept.")
    assert "Next run" in said(done.outputs["sources-body.children"])
    assert schedule(admin, "sigma", 1440).status == 204  # the page was drawn anew
    assert schedule(admin, "sigma", 7).toast.startswith("A schedule is between one hour and 90 days.")
    assert rows("SELECT slug, schedule_minutes FROM source") == [("sigma", 1440)]
    schedule(admin, "sigma", 0)
    assert rows("SELECT slug, schedule_minutes, next_run_at FROM source") == [("sigma", None, None)]
