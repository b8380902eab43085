"""Figures now and then: what a change makes of each, with the denominators of both."""

from collections.abc import Sequence
from dataclasses import dataclass

from pages.components import words
from pages.components.figure import Share
from pages.components.parts import Cell, Listing, cell, column, listing

Value = Share | float | int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One figure before and after: a share with its denominator, a count, or points."""

    name: str
    before: Value
    after: Value


def table(lines: Sequence[Line], *, caption: str, file: str) -> Listing:
    columns = [column("Figure"), column("Now", "num"), column("Then", "num"), column("Change", "num")]
    rows: list[list[Cell]] = [[one.name, _value(one.before), _value(one.after), _difference(one)] for one in lines]
    return listing(columns, rows, caption=caption, noun="figures", limit=len(rows), file=file)


def _value(value: Value) -> Cell:
    if value is None:
        return "–"
    if isinstance(value, Share):
        share = None if value.value is None else words.percent(value.value)
        return cell(value.words, order=value.value, beside=share)
    return cell(words.number(value, 1 if isinstance(value, float) else 0), order=float(value))


def _difference(line: Line) -> Cell:
    before, after = line.before, line.after
    if isinstance(before, Share) and isinstance(after, Share):
        if before.value is None or after.value is None:
            return "–"
        points = 100 * (after.value - before.value)
        return cell(f"{words.signed(points, 1)} points", order=points)
    if isinstance(before, int | float) and isinstance(after, int | float):
        change = after - before
        return cell(words.signed(change, 1 if isinstance(after, float) else 0), order=float(change))
    return "–"
