"""What happened, newest first: when, who, and on which side, as a coloured ring with a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dash import html

from pages.components.parts import when

Side = Literal["red", "blue", "lead", "system", "attack"]
_SIDE_WORDS = {"red": "Red", "blue": "Blue", "lead": "Lead", "system": "Aegis", "attack": "ATT&CK"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`text` says what happened, `detail` more of it; `who` is a name, or empty."""

    at: datetime
    side: Side
    text: str
    detail: str = ""
    who: str = ""


def timeline(entries: Sequence[Entry]) -> html.Ol:
    return html.Ol([_entry(entry) for entry in entries], className="timeline")


def _entry(entry: Entry) -> html.Li:
    who = f"{_SIDE_WORDS[entry.side]}, {entry.who}" if entry.who else _SIDE_WORDS[entry.side]
    lines = [
        html.Div(entry.text),
        html.Div([who, html.Span(when(entry.at, "ago"), className="beside")], className="by"),
    ]
    if entry.detail:
        lines.insert(1, html.Div(entry.detail, className="hint"))
    return html.Li(lines, className=f"is-{entry.side}")
