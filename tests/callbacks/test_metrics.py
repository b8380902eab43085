"""The metrics page over HTTP: what it says, what it leads to, targets that leads set, and the glossary."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from data.queries import tests_table
from domain.durations import By, Measure
from domain.durations_view import View
from domain.metrics import METRICS
from domain.roles import Role
from domain.tests_view import TestsView
from tests.callbacks.asking import Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]
TARGET = {"level-save.n_clicks": 1, "level-amount.value": "4", "level-unit.value": "hours", "level-share.value": 90}


@pytest.fixture
def lead(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("bo", Role.BLUE_LEAD)))


@pytest.fixture
def viewer(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("vi", Role.VIEWER)))


@pytest.fixture
def _tests(lead: Asking) -> None:
    """Eight tests of two procedures: half of each detected, one with a remediation; four of the period before."""
    world.release()
    world.tactics("execution", "impact")
    home = world.technique("T1001", under=["execution"])
    campaign = "00000000-0000-4000-8000-000000000001"
    execute("INSERT INTO test_campaign (id, name, actor_attack_id) VALUES (:id, 'Raid', 'G0016')", id=campaign)
    person = "00000000-0000-4000-8000-000000000002"
    execute(
        "INSERT INTO user_account (id, username, display_name, role, team) VALUES"
        " (:id, 'eve', 'Eve', 'blue_tech', 'Blue, north & west')",
        id=person,
    )
    for number in range(12):
        detected, attack = number % 2 == 0, world.days_ago(250 if number > 7 else 20 + number)
        world.security_test(
            home,
            "none/alerted" if detected else "none/missed",
            executed_at=attack,
            detected_at=attack + timedelta(hours=1 + number) if detected else None,
            watched_until=attack + timedelta(hours=24),
            blue_submitted_at=attack + timedelta(hours=25),
            remediation_state="open" if number == 1 else None,
            procedure_key=f"procedure {number % 4}",
            campaign_id=campaign if number < 3 else None,
            blue_submitted_by=person if number in (1, 2, 4) else None,
            red_effort_seconds=600,
        )


@pytest.mark.usefixtures("_tests")
def test_it_says_the_truth_of_its_figures(lead: Asking) -> None:
    shown = lead.open("/metrics")
    text = said(shown.outputs["page.children"])
    assert shown.outputs["answer.children"] == "Executed to first alert, median: 7 h; 4 of 8 detected"
    for words in ("Executed to first alert, median", "nine of ten", "leaves out 4 of 8 (50 %)", "4 of 8",
                  "Like for like", "4 procedures"):  # fmt: skip
        assert words in text, words
    assert "MTT" not in shown.text


@pytest.mark.usefixtures("_tests")
@pytest.mark.parametrize("by", [By.MONTH, By.TACTIC, By.PLATFORM, By.ACTOR, By.TEAM, By.PERSON, By.SOURCE, By.TEMPLATE])
@pytest.mark.parametrize("measure", list(Measure))
def test_every_group_leads_to_exactly_its_tests(lead: Asking, measure: Measure, by: By) -> None:
    from callbacks import metrics as callbacks
    from data.queries import durations

    view = View(measure=measure, by=by, months=12)
    found = durations.metrics(view)
    assert found["groups"]
    for row in found["groups"]:
        query = {
            name: text for name, (text,) in parse_qs(urlsplit(callbacks._href(view, by, row["key"])).query).items()
        }
        asked = TestsView.of(query, uuid4())
        assert tests_table.count(asked).total == row["cases"], (row["label"], query)
    shown = lead.open("/metrics", f"?measure={measure.removeprefix('time_to_')}&by={by}&months=12")
    assert shown.status == 200
    assert any(href.startswith("/tests?state=validated") for href in links(shown.outputs["page.children"]).values())


@pytest.mark.usefixtures("_tests")
def test_those_without_a_team_are_not_said_to_be_the_slowest(lead: Asking) -> None:
    shown = said(lead.open("/metrics", "?by=team&months=12").outputs["page.children"])
    assert "No team" in shown
    assert "Executed to first alert by team" in shown, "one team alone cannot be the slowest"


@pytest.mark.usefixtures("_tests")
def test_another_filter_changes_figures_and_answer(viewer: Asking) -> None:
    shown = viewer.ask("metrics-filters.value", {"metrics-filters.value": {"measure": "contain", "months": "all"}})
    assert "First alert to contained, median: not reached" in shown.beside["answer.children"]
    shown = viewer.ask("metrics-filters.value", {"metrics-filters.value": {"platform": "Linux"}})
    assert "Nothing to measure here" in said(shown.outputs["metrics-body.children"])
    assert viewer.ask("metrics-filters.value", {"metrics-filters.value": ["nonsense"]}).status == 200


@pytest.mark.usefixtures("_tests")
def test_a_lead_sets_a_target_and_takes_it_back(lead: Asking) -> None:
    told = lead.ask("level-save.n_clicks", {**TARGET, "level-reason.value": " What we  promised "})
    assert "The target is set." in told.toast
    assert rows("SELECT measure, seconds, share, reason, author_name FROM service_level") == [
        ("time_to_detect", 14_400, 0.9, "What we promised", "bo")]  # fmt: skip
    assert "target: 90 % within 4 h, not met" in said(lead.open("/metrics").outputs["page.children"])
    lead.ask("level-remove.n_clicks", {"level-remove.n_clicks": 1, "level-reason.value": "no longer"})
    assert rows("SELECT count(*) FROM service_level") == [(0,)]
    assert [row[0] for row in rows("SELECT action FROM audit_log WHERE action LIKE 'service%' ORDER BY seq")] == [
        "service_level.set", "service_level.removed"]  # fmt: skip


@pytest.mark.usefixtures("_tests")
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"level-reason.value": ""}, "Say why"),
        ({"level-reason.value": "x" * 501}, "under 500"),
        ({"level-amount.value": "-1"}, "above 0"),
        ({"level-amount.value": None}, "Give a number"),
        ({"level-amount.value": "nan"}, "above 0"),
        ({"level-unit.value": "fortnights"}, "minutes, hours or days"),
        ({"level-share.value": 101}, "at most at 100 %"),
        ({"level-amount.value": 99_999}, "three years"),
    ],
)
def test_bad_targets_change_nothing(lead: Asking, changed: dict[str, object], sentence: str) -> None:
    told = lead.ask("level-save.n_clicks", {**TARGET, "level-reason.value": "why", **changed})
    assert sentence in told.toast
    assert rows("SELECT count(*) FROM service_level") == [(0,)]


@pytest.mark.usefixtures("_tests")
def test_others_neither_see_the_form_nor_get_past_it(viewer: Asking) -> None:
    assert "level-save" not in viewer.open("/metrics").text
    told = viewer.ask("level-save.n_clicks", {**TARGET, "level-reason.value": "why"})
    assert "Blue lead" in told.toast
    assert rows("SELECT count(*) FROM service_level") == [(0,)]


def test_with_nothing_there_it_says_what_would_be(viewer: Asking) -> None:
    world.release()
    assert "Nothing to measure" in said(viewer.open("/metrics").outputs["page.children"])


def test_the_glossary_has_every_figure_and_the_one_asked_for_first(viewer: Asking) -> None:
    text = said(viewer.open("/glossary").outputs["page.children"])
    for metric in METRICS.values():
        assert metric.name in text
        assert " ".join(metric.definition.split()) in text
    chosen = viewer.open("/glossary", "?metric=stale").text
    assert chosen.index('"stale"') < chosen.index('"organisation_score"')
    assert viewer.open("/glossary", "?metric=nonsense").status == 200


def test_an_i_leads_to_the_glossary(viewer: Asking) -> None:
    world.release()
    world.tactics("execution")
    world.technique("T1001", under=["execution"])
    leading = set(re.findall(r"glossary\?metric=(\w+)", viewer.open("/").text))
    assert {"organisation_score", "proven"} <= leading, leading
