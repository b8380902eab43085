"""Figures are judged by their targets, and things measured together take turns."""

from bench.figures import Figure, of_samples
from bench.timing import WARM_UP, by_turns


def test_a_figure_is_over_when_either_target_is_missed() -> None:
    assert Figure("g", "n", 10.0, target=10).over is False
    assert Figure("g", "n", 10.1, target=10).over is True
    assert Figure("g", "n", 5.0, baseline=2.0, target=10, ratio_target=2).over is True
    assert Figure("g", "n", 4.0, baseline=2.0, target=10, ratio_target=2).over is False
    assert Figure("g", "n", 1400.0, target=1500, at_least=True).over is True
    assert Figure("g", "n", 1500.0, target=1500, at_least=True).over is False


def test_without_a_target_there_is_no_verdict() -> None:
    assert Figure("g", "n", 10.0, baseline=1.0).over is None


def test_samples_become_a_median_and_a_95th_percentile() -> None:
    figure = of_samples("g", "n", [float(number) for number in range(1, 102)])
    assert (figure.best, figure.value, figure.p95, figure.n) == (1.0, 51.0, 96.0, 101)


def test_measured_together_means_taking_turns() -> None:
    called: list[str] = []
    samples = by_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 4)
    assert {name: len(times) for name, times in samples.items()} == {"a": 4, "b": 4}
    rounds = ["".join(called[at : at + 2]) for at in range(0, len(called), 2)]
    assert len(rounds) == 4 + WARM_UP
    assert set(rounds) == {"ab", "ba"}
