"""The relevance of a technique: its terms add up to it, and its words say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.relevance import Priority, Threat, explained, factor, relevance, terms
from domain.score import Weights
from domain.sectors import SECTORS, named

WEIGHTS = Weights(version=1)


@given(st.integers(0, 200), st.integers(0, 20), st.integers(0, 500), st.sampled_from([None, *Priority]))
def test_the_terms_times_the_priority_are_the_weight(
    groups: int, own: int, exploited: int, priority: Priority | None
) -> None:
    threat = Threat(groups, own, exploited, priority)
    summed = sum(term.amount for term in terms(threat, WEIGHTS)) * factor(priority, WEIGHTS)
    assert summed == pytest.approx(relevance(threat, WEIGHTS))


def test_in_words() -> None:
    assert explained(Threat(0), WEIGHTS) == "1.0 = 1.0 (every technique counts once)"
    assert explained(Threat(3, 1, 1, Priority.HIGH), WEIGHTS) == (
        "11.0 = (1.0 (every technique counts once) + 2.0 (3 groups use it) + 2.0 (1 own group uses it)"
        " + 0.5 (1 known exploited vulnerability)) × 2 (high priority)"
    )


def test_sectors_are_named_by_beginnings_of_words() -> None:
    text = "It has targeted Banks, financial firms and a hospital; banks above all. Riverbanks are no bank-owned."
    assert named("finance", text) == ("banks", "financial", "bank-owned")
    assert named("health", text) == ("hospital",)
    assert named("energy", text) == ()
    assert all(named(sector, f"A {words[0]}.") for sector, (_, words) in SECTORS.items())
