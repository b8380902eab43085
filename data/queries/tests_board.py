"""The board: of every state how many tests of a view there are, and the first few of them."""

from dataclasses import dataclass, replace
from typing import Any

from data.queries import reader
from data.queries.tests_filter import conditions
from data.queries.tests_table import MANY, ROW, ROW_OF, ordered
from domain.outcomes import TestState
from domain.tests_view import Order, TestsView

CARDS = 20


@dataclass(frozen=True, slots=True)
class Column:
    """`total` is MANY + 1 for more than MANY."""

    state: TestState
    total: int
    rows: list[dict[str, Any]]


def board(view: TestsView) -> list[Column]:
    """A column for each state asked for, or for all; the cards in the order of the view."""
    states = view.states or tuple(TestState)
    view = replace(view, states=(), order=view.order_of_many)
    asked = conditions(view)
    counts = " UNION ALL ".join(
        f"SELECT '{state}' AS state, count(*) AS total FROM"
        f" (SELECT FROM security_test AS s WHERE {asked.text} AND s.state = '{state}' LIMIT {MANY + 1}) AS found"
        for state in states
    )
    beside = "JOIN technique ON technique.id = s.technique_id" if view.order is Order.TECHNIQUE else ""
    firsts = " UNION ALL ".join(
        f"(SELECT s.number FROM security_test AS s {beside}"
        f" WHERE {asked.text} AND s.state = '{state}' ORDER BY {ordered(view)} LIMIT {CARDS})"
        for state in states
    )
    totals = {row["state"]: row["total"] for row in reader.rows(counts, *asked.parameters)}
    cards = reader.rows(
        f"""SELECT {ROW} FROM ({firsts}) AS picked JOIN security_test AS s ON s.number = picked.number {ROW_OF}
ORDER BY {ordered(view)}""",
        *asked.parameters,
    )
    return [Column(state, totals[state], [row for row in cards if row["state"] == state]) for state in states]
