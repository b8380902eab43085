"""The form for a target: `level-amount`, `level-unit`, `level-share`, `level-reason`; `level-save`, `level-remove`."""

from collections.abc import Mapping

from dash import dcc, html

from domain.durations import REASON_MAX
from pages.components.choosing import select
from pages.components.durations import Level
from pages.components.labelled import labelled

UNITS: Mapping[str, tuple[int, str]] = {
    "minutes": (60, "minutes"),
    "hours": (3_600, "hours"),
    "days": (86_400, "days"),
}


def form(level: Level | None) -> html.Details:
    amount, unit = _split(level.seconds) if level else (4, "hours")
    share = 100 * level.share if level else 90
    fields = [
        labelled("Within", dcc.Input(id="level-amount", type="number", min=1, step="any", value=f"{amount:g}")),
        select("level-unit", "Unit of the target", [(key, name) for key, (_, name) in UNITS.items()], unit),
        labelled(
            "Share of the tests, %", dcc.Input(id="level-share", type="number", min=1, max=100, value=f"{share:g}")
        ),
        labelled("Why", dcc.Input(id="level-reason", maxLength=REASON_MAX, autoComplete="off", value="")),
        html.Div(
            [
                html.Button("Set target", id="level-save", type="button", className="button is-small"),
                html.Button(
                    "Remove target",
                    id="level-remove",
                    type="button",
                    className="button is-quiet is-small",
                    disabled=level is None,
                ),
            ],
            className="actions",
        ),
    ]
    summary = "Change the target" if level else "Set a target"
    return html.Details([html.Summary(summary), html.Div(fields, className="form")], className="fold")


def _split(seconds: int) -> tuple[float, str]:
    """In the largest unit that makes it a short number."""
    for name, (size, _) in reversed(UNITS.items()):
        if seconds >= size and (4 * seconds) % size == 0:
            return seconds / size, name
    return seconds / 60, "minutes"
