"""Native fields and tables of choices as single nodes of the tree; their other half is `assets/choosing.js`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages.components.parts import Part


class Field(Part):
    """A native input whose `value` is its text. Use `select()`, `suggest()` or `date_field()`."""

    _names = ("kind", "value", "options", "label", "none")


class Chooser(Part):
    """Rows to be ticked, with one choice each. `value` {row key: option} holds the ticked. Use `chooser()`."""

    _names = ("rows", "value", "caption", "noun", "columns")


class Arranger(Part):
    """The tests of a campaign to be put in order; `asked` {n, kind, ...} is the last thing that was asked for,
    `chosen` the ids of those ticked. Use `arranger()`."""

    _names = ("rows", "asked", "chosen", "caption")


def select(id_: str, label: str, options: Sequence[tuple[str, str]], value: str = "") -> Field:
    """A choice of one; `options` are (value, words)."""
    return Field(id=id_, kind="select", label=label, options=[list(one) for one in options], value=value)


def suggest(id_: str, label: str, options: Sequence[tuple[str, str]], value: str = "") -> Field:
    """Free text; `options` are (text, words) that are offered while typing."""
    return Field(id=id_, kind="suggest", label=label, options=[list(one) for one in options], value=value)


def date_field(id_: str, label: str, value: str = "") -> Field:
    """A calendar day as ISO text, or ''."""
    return Field(id=id_, kind="date", label=label, value=value)


def chooser(
    id_: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str | Mapping[str, str]],
    caption: str,
    noun: str,
    value: Mapping[str, str],
) -> Chooser:
    """`rows`: {key, label, cells (as in a listing, one a column), options [[value, words]]}; one without options
    cannot be ticked and says why in `none`. `columns` are names, or as in a listing; one more than there are cells
    shows the options."""
    return Chooser(
        id=id_, rows=[dict(row) for row in rows], columns=list(columns), caption=caption, noun=noun, value=dict(value)
    )


def arranger(id_: str, rows: Sequence[Mapping[str, Any]], *, caption: str) -> Arranger:
    """`rows` in order: {id, number, title, technique, state, waits [numbers]}."""
    return Arranger(id=id_, rows=[dict(row) for row in rows], caption=caption, chosen=[])
