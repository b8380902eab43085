"""The three times over real rows: who is in, what is censored when, how it is grouped, and that nothing is stale."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest
from sqlalchemy import Engine

from data import local
from data.queries import durations
from domain.durations import By, Measure
from domain.durations_view import View
from tests.data import world
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("redis_server")
ALL = {"months": 0}
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def home(database: Engine, tmp_path: Path) -> Iterator[UUID]:
    """A technique under two tactics; what can be made again is kept in a folder of the test."""
    local.configure(tmp_path)
    world.release()
    world.tactics("execution", "impact", "discovery")
    yield world.technique("T1001", under=["execution", "impact"])
    local.configure(None)


def at(technique: UUID, took: float | None, *, watched: float = 24, days: float = 10, **more: Any) -> UUID:
    """A validated test that was alerted on after so many hours, or never, and watched for so many."""
    attack = world.days_ago(days).replace(microsecond=0)
    detected = None if took is None else attack + took * HOUR
    return world.security_test(
        technique, "none/missed" if took is None else "none/alerted", days=days,
        **{"executed_at": attack, "detected_at": detected, "watched_until": attack + watched * HOUR,
           "blue_submitted_at": attack + (watched + 1) * HOUR} | more,
    )  # fmt: skip


def found(measure: Measure = Measure.DETECT, by: By = By.TACTIC, **more: Any) -> dict[str, Any]:
    return durations.metrics(View(measure=measure, by=by, **(ALL | more)))


def test_undetected_tests_stay_in_until_the_end_of_evaluation(home: UUID) -> None:
    for took in (1, 2, 3, None, None):
        at(home, took, watched=8)
    figures = found()["figures"]
    assert (figures["cases"], figures["happened"]) == (5, 3)
    assert figures["median"] == 3 * 3600
    assert figures["p90"] is None
    assert figures["naive_mean"] == 2 * 3600
    # the area under 1, 4/5, 3/5 and 2/5 up to a day
    assert figures["mean"] == pytest.approx((1 + 0.8 + 0.6 + 21 * 0.4) * 3600)
    assert figures["share"]["n"] == 3
    assert durations.headline(View(**ALL)) == figures


def test_without_an_end_of_watching_it_is_when_blue_submitted(home: UUID) -> None:
    at(home, None, watched=8, watched_until=None)
    assert found()["distribution"][6] == {"happened": 0, "censored": 1}  # 9 hours: from 8 hours to a day


def test_what_does_not_count_and_what_is_left_out(home: UUID) -> None:
    at(home, 1)
    at(home, 1, state="in_review", prevention="none", detection="alerted", outcome="alerted")
    at(home, 1, not_applicable=True, not_applicable_reason="no such host")
    at(home, 1, detected_at=None)  # detected, nobody says when
    at(home, None, watched_until=None, blue_submitted_at=None)  # nobody says how long it was watched
    at(home, 1, executed_at=None)  # no time of attack: of no month
    answer = found()
    assert (answer["figures"]["cases"], answer["left_out"]) == (1, 2)


def test_containment_is_of_alerts_that_were_not_fully_prevented(home: UUID) -> None:
    attack = world.days_ago(10).replace(microsecond=0)
    at(home, 1, contained_at=attack + 3 * HOUR)
    at(home, 2, watched=8)  # never contained: six hours at least
    at(home, None)
    at(home, 1, prevention="full", outcome="blocked", contained_at=attack + 2 * HOUR)
    at(home, 5, contained_at=attack + 4 * HOUR)  # before its alert
    answer = found(Measure.CONTAIN)
    assert (answer["figures"]["cases"], answer["figures"]["happened"], answer["left_out"]) == (2, 1, 1)
    assert answer["figures"]["naive_mean"] == 2 * 3600
    assert answer["distribution"][5] == {"happened": 0, "censored": 1}


def test_open_remediations_are_censored_now_and_accepted_risks_when_accepted(home: UUID) -> None:
    known = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + HOUR - timedelta(days=20)
    done = at(home, None, days=30, blue_submitted_at=known, remediation_state="done",
              remediation_completed_at=known + timedelta(days=5))  # fmt: skip
    at(home, None, days=30, blue_submitted_at=known, remediation_state="open")
    risk = at(home, None, days=30, blue_submitted_at=known, remediation_state="risk_accepted")
    at(home, None, days=30, blue_submitted_at=known)
    execute(
        "INSERT INTO test_timeline (id, test_id, round, at, actor_name, side, action) VALUES"
        " (uuidv7(), :risk, 1, :when, 'ada', 'lead', 'risk_accepted'),"
        " (uuidv7(), :done, 1, :when, 'ada', 'lead', 'seen')",
        risk=risk, done=done, when=known + timedelta(days=2),
    )  # fmt: skip
    answer = found(Measure.REMEDIATE)
    assert (answer["figures"]["cases"], answer["figures"]["happened"]) == (3, 1)
    days = {place: one for place, one in enumerate(answer["distribution"]) if any(one.values())}
    assert days == {
        7: {"happened": 0, "censored": 1},  # two days
        8: {"happened": 1, "censored": 0},  # five
        9: {"happened": 0, "censored": 1},  # twenty, until now
    }
    assert answer["figures"]["median"] == 5 * 86400


def test_a_technique_of_two_tactics_counts_in_both_and_once_in_all(home: UUID) -> None:
    other = world.technique("T1002", under=["discovery"])
    at(home, 1)
    at(home, 2)
    at(other, None)
    answer = found()
    assert answer["figures"]["cases"] == 3
    assert [(row["key"], row["cases"], row["happened"]) for row in answer["groups"]] == [
        ("execution", 2, 2), ("impact", 2, 2), ("discovery", 1, 0)]  # fmt: skip
    assert found(tactic="discovery")["figures"]["cases"] == 1
    assert found(tactic="unknown")["figures"]["cases"] == 0


def test_it_groups_by_everything_it_offers(home: UUID) -> None:
    campaign, template, person = (str(uuid4()) for _ in range(3))
    execute("INSERT INTO test_campaign (id, name, actor_attack_id) VALUES (:id, 'Raid', 'G0016')", id=campaign)
    execute(
        "INSERT INTO user_account (id, username, display_name, role, team) VALUES"
        " (:id, 'bo', 'Bo', 'blue_tech', 'North'), (uuidv7(), 'eve', 'Eve', 'blue_tech', '')",
        id=person,
    )
    execute(
        "INSERT INTO test_template (id, source, source_id, procedure_key, name, claimed_technique, resolution, words,"
        " content_hash) VALUES (:id, 'atomic', 'a', 'a', 'Dump it', 'T1001', 'not_placed', '', '')",
        id=template,
    )  # fmt: skip
    at(home, 1, campaign_id=campaign, template_id=template, blue_submitted_by=person, platform="Linux")
    at(home, 2)
    expected = {
        By.PLATFORM: {"Linux", "Windows"}, By.ACTOR: {"G0016", "None"}, By.PERSON: {"Bo", "None"},
        By.TEAM: {"North", "No team"}, By.SOURCE: {"atomic", "None"}, By.TEMPLATE: {"Dump it", "None"},
    }  # fmt: skip
    for by, labels in expected.items():
        assert {row["label"] for row in found(by=by)["groups"]} == labels, by
    assert found(platforms=("Linux",))["figures"]["cases"] == 1
    assert len(found(by=By.MONTH)["groups"]) == 1


def test_by_team_is_that_of_who_evaluated_as_it_is_now(home: UUID) -> None:
    keys = {name: str(uuid4()) for name in ("bo", "eve", "kim", "sam")}
    for name, key in keys.items():
        execute(
            "INSERT INTO user_account (id, username, display_name, role, team) VALUES"
            " (:id, :name, :name, 'blue_tech', :team)",
            id=key, name=name, team={"bo": "North", "eve": "North", "kim": "South"}.get(name, ""),
        )  # fmt: skip
    for name, took in (("bo", 1), ("eve", None), ("kim", 2), ("sam", 3)):
        at(home, took, blue_submitted_by=keys[name])
    at(home, 4)  # by nobody who is named

    def teams() -> list[tuple[str, int, int]]:
        return [(row["label"], row["cases"], row["happened"]) for row in found(by=By.TEAM)["groups"]]

    assert teams() == [("North", 2, 1), ("South", 1, 1), ("No team", 2, 2)]
    execute("UPDATE user_account SET team = 'South' WHERE username = 'eve'")
    assert teams() == [("South", 2, 1), ("North", 1, 1), ("No team", 2, 2)]


def test_a_tool_is_measured_by_its_own_alerts(home: UUID) -> None:
    test = at(home, 1, watched=8)
    attack = rows("SELECT executed_at FROM security_test")[0][0]
    for slug, seen in (("edr", attack + 1 * HOUR), ("siem", None)):
        execute("INSERT INTO defence_tool (id, slug, name, kind) VALUES (uuidv7(), :slug, :slug, 'edr')", slug=slug)
        execute(
            "INSERT INTO observation (id, test_id, round, tool_id, prevention, detection, detected_at)"
            " SELECT uuidv7(), :test, 1, id, 'none', :detection, :seen FROM defence_tool WHERE slug = :slug",
            test=test, slug=slug, seen=seen, detection="alerted" if seen else "missed",
        )  # fmt: skip
    groups = {row["key"]: row for row in found(by=By.TOOL)["groups"]}
    assert (groups["edr"]["median"], groups["edr"]["happened"]) == (3600, 1)
    assert (groups["siem"]["median"], groups["siem"]["cases"]) == (None, 1)


def test_a_change_is_seen_at_once_and_only_its_month_is_read_again(home: UUID, tmp_path: Path) -> None:
    at(home, 1, days=100)
    recent = at(home, 5, days=10)
    assert found()["figures"]["cases"] == 2
    files = {path.name for path in (tmp_path / "tests-2").iterdir()}
    execute("UPDATE security_test SET detected_at = executed_at + interval '2 hours' WHERE id = :id", id=recent)
    assert found()["figures"]["naive_mean"] == 1.5 * 3600
    later = {path.name for path in (tmp_path / "tests-2").iterdir()}
    assert len(files) == len(later) == 2
    assert len(files & later) == 1
    execute("DELETE FROM security_test WHERE id = :id", id=recent)
    assert found()["figures"]["cases"] == 1
    assert len(rows("SELECT * FROM test_month")) == 1


def test_a_test_that_moves_to_another_month_leaves_the_first(home: UUID) -> None:
    at(home, 1, days=100)
    found()
    execute("UPDATE security_test SET executed_at = executed_at + interval '40 days', detected_at = NULL,"
            " watched_until = executed_at + interval '50 days', detection = 'missed', outcome = 'missed'")  # fmt: skip
    months = found(by=By.MONTH)["groups"]
    assert [row["cases"] for row in months] == [1]


def test_without_a_folder_it_only_takes_longer(home: UUID) -> None:
    local.configure(None)
    at(home, 1)
    assert found()["figures"]["cases"] == 1


def test_two_periods_are_compared_on_the_procedures_of_both(home: UUID) -> None:
    """Before: one slow procedure. Now: the same, faster, and an easy one that was not run before."""
    for days, took, procedure in ((120, 9, "hard"), (20, 9, "hard"), (5, 3, "hard"), (10, 0.5, "easy")):
        at(home, took, days=days, procedure_key=procedure)
    answer = found(months=3)
    assert answer["before"]["cases"] == 1
    assert answer["figures"]["cases"] == 3
    alike = answer["alike"]
    assert alike["procedures"] == 1
    assert (alike["now"]["median"], alike["before"]["median"]) == (3 * 3600, 9 * 3600)  # the latest of either
    assert answer["months"][0]["cases"] == 1
    assert found()["alike"] is None


def test_effort_is_what_people_worked(home: UUID) -> None:
    at(home, 1, red_effort_seconds=600, blue_effort_seconds=60)
    at(home, None, red_effort_seconds=1200)
    effort = found()["effort"]
    assert (effort["tests"], effort["red"], effort["red_median"], effort["blue"], effort["blue_tests"]) == (
        2, 1800, 900, 60, 1)  # fmt: skip


def test_a_service_level_is_read_off_the_curve(home: UUID) -> None:
    for took in (1, 2, 3, None):
        at(home, took)
    execute("INSERT INTO service_level (measure, seconds, share, reason, author_name)"
            " VALUES ('time_to_detect', 7200, 0.9, 'contract', 'ada')")  # fmt: skip
    answer = found()
    assert answer["level"]["seconds"] == 7200
    assert answer["figures"]["open_at_level"] == pytest.approx(0.5)


def test_months_and_tactics_at_once(home: UUID) -> None:
    at(home, 1, days=100)
    at(home, 2, days=10)
    table = durations.by_month_and_tactic()
    assert table.height == 4
    assert set(table["tactic"]) == {"Execution", "Impact"}
    assert table.filter(pl.col("tactic") == "Impact")["median"].to_list() == [3600, 7200]
