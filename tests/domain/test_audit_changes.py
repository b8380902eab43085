"""What an entry changed, in words."""

from domain.audit_changes import Change, changes, summary


def test_only_what_differs_is_told_in_words() -> None:
    before = {"state": "draft", "title": "Same", "red_assignee": "7"}
    after = {"state": "validated", "title": "Same", "red_assignee": "8", "executed_at": "2026-11-24T11:00:00+01:00"}
    assert changes(before, after, {"8": "rita"}) == [
        Change("state", "draft", "validated"),
        Change("red assignee", "7", "rita"),
        Change("executed at", None, "24 Nov 2026, 10:00:00 UTC"),
    ]


def test_what_is_inside_is_named_by_its_way() -> None:
    after = {"counts": {"rules": 3, "by": {"kind": "x"}}, "kinds": ["a", "b"], "on": False, "seen": [{"tool": "edr"}]}
    assert [(one.field, one.after) for one in changes(None, after)] == [
        ("counts, rules", "3"),
        ("counts, by, kind", "x"),
        ("kinds", "a, b"),
        ("on", "no"),
        ("seen", "tool edr"),
    ]


def test_empty_is_as_not_there_and_odd_moments_stay_as_they_are() -> None:
    assert changes({"note": ""}, {"note": None}) == []
    assert changes({"name": "x"}, None) == [Change("name", "x", None)]
    assert changes(None, {"at": "2026-99-24T11:00:00Z"})[0].after == "2026-99-24T11:00:00Z"


def test_a_summary_fits_a_line() -> None:
    found = changes({"name": "x"}, {"other": "y" * 200})
    assert summary(found).startswith("name: x → nothing; other: y")
    assert len(summary(found)) == 90
    assert summary(found).endswith("…")
