"""Declaring scope on real rows: seen beforehand, done, told in the audit log; and the demo's own decision."""

import threading

import pytest

from data import database as db
from data.database import Actor, reading, unit_of_work
from data.queries import heatmap, measured, reader
from data.queries import scope as query
from data.repositories import scope as repository
from domain.errors import BadInput, Busy, PermissionDenied
from domain.roles import Role
from domain.scope import Asked
from jobs import scope as jobs
from tests.data import world
from tests.jobs.syncing import rows

BO = Actor(name="bo")
LEAD = Role.BLUE_LEAD


@pytest.fixture(autouse=True)
def small_map(database: object, redis_server: None) -> None:
    """T1000 on two platforms with a test on each, its sub-technique, and T1001 on PRE alone with a test; T1002."""
    world.release()
    world.tactics("reconnaissance", "execution")
    home = world.technique("T1000", under=["execution"], platforms=["Windows", "Linux"])
    world.technique("T1000.001", under=["execution"], platforms=["Linux"])
    pre = world.technique("T1001", under=["reconnaissance"], platforms=["PRE"])
    world.technique("T1002", under=["execution"])
    world.security_test(home, "none/alerted")
    world.security_test(home, "none/missed", platform="Linux")
    world.security_test(pre, "none/missed", platform="PRE")


def decide(**asked: object) -> None:
    jobs.decide(BO, LEAD, world.ENTERPRISE, Asked(**{"reason": "Not ours", **asked}))  # type: ignore[arg-type]


def totals() -> dict[str, object]:
    return heatmap.totals(measured.read(world.ENTERPRISE, as_of=measured.today()))


GENERATIONS = "SELECT topic, number FROM data_generation ORDER BY topic"


@pytest.mark.parametrize(
    ("asked", "techniques", "evaluated"),
    [
        (Asked(platforms_out=["PRE"], reason="x"), 3, 2),
        (Asked(platforms_out=["Linux"], reason="x"), 3, 2),
        (Asked(techniques_out=["T1000"], reason="x"), 2, 1),
        (Asked(techniques_out=["T1000.001"], reason="x"), 3, 3),
    ],
)
def test_what_a_preview_says_comes_true(asked: Asked, techniques: int, evaluated: int) -> None:
    before, generations = totals(), rows(GENERATIONS)
    seen = jobs.preview(BO, LEAD, world.ENTERPRISE, asked)
    assert seen.before == before
    assert (seen.after["techniques"], seen.after["tests"]["evaluated"]) == (techniques, evaluated)
    assert (totals(), rows(GENERATIONS), rows("SELECT * FROM scope_decision")) == (before, generations, [])
    jobs.decide(BO, LEAD, world.ENTERPRISE, asked)
    assert totals() == seen.after
    asked_back = Asked(platforms_back=asked.platforms_out, techniques_back=asked.techniques_out, reason="Back")
    assert jobs.preview(BO, LEAD, world.ENTERPRISE, asked_back).after == before


def test_who_why_and_when_stand_with_it_and_in_the_audit_log() -> None:
    decide(platforms_out=["PRE"], techniques_out=["T1000"])
    decide(techniques_back=["T1000"], reason="Ours after all")
    assert rows("SELECT kind, ref, in_scope, reason, author_name, is_demo FROM scope_decision") == [
        ("platform", "PRE", False, "Not ours", "bo", False)
    ]
    assert rows("SELECT action, entity_id, before, after FROM audit_log ORDER BY seq") == [
        (
            "scope.changed", world.ENTERPRISE, {"platform PRE": "in scope", "technique T1000": "in scope"},
            {"platform PRE": "out of scope: Not ours", "technique T1000": "out of scope: Not ours"},
        ),
        (
            "scope.changed", world.ENTERPRISE, {"technique T1000": "out of scope: Not ours"},
            {"technique T1000": "in scope"},
        ),
    ]  # fmt: skip


def test_only_leads_may_and_bad_input_writes_nothing() -> None:
    for role in (Role.VIEWER, Role.RED_TECH, Role.BLUE_TECH):
        with pytest.raises(PermissionDenied):
            jobs.preview(BO, role, world.ENTERPRISE, Asked(platforms_out=["PRE"], reason="x"))
        with pytest.raises(PermissionDenied):
            jobs.decide(BO, role, world.ENTERPRISE, Asked(platforms_out=["PRE"], reason="x"))
    with pytest.raises(BadInput):
        decide(platforms_out=["PRE", "Amiga"])
    assert rows("SELECT count(*) FROM scope_decision") == [(0,)]
    assert rows("SELECT count(*) FROM audit_log") == [(0,)]


def test_it_does_not_wait_for_somebody_who_holds_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_LOCK_MS", 50)
    with unit_of_work() as session:
        repository.load(session, world.ENTERPRISE)
        with pytest.raises(Busy, match="Somebody is changing the same"):
            decide(platforms_out=["PRE"])
    decide(platforms_out=["PRE"])


def test_the_page_counts_what_counts_no_more() -> None:
    world.out_of_scope("technique", "T1999")
    decide(platforms_out=["PRE"], techniques_out=["T1000"])
    decide(techniques_back=["T1000.001"])
    found = query.scope(world.ENTERPRISE)
    kept = ("name", "techniques", "alone", "tests", "in_scope")
    assert [tuple(row[name] for name in kept) for row in found["platforms"]] == [
        ("Linux", 2, 1, 1, True), ("PRE", 1, 1, 1, False), ("Windows", 2, 1, 1, True),
    ]  # fmt: skip
    kept = ("attack_id", "name", "subs", "tests", "in_scope")
    assert [tuple(row[name] for name in kept) for row in found["techniques"]] == [
        ("T1000", "Name of T1000", 1, 2, False), ("T1000.001", "Name of T1000.001", 0, 0, True),
        ("T1999", None, -1, 0, False),
    ]  # fmt: skip
    assert (found["whole"], found["totals"]["techniques"], found["by_platform"], found["by_hand"]) == (4, 2, 1, 1)


class TestReadingWithin:
    def test_types_and_values_are_those_of_the_reader(self) -> None:
        statement = """SELECT 1 AS a, 2::bigint AS b, 0.5::double precision AS c, 'x' AS d, true AS e,
            NULL::integer AS f, date '2026-11-26' AS g, timestamptz '2026-11-26 10:00+00' AS h, $1::text AS i
            WHERE $2 = 'y'"""
        with reading() as session, reader.within(session):
            inside = reader.frame(statement, "it's 100 %", "y")
        outside = reader.frame(statement, "it's 100 %", "y")
        assert inside.to_dicts() == outside.to_dicts()
        assert inside.schema == outside.schema

    def test_it_sees_what_is_not_committed_and_keeps_nothing_of_it(self) -> None:
        committed = heatmap.matrix(world.ENTERPRISE)["totals"]["techniques"]
        with db.reading() as session, reader.within(session):
            execute_in = "UPDATE technique SET active = false WHERE attack_id = 'T1001'"
            session.connection().exec_driver_sql(execute_in)
            assert heatmap.matrix(world.ENTERPRISE)["totals"]["techniques"] == committed - 1
            seen: list[int] = []
            other = threading.Thread(
                target=lambda: seen.append(heatmap.matrix(world.ENTERPRISE)["totals"]["techniques"])
            )
            other.start()
            other.join()
            assert seen == [committed], "other threads read as ever"
        assert heatmap.matrix(world.ENTERPRISE)["totals"]["techniques"] == committed
