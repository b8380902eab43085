from domain.outcomes import Detection, Outcome
from domain.testing.like_for_like import Change, Result, change, compare

BLOCKED = Result(Outcome.BLOCKED, Detection.MISSED)
ALERTED = Result(Outcome.ALERTED, Detection.ALERTED)
LOGGED = Result(Outcome.LOGGED, Detection.LOGGED)
MISSED = Result(Outcome.MISSED, Detection.MISSED)


def test_a_change_is_a_step_on_the_one_scale() -> None:
    assert [change(now, LOGGED) for now in (BLOCKED, ALERTED, LOGGED, MISSED)] == [
        Change.BETTER, Change.BETTER, Change.SAME, Change.WORSE,
    ]  # fmt: skip


def test_what_was_evaluated_in_one_run_alone_is_neither_better_nor_worse() -> None:
    assert (change(None, MISSED), change(ALERTED, None)) == (Change.GONE, Change.NEW)


def test_shares_are_of_what_both_runs_evaluated() -> None:
    found = compare([(ALERTED, MISSED), (ALERTED, ALERTED), (MISSED, ALERTED), (ALERTED, None), (None, ALERTED)])
    assert (found.now.n, found.now.of) == (2, 3)
    assert (found.before.n, found.before.of) == (2, 3)
    assert found.counts == {Change.BETTER: 1, Change.SAME: 1, Change.WORSE: 1, Change.NEW: 1, Change.GONE: 1}


def test_nothing_in_common_is_no_share() -> None:
    assert compare([(ALERTED, None)]).now.value is None
