"""What happened, newest first: when, who, and on which side, as a coloured ring with a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pages.components.parts import Timeline, iso

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


def timeline(entries: Sequence[Entry]) -> Timeline:
    return Timeline(entries=[_entry(entry) for entry in entries])


def _entry(entry: Entry) -> list[str]:
    who = f"{_SIDE_WORDS[entry.side]}, {entry.who}" if entry.who else _SIDE_WORDS[entry.side]
    return [iso(entry.at), entry.side, entry.text, entry.detail, who]
