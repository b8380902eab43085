"""What the database sums up means what the domain says, on random tests and on some counted by hand."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from data.database import reading
from data.models import SecurityTest, Technique
from data.queries import measured
from data.queries.map_columns import Measured
from domain.coverage import CoverageStatus, LatestResult, coverage_of, mean_of_means
from domain.outcomes import Detection, Prevention
from domain.score import Weights, rule_value, rules_part
from tests.data import world

pytestmark = pytest.mark.usefixtures("database")

TODAY = datetime.now(UTC).date()
PLATFORMS = ("Windows", "Linux", "macOS")
_RESULTS = [f"{p}/{d}" for p in ("full", "partial", "none") for d in ("alerted", "logged", "missed")]


def read(**more: Any) -> dict[str, Measured]:
    found = measured.read(world.ENTERPRISE, as_of=more.pop("as_of", TODAY), **more)
    return {one.attack_id: one for one in found.techniques}


def latest_of(technique: str, platforms: tuple[str, ...]) -> list[LatestResult]:
    """From the tests themselves, by the words of docs/measures.md."""
    with reading() as session:
        rows = session.execute(
            select(
                SecurityTest.procedure_key,
                SecurityTest.platform,
                SecurityTest.prevention,
                SecurityTest.detection,
                SecurityTest.executed_at,
            )
            .join(Technique, Technique.id == SecurityTest.technique_id)
            .where(
                Technique.attack_id == technique,
                SecurityTest.state == "validated",
                SecurityTest.not_applicable.is_(False),
                SecurityTest.platform.in_(platforms),
            )
            .order_by(SecurityTest.validated_at)
        ).all()
    newest = {(row.procedure_key, row.platform): row for row in rows}
    return [
        LatestResult(
            key, platform, Prevention(row.prevention or ""), Detection(row.detection or ""), _day(row.executed_at)
        )
        for (key, platform), row in newest.items()
    ]


def _day(moment: datetime | None) -> date:
    assert moment is not None
    return moment.astimezone(UTC).date()


def _random_tests(seed: int) -> None:
    dice = random.Random(seed)
    techniques = [world.technique(f"T100{i}", platforms=PLATFORMS) for i in range(4)]
    for _ in range(60):
        more: dict[str, Any] = {}
        if dice.random() < 0.15:
            more = {"state": dice.choice(["draft", "in_review", "rejected", "cancelled"])}
        elif dice.random() < 0.1:
            more = {"not_applicable": True, "not_applicable_reason": "no such system"}
        world.security_test(
            dice.choice(techniques[:3]),
            dice.choice(_RESULTS),
            days=dice.uniform(1, 400),
            procedure_key=dice.choice("abcd"),
            platform=dice.choice(PLATFORMS),
            **more,
        )


@pytest.mark.parametrize("seed", range(3))
def test_sql_and_domain_agree(seed: int) -> None:
    _random_tests(seed)
    weights = Weights(version=1)
    for platforms in ((), ("Linux",), ("Windows", "macOS")):
        found = read(platforms=platforms)
        assert len(found) == 4
        for attack_id, one in found.items():
            results = latest_of(attack_id, platforms or PLATFORMS)
            expected = coverage_of(results, unfinished=one.tests.unfinished, as_of=TODAY, window_days=180)
            assert (one.status, one.procedures, one.age_days, one.stale) == (
                expected.status,
                expected.procedures,
                expected.age_days,
                expected.stale,
            )
            assert one.share == pytest.approx(expected.share, abs=1e-6)
            worth = mean_of_means(
                (each.procedure, weights.test_value(each.prevention, each.detection)) for each in results
            )
            assert one.inputs.tests == (pytest.approx(worth[0]) if worth else None)
            tested = {each.platform for each in results}
            assert one.inputs.platforms == pytest.approx(len(tested) / len(platforms or PLATFORMS))


def test_tests_by_hand() -> None:
    technique = world.technique("T1000", platforms=PLATFORMS)
    world.security_test(technique, "full/alerted")
    world.security_test(technique, "partial/logged", procedure_key="b")
    world.security_test(technique, "none/missed", procedure_key="b", platform="Linux")
    world.security_test(technique, not_applicable=True, not_applicable_reason="no such system", procedure_key="c")
    world.security_test(technique, state="draft", platform="macOS")  # planned there is not tested there
    world.security_test(technique, state="in_review", executed_at=world.days_ago(1))
    world.security_test(technique, state="cancelled")
    one = read()["T1000"]
    assert one.tests._asdict() == {
        "planned": 7,
        "unfinished": 2,
        "executed": 5,
        "evaluated": 3,
        "validated": 4,
        "not_applicable": 1,
        "prevented": 1,
        "partly_prevented": 1,
        "not_prevented": 1,
        "alerted": 1,
        "logged": 1,
        "missed": 1,
    }
    assert (one.share, one.procedures) == (0.5, 2)  # procedure a held, b did not on either platform
    assert one.inputs.tests == pytest.approx((1.0 + (0.7 + 0.0) / 2) / 2)
    assert one.inputs.platforms == pytest.approx(2 / 3)


def test_a_retest_replaces_what_it_repeats() -> None:
    technique = world.technique("T1000")
    world.security_test(technique, "none/missed", days=50)
    assert read()["T1000"].status is CoverageStatus.UNCOVERED
    world.security_test(technique, "none/alerted", days=5)
    one = read()["T1000"]
    assert (one.status, one.procedures, one.age_days, one.tests.evaluated) == (CoverageStatus.COVERED, 1, 5, 2)


def test_sixths_add_up_to_all() -> None:
    """1/6 + 4/6 + 1/6 is less than 1 to a computer; six of six procedures are all of them nevertheless."""
    technique = world.technique("T1000", platforms=PLATFORMS)
    for number, result in enumerate(["full/missed", *["partial/alerted"] * 4, "none/alerted"]):
        world.security_test(technique, result, procedure_key=str(number))
    assert (read()["T1000"].share, read()["T1000"].status) == (1.0, CoverageStatus.COVERED)
    world.security_test(technique, "none/logged", procedure_key="0", platform="Linux", days=1)
    one = read()["T1000"]
    assert one.share == pytest.approx(5.5 / 6)
    assert one.status is CoverageStatus.PARTIAL


def test_platforms_out_of_scope_count_nowhere() -> None:
    technique = world.technique("T1000", platforms=PLATFORMS)
    only_mac = world.technique("T1001", platforms=("macOS",))
    world.security_test(technique, "none/alerted", platform="Windows")
    world.security_test(technique, "none/missed", platform="macOS")
    world.security_test(only_mac, "none/alerted", platform="macOS")
    before = read()
    assert before["T1000"].status is CoverageStatus.PARTIAL
    world.out_of_scope("platform", "macOS")
    after = read()
    assert after["T1000"].status is CoverageStatus.COVERED
    assert after["T1000"].inputs.platforms == 0.5  # Windows of Windows and Linux
    assert after["T1000"].tests.evaluated == 1
    assert (after["T1000"].in_scope, after["T1001"].in_scope) == (True, False)
    assert after["T1001"].inputs.platforms is None
    assert read(platforms=("macOS",))["T1000"].procedures == 0


def test_a_technique_out_of_scope_takes_its_subtechniques_with_it() -> None:
    for attack_id in ("T1000", "T1000.001", "T1000.002", "T1001"):
        world.technique(attack_id)
    world.out_of_scope("technique", "T1000")
    world.out_of_scope("technique", "T1000.002", in_scope=True)
    assert {key: one.in_scope for key, one in read().items()} == {
        "T1000": False,
        "T1000.001": False,
        "T1000.002": True,
        "T1001": True,
    }


def test_rules_by_hand() -> None:
    technique = world.technique("T1000")
    world.rule({"T1000": technique})
    world.rule({"T1000": technique}, level="medium", status="test", source="elastic")
    world.rule({"T1000": technique}, enabled=False)
    world.rule({"T1000": technique}, removed_at=world.days_ago(1))
    one = read()["T1000"]
    assert one.rules == 2
    assert one.inputs.rules == pytest.approx(
        rules_part(rule_value("critical", "stable") + rule_value("medium", "test"), 3.0)
    )


def test_rules_of_a_newer_version_are_told_on_the_technique_they_took_over_from() -> None:
    world.technique("T1562")
    world.technique("T1656")
    for _ in range(3):
        world.rule({"T1685": None})
    world.rule({"T1685": None}, enabled=False)
    world.rule({"T9999": None})
    found = read()
    assert (found["T1562"].not_counted_rules, found["T1562"].rules) == (3, 0)
    assert found["T1656"].not_counted_rules == 0


def test_evidence_ages_with_the_day() -> None:
    technique = world.technique("T1000")
    world.security_test(technique, "none/alerted", days=100)
    today, later = read()["T1000"], read(as_of=TODAY + timedelta(days=90))["T1000"]
    assert (today.age_days, today.stale, later.age_days, later.stale) == (100, False, 190, True)
    assert later.inputs.freshness == pytest.approx((today.inputs.freshness or 0) * 0.5**0.5)


def test_retired_techniques_are_not_on_the_map_but_have_a_family() -> None:
    parent = world.technique("T1000")
    world.technique("T1000.001")
    world.technique("T1000.002", active=False, deprecated=True)
    gone = world.technique("T1001", active=False, revoked=True)
    world.security_test(gone, "none/alerted")
    assert set(read()) == {"T1000", "T1000.001"}
    assert set(read(family_of=str(parent))) == {"T1000", "T1000.001"}
    assert read(family_of=str(gone))["T1001"].status is CoverageStatus.COVERED


def test_domains_do_not_mix() -> None:
    world.release()
    world.release("18.0", domain="mobile-attack")
    world.technique("T1000")
    mobile = world.technique("T1000", domain="mobile-attack", platforms=("Android",))
    world.security_test(mobile, "none/alerted", platform="Android")
    assert read()["T1000"].status is CoverageStatus.UNTESTED
    found = measured.read("mobile-attack", as_of=TODAY)
    assert (found.version, found.techniques[0].status) == ("18.0", CoverageStatus.COVERED)


def test_an_empty_map_is_empty() -> None:
    found = measured.read("ics-attack", as_of=TODAY)
    assert (found.version, found.techniques, found.tactics, found.scorer.weights.version) == ("", [], [], 1)
