"""The logs that rules read: how many rules hang on each kind, and whether it is collected here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from domain.rules_view import logs_text
from pages.components import choosing, states, words
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, moment_cell

_SAID = {True: "Collected", False: "Not collected", None: "Not known"}
_WORDS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """`collected` None: nobody said. `fired`: rules reading it that alerted in a validated test."""

    product: str
    category: str
    service: str
    rules: int
    enabled: int
    fired: int
    collected: bool | None
    note: str
    author: str
    decided_at: datetime | None

    @property
    def key(self) -> str:
        return logs_text(self.product, self.category, self.service)

    @property
    def name(self) -> str:
        return " / ".join(part for part in (self.product, self.category, self.service) if part) or "none named"


def render(rows: Sequence[LogRow], *, may_manage: bool, shown: int = 300) -> list[Component]:
    """The table of the first `shown`; for leads with a tick and a choice a row."""
    if not rows:
        return [states.empty("No log sources", "They appear with the rules that read them.")]
    counted: Mapping[bool | None, int] = {
        said: sum(row.rules for row in rows if row.collected is said) for said in (True, False, None)
    }
    text = (
        f"Rules read {words.plural(len(rows), 'kind')} of logs. {words.number(counted[True])} rules read logs that are "
        f"collected, {words.number(counted[False])} logs that are not, and of {words.number(counted[None])} nobody "
        "said. A rule whose logs are not collected cannot fire, unless a test has shown that it does."
    )
    if len(rows) > shown:
        text += f" The {shown} that most rules read are listed."
        rows = rows[:shown]
    if not may_manage:
        table: Component = listing(
            [*_COLUMNS, column("Said", "when")],
            [[*_cells(row), moment_cell(row.decided_at, "day")] for row in rows],
            caption="Log sources",
            noun="log sources",
            limit=50,
            file="log-sources",
        )
        who = html.P(f"Declared by {who_may(Permission.MANAGE_LOG_SOURCES)}.", className="hint")
        return [html.P(text), table, who]
    drawn = [{"key": row.key, "label": row.name, "cells": _cells(row), "options": _options(row)} for row in rows]
    note = dcc.Input(id="logs-note", maxLength=500, autoComplete="off", className="field")
    button = html.Button("Keep for those ticked", id="logs-declare", type="button", className="button")
    form = html.Div([labelled("Why, for whoever reads it later", note), button], className="actions")
    chooser = choosing.chooser(
        "logs-chosen", drawn, columns=[*_COLUMNS, "Is"], caption="Log sources", noun="log sources", value={}
    )
    return [html.P(text), form, chooser]


def _options(row: LogRow) -> list[list[str]]:
    """What stands first is what a tick means before anything is chosen: as it is, or that it is collected."""
    first = row.collected if row.collected is not None else True
    order = [first, *(one for one in (True, False, None) if one is not first)]
    return [[_WORDS[one], _SAID[one]] for one in order]


_COLUMNS = (
    column("Log source"),
    column("Rules", "num"),
    column("Enabled", "num"),
    column("Fired", "num"),
    column("Here"),
)


def _cells(row: LogRow) -> list[Cell]:
    said = f"{row.author}: {row.note}" if row.note else row.author or None
    mark = {True: "on", False: "off", None: "untested"}[row.collected]
    return [
        cell(row.name, href=f"/rules?logs={quote(row.key, safe='')}"),
        row.rules,
        row.enabled,
        row.fired,
        cell(_SAID[row.collected], mark=mark, beside=said),  # type: ignore[arg-type]
    ]
