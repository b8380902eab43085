"""How an action on many tests stands: one line with its progress, and a row for each test."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from pages.components import words
from pages.components.parts import Cell, cell, column, listing

_STATES = {"done": "Done", "refused": "Refused", "failed": "Failed", "cancelled": "Taken back", "queued": "Waiting"}
_MARKS = {"done": "on", "queued": "progress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`number` None: the test is not there. `detail` says why it was refused."""

    number: int | None
    title: str
    state: str
    detail: str = ""

    @property
    def waits(self) -> bool:
        return self.state == "queued"


def render(label: str, results: Sequence[Result]) -> list[Component]:
    """What stands in `tests-results`; those that were refused come first."""
    over = sum(not one.waits for one in results)
    refused = sum(one.state not in ("done", "queued") for one in results)
    said = f"{words.number(over)} of {words.plural(len(results), 'test')} answered"
    said += f"; {words.number(refused)} could not be done." if refused else "."
    order = ("refused", "failed", "cancelled", "queued", "done")
    rows = [_row(one) for one in sorted(results, key=lambda one: order.index(one.state))]
    return [
        html.Section(
            [
                html.Header([html.H2(label), html.P(said, role="status")]),
                html.Progress(value=str(over), max=str(len(results))) if over < len(results) else None,
                listing(
                    [column("Number", "num"), column("Test"), column("Result"), column("Why")],
                    rows,
                    caption="What became of each test",
                    noun="tests",
                    limit=6,
                    file="results",
                ),
            ],
            className="section",
        )
    ]


def _row(one: Result) -> list[Cell]:
    number = None if one.number is None else cell(str(one.number), href=f"/test/{one.number}", order=one.number)
    state = cell(_STATES[one.state], mark=_MARKS.get(one.state, "missed"))  # type: ignore[arg-type]
    return [number, one.title, state, one.detail]
