"""Controls by their state: words, marks, and the two parts that draw them (`assets/controls.js`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dash import html
from dash.development.base_component import Component

from domain.compliance import ControlState, DecisionKind
from pages.components import words
from pages.components.figure import Share
from pages.components.parts import Cell, Mark, Part, cell

# How the states stand in a bar or a list: what contradicts us first.
ORDER = tuple(ControlState)
MARKS: Mapping[str, Mark] = {
    ControlState.DEMONSTRATED: "covered",
    ControlState.PARTLY: "partial",
    ControlState.CONTRADICTED: "uncovered",
    ControlState.NOT_DEMONSTRATED: "untested",
    ControlState.NOT_MAPPABLE: "unmapped",
    ControlState.OUT_OF_SCOPE: "out",
}
_FILLS: Mapping[str, str] = {ControlState.PARTLY: "half"}
# A vulnerability is read from its attackers' side; the states are the same.
_VULNERABILITY: Mapping[str, str] = {
    ControlState.CONTRADICTED: "Gets through",
    ControlState.NOT_DEMONSTRATED: "Not tested",
    ControlState.PARTLY: "Partly covered",
    ControlState.DEMONSTRATED: "Covered",
    ControlState.NOT_MAPPABLE: "Not mapped",
    ControlState.OUT_OF_SCOPE: "Out of scope",
}
NOUNS = {
    "controls": ("control", "controls"),
    "capabilities": ("capability", "capabilities"),
    "vulnerabilities": ("vulnerability", "vulnerabilities"),
}
MODEL = (
    "Our model: a control is demonstrated when every technique that its framework maps to it, and that is in scope, is "
    "covered by fresh tests (alerted on or fully prevented); one technique that validated tests show going through "
    "unseen contradicts it. Which control or tool stopped an attack is not asked."
)
MODEL_OF: Mapping[str, str] = {
    "controls": MODEL,
    "capabilities": MODEL
    + " Strengths that the source gives (protect, detect, respond; minimal to significant) are shown and not counted.",
    "vulnerabilities": "Our model: a vulnerability counts as covered when every technique that attackers use it for is "
    "covered by fresh tests (alerted on or fully prevented); one that validated tests show going through unseen lets "
    "it through. It says nothing about whether the vulnerability is patched.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What was decided about a control; `holds` or has expired."""

    kind: str
    reason: str
    expires_on: date | None
    author: str
    holds: bool


def noun(kind: str, count: int) -> str:
    """12 controls, 1 capability"""
    return words.plural(count, *NOUNS[kind])


def nouns(kind: str) -> str:
    return NOUNS[kind][1]


def label(state: str, kind: str) -> str:
    return _VULNERABILITY[state] if kind == "vulnerabilities" else ControlState(state).label


def fill(state: str) -> str:
    """The class that draws a state's colour and pattern."""
    return _FILLS.get(state, state)


def state_cell(state: str, kind: str) -> Cell:
    return cell(label(state, kind), mark=MARKS[state], order=ORDER.index(ControlState(state)))


def why(state: str, tally: Mapping[str, int], *, none_fits: bool, not_placed: int) -> str:
    """The reason for a state in one line of words."""
    if state == ControlState.NOT_MAPPABLE:
        if none_fits:
            return "its source says that no technique fits"
        return f"{words.plural(not_placed, 'technique')} not on the loaded map" if not_placed else "mapped to nothing"
    whole = sum(tally.values()) - tally["out_of_scope"]
    if state == ControlState.OUT_OF_SCOPE:
        return "decided" if whole else "its techniques are out of scope"
    said = [
        (tally["uncovered"], "fails", "fail"),
        (tally["partial"], "holds in part", "hold in part"),
        (tally["stale"], "covered, but stale", "covered, but stale"),
        (tally["untested"], "not tested", "not tested"),
        (tally["in_progress"], "under way", "under way"),
    ]
    parts = [f"{words.number(n)} {one if n == 1 else many}" for n, one, many in said if n]
    covered = f"{words.number(tally['covered'])} of {words.number(whole)} covered"
    return "; ".join([covered, *parts])


def decided_words(decided: Decided) -> str:
    """Risk accepted until 3 Mar 2027, or since when it no longer holds."""
    name = DecisionKind(decided.kind).label
    if decided.expires_on is None:
        return name
    return f"{name} {'until' if decided.holds else 'expired on'} {words.day(decided.expires_on)}"


class StateBars(Part):
    """`rows`: {label, href, note, parts [[name, n, class, href]], value, under}. Use `state_bars()`."""

    _names = ("rows", "caption")


class ControlWall(Part):
    """`groups`: {code, label, href, note, cells [[code, class, href, words, flag, shown]]}. Use `control_wall()`."""

    _names = ("groups", "text", "chosen", "caption")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A framework in a row: the number of its controls in each state."""

    slug: str
    name: str
    kind: str
    note: str
    states: Mapping[str, int]
    demonstrated: Share


def state_bars(rows: Sequence[Bar], *, caption: str, query: str = "") -> StateBars:
    """`query` goes along with every link ("as_of=...")."""
    return StateBars(rows=[_bar(row, query) for row in rows], caption=caption)


def _bar(row: Bar, query: str) -> dict[str, Any]:
    href = f"/compliance/{row.slug}"
    beside = f"&{query}" if query else ""
    share = row.demonstrated
    shown = "–" if share.value is None else f"{words.number(share.n)} of {words.number(share.of)}"
    hollow = "too few to say" if share.too_few else share.interval
    return {
        "label": row.name,
        "href": f"{href}?{query}" if query else href,
        "note": row.note,
        "parts": [
            [label(state, row.kind), row.states[state], fill(state), f"{href}?state={state}{beside}"] for state in ORDER
        ],
        "value": shown,
        "under": hollow or "nothing to judge",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One control: `words` are said and shown on hover; `flag` marks a standing decision; `shown` is its text."""

    code: str
    state: str
    href: str
    words: str
    flag: bool
    shown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    code: str
    label: str
    href: str
    note: str
    tiles: Sequence[Tile]


TILE_TEXT_MAX = 12


def control_wall(groups: Sequence[Group], *, caption: str, chosen: str = "") -> ControlWall:
    """Tiles carry their codes where all are short enough to be read there."""
    longest = max((len(tile.shown) for group in groups for tile in group.tiles), default=0)
    return ControlWall(
        groups=[
            {
                "code": group.code,
                "label": group.label,
                "href": group.href,
                "note": group.note,
                "cells": [
                    [tile.code, fill(tile.state), tile.href, tile.words, tile.flag, tile.shown] for tile in group.tiles
                ],
            }
            for group in groups
        ],
        text=longest <= TILE_TEXT_MAX,
        chosen=chosen,
        caption=caption,
    )


def model(kind: str) -> Component:
    """The sentence under every percentage, and the whole rule behind it."""
    rules = [
        ("Out of scope", "somebody decided so, with a reason; or all its techniques are out of scope."),
        ("Not mappable", "no technique of it lies on the loaded map: its source says none fits, or none is placed."),
        ("Contradicted", "validated tests show that none of the procedures of one of its techniques was detected or "
         "prevented. One is enough, however many are covered, and age does not heal it."),
        ("Demonstrated", "every one of its techniques in scope is covered by fresh evidence."),
        ("Not demonstrated", "none of its techniques has a validated test; tests under way change nothing yet."),
        ("Partly demonstrated", "everything between; also where all was covered once and the evidence is stale."),
    ]  # fmt: skip
    listed = html.Ol([html.Li([html.Strong(name), f": {text}"]) for name, text in rules])
    beside = (
        "The first that fits gives the state. Percentages are of what can be judged: neither not mappable nor out of "
        "scope. An accepted risk is a flag with a day on which it ends; it changes no state. Techniques that are not "
        "placed on the loaded map are counted beside, and are no gap."
    )
    rule = html.Details(
        [html.Summary("The rule"), html.Div([listed, html.P(beside)], className="prose")], className="fold"
    )
    return html.Div([html.P(MODEL_OF[kind], className="hint"), rule], className="stack-small")
