"""The score page, the weights and the retests over HTTP: what is shown, to whom, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from data.queries import score as query
from domain.roles import Role
from domain.snapshots import weights_kept
from jobs import snapshots
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

TODAY = datetime.now(UTC).date()
SINCE = TODAY - timedelta(days=30)


@pytest.fixture
def ask_as(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Callable[[Role], Asking]:
    world.release()
    world.tactics("execution", "impact")
    technique = world.technique("T1000", under=["execution"], groups=3)
    world.technique("T1001", under=["impact"])
    world.security_test(technique, "none/alerted", days=100)
    world.security_test(technique, "none/missed", days=2, procedure_key="new")
    return lambda role: Asking(client_of(add_person("ada", role)))


def words_of(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


class TestScore:
    def test_before_there_is_a_map(
        self, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
    ) -> None:
        shown = Asking(client_of(add_person("ada", Role.VIEWER))).open("/score")
        assert "No map yet" in said(shown.outputs["page.children"])

    def test_before_anything_is_known_of_a_technique(
        self, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
    ) -> None:
        world.release()
        world.tactics("execution")
        world.technique("T1000", under=["execution"])
        asking = Asking(client_of(add_person("ada", Role.VIEWER)))
        for path, sentence in (("/score", "No score yet"), ("/retests", "Nothing has been tested yet")):
            shown = asking.open(path)
            assert sentence in said(shown.outputs["page.children"])
            assert "/next" in links(shown.outputs["page.children"]).values()
            assert said(shown.outputs["answer.children"]).endswith("yet")

    def test_the_change_of_a_month_by_cause(self, ask_as: Callable[[Role], Asking]) -> None:
        shown = ask_as(Role.VIEWER).open("/score", f"?from={SINCE}")
        words = said(shown.outputs["page.children"])
        assert f"since {words_of(SINCE)}" in said(shown.outputs["answer.children"])
        assert "Own work" in words
        assert "because no snapshot is older" in words
        assert "Keep this moment" not in words
        steps = _find(shown.outputs["page.children"], "Waterfall")["steps"]
        assert [step["label"] for step in steps] == ["Tests", "Ageing"]
        ends = _find(shown.outputs["page.children"], "Waterfall")
        total = ends["ends"]["value"] - ends["starts"]["value"]
        assert sum(step["value"] for step in steps) == pytest.approx(total)
        assert steps[0]["href"] == f"/score?from={SINCE}&cause=tests"

    def test_one_cause_by_the_address(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.VIEWER)
        place = {"url.search": f"?from={SINCE}&cause=decay", "url.pathname": "/score"}
        told = asking.ask("url.search", place, of="score-body")
        assert "Techniques moved by: ageing" in said(told.outputs["score-body.children"])
        assert f"/score?from={SINCE}" in links(told.outputs["score-body.children"]).values()
        nonsense = asking.open("/score", "?from=soon&to=9999-01-01&cause=luck&domain=moon")
        assert "Techniques that moved most" in said(nonsense.outputs["page.children"])
        assert asking.ask("url.search", {**place, "url.pathname": "/"}, of="score-body").status == 204

    def test_leads_keep_this_moment(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.RED_LEAD)
        given = {"snapshot-take.n_clicks": 1, "snapshot-label.value": "Before the audit", "url.search": ""}
        told = asking.ask("snapshot-take.n_clicks", given, of="score-body")
        assert told.toast.startswith("Kept this moment.")
        assert rows("SELECT label, author_name FROM snapshot") == [("Before the audit", "ada")]
        assert "Before the audit" in told.text

    def test_others_do_not(self, ask_as: Callable[[Role], Asking]) -> None:
        told = ask_as(Role.RED_TECH).ask(
            "snapshot-take.n_clicks", {"snapshot-take.n_clicks": 1, "url.search": ""}, of="score-body"
        )
        assert "This needs the role" in told.toast
        assert rows("SELECT count(*) FROM snapshot") == [(0,)]


class TestWeights:
    def test_for_administrators_only(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.RED_LEAD)
        assert "Your role does not include this page" in said(asking.open("/score/weights").outputs["page.children"])
        told = asking.ask("weights-decide.n_clicks", _given(reason="why"), of="page.children")
        assert "This needs the role Administrator" in told.toast
        assert len(query.versions()) == 1

    def test_a_preview_keeps_nothing(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.ADMIN)
        asking.open("/score/weights")
        trigger = ({"type": "weights-value", "name": "tests"}, "value")
        seen = asking.ask(trigger, _given(tests="65", rules="0"), of="weights-preview")
        assert "What it would do" in seen.text
        assert "T1000" in seen.text
        refused = asking.ask(trigger, _given(tests="65"), of="weights-preview")
        assert "add up to 125" in said(refused.outputs["weights-preview.children"])
        assert len(query.versions()) == 1

    def test_a_version_is_put_in_force_with_a_reason(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.ADMIN)
        without = asking.ask("weights-decide.n_clicks", _given(tests="65", rules="0"), of="page.children")
        assert "Say why the weights change" in without.toast
        done = asking.ask("weights-decide.n_clicks", _given("no rules", tests="65", rules="0"), of="page.children")
        assert done.toast.startswith("Version 2 is in force.")
        again = asking.ask("weights-decide.n_clicks", _given("again", tests="65", rules="0"), of="page.children")
        assert "Somebody changed the weights meanwhile" in again.toast
        assert [one["reason"] for one in query.versions()] == ["no rules", "The weights Aegis starts with"]


class TestRetests:
    def test_what_goes_stale_and_a_campaign_of_it(self, ask_as: Callable[[Role], Asking]) -> None:
        execute("UPDATE security_test SET executed_at = now() - interval '170 days' WHERE procedure_key = 'procedure'")
        execute("UPDATE security_test SET executed_at = now() - interval '150 days' WHERE procedure_key = 'new'")
        asking = ask_as(Role.RED_LEAD)
        shown = asking.open("/retests", f"?until={TODAY + timedelta(days=40)}")
        assert said(shown.outputs["answer.children"]).startswith("1 technique stale by")
        chosen = _find(shown.outputs["page.children"], "Chooser")["value"]
        assert len(chosen) == 2
        key = "6f1d9c56-6d2e-4b2f-9a43-6e4f5d1c2b3a"
        given = {
            "retests-make.n_clicks": 1,
            "retests-key.data": key,
            "retests-name.value": "R",
            "retests-chosen.value": chosen,
        }
        made = asking.ask("retests-make.n_clicks", given)
        assert "2 retests planned." in said(made.outputs["retests-made.children"])
        assert rows("SELECT count(*) FROM security_test WHERE retest_of_id IS NOT NULL") == [(2,)]

    def test_everybody_sees_it_and_leads_plan(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.VIEWER)
        soon = asking.open("/retests", f"?until={TODAY}")
        assert "Nothing goes stale" in said(soon.outputs["page.children"])
        given = {
            "retests-make.n_clicks": 1,
            "retests-key.data": "x",
            "retests-name.value": "R",
            "retests-chosen.value": {},
        }
        assert asking.ask("retests-make.n_clicks", given).toast


class TestAnotherDay:
    def test_the_overview_and_the_heatmap_say_which_day_they_show(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.VIEWER)
        for path in ("/", "/heatmap"):
            shown = asking.open(path, f"?as_of={SINCE}")
            assert f"As of {words_of(SINCE)}: Tests as they stood at the end of the day" in said(
                shown.outputs["page.children"]
            )
            ahead = asking.open(path, f"?as_of={TODAY + timedelta(days=30)}")
            assert "with evidence as old as it will be" in said(ahead.outputs["page.children"])
            assert "As of" not in said(asking.open(path, f"?as_of={TODAY}").outputs["page.children"]).replace(
                "As of\n", ""
            )

    def test_a_technique_shows_its_score_over_time(self, ask_as: Callable[[Role], Asking]) -> None:
        asking = ask_as(Role.VIEWER)
        assert "Score over time" not in said(asking.open("/technique/T1000").outputs["page.children"])
        snapshots.look_back(world.ENTERPRISE)
        shown = asking.open("/technique/T1000")
        assert "Score over time" in said(shown.outputs["page.children"])
        assert len(_find(shown.outputs["page.children"], "Trend")["points"]) > 30


def _given(reason: str = "", **values: str) -> dict[str, Any]:
    kept = {**weights_kept(query.versions()[-1]["weights"]), **values}
    ids = [({"type": "weights-value", "name": name}, value) for name, value in kept.items() if name != "version"]
    return {
        "weights-value.value": ids,
        "weights-value.id": [(ident, ident) for ident, _ in ids],
        "weights-decide.n_clicks": 1,
        "weights-reason.value": reason,
        "weights-seen.data": 1,
    }


def _find(tree: Any, kind: str) -> dict[str, Any]:
    """The properties of the first component of a kind."""
    if isinstance(tree, dict):
        if tree.get("type") == kind:
            return dict(tree["props"])
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            if found := _find(each, kind):
                return found
    return {}
