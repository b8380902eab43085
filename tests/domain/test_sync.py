from hypothesis import given
from hypothesis import strategies as st

from domain.sync import Change, State, asks_for_review, changed_fields, plan

_STATES = st.builds(
    State,
    digest=st.sampled_from([b"1", b"2"]),
    name=st.sampled_from(["x", "y"]),
    revoked=st.booleans(),
    deprecated=st.booleans(),
)
_SETS = st.dictionaries(st.sampled_from("abcdef"), _STATES)


def _events(known: dict[str, State], incoming: dict[str, State], *, whole: bool = True) -> set[tuple[str, str]]:
    return {(event.key, event.change.value) for event in plan(known, incoming, whole=whole).events}


class TestPlan:
    def test_the_same_again_is_no_change(self) -> None:
        made = plan({"a": State(b"1", "x")}, {"a": State(b"1", "x")})
        assert made.empty
        assert (made.unchanged, made.events) == (1, ())

    def test_each_kind_of_change_is_named(self) -> None:
        known = {
            "kept": State(b"1", "kept"),
            "edited": State(b"1", "edited"),
            "named": State(b"1", "before"),
            "revoked": State(b"1", "r"),
            "deprecated": State(b"1", "d"),
            "back": State(b"1", "b", deprecated=True),
            "lost": State(b"1", "l"),
        }
        incoming = {
            "kept": State(b"1", "kept"),
            "edited": State(b"2", "edited"),
            "named": State(b"2", "after"),
            "revoked": State(b"2", "r", revoked=True),
            "deprecated": State(b"2", "d", deprecated=True),
            "back": State(b"2", "b"),
            "new": State(b"1", "n"),
            "new but retired": State(b"1", "n", revoked=True),
        }
        made = plan(known, incoming)
        assert _events(known, incoming) == {
            ("named", "renamed"),
            ("revoked", "revoked"),
            ("deprecated", "deprecated"),
            ("back", "reactivated"),
            ("new", "added"),
            ("new but retired", "added"),
            ("lost", "vanished"),
        }
        assert made.compare == {"edited", "named"}
        assert (made.count(Change.ADDED), made.added_retired, made.unchanged) == (2, 1, 1)

    def test_what_vanished_before_is_not_reported_again(self) -> None:
        assert plan({"a": State(b"1", gone=True)}, {}).empty

    def test_what_comes_back_is_reactivated(self) -> None:
        assert _events({"a": State(b"1", gone=True)}, {"a": State(b"1")}) == {("a", "reactivated")}

    def test_a_part_of_a_source_removes_nothing(self) -> None:
        assert _events({"a": State(b"1")}, {"b": State(b"1")}, whole=False) == {("b", "added")}

    @given(known=_SETS, incoming=_SETS)
    def test_applying_a_plan_leaves_nothing_to_do(self, known: dict[str, State], incoming: dict[str, State]) -> None:
        made = plan(known, incoming)
        after = dict(known)
        for key in made.write:
            after[key] = incoming[key]
        for key in made.vanish:
            held = after[key]
            after[key] = State(held.digest, held.name, held.revoked, held.deprecated, gone=True)
        assert plan(after, incoming).empty


class TestFields:
    def test_empty_absent_and_order_are_no_difference(self) -> None:
        old = {"platforms": ["Windows", "Linux"], "detection": ""}
        assert changed_fields(old, {"platforms": ("Linux", "Windows")}, ("platforms", "detection")) == ()

    def test_fields_are_named_in_order(self) -> None:
        old, new = {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 2}
        assert changed_fields(old, new, ("c", "b", "a")) == ("c", "a")


OLD = {"name": "DLL", "description": "text", "platforms": ["Windows"], "detection": "look", "object_version": "1.0"}


class TestReview:
    def test_a_moved_version_alone_asks_for_nothing(self) -> None:
        assert not asks_for_review(OLD, {**OLD, "object_version": "2.0"})

    def test_a_changed_text_asks(self) -> None:
        assert asks_for_review(OLD, {**OLD, "description": "other"})

    def test_detection_text_that_only_went_or_came_asks_for_nothing(self) -> None:
        assert not asks_for_review(OLD, {**OLD, "detection": ""})
        assert not asks_for_review({**OLD, "detection": ""}, OLD)
        assert asks_for_review(OLD, {**OLD, "detection": "look again"})
