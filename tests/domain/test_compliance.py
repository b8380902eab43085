"""The state of a control: what each rule says, which goes first, and what no input may break."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.compliance import ControlState, Decision, DecisionKind, Tally, code_key, standing, state_of, tally
from domain.coverage import CoverageStatus
from domain.errors import BadInput

TODAY = date(2026, 11, 26)
TALLIES = st.builds(Tally, *[st.integers(0, 3)] * len(Tally._fields))


@pytest.mark.parametrize(
    ("counted", "state"),
    [
        (Tally(), ControlState.NOT_MAPPABLE),
        (Tally(out_of_scope=2), ControlState.OUT_OF_SCOPE),
        (Tally(covered=2), ControlState.DEMONSTRATED),
        (Tally(covered=2, out_of_scope=1), ControlState.DEMONSTRATED),
        (Tally(covered=9, uncovered=1), ControlState.CONTRADICTED),
        (Tally(stale=2), ControlState.PARTLY),
        (Tally(covered=1, stale=1), ControlState.PARTLY),
        (Tally(covered=1, untested=1), ControlState.PARTLY),
        (Tally(covered=1, in_progress=1), ControlState.PARTLY),
        (Tally(partial=2), ControlState.PARTLY),
        (Tally(untested=2), ControlState.NOT_DEMONSTRATED),
        (Tally(in_progress=1, untested=1), ControlState.NOT_DEMONSTRATED),
    ],
)
def test_the_rule(counted: Tally, state: ControlState) -> None:
    assert state_of(counted) is state


def test_a_decision_goes_before_everything() -> None:
    assert state_of(Tally(uncovered=1), out_of_scope=True) is ControlState.OUT_OF_SCOPE


@given(TALLIES)
def test_a_failing_technique_in_scope_is_never_hidden(counted: Tally) -> None:
    assert (state_of(counted) is ControlState.CONTRADICTED) == (counted.uncovered > 0)


@given(TALLIES)
def test_only_fresh_evidence_for_everything_demonstrates(counted: Tally) -> None:
    whole = counted.covered == counted.in_scope > 0
    assert (state_of(counted) is ControlState.DEMONSTRATED) == whole


@given(TALLIES)
def test_more_untested_techniques_never_make_it_better(counted: Tally) -> None:
    order = [ControlState.CONTRADICTED, ControlState.NOT_DEMONSTRATED, ControlState.PARTLY, ControlState.DEMONSTRATED]
    before, after = state_of(counted), state_of(counted._replace(untested=counted.untested + 1))
    if before.judged:
        assert order.index(after) <= order.index(before)


@pytest.mark.parametrize(
    ("status", "stale", "in_scope", "name"),
    [
        (CoverageStatus.COVERED, False, True, "covered"),
        (CoverageStatus.COVERED, True, True, "stale"),
        (CoverageStatus.UNCOVERED, True, True, "uncovered"),
        (CoverageStatus.PARTIAL, True, True, "partial"),
        (CoverageStatus.UNCOVERED, False, False, "out_of_scope"),
        (CoverageStatus.IN_PROGRESS, False, True, "in_progress"),
    ],
)
def test_where_a_technique_counts(status: CoverageStatus, stale: bool, in_scope: bool, name: str) -> None:
    assert standing(status, stale, in_scope) == name
    assert tally(["T1", "T9"], {"T1": name}) == Tally(**{name: 1})


def test_states_that_count_in_a_percentage() -> None:
    assert {one for one in ControlState if not one.judged} == {ControlState.NOT_MAPPABLE, ControlState.OUT_OF_SCOPE}
    assert {one for one in ControlState if one.gap} == {
        ControlState.CONTRADICTED, ControlState.NOT_DEMONSTRATED, ControlState.PARTLY,
    }  # fmt: skip


def test_a_decision_holds_to_its_last_day() -> None:
    until = Decision(DecisionKind.RISK_ACCEPTED, "Replaced in spring", TODAY)
    assert (until.holds(TODAY), until.holds(TODAY + timedelta(days=1))) == (True, False)
    assert Decision(DecisionKind.OUT_OF_SCOPE, "We have none", None).holds(TODAY)


@pytest.mark.parametrize(
    ("kind", "reason", "expires_on", "sentence"),
    [
        ("gone", "A reason", None, "Choose what is decided"),
        ("out_of_scope", "  a ", None, "Give a reason"),
        ("out_of_scope", "x" * 2_001, None, "Give a reason"),
        ("risk_accepted", "A reason", None, "until when"),
        ("risk_accepted", "A reason", TODAY - timedelta(days=1), "between today and two years"),
        ("out_of_scope", "A reason", TODAY + timedelta(days=800), "between today and two years"),
    ],
)
def test_what_cannot_be_decided(kind: str, reason: str, expires_on: date | None, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        Decision.asked(kind, reason, expires_on, today=TODAY)


@pytest.mark.parametrize(
    ("one", "other"),
    [("AC-02", "ac-2"), ("AC-02(01)", "AC-2 (1)"), ("PR.AA-01.02", "pr.aa-1.2"), ("CVE-2024-0001", "CVE-2024-1")],
)
def test_codes_are_found_whatever_their_zeros(one: str, other: str) -> None:
    assert code_key(one) == code_key(other)


def test_codes_that_differ_stay_apart() -> None:
    assert len({code_key(one) for one in ("AC-20", "AC-2", "AC-200", "AC-10", "AC-1")}) == 5
