"""The sentences of the overview say what the figures say, and nothing when nothing happened."""

from datetime import date
from typing import Any

from domain.change_story import Counts, story
from domain.score_change import Cause, Change, Step
from domain.snapshots import TrendPoint
from domain.statistics import Share


def point(day: date, **more: Any) -> TrendPoint:
    values: dict[str, Any] = {
        "id": None, "day": day, "kind": None, "label": "", "weighted": 26.0, "plain": 20.0, "parts": {},
        "techniques": 600, "tested": 200, "stale": 10, "proven": Share.count(140, 600),
        "claimed": Share.count(100, 600),
        "weights_version": 1, "attack_version": "18.1",
    }  # fmt: skip
    return TrendPoint(**values | more)


BEFORE, AFTER = date(2026, 10, 1), date(2026, 10, 31)
NONE = Counts(planned=100, executed=90, evaluated=80, alerted=50, prevented=20)


def told(before: TrendPoint, after: TrendPoint, change: Change, tests: tuple[Counts, Counts]) -> list[str]:
    return [one.text for one in story(before, after, change, tests)]


def test_what_happened_is_told_with_its_causes_the_greatest_first() -> None:
    change = Change(260, 272, [Step(Cause.DECAY, -0.7, -7), Step(Cause.TESTS, 1.9, 19), Step(Cause.RULES, 0.0, 0)])
    after = point(AFTER, proven=Share.count(152, 590), stale=13, techniques=590, attack_version="19.0")
    more = Counts(planned=120, executed=108, evaluated=95, alerted=60, prevented=21)
    assert told(point(BEFORE), after, change, (NONE, more)) == [
        "The score rose by 1.2 to 27.2 since 1 Oct 2026: tests +1.9, ageing \N{MINUS SIGN}0.7.",
        "12 more techniques proven by tests: 152 of 590 techniques.",
        "18 tests executed and 15 evaluated; 10 raised an alert, 1 was prevented.",
        "3 techniques went stale, net; 13 are stale now.",
        "ATT&CK went from 18.1 to 19.0.",
        "Techniques in scope: 600 then, 590 now.",
    ]


def test_when_nothing_happened_that_is_said() -> None:
    assert told(point(BEFORE), point(AFTER), Change(260, 260), (NONE, NONE)) == [
        "The score is what it was on 1 Oct 2026: 26.0.",
        "Proven as before: 140 of 600 techniques.",
        "No test was executed.",
    ]


def test_causes_that_cancel_are_told_all_the_same() -> None:
    change = Change(260, 260, [Step(Cause.DECAY, -0.5, -5), Step(Cause.TESTS, 0.5, 5)])
    first, *_ = told(point(BEFORE), point(AFTER), change, (NONE, NONE))
    assert first == "The score is 26.0, as on 1 Oct 2026: ageing \N{MINUS SIGN}0.5, tests +0.5."


def test_a_day_without_scope_has_nothing_to_compare_with() -> None:
    first, *_ = told(point(BEFORE), point(AFTER), Change(None, 260), (NONE, NONE))
    assert first == "On 1 Oct 2026 nothing was in scope, so that there is nothing to compare the score with."
