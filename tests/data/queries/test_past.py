"""What a day gone by showed, from the tests as they stood then: against what was kept at the end of that very day."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from data.queries import heatmap, measured, past
from data.queries.map_columns import Measured
from data.queries.measured import Map
from domain.coverage import CoverageStatus
from domain.snapshots import Kind, end_of
from jobs import snapshots
from tests.data import world
from tests.jobs.syncing import execute

pytestmark = pytest.mark.usefixtures("database", "redis_server")

TODAY = datetime.now(UTC).date()
DAY = TODAY - timedelta(days=30)
_RESULTS = [f"{p}/{d}" for p in ("full", "partial", "none") for d in ("alerted", "logged", "missed")]


def same(left: Map, right: Map) -> None:
    assert left.version == right.version
    assert [one.attack_id for one in left.techniques] == [one.attack_id for one in right.techniques]
    for one, other in zip(left.techniques, right.techniques, strict=True):
        differing = {
            name: (mine, theirs)
            for name, mine, theirs in zip(Measured._fields, one, other, strict=True)
            if name not in ("share", "points", "inputs", "mix", "tested") and mine != theirs
        }
        assert not differing, one.attack_id
        assert set(one.tested) == set(other.tested)
        assert one.share == pytest.approx(other.share)
        assert one.points == pytest.approx(other.points)
        assert one.mix == pytest.approx(other.mix)
        assert tuple(one.inputs) == pytest.approx(tuple(other.inputs))


class Life:
    """A test acted on by hand, its rows as the repository leaves them."""

    def __init__(self, technique: UUID, at: datetime, **plan: Any) -> None:
        self.id = world.security_test(technique, state="draft", created_at=at, updated_at=at, **plan)
        self.round = 0
        self._open(at)

    def _open(self, at: datetime) -> None:
        self.round += 1
        execute(
            "INSERT INTO test_round (test_id, number, opened_at) VALUES (:id, :round, :at)",
            id=self.id, round=self.round, at=at,
        )  # fmt: skip

    def _set(self, at: datetime, test: str, one: str = "number = number", **values: Any) -> None:
        execute(f"UPDATE security_test SET updated_at = :at, {test} WHERE id = :id", id=self.id, at=at, **values)
        execute(
            f"UPDATE test_round SET {one} WHERE test_id = :id AND number = :round AND CAST(:at AS text) IS NOT NULL",
            id=self.id, round=self.round, at=at, **{k: v for k, v in values.items() if f":{k}" in one},
        )  # fmt: skip

    def executed(self, at: datetime) -> "Life":
        happened = "executed_at = CAST(:ran AS timestamptz), red_submitted_at = :at"
        self._set(at, f"state = 'blue_evaluating', {happened}", happened, ran=at - timedelta(hours=3))
        return self

    def seen(self, at: datetime, result: str, *, tools: int = 1) -> "Life":
        """The best of several tools is `result`; the others saw nothing."""
        prevention, detection = result.split("/")
        for n in range(tools):
            execute(
                "INSERT INTO defence_tool (slug, name, kind) VALUES (:s, :s, 'edr') ON CONFLICT DO NOTHING", s=f"t{n}"
            )
            execute(
                "INSERT INTO observation (test_id, round, tool_id, prevention, detection)"
                " SELECT :id, :round, id, :p, :d FROM defence_tool WHERE slug = :s",
                id=self.id, round=self.round, s=f"t{n}", p="none" if n else prevention, d="missed" if n else detection,
            )  # fmt: skip
        self._set(
            at, "state = 'in_review', prevention = :p, detection = :d, outcome = 'missed', blue_submitted_at = :at",
            "blue_submitted_at = :at", p=prevention, d=detection,
        )  # fmt: skip
        return self

    def not_applicable(self, at: datetime) -> "Life":
        self._set(at, "state = 'in_review', not_applicable = true, not_applicable_reason = 'no such system'")
        return self

    def closed(self, at: datetime, result: str) -> "Life":
        moment = ", validated_at = :at" if result == "validated" else ""
        self._set(at, f"state = :result{moment}", "result = :result, closed_at = :at", result=result)
        return self

    def reopened(self, at: datetime) -> "Life":
        self._open(at)
        self._set(
            at, "state = 'red_executing', round = round + 1, prevention = NULL, detection = NULL, outcome = NULL,"
            " executed_at = NULL, red_submitted_at = NULL, blue_submitted_at = NULL, validated_at = NULL,"
            " not_applicable = false, not_applicable_reason = NULL",
        )  # fmt: skip
        return self


@pytest.fixture
def technique() -> UUID:
    world.release()
    return world.technique("T1000", platforms=("Windows", "Linux"), groups=3)


def at(day: date, hour: float = 12) -> datetime:
    return end_of(day) - timedelta(hours=24 - hour)


def kept_then(kind: Kind = Kind.DAILY) -> Map:
    """What a snapshot taken at the end of DAY stores, while nothing later has happened."""
    snapshots._take(world.ENTERPRISE, DAY, kind)
    return past.read(world.ENTERPRISE, as_of=DAY)


@pytest.mark.parametrize("seed", range(3))
def test_the_days_gone_by_are_as_they_were_kept(seed: int) -> None:
    """Lives begun before the day are told on after it: reopened, rejected, validated, started."""
    world.release()
    dice = random.Random(seed)
    techniques = [world.technique(f"T100{n}", platforms=("Windows", "Linux"), groups=n) for n in range(5)]
    world.out_of_scope("platform", "Linux") if seed == 1 else None
    world.rule({"T1001": techniques[1]})
    world.countermeasure("D3-X", against=techniques[:2], state="in_place")
    begun = [_life_until(dice, techniques) for _ in range(40)]
    kept = kept_then()
    for life, stage in begun:
        _life_after(dice, life, stage)
    for _ in range(5):
        later = Life(dice.choice(techniques), at(DAY + timedelta(days=1)))
        later.executed(at(DAY + timedelta(days=2))).seen(at(DAY + timedelta(days=3)), "none/alerted")
        later.closed(at(DAY + timedelta(days=4)), "validated")
    execute("DELETE FROM snapshot")
    again = past.reconstruct(world.ENTERPRISE, as_of=DAY)
    same(kept, again)
    now = measured.read(world.ENTERPRISE, as_of=TODAY)
    assert any(one.tests != other.tests for one, other in zip(again.techniques, now.techniques, strict=True))


def _life_until(dice: random.Random, techniques: list[UUID]) -> tuple[Life, int]:
    where = {"procedure_key": dice.choice("abc"), "platform": dice.choice(("Windows", "Linux"))}
    life = Life(dice.choice(techniques[:4]), at(DAY - timedelta(days=dice.randint(20, 60))), **where)
    stage = dice.randint(0, 4)
    day = DAY - timedelta(days=dice.randint(1, 9))
    if stage >= 1:
        life.executed(at(day, 1))
    if stage >= 2:
        life.not_applicable(at(day, 2)) if dice.random() < 0.2 else life.seen(
            at(day, 2), dice.choice(_RESULTS), tools=2
        )
    if stage >= 3:
        life.closed(at(day, 3 + dice.random()), dice.choice(("validated", "validated", "rejected")))
    if stage == 4:
        life.reopened(at(day, 5))
        if dice.random() < 0.5:
            life.executed(at(day, 6)).seen(at(day, 7), dice.choice(_RESULTS)).closed(
                at(day, 8 + dice.random()), "validated"
            )
            stage = 3
        else:
            stage = 0
    return life, stage


def _life_after(dice: random.Random, life: Life, stage: int) -> None:
    day = DAY + timedelta(days=dice.randint(1, 9))
    if dice.random() < 0.3:
        return
    if stage == 3:
        life.reopened(at(day, 0.001))
        if dice.random() < 0.5:
            return
        stage = 0
    if stage < 1:
        life.executed(at(day, 1))
    if stage < 2:
        life.seen(at(day, 2), dice.choice(_RESULTS))
    life.closed(at(day, 3), dice.choice(("validated", "rejected")))


def test_a_test_reopened_since_shows_what_it_showed(technique: UUID) -> None:
    life = Life(technique, at(DAY - timedelta(days=5))).executed(at(DAY - timedelta(days=4)))
    life.seen(at(DAY - timedelta(days=3)), "none/alerted", tools=3).closed(at(DAY - timedelta(days=2)), "validated")
    life.reopened(at(DAY + timedelta(days=3)))
    (then,) = past.read(world.ENTERPRISE, as_of=DAY).techniques
    assert (then.status, then.tests.validated, then.age_days) == (CoverageStatus.COVERED, 1, 4)
    (between,) = past.read(world.ENTERPRISE, as_of=DAY - timedelta(days=4)).techniques
    assert (between.status, between.tests.executed) == (CoverageStatus.IN_PROGRESS, 1)
    (before,) = past.read(world.ENTERPRISE, as_of=DAY - timedelta(days=6)).techniques
    assert (before.status, before.tests.planned) == (CoverageStatus.UNTESTED, 0)
    (now,) = measured.read(world.ENTERPRISE, as_of=TODAY).techniques
    assert (now.status, now.tests.unfinished) == (CoverageStatus.IN_PROGRESS, 1)


def test_the_last_moment_of_the_day_belongs_to_it(technique: UUID) -> None:
    for moment, key in ((at(DAY, 23.99), "a"), (end_of(DAY), "b")):
        life = Life(technique, at(DAY - timedelta(days=5)), procedure_key=key).executed(at(DAY - timedelta(days=4)))
        life.seen(at(DAY - timedelta(days=3)), "none/alerted").closed(moment, "validated")
    (then,) = past.read(world.ENTERPRISE, as_of=DAY).techniques
    assert (then.tests.validated, then.procedures) == (1, 1)


def test_imported_tests_count_from_when_they_were_run_and_it_is_said(technique: UUID) -> None:
    world.security_test(technique, "none/alerted", days=60, import_key="file:1", created_at=world.days_ago(1))
    found = past.read(world.ENTERPRISE, as_of=DAY)
    assert found.techniques[0].status is CoverageStatus.COVERED
    assert found.notes[1] == "1 test imported since count from when they were run."
    assert "as they are now, because no snapshot is older" in found.notes[0]


def test_what_is_not_dated_comes_from_the_nearest_snapshot_before(technique: UUID) -> None:
    world.rule({"T1000": technique})
    world.own_group("G0001")
    snapshots._take(world.ENTERPRISE, DAY - timedelta(days=10), Kind.DAILY)
    for _ in range(3):
        world.rule({"T1000": technique})
    world.out_of_scope("technique", "T1000")
    execute("UPDATE score_weights SET tests = 30, rules = 35")
    world.security_test(technique, "none/alerted", days=35)
    found = past.read(world.ENTERPRISE, as_of=DAY)
    (one,) = found.techniques
    assert (one.rules, one.in_scope, found.scorer.weights.tests) == (1, True, 40.0)
    assert (one.status, one.tests.validated) == (CoverageStatus.COVERED, 1)
    assert "the nearest snapshot before it" in found.notes[0]
    assert one.key == str(technique)


def test_platforms_ask_the_tests_themselves(technique: UUID) -> None:
    world.security_test(technique, "none/alerted", days=60, platform="Windows")
    world.security_test(technique, "none/missed", days=60, platform="Linux")
    snapshots._take(world.ENTERPRISE, DAY, Kind.RECONSTRUCTED)
    (one,) = past.read(world.ENTERPRISE, as_of=DAY, platforms=("Windows",)).techniques
    assert (one.status, one.tests.planned, one.inputs.platforms) == (CoverageStatus.COVERED, 1, 1.0)
    (both,) = past.read(world.ENTERPRISE, as_of=DAY).techniques
    assert (both.status, both.inputs.platforms) == (CoverageStatus.PARTIAL, 1.0)


def test_a_family_in_the_past(technique: UUID) -> None:
    child = world.technique("T1000.001")
    world.technique("T1001")
    world.security_test(child, "none/alerted", days=60)
    found = past.read(world.ENTERPRISE, as_of=DAY, family_of=str(technique))
    assert [one.attack_id for one in found.techniques] == ["T1000", "T1000.001"]
    assert past.read(world.ENTERPRISE, as_of=DAY, family_of=str(uuid4())).techniques == []


class TestKeptDays:
    """A day of which a snapshot is kept is computed once, whatever is tested since; any other with each change."""

    @pytest.fixture
    def life(self, technique: UUID) -> Life:
        life = Life(technique, at(DAY - timedelta(days=5))).executed(at(DAY - timedelta(days=4)))
        return life.seen(at(DAY - timedelta(days=3)), "none/alerted").closed(at(DAY - timedelta(days=2)), "validated")

    @staticmethod
    def ask() -> tuple[str, bool]:
        found = heatmap.matrix(world.ENTERPRISE, as_of=DAY)
        return found["cells"]["status"][0], "as they are now" in "".join(found["notes"])

    def test_is_not_asked_for_again_when_tests_change(self, life: Life, count_statements: Any) -> None:
        snapshots._take(world.ENTERPRISE, DAY, Kind.DAILY)
        assert self.ask() == ("covered", False)
        life.reopened(at(DAY + timedelta(days=3)))
        with count_statements() as sent:
            assert self.ask() == ("covered", False)
        assert [one for one in sent.texts if "snapshot" in one] == []

    def test_its_snapshot_taken_away_is_noticed(self, life: Life) -> None:
        snapshots._take(world.ENTERPRISE, DAY, Kind.DAILY)
        assert self.ask() == ("covered", False)
        execute("DELETE FROM snapshot")
        assert self.ask() == ("covered", True)
        execute("UPDATE security_test SET created_at = now(), executed_at = now(), validated_at = now()")
        assert self.ask() == ("untested", True)
        snapshots._take(world.ENTERPRISE, DAY, Kind.RECONSTRUCTED)
        assert past.is_kept(world.ENTERPRISE, DAY)
        assert self.ask()[0] == "untested"

    def test_a_snapshot_that_was_asked_for_keeps_no_day(self, life: Life) -> None:
        snapshots._take(world.ENTERPRISE, DAY, Kind.ASKED)
        assert not past.is_kept(world.ENTERPRISE, DAY)
        assert self.ask()[0] == "covered"
        execute("UPDATE security_test SET created_at = now(), executed_at = now(), validated_at = now()")
        assert self.ask()[0] == "untested"
