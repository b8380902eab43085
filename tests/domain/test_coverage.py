"""Coverage status: latest results, averaged over platforms and then over procedures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.coverage import CoverageStatus, LatestResult, SubtechniqueCoverage, coverage_of, held, is_gap, status_of
from domain.outcomes import Detection, Prevention

TODAY = date(2026, 11, 23)
WINDOW = 180

HELD = (Prevention.NONE, Detection.ALERTED)
LOST = (Prevention.NONE, Detection.LOGGED)


def result(procedure: str, platform: str, what: tuple[Prevention, Detection], days: int = 10) -> LatestResult:
    return LatestResult(procedure, platform, *what, on=TODAY - timedelta(days=days))


def status(*results: LatestResult, unfinished: int = 0) -> CoverageStatus:
    return coverage_of(results, unfinished=unfinished, as_of=TODAY, window_days=WINDOW).status


@pytest.mark.parametrize(
    ("prevention", "detection", "does"),
    [
        (Prevention.FULL, Detection.MISSED, True),
        (Prevention.FULL, Detection.ALERTED, True),
        (Prevention.NONE, Detection.ALERTED, True),
        (Prevention.PARTIAL, Detection.ALERTED, True),
        (Prevention.PARTIAL, Detection.LOGGED, False),  # it went on, and nobody was told
        (Prevention.NONE, Detection.LOGGED, False),
        (Prevention.NONE, Detection.MISSED, False),
    ],
)
def test_what_holds(prevention: Prevention, detection: Detection, does: bool) -> None:
    assert held(prevention, detection) is does


@pytest.mark.parametrize("status", list(CoverageStatus))
def test_a_gap_is_whatever_is_not_freshly_covered(status: CoverageStatus) -> None:
    assert is_gap(status, stale=True)
    assert is_gap(status, stale=False) == (status is not CoverageStatus.COVERED)


def test_the_five_states() -> None:
    assert status() is CoverageStatus.UNTESTED
    assert status(unfinished=2) is CoverageStatus.IN_PROGRESS
    assert status(result("a", "Windows", LOST)) is CoverageStatus.UNCOVERED
    assert status(result("a", "Windows", HELD)) is CoverageStatus.COVERED
    assert status(result("a", "Windows", HELD), result("b", "Windows", LOST)) is CoverageStatus.PARTIAL


def test_unfinished_tests_change_nothing_once_there_is_evidence() -> None:
    assert status(result("a", "Windows", HELD), unfinished=5) is CoverageStatus.COVERED


def test_a_procedure_weighs_the_same_on_however_many_platforms() -> None:
    """One procedure lost on three platforms, another held on one: half of the procedures held, not a quarter."""
    results = [result("a", name, LOST) for name in ("Windows", "Linux", "macOS")] + [result("b", "Windows", HELD)]
    found = coverage_of(results, unfinished=0, as_of=TODAY, window_days=WINDOW)
    assert (found.share, found.procedures) == (0.5, 2)


def test_platforms_of_one_procedure_are_averaged_first() -> None:
    results = [result("a", "Windows", HELD), result("a", "Linux", LOST)]
    found = coverage_of(results, unfinished=0, as_of=TODAY, window_days=WINDOW)
    assert (found.share, found.procedures, found.status) == (0.5, 1, CoverageStatus.PARTIAL)


@pytest.mark.parametrize(("days", "stale"), [(0, False), (180, False), (181, True)])
def test_it_is_stale_when_the_newest_evidence_is_older_than_the_window(days: int, stale: bool) -> None:
    results = [result("a", "Windows", HELD, days=days), result("b", "Windows", HELD, days=700)]
    found = coverage_of(results, unfinished=0, as_of=TODAY, window_days=WINDOW)
    assert (found.age_days, found.stale) == (days, stale)


def test_without_evidence_nothing_is_stale() -> None:
    found = coverage_of([], unfinished=0, as_of=TODAY, window_days=WINDOW)
    assert (found.share, found.age_days, found.stale) == (None, None, False)


def test_evidence_of_a_clock_ahead_of_ours_is_of_today() -> None:
    found = coverage_of([result("a", "Windows", HELD, days=-2)], unfinished=0, as_of=TODAY, window_days=WINDOW)
    assert found.age_days == 0


def test_subtechniques_are_a_figure_of_their_own() -> None:
    seen = [CoverageStatus.COVERED, CoverageStatus.UNCOVERED, CoverageStatus.UNTESTED, CoverageStatus.IN_PROGRESS]
    assert SubtechniqueCoverage.count(seen) == SubtechniqueCoverage(of=4, evaluated=2, covered=1)


outcomes = st.tuples(st.sampled_from(Prevention), st.sampled_from(Detection))
some_results = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["Windows", "Linux", "macOS"])), outcomes, min_size=1
).map(lambda found: [result(procedure, platform, what) for (procedure, platform), what in found.items()])


@given(some_results)
def test_covered_is_exactly_all_and_uncovered_exactly_none(results: list[LatestResult]) -> None:
    each = [held(one.prevention, one.detection) for one in results]
    expected = (
        CoverageStatus.COVERED if all(each) else CoverageStatus.PARTIAL if any(each) else CoverageStatus.UNCOVERED
    )
    assert status(*results) is expected


@given(some_results, st.randoms())
def test_order_does_not_matter(results: list[LatestResult], dice: object) -> None:
    shuffled = sorted(results, key=lambda _one: dice.random())  # type: ignore[attr-defined]
    assert status(*shuffled) is status(*results)


@given(st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 9))
def test_a_status_says_whether_tests_stand_behind_it(share: float | None, unfinished: int) -> None:
    assert status_of(share, unfinished).evaluated is (share is not None)
