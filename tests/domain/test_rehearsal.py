"""What becomes of techniques between two maps, and of what stands on them."""

import pytest

from domain.errors import InvalidTransition, RuleViolated
from domain.rehearsal import (
    Content,
    Held,
    Move,
    State,
    Technique,
    check_adoption,
    check_discarding,
    check_repeating,
    moves,
    turns,
)


def one(attack_id: str, *, active: bool = True, **more: object) -> Technique:
    return Technique(attack_id, f"Name of {attack_id}", active, **more)  # type: ignore[arg-type]


BEFORE = {
    "stays": one("T1", tactics=frozenset({"a"}), platforms=frozenset({"Windows"})),
    "merges": one("T2"),
    "renumbered": one("T3"),
    "splits": one("T4"),
    "goes": one("T5"),
    "grows": one("T6"),
    "had": one("T7"),
    "child": one("T7.001", parent="T7"),
    "old": one("T8", active=False),
}
AFTER = {
    "stays": one("T1", tactics=frozenset({"b"}), platforms=frozenset({"Windows", "Linux"})),
    "merges": one("T2", active=False, successor="T1", named=("T1",)),
    "renumbered": one("T3", active=False, successor="T30", named=("T30",)),
    "splits": one("T4", active=False, successor="T40", named=("T41", "T40")),
    "goes": one("T5", active=False),
    "grows": one("T6"),
    "had": one("T7"),
    "child": one("T7.001", parent="T7"),
    "another": one("T7.002", parent="T7"),
    "sub": one("T6.001", parent="T6"),
    "thirty": one("T30"),
    "forty": one("T40"),
    "fortyone": one("T41"),
    "old": one("T8"),
}


def test_every_turn_is_told_once_and_by_its_name() -> None:
    found = turns(BEFORE, AFTER)
    told = {
        name: [(turn.attack_id, turn.before, turn.after) for turn in getattr(found, name)]
        for name in ("new", "parents", "split", "merged", "replaced", "lost", "tactics", "platforms")
    }
    assert told == {
        "new": [(name, (), ()) for name in ("T30", "T40", "T41", "T6.001", "T7.002", "T8")],
        "parents": [("T6", (), ("T6.001",))],
        "split": [("T4", (), ("T40", "T41"))],
        "merged": [("T1", ("T2",), ())],
        "replaced": [("T3", (), ("T30",)), ("T4", (), ("T40",))],
        "lost": [("T5", (), ())],
        "tactics": [("T1", ("a",), ("b",))],
        "platforms": [("T1", (), ("Linux",))],
    }


def test_two_that_become_one_new_technique_are_merged() -> None:
    before = {1: one("T1"), 2: one("T2")}
    after = {1: one("T1", active=False, successor="T3"), 2: one("T2", active=False, successor="T3"), 3: one("T3")}
    found = turns(before, after)
    assert [(turn.attack_id, turn.before) for turn in found.merged] == [("T3", ("T1", "T2"))]
    assert found.replaced == ()


def test_equal_maps_have_no_turns() -> None:
    found = turns(BEFORE, BEFORE)
    assert not any(getattr(found, name) for name in found.__slots__)


def test_content_follows_the_new_map_and_a_test_without_a_place_stays() -> None:
    held = [
        Held(Content.TESTS, "T2", "merges", 5),
        Held(Content.TESTS, "T5", "goes", 2),
        Held(Content.TESTS, "T9", "stays", 1),
        Held(Content.RULES, "T5", "goes", 3),
        Held(Content.RULES, "T40", None, 4),
        Held(Content.RULES, "T1", "stays", 9),
        Held(Content.TEMPLATES, "T99", None, 1),
    ]
    place = {"T2": "stays", "T5": "goes", "T40": "forty", "T1": "stays"}.get
    assert moves(held, place, BEFORE, AFTER) == [
        Move(Content.RULES, "T5", "T5", None, 3),
        Move(Content.RULES, "T40", None, "T40", 4),
        Move(Content.TESTS, "T5", "T5", None, 2),
        Move(Content.TESTS, "T2", "T2", "T1", 5),
    ]


def test_only_a_ready_report_that_still_holds_can_be_adopted() -> None:
    check_adoption(State.READY, changes=True, same_map=True)
    for state in set(State) - {State.READY}:
        with pytest.raises(InvalidTransition):
            check_adoption(state, changes=True, same_map=True)
    with pytest.raises(RuleViolated, match="has changed since"):
        check_adoption(State.READY, changes=True, same_map=False)
    with pytest.raises(RuleViolated, match="nothing to adopt"):
        check_adoption(State.READY, changes=False, same_map=True)


def test_what_can_be_repeated_and_discarded() -> None:
    for state in (State.READY, State.FAILED):
        check_repeating(state, kept=True)
        check_discarding(state)
        with pytest.raises(InvalidTransition, match="not kept"):
            check_repeating(state, kept=False)
    for state in (State.QUEUED, State.RUNNING, State.ADOPTED, State.DISCARDED):
        with pytest.raises(InvalidTransition):
            check_repeating(state, kept=True)
        with pytest.raises(InvalidTransition):
            check_discarding(state)
