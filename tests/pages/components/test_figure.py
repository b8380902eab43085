"""A figure never says more than is known."""

from pages.components import figure
from pages.components.figure import Share
from tests.pages.reading import words


def test_nothing_tested_is_not_zero_percent() -> None:
    shown = words(figure.share_figure("Proven", Share(n=0, of=0)))
    assert "–" in shown
    assert "%" not in shown


def test_zero_of_some_is_zero_percent() -> None:
    assert "0 % 0 of 4" in words(figure.share_figure("Proven", Share(n=0, of=4)))


def test_under_three_cases_it_is_hollow_and_says_so() -> None:
    few = figure.share_figure("Proven", Share(n=2, of=2))
    enough = figure.share_figure("Proven", Share(n=3, of=3))
    assert "is-hollow" in few.className
    assert "too few" in words(few)
    assert "is-hollow" not in enough.className


def test_a_share_says_n_of_n_and_its_interval() -> None:
    shown = words(figure.share_figure("Detected", Share(n=398, of=702, low=0.53, high=0.603)))
    assert "57 %" in shown
    assert "398 of 702" in shown
    assert "interval 53–60" in shown.replace("\u2060", "")


def test_a_figure_leads_to_its_rows() -> None:
    shown = figure.figure("Score", "46", href="/heatmap?colour=score")
    links = [node for node in shown._traverse() if getattr(node, "href", None)]
    assert [node.href for node in links] == ["/heatmap?colour=score"]


def test_a_bar_drawn_against_another_whole_keeps_its_own_share() -> None:
    row = figure.BarRow(
        label="Evaluated", bars=[figure.Bar(name="E", share=Share(n=7, of=10), colour="step", width=0.35)]
    )
    drawn = figure.bars([row], "Funnel").rows[0]["bars"][0]
    assert (drawn["n"], drawn["of"], drawn["width"]) == (7, 10, 0.35)
