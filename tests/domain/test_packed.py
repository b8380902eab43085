import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.packed import ONE, pack, weighted_sums

numbers = st.lists(st.floats(0, 127), min_size=3, max_size=3)


@given(st.lists(st.tuples(numbers, st.floats(0, 1)), min_size=1, max_size=8))
def test_sums_of_numbers_times_factors(columns: list[tuple[list[float], float]]) -> None:
    whole = max(1.0, sum(factor for _, factor in columns))
    by = [(column, factor / whole) for column, factor in columns]
    made = weighted_sums([(pack(column), factor) for column, factor in by], 3)
    expected = [sum(column[place] * factor for column, factor in by) for place in range(3)]
    assert [one / ONE for one in made] == pytest.approx(expected, abs=1e-6)


def test_the_largest_there_are_do_not_run_into_their_neighbours() -> None:
    made = weighted_sums([(pack([127.0, 0.0, 127.0]), 0.5), (pack([127.0, 0.0, 127.0]), 0.5)], 3)
    assert [one / ONE for one in made] == [127.0, 0.0, 127.0]


def test_no_columns_are_nothing() -> None:
    assert list(weighted_sums([], 2)) == [0, 0]
