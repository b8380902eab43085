"""The gain of a countermeasure is what the score really moves by, and gains add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.countermeasures import Weighed, gains
from domain.score import Inputs, Scored, Scorer, Weights, organisation

SCORER = Scorer(Weights(version=1))
IDS = ("T1", "T2", "T3")


def score(links: dict[str, frozenset[str]], relevance: dict[str, float], placed: set[str]) -> float:
    """The organisation's exact score with these countermeasures in place."""
    found = []
    for ident in IDS:
        applicable = [key for key, ids in links.items() if ident in ids]
        share = sum(key in placed for key in applicable) / len(applicable) if applicable else None
        inputs = Inputs(None, 0.2, 1, None, 0.0, share)
        found.append(Scored(relevance[ident], SCORER.points(inputs), SCORER.effective_of(inputs), True))
    whole = sum(one.relevance for one in found)
    assert organisation(found).weighted_tenths is not None
    return sum(one.relevance * sum(one.points) for one in found) / whole


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from(IDS)), min_size=1),
    st.fixed_dictionaries({ident: st.floats(0.5, 20) for ident in IDS}),
    st.data(),
)
def test_gains_are_what_the_score_moves_by(
    links: dict[str, frozenset[str]], relevance: dict[str, float], data: st.DataObject
) -> None:
    placed = data.draw(st.sets(st.sampled_from(sorted(links))))
    applicable = {ident: sum(ident in ids for ids in links.values()) for ident in IDS}
    weighed = {
        ident: Weighed(relevance[ident], SCORER.effective_of(Inputs(None, 0.2, 1, None, 0.0, 0.0))[2], count)
        for ident, count in applicable.items()
        if count
    }
    candidates = {key: ids for key, ids in links.items() if key not in placed}
    found = gains(candidates, weighed, sum(relevance.values()))
    before = score(links, relevance, placed)
    for gain in found:
        assert score(links, relevance, placed | {gain.key}) - before == pytest.approx(gain.points, abs=1e-9)
    whole = sum(gain.points for gain in found)
    assert score(links, relevance, set(links)) - before == pytest.approx(whole, abs=1e-9)
    assert [gain.points for gain in found] == sorted((gain.points for gain in found), reverse=True)


def test_what_adds_nothing_is_no_candidate() -> None:
    weighed = {"T1": Weighed(2.0, 10.0, 4)}
    assert gains({"a": ["T9"], "b": ["T1", "T9"]}, weighed, 8.0) == [("b", 2.0 * 10.0 / 4 / 8.0, 1)]
    assert gains({"b": ["T1"]}, weighed, 0.0) == []
