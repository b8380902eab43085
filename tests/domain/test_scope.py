"""Declaring scope: what goes with what, what is refused, and that a change undone leaves nothing behind."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput, RuleViolated
from domain.scope import REASON_MAX, REFS_MAX, Asked, Changed, Decision, Kind, Placed, Scope, Who, check_reason

ANA = Who("ana")
NOW = datetime(2026, 11, 26, tzinfo=UTC)
MAP = {
    "T1001": Placed(None, frozenset({"Windows", "Linux"})),
    "T1001.001": Placed("T1001", frozenset({"Windows"})),
    "T1001.002": Placed("T1001", frozenset({"Linux"})),
    "T1002": Placed(None, frozenset({"PRE"})),
    "T1003": Placed(None, frozenset()),
}


@pytest.fixture
def scope() -> Scope:
    return Scope(MAP)


def decide(scope: Scope, **asked: Any) -> Changed:
    return scope.decide(Asked(**{"reason": "Not ours", **asked}), ANA, NOW)


def inside(scope: Scope) -> list[str]:
    return [key for key in MAP if scope.counts(key)]


def standing(scope: Scope) -> dict[str, bool]:
    return {ref: one.in_scope for (_, ref), one in scope.standing.items()}


def test_without_a_decision_everything_is_in_scope(scope: Scope) -> None:
    assert inside(scope) == list(MAP)


def test_a_technique_is_out_when_every_platform_it_names_is(scope: Scope) -> None:
    decide(scope, platforms_out=["PRE", "Windows"])
    assert inside(scope) == ["T1001", "T1001.002", "T1003"]
    decide(scope, platforms_back=["Windows"])
    assert inside(scope) == ["T1001", "T1001.001", "T1001.002", "T1003"]
    assert standing(scope) == {"PRE": False}


def test_sub_techniques_go_with_their_parent_and_can_stay(scope: Scope) -> None:
    decide(scope, techniques_out=["t1001 ", "T1001.001"])
    assert standing(scope) == {"T1001": False}, "a sub-technique needs no decision of its own"
    decide(scope, techniques_back=["T1001.002"])
    assert inside(scope) == ["T1001.002", "T1002", "T1003"]
    decide(scope, techniques_back=["T1001"])
    assert standing(scope) == {}, "that it stays in is said only while its parent is out"


def test_a_sub_technique_that_stayed_goes_when_it_is_named(scope: Scope) -> None:
    decide(scope, techniques_out=["T1001"])
    decide(scope, techniques_back=["T1001.001"])
    decide(scope, techniques_out=["T1001.001"])
    assert standing(scope) == {"T1001": False}


def test_an_old_word_that_a_sub_technique_is_in_does_not_surprise(scope: Scope) -> None:
    scope.standing[Kind.TECHNIQUE, "T1001.001"] = Decision(Kind.TECHNIQUE, "T1001.001", True, "Old", ANA, NOW)
    decide(scope, techniques_out=["T1001"])
    assert "T1001.001" not in inside(scope)


def test_what_is_decided_already_keeps_its_reason(scope: Scope) -> None:
    decide(scope, platforms_out=["PRE"])
    changed = decide(scope, platforms_out=["PRE"], techniques_out=["T1003"], reason="Another")
    assert [(one.ref, one.reason) for one in changed.write] == [("T1003", "Another")]
    assert scope.standing[Kind.PLATFORM, "PRE"].reason == "Not ours"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"techniques_out": ["T9999"]}, "The loaded map has no technique T9999."),
        ({"platforms_out": ["Amiga"]}, "The loaded map has no platform Amiga."),
        ({"platforms_back": ["Amiga"]}, "The loaded map has no platform Amiga."),
        ({"techniques_back": ["T9999"]}, "The loaded map has no technique T9999."),
        ({"platforms_out": ["PRE"], "platforms_back": ["PRE"]}, "PRE cannot go out and come back at once."),
        ({"techniques_out": [f"T{n}" for n in range(REFS_MAX + 1)]}, "At most 1,000 platforms and techniques at once."),
        ({"platforms_out": ["PRE"], "reason": "  "}, "Say why"),
    ],
)
def test_bad_input_changes_nothing(scope: Scope, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        decide(scope, **asked)
    assert standing(scope) == {}


def test_something_has_to_stay_in_scope(scope: Scope) -> None:
    with pytest.raises(RuleViolated, match="Nothing would be left"):
        decide(scope, platforms_out=["PRE", "Windows", "Linux"], techniques_out=["T1003"])
    assert inside(scope) == list(MAP)


def test_what_changes_nothing_is_said(scope: Scope) -> None:
    with pytest.raises(RuleViolated, match="nothing changes"):
        decide(scope, techniques_back=["T1001"])


def test_what_the_map_has_lost_can_still_be_put_back() -> None:
    held = {(Kind.TECHNIQUE, "T1999"): Decision(Kind.TECHNIQUE, "T1999", False, "Old", ANA, NOW)}
    held[Kind.PLATFORM, "Azure AD"] = Decision(Kind.PLATFORM, "Azure AD", False, "Old", ANA, NOW)
    scope = Scope(MAP, held)
    changed = decide(scope, techniques_back=["T1999"], platforms_back=["Azure AD"])
    assert sorted(one.ref for one in changed.drop) == ["Azure AD", "T1999"]


def test_a_reason_is_tidied_and_limited() -> None:
    assert check_reason("  so \n it is ") == "so it is"
    with pytest.raises(BadInput, match="at most 500"):
        check_reason("x" * (REASON_MAX + 1))


refs = st.lists(st.sampled_from(sorted(MAP)), max_size=3)
names = st.lists(st.sampled_from(["PRE", "Windows", "Linux"]), max_size=2)


@given(st.lists(st.tuples(names, refs, names, refs), max_size=6))
def test_what_is_written_and_dropped_is_what_stands(acts: list[Any]) -> None:
    scope, kept = Scope(MAP), {}
    for out, techniques, back, others in acts:
        try:
            changed = decide(
                scope, platforms_out=out, techniques_out=techniques, platforms_back=back, techniques_back=others
            )
        except (BadInput, RuleViolated):
            assert scope.standing == kept
            continue
        for one in changed.drop:
            del kept[one.key]
        kept |= {one.key: one for one in changed.write}
        assert scope.standing == kept
        assert inside(scope)
        for (_, ref), one in kept.items():
            assert not one.in_scope or kept.get((Kind.TECHNIQUE, MAP[ref].parent or "")) is not None
