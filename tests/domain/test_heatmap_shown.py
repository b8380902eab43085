"""What a view shows of a matrix: filters, counts that hold a technique once, and what is singled out."""

from domain.heatmap_shown import CONTEXT, HIDDEN, SHOWN, Shown, decide
from domain.heatmap_view import View
from tests.domain.matrices import SMALL


def states(shown: Shown) -> dict[str, int]:
    return {cell.id: state for cell, state in zip(shown.cells, shown.state, strict=True) if state != HIDDEN}


def legend(shown: Shown) -> dict[str, int]:
    return {bucket.key: count for bucket, count in zip(shown.buckets, shown.counts, strict=True) if count}


def test_a_technique_under_two_tactics_counts_once_in_the_legend_and_in_both_columns() -> None:
    shown = decide(SMALL, View())
    assert legend(shown) == {
        "covered": 1,
        "partial": 1,
        "uncovered": 1,
        "in_progress": 1,
        "untested": 1,
        "out_of_scope": 1,
    }
    assert shown.total == 5
    assert shown.columns == [(1, 4), (0, 2)]
    assert shown.headline_words() == "1 of 5 techniques covered"


def test_out_of_scope_is_shown_apart_and_in_no_denominator() -> None:
    shown = decide(SMALL, View())
    assert shown.buckets[shown.bucket[5]].key == "out_of_scope"
    assert sum(shown.counts) - shown.counts[-1] == shown.total


def test_a_platform_keeps_what_runs_on_it() -> None:
    shown = decide(SMALL, View(platforms=("Windows",)))
    assert set(states(shown)) == {"T1059", "T1059.001", "T1053", "T1547"}


def test_a_parent_that_only_holds_a_shown_sub_technique_is_context_and_uncounted() -> None:
    shown = decide(SMALL, View(), wanted={"T1059.001", "T1547"})
    assert states(shown) == {"T1059": CONTEXT, "T1059.001": SHOWN, "T1547": SHOWN}
    assert shown.total == 2
    assert shown.columns == [(1, 1), (0, 1)]


def test_an_actor_that_uses_nothing_leaves_nothing() -> None:
    assert states(decide(SMALL, View(), wanted=set())) == {}


def test_one_tactic_shows_one_column() -> None:
    shown = decide(SMALL, View(tactic="persistence"))
    assert shown.visible_tactics == [1]
    assert set(states(shown)) == {"T1053", "T1547", "T1037"}


def test_a_search_dims_and_does_not_count_differently() -> None:
    shown = decide(SMALL, View(find="SHELL power"))
    assert [cell.id for cell, lit in zip(shown.cells, shown.lit, strict=True) if lit] == ["T1059.001"]
    assert shown.total == 5
    assert [shown.cells[i].id for i in shown.exported()] == ["T1059.001"]


def test_a_pinned_legend_entry_singles_out_its_bucket() -> None:
    shown = decide(SMALL, View(only="untested"))
    assert [shown.cells[i].id for i in shown.exported()] == ["T1547"]


def test_without_anything_singled_out_everything_shown_is_exported() -> None:
    assert len(decide(SMALL, View()).exported()) == 6


def test_each_mode_counts_its_own_headline() -> None:
    told = {
        mode: decide(SMALL, View(mode=mode)).headline for mode in ("status", "score", "proven", "claimed", "threat")
    }
    assert told == {"status": 1, "score": 2, "proven": 3, "claimed": 3, "threat": 3}
