"""Every kind of contradiction against rows made for it, and beside each the rows that only look like it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from data.database import unit_of_work
from data.models import AuditEntry, DefenceTool, Evidence, Observation
from data.queries import contradictions
from data.queries.contradictions import Found
from domain.contradictions import KINDS
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("database", "redis_server")

EXECUTED = world.days_ago(10)


def after(minutes: float) -> datetime:
    return EXECUTED + timedelta(minutes=minutes)


@pytest.fixture
def technique() -> UUID:
    world.tactics("execution")
    return world.technique("T1059", under=["execution"])


@pytest.fixture
def tool() -> UUID:
    with unit_of_work() as session:
        made = DefenceTool(id=uuid4(), slug="edr", name="EDR", kind="edr")
        session.add(made)
        return made.id


def file(test_id: UUID, *, deleted: bool = False, side: str = "red") -> None:
    with unit_of_work() as session:
        session.add(
            Evidence(
                test_id=test_id,
                round=1,
                side=side,
                name="log.txt",
                media_type="text/plain",
                size=1,
                sha256=bytes(32),
                object_key=str(uuid4()),
                uploaded_by_name="ada",
                deleted_at=world.NOW if deleted else None,
            )
        )


def made_of(technique: UUID, title: str, result: str = "none/missed", **more: Any) -> UUID:
    """A validated test with a file, executed at EXECUTED."""
    values = {"executed_at": EXECUTED, "title": title, "procedure_key": title, **more}
    made = world.security_test(technique, result, **values)
    file(made)
    return made


def observed(test_id: UUID, tool_id: UUID, result: str = "none/missed", *, round: int = 1, **more: Any) -> None:
    prevention, detection = result.split("/")
    with unit_of_work() as session:
        session.add(
            Observation(
                test_id=test_id, tool_id=tool_id, round=round, prevention=prevention, detection=detection, **more
            )
        )


def sound(technique: UUID, tool: UUID, title: str = "sound", **more: Any) -> UUID:
    made = made_of(technique, title, **more)
    observed(made, tool)
    return made


def kinds() -> dict[str, Found]:
    return {one.slug: one for one in contradictions.everything().kinds}


def titles(slug: str) -> list[str]:
    found = kinds()[slug]
    assert found.total == len(found.hits)
    return sorted(hit.title for hit in found.hits)


def test_there_is_a_statement_for_every_kind_and_a_sound_test_is_of_none(technique: UUID, tool: UUID) -> None:
    assert contradictions.everything().tests == 0
    made = made_of(
        technique, "sound", "partial/alerted", prevented_at=after(1), logged_at=after(2), detected_at=after(3),
        contained_at=after(4), watched_until=after(60), red_submitted_at=after(5), blue_submitted_at=after(70),
        remediation_state="done", remediation_completed_at=after(80),
    )  # fmt: skip
    rule = world.rule({"T1059": technique})
    observed(
        made, tool, "partial/alerted", prevented_at=after(1), logged_at=after(2), detected_at=after(3), rule_id=rule
    )
    sound(technique, tool, "sound again", retest_of_id=made, procedure_key="sound")
    for state in ("draft", "red_executing"):
        world.security_test(technique, state=state, title=state)
    found = contradictions.everything()
    assert found.tests == 4
    assert {one.slug: one.total for one in found.kinds} == dict.fromkeys(KINDS, 0)


def test_seen_before_the_execution_by_any_of_the_three_times(technique: UUID, tool: UUID) -> None:
    other = UUID(int=1)
    with unit_of_work() as session:
        session.add(DefenceTool(id=other, slug="siem", name="SIEM", kind="siem"))
    for name, result in (
        ("detected_at", "none/alerted"),
        ("logged_at", "none/logged"),
        ("prevented_at", "full/missed"),
    ):
        made = made_of(technique, name, result)
        observed(made, tool, result, **{name: after(-5)})
        observed(made, other, result, **{name: after(-3)})
    at_once = made_of(technique, "at once", "none/alerted")
    observed(at_once, tool, "none/alerted", logged_at=EXECUTED, detected_at=EXECUTED)
    reopened = made_of(technique, "an older round", "none/alerted", round=2)
    observed(reopened, tool, "none/alerted", detected_at=after(-5))
    observed(reopened, tool, "none/alerted", round=2, detected_at=after(5))
    assert titles("before_execution") == ["detected_at", "logged_at", "prevented_at"]
    for hit in kinds()["before_execution"].hits:
        assert (hit.who, hit.at, hit.against) == ("EDR, SIEM", after(-5), EXECUTED)
        assert (hit.technique, hit.state) == ("T1059", "validated")


def test_prevented_by_no_tool_of_the_latest_round(technique: UUID, tool: UUID) -> None:
    for title, overall, seen in (
        ("full by nothing", "full/missed", None),
        ("full by a partial", "full/missed", "partial/missed"),
        ("partial by none", "partial/missed", "none/alerted"),
        ("full by full", "full/missed", "full/missed"),
        ("partial by full", "partial/missed", "full/missed"),
    ):
        made = made_of(technique, title, overall)
        if seen:
            observed(made, tool, seen)
    reopened = made_of(technique, "full in an older round", "full/missed", round=2)
    observed(reopened, tool, "full/missed")
    expected = ["full by a partial", "full by nothing", "full in an older round", "partial by none"]
    assert titles("prevented_by_no_tool") == expected


def test_detected_by_no_tool_of_the_latest_round(technique: UUID, tool: UUID) -> None:
    for title, overall, seen in (
        ("alerted by nothing", "none/alerted", None),
        ("alerted by a log", "none/alerted", "none/logged"),
        ("logged by none", "none/logged", "full/missed"),
        ("logged by a log", "none/logged", "none/logged"),
        ("logged by an alert", "none/logged", "none/alerted"),
    ):
        made = made_of(technique, title, overall)
        if seen:
            observed(made, tool, seen)
    assert titles("detected_by_no_tool") == ["alerted by a log", "alerted by nothing", "logged by none"]


def switched_off(rule: UUID, at: datetime) -> None:
    with unit_of_work() as session:
        entry = AuditEntry(actor_name="ada", action="rule.disabled", entity_type="rule", entity_id=str(rule), at=at)
        session.add(entry)


def test_detected_by_a_rule_that_was_out_of_use_then(technique: UUID, tool: UUID) -> None:
    rules = {
        "in use": world.rule({}, title="in use"),
        "disabled from the start": world.rule({}, title="disabled from the start", enabled=False),
        "disabled before": world.rule({}, title="disabled before", enabled=False),
        "disabled after": world.rule({}, title="disabled after", enabled=False),
        "enabled again": world.rule({}, title="enabled again"),
        "removed before": world.rule({}, title="removed before", removed_at=after(-60)),
        "removed after": world.rule({}, title="removed after", removed_at=after(60)),
    }
    switched_off(rules["disabled before"], after(-30))
    switched_off(rules["disabled after"], after(-30))
    switched_off(rules["disabled after"], after(30))
    switched_off(rules["enabled again"], after(-30))
    for title, rule in rules.items():
        observed(made_of(technique, title, "none/alerted"), tool, "none/alerted", detected_at=after(5), rule_id=rule)
    missed = rules["disabled before"]
    observed(made_of(technique, "missed"), tool, "none/missed", rule_id=missed)
    assert titles("disabled_rule") == ["disabled before", "disabled from the start", "removed before"]
    told = {hit.title: (hit.who, hit.at, hit.against) for hit in kinds()["disabled_rule"].hits}
    assert told == {
        "disabled before": ("disabled before", after(5), after(-30)),
        "disabled from the start": ("disabled from the start", after(5), None),
        "removed before": ("removed before", after(5), after(-60)),
    }


def test_validated_without_evidence(technique: UUID, tool: UUID) -> None:
    def bare(title: str, **more: Any) -> UUID:
        made = world.security_test(technique, title=title, procedure_key=title, **more)
        observed(made, tool)
        return made

    bare("no file")
    file(bare("a deleted file"), deleted=True)
    file(bare("a file of blue"), side="blue")
    kept = bare("one of two deleted")
    file(kept, deleted=True)
    file(kept)
    bare("demo", is_demo=True)
    bare("rejected", state="rejected")
    bare("not applicable", not_applicable=True, not_applicable_reason="No such system")
    assert titles("no_evidence") == ["a deleted file", "no file"]


def test_what_is_mended_is_no_longer_listed(technique: UUID, tool: UUID) -> None:
    made = world.security_test(technique, title="no file")
    observed(made, tool)
    assert titles("no_evidence") == ["no file"]
    file(made)
    assert titles("no_evidence") == []


def test_validated_without_an_observation_of_the_latest_round(technique: UUID, tool: UUID) -> None:
    made_of(technique, "nothing")
    observed(made_of(technique, "an older round", round=2), tool)
    sound(technique, tool)
    made_of(technique, "not applicable", not_applicable=True, not_applicable_reason="No such system")
    made_of(technique, "in review", state="in_review")
    assert titles("no_observation") == ["an older round", "nothing"]


def test_not_applicable_yet_observed(technique: UUID, tool: UUID) -> None:
    reason = {"not_applicable": True, "not_applicable_reason": "No such system"}
    observed(made_of(technique, "observed", **reason), tool)
    made_of(technique, "not observed", **reason)
    observed(made_of(technique, "in an older round", round=2, **reason), tool)
    assert titles("not_applicable_observed") == ["observed"]
    assert [hit.who for hit in kinds()["not_applicable_observed"].hits] == ["EDR"]


@pytest.mark.parametrize(
    ("slug", "wrong", "right"),
    [
        (
            "executed_after_submission",
            {"red_submitted_at": after(-2)},
            {"red_submitted_at": after(-0.9)},
        ),
        (
            "contained_before_detected",
            {"contained_at": after(4), "detected_at": after(5)},
            {"contained_at": after(5), "detected_at": after(5)},
        ),
        (
            "remediated_before_known",
            {"remediation_completed_at": after(59), "blue_submitted_at": after(60)},
            {"remediation_completed_at": after(60), "blue_submitted_at": after(60)},
        ),
    ],
)
def test_times_in_the_wrong_order(
    technique: UUID, tool: UUID, slug: str, wrong: dict[str, datetime], right: dict[str, datetime]
) -> None:
    sound(technique, tool, "wrong", **wrong)
    sound(technique, tool, "right", **right)
    sound(technique, tool, "not known")
    assert titles(slug) == ["wrong"]
    (hit,) = kinds()[slug].hits
    assert (hit.at, hit.against) == (next(iter(wrong.values())), list({**wrong, "executed": EXECUTED}.values())[1])


def test_a_retest_of_another_procedure(technique: UUID, tool: UUID) -> None:
    first = sound(technique, tool, "first")
    sound(technique, tool, "the same", retest_of_id=first, procedure_key="first")
    sound(technique, tool, "another", retest_of_id=first, procedure_key="second")
    assert titles("retest_of_another") == ["another"]
    assert [hit.who for hit in kinds()["retest_of_another"].hits] == ["Test 1"]


def test_all_are_counted_and_the_newest_listed(technique: UUID) -> None:
    world.security_test(technique)
    execute(
        "INSERT INTO security_test (id, title, technique_id, claimed_technique, procedure_key, platform, state,"
        " prevention, detection, executed_at, validated_at)"
        " SELECT uuidv7(), title, technique_id, claimed_technique, procedure_key, platform, state, prevention,"
        " detection, executed_at, validated_at FROM security_test, generate_series(1, 250)"
    )
    found = kinds()["no_observation"]
    assert found.total == 251
    assert [hit.number for hit in found.hits] == list(range(251, 51, -1))


def test_in_parts_it_finds_the_same(technique: UUID, tool: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        observed(made_of(technique, f"early {number}", "none/alerted"), tool, "none/alerted", detected_at=after(-5))
        made_of(technique, f"bare {number}")
    whole = contradictions.look_through()
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(contradictions, "PART", 3)
    monkeypatch.setattr(contradictions, "LISTED_MAX", 4)
    apart = contradictions.look_through(lambda done, tests: told.append((done, tests)))
    assert told == [(0, 10), (3, 10), (6, 10), (9, 10), (10, 10)]
    for slug, found in whole["kinds"].items():
        assert apart["kinds"][slug] == {"total": found["total"], "rows": found["rows"][:4]}
    assert {slug: one["total"] for slug, one in whole["kinds"].items() if one["total"]} == {
        "before_execution": 5,
        "no_observation": 5,
    }


def test_tests_on_platforms_out_of_scope_are_looked_at_too(technique: UUID) -> None:
    world.security_test(technique, platform="Linux")
    world.out_of_scope("platform", "Linux")
    assert contradictions.everything().tests == 1
