"""Loading the demo organisation and removing it without a trace."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from data.database import Actor, reading, unit_of_work
from data.models import (
    AttackObject,
    Base,
    DefenceTool,
    DetectionRule,
    Observation,
    Remediation,
    SecurityTest,
    Technique,
    TechniqueLink,
    TestCampaign,
    User,
    UserSession,
)
from domain.durations import Measure, ServiceLevel
from domain.errors import Duplicate, PermissionDenied, RuleViolated
from domain.roles import Role
from jobs import demo, service_levels
from tests.data import world

pytestmark = pytest.mark.long

TODAY = date(2026, 11, 23)
ADMIN = Actor(name="ada", id=UUID("0190aaaa-0000-7000-8000-000000000001"))
TACTICS = ("execution", "persistence", "lateral-movement", "exfiltration", "discovery")
# Honest records that stay: who loaded and cleared it, what is to be told of it, and how often data changed.
RECORDS = {"audit_log", "outbox_event", "data_generation"}


@pytest.fixture
def mapped(database: Engine, redis_server: None) -> Iterator[Engine]:
    """A small map: thirty techniques, and a group that uses ten of them."""
    with unit_of_work() as session:
        techniques = [
            Technique(
                domain="enterprise-attack", stix_id=f"attack-pattern--{number}", attack_id=f"T{1000 + number}",
                name=f"Technique {number}", content_hash=b"", platforms=["Windows", "Linux"],
                tactics=[TACTICS[number % len(TACTICS)]], group_count=number % 7,
            )
            for number in range(30)
        ]  # fmt: skip
        group = AttackObject(
            domain="enterprise-attack", kind="group", stix_id="intrusion-set--1", attack_id="G0016", name="APT29",
            content_hash=b"",
        )  # fmt: skip
        session.add_all([*techniques, group])
        session.flush()
        session.add_all(
            TechniqueLink(technique_id=one.id, object_id=group.id, kind="group_uses") for one in techniques[:10]
        )
    return database


def counts() -> dict[str, int]:
    with reading() as session:
        return {
            table.name: session.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()
            for table in Base.metadata.sorted_tables
            if table.name not in RECORDS
        }


def rows(statement: str) -> list[tuple[Any, ...]]:
    with reading() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def test_it_fills_the_real_tables_and_goes_without_a_trace(mapped: Engine) -> None:
    before = counts()
    stored = demo.load(ADMIN, today=TODAY)
    during = counts()
    assert stored["security_test"] == during["security_test"] == 900
    assert all(during[table] == number > 0 for table, number in stored.items())
    assert during["rollup_technique_month"] > 0
    assert during["rollup_procedure_latest"] > 0
    assert during["rollup_technique_rules"] > 0
    assert demo.is_loaded()
    demo.clear(ADMIN, Role.ADMIN)
    assert counts() == before
    assert not demo.is_loaded()


def test_what_it_cannot_test_is_out_of_scope_unless_somebody_decided_otherwise(mapped: Engine) -> None:
    out = "SELECT ref, author_name, is_demo FROM scope_decision"
    with unit_of_work() as session:
        first = session.scalars(select(Technique).order_by(Technique.attack_id).limit(1)).one()
        first.platforms = ["PRE"]
    demo.load(ADMIN, today=TODAY)
    assert rows(out) == [("PRE", "demo_haddad", True)]
    assert rows("SELECT count(*) FROM security_test WHERE platform = 'PRE'") == [(0,)]
    demo.clear(ADMIN, Role.ADMIN)
    assert rows(out) == []
    world.out_of_scope("platform", "PRE")
    demo.load(ADMIN, today=TODAY)
    demo.clear(ADMIN, Role.ADMIN)
    assert rows(out) == [("PRE", "ana", False)], "a decision of real people stays as it is"


def test_its_targets_leave_with_it_and_those_of_real_people_stay(mapped: Engine) -> None:
    kept = "SELECT measure, seconds, is_demo FROM service_level ORDER BY measure"
    service_levels.put(ADMIN, Role.ADMIN, Measure.CONTAIN, ServiceLevel(60, 0.5), "ours")
    demo.load(ADMIN, today=TODAY)
    assert [row[::2] for row in rows(kept)] == [
        ("time_to_contain", False), ("time_to_detect", True), ("time_to_remediate", True)]  # fmt: skip
    service_levels.put(ADMIN, Role.ADMIN, Measure.DETECT, ServiceLevel(90, 0.5), "ours now")
    demo.clear(ADMIN, Role.ADMIN)
    assert rows(kept) == [("time_to_contain", 60, False), ("time_to_detect", 90, False)]


def test_the_rollups_say_what_the_rows_say(mapped: Engine) -> None:
    demo.load(ADMIN, today=TODAY)
    months = "SELECT * FROM rollup_technique_month ORDER BY 1, 2, 3"
    latest = "SELECT * FROM rollup_procedure_latest ORDER BY 1, 2, 3"
    rules = "SELECT * FROM rollup_technique_rules ORDER BY 1, 2"
    kept = [rows(one) for one in (months, latest, rules)]
    with unit_of_work() as session:
        session.execute(text("SELECT rollup_tests_rebuild(), rollup_rules_rebuild()"))
    assert [rows(one) for one in (months, latest, rules)] == kept


def test_a_second_loading_is_refused_and_a_second_clearing_is_none(mapped: Engine) -> None:
    demo.load(ADMIN, today=TODAY)
    with pytest.raises(Duplicate):
        demo.load(ADMIN, today=TODAY)
    assert demo.clear(ADMIN, Role.ADMIN).anything
    before = rows("SELECT count(*) FROM audit_log")
    assert not demo.clear(ADMIN, Role.ADMIN).anything
    assert rows("SELECT count(*) FROM audit_log") == before


def test_it_can_come_back_with_the_same_numbers(mapped: Engine) -> None:
    numbers = "SELECT number, id, title FROM security_test ORDER BY number"
    demo.load(ADMIN, today=TODAY)
    first = rows(numbers)
    demo.clear(ADMIN, Role.ADMIN)
    demo.load(ADMIN, today=TODAY)
    assert rows(numbers) == first
    assert first[0][0] == 1


def test_without_a_map_it_says_what_is_missing_and_changes_nothing(database: Engine) -> None:
    before = counts()
    with pytest.raises(RuleViolated, match="ATT&CK"):
        demo.load(ADMIN, today=TODAY)
    assert counts() == before


def test_a_name_it_needs_may_be_taken(mapped: Engine) -> None:
    with unit_of_work() as session:
        session.add(User(username="Demo_Silva", display_name="Real", role="viewer"))
    before = counts()
    with pytest.raises(Duplicate, match="demo_silva"):
        demo.load(ADMIN, today=TODAY)
    assert counts() == before


def test_only_an_administrator_may(mapped: Engine) -> None:
    with pytest.raises(PermissionDenied):
        demo.load(ADMIN, Role.RED_LEAD)
    with pytest.raises(PermissionDenied):
        demo.clear(ADMIN, Role.BLUE_LEAD)


def test_both_acts_stand_in_the_audit_log_and_the_outbox(mapped: Engine) -> None:
    demo.load(ADMIN, today=TODAY)
    demo.clear(ADMIN, Role.ADMIN)
    assert rows("SELECT action, actor_name FROM audit_log ORDER BY seq") == [
        ("demo.loaded", "ada"),
        ("demo.cleared", "ada"),
    ]
    assert rows("SELECT topic FROM outbox_event ORDER BY created_at, id") == [("demo.loaded",), ("demo.cleared",)]


def test_nobody_can_sign_in_as_its_people(mapped: Engine) -> None:
    demo.load(ADMIN, today=TODAY)
    assert rows("SELECT count(*) FROM user_account WHERE is_demo AND password_hash IS NOT NULL") == [(0,)]
    assert rows("SELECT count(*) FROM user_account WHERE is_demo") == [(6,)]


def real_test(session: Session, **given: Any) -> SecurityTest:
    technique = session.scalars(select(Technique).limit(1)).one()
    made = SecurityTest(
        title="Our own", technique_id=technique.id, claimed_technique=technique.attack_id, procedure_key="own",
        platform="Windows", **given,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def test_what_real_people_made_stays(mapped: Engine) -> None:
    """A real test may lie in a demo campaign, repeat a demo test, name demo people, tools and rules."""
    demo.load(ADMIN, today=TODAY)
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    with unit_of_work() as session:
        person = session.scalars(select(User).where(User.is_demo).limit(1)).one()
        campaign = session.scalars(select(TestCampaign).limit(1)).one()
        tool, other_tool = session.scalars(select(DefenceTool).order_by(DefenceTool.slug).limit(2)).all()
        rule = session.scalars(select(DetectionRule).limit(1)).one()
        first = session.scalars(select(SecurityTest).order_by(SecurityTest.number).limit(1)).one()
        ours = User(username="grace", display_name="Grace", role="red_tech")
        session.add(ours)
        session.flush()
        made = real_test(
            session, campaign_id=campaign.id, retest_of_id=first.id, created_by=ours.id, red_assignee=person.id
        )
        session.add_all(
            [
                Observation(
                    test_id=made.id, round=1, tool_id=tool.id, prevention="none", detection="alerted", rule_id=rule.id,
                    detected_at=now,
                ),
                Remediation(test_id=made.id, owner_id=person.id),
                UserSession(token_hash=b"1", user_id=person.id, expires_at=now),
                UserSession(token_hash=b"2", user_id=ours.id, expires_at=now),
                # a real person's word on a demo test goes with that test
                Observation(
                    test_id=first.id, round=7, tool_id=other_tool.id, prevention="none", detection="missed",
                    recorded_by=ours.id,
                ),
            ]
        )  # fmt: skip
        number, made_id, tool_name = made.number, made.id, tool.name

    cleared = demo.clear(ADMIN, Role.ADMIN)

    assert cleared.tools_kept == 1
    with reading() as session:
        kept = session.scalars(select(SecurityTest)).one()
        assert (kept.id, kept.number, kept.is_demo) == (made_id, number, False)
        assert (kept.campaign_id, kept.retest_of_id, kept.red_assignee) == (None, None, None)
        assert kept.created_by is not None
        seen = session.scalars(select(Observation)).one()
        assert (seen.test_id, seen.rule_id, seen.detection) == (made_id, None, "alerted")
        stays = session.scalars(select(DefenceTool)).one()
        assert (stays.id, stays.name, stays.is_demo) == (seen.tool_id, tool_name, False)
        assert session.scalars(select(Remediation)).one().owner_id is None
        assert session.scalars(select(User.username)).all() == ["grace"]
        assert [one.token_hash for one in session.scalars(select(UserSession))] == [b"2"]
    demo.load(ADMIN, today=TODAY)
    assert rows("SELECT min(number) FROM security_test WHERE is_demo") == [(number + 1,)]
