"""The address of the tests page as a value: what it says is read, what it says wrongly is left out."""

from datetime import date
from uuid import UUID

import pytest

from domain.tests_view import OPEN, Order, TestsView

ME = UUID(int=1)
OTHER = UUID(int=2)


def test_an_empty_address_asks_for_everything_newest_first() -> None:
    assert TestsView.of({}, ME) == TestsView(order=Order.NUMBER, falling=True)


def test_everything_an_address_can_ask_for() -> None:
    query = {
        "q": " Encoded  command ",
        "state": "draft,in_review",
        "technique": " t1059.001 ",
        "tactic": "execution",
        "platform": "Windows,Office Suite",
        "outcome": "missed,none",
        "priority": "1,3",
        "assignee": "me",
        "by": str(OTHER),
        "campaign": str(UUID(int=3)),
        "template": str(UUID(int=4)),
        "team": "Blue, north (SOC) & co. / d'Arc",
        "remediation": "overdue",
        "from": "2026-01-01",
        "to": "2026-01-31",
        "sort": "-priority",
    }
    view = TestsView.of(query, ME)
    assert view.words == ("encoded", "command")
    assert view.states == ("draft", "in_review")
    assert (view.technique, view.tactic) == ("T1059.001", "execution")
    assert view.platforms == ("Windows", "Office Suite")
    assert (view.outcomes, view.priorities) == (("missed", "none"), (1, 3))
    assert (view.assignee, view.created_by) == (ME, OTHER)
    assert (view.campaign, view.template) == (UUID(int=3), UUID(int=4))
    assert view.team == "Blue, north (SOC) & co. / d'Arc"
    assert view.remediation == "overdue"
    assert (view.executed_from, view.executed_to) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (view.order, view.falling, view.sort) == (Order.PRIORITY, True, "-priority")


@pytest.mark.parametrize(
    "query",
    [
        {"state": "done"},
        {"technique": "T1059'; --"},
        {"tactic": "a'b"},
        {"platform": "<b>"},
        {"outcome": "fine"},
        {"priority": "0,4,x"},
        {"assignee": "somebody"},
        {"by": "1"},
        {"campaign": "x"},
        {"remediation": "maybe"},
        {"from": "yesterday", "to": "2026-02-30"},
        {"team": "x" * 81},
        {"team": "a\x00b"},
        {"sort": "title"},
        {"sort": "--number"},
        {"elsewhere": "1"},
    ],
)
def test_what_it_says_wrongly_is_left_out(query: dict[str, str]) -> None:
    assert TestsView.of(query, ME) == TestsView.of({}, ME)


@pytest.mark.parametrize("text", ["4711", "#4711", " 4711 "])
def test_a_number_is_looked_for_as_a_number(text: str) -> None:
    view = TestsView.of({"q": text}, ME)
    assert (view.number, view.words) == (4711, ())


def test_open_stands_for_the_unfinished_states() -> None:
    assert TestsView.of({"state": "open,draft"}, ME).states == OPEN


def test_nobody_is_asked_for_by_name() -> None:
    view = TestsView.of({"assignee": "nobody"}, ME)
    assert (view.assignee, view.unassigned) == (None, True)


@pytest.mark.parametrize(
    ("sort", "order", "falling"),
    [
        ("number", Order.NUMBER, True),
        ("-number", Order.NUMBER, False),
        ("technique", Order.TECHNIQUE, False),
        ("-technique", Order.TECHNIQUE, True),
        ("executed", Order.EXECUTED, True),
    ],
)
def test_an_order_goes_its_usual_way_or_the_other(sort: str, order: Order, falling: bool) -> None:
    view = TestsView.of({"sort": sort}, ME)
    assert (view.order, view.falling) == (order, falling)
    assert view.sort == sort


def test_of_too_many_a_span_of_time_goes_by_execution_and_words_by_number() -> None:
    assert TestsView.of({"from": "2026-01-01", "q": "x", "sort": "priority"}, ME).order_of_many is Order.EXECUTED
    assert TestsView.of({"q": "x", "sort": "priority"}, ME).order_of_many is Order.NUMBER
    assert TestsView.of({"sort": "priority"}, ME).order_of_many is Order.PRIORITY


def test_lists_have_an_end() -> None:
    view = TestsView.of({"platform": ",".join(f"P{number}" for number in range(200)), "q": "w" * 500}, ME)
    assert len(view.platforms) == 50
    assert len("".join(view.words)) <= 120
