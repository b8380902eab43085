"""The parts that Dash has no component for; their other half is `assets/parts.js`, `listing.js` and `bars.js`.

Each is one node of the Dash tree, whatever it draws: the tree stays small where a page has hundreds of rows.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import ModuleType
from typing import Any, Literal

from dash.development.base_component import Component

_NAMESPACE = "aegis_parts"
# With every property of a component Dash imports what its namespace names, for the version in an error message. There
# is no such package, and looking for it in all places took longer than making the component.
sys.modules.setdefault(_NAMESPACE, ModuleType(_NAMESPACE))

Mark = Literal[
    "blocked",
    "partly",
    "alerted",
    "logged",
    "missed",
    "untested",
    "partial",
    "covered",
    "uncovered",
    "progress",
    "review",
    "on",
    "off",
    "unmapped",
    "out",
]
Kind = Literal["text", "prose", "num", "mono", "when", "tight"]
Cell = str | int | float | None | Mapping[str, Any]


class Part(Component):  # type: ignore[misc]
    """A component of the namespace `aegis_parts`; what is None is left to the browser's side."""

    _children_props: list[str] = []  # noqa: RUF012 - the name and shape are Dash's
    _base_nodes = ["children"]  # noqa: RUF012
    _namespace = _NAMESPACE
    _names: tuple[str, ...] = ()

    def __init__(self, **props: Any) -> None:
        self._type = type(self).__name__
        self._prop_names = ["id", *self._names]
        self.available_properties = self._prop_names
        self._valid_wildcard_attributes: list[str] = []
        self.available_wildcard_properties: list[str] = []
        super().__init__(**{name: value for name, value in props.items() if value is not None})


class SafeHtml(Part):
    """Shows `html`, which must have been sanitised on the server."""

    _names = ("html", "className")


class When(Part):
    """A moment in the viewer's time zone, with UTC on hover. Use `when()`."""

    _names = ("at", "show", "className")


class PostForm(Part):
    """A form that posts like any form. Use `post_form()` or `upload_form()`."""

    _names = ("action", "fields", "submit", "quiet", "touches", "limit", "className")


class Rail(Part):
    """The pages to go to, in groups: `[name, [[href, label, icon, key or None]]]`."""

    _names = ("groups",)


class Keys(Part):
    """Keyboard shortcuts: `[[key], what it does]`."""

    _names = ("rows",)


class SearchField(Part):
    """An input whose `value` follows shortly after the typing. Dash's own puts its caret back while people type on."""

    _names = ("value", "placeholder", "label")


class Listing(Part):
    """A table of rows. Use `listing()`."""

    _names = ("columns", "rows", "caption", "noun", "limit", "file", "className")


class Bars(Part):
    """Shares as bars. Use `bars()`."""

    _names = ("rows", "caption")


class Timeline(Part):
    """What happened. Use `timeline.timeline()`."""

    _names = ("entries",)


class Mix(Part):
    """Parts of one whole. Use `mix()`."""

    _names = ("parts", "caption")


Show = Literal["ago", "day", "moment", "second", "clock"]  # clock: the time of day, the whole of it on hover


def when(at: datetime, show: Show = "moment") -> When:
    """`at` must know its zone."""
    return When(at=iso(at), show=show)


def post_form(
    action: str,
    submit: str,
    fields: Sequence[Mapping[str, Any]] = (),
    *,
    quiet: bool = False,
    class_name: str | None = None,
) -> PostForm:
    """`fields`: name, label, type, hint, autocomplete, required, minlength, value. The CSRF token is added later."""
    return PostForm(action=action, submit=submit, fields=list(fields), quiet=quiet, className=class_name)


def upload_form(action: str, submit: str, fields: Sequence[Mapping[str, Any]], *, limit: int, touches: str) -> PostForm:
    """Sends a file with visible progress; when the server has taken it, the store `touches` changes."""
    return PostForm(action=action, submit=submit, fields=list(fields), quiet=True, limit=limit, touches=touches)


def column(name: str, kind: Kind = "text") -> dict[str, str]:
    return {"name": name, "kind": kind}


def cell(
    text: str,
    *,
    href: str | None = None,
    mark: Mark | None = None,
    beside: str | None = None,
    hover: str | None = None,
    order: float | None = None,
    bar: float | None = None,
    each: Sequence[tuple[str, Sequence[Mark], str]] = (),
    act: str | None = None,
    given: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`beside` is small text after it; `order` sorts where the words would not; `bar` (0..1)
    draws a share before the text.

    With `each` (name, marks, words) those are drawn instead of the text, which stays for filtering and CSV. With `act`
    it is a button that asks the page's action bar for that action, its form begun with `given`.
    """
    drawn = [[name, list(marks), words] for name, marks, words in each] or None
    named = {"t": text, "h": href, "m": mark, "s": beside, "x": hover, "o": order, "b": bar, "each": drawn}
    named |= {"act": act, "given": given}
    return {key: value for key, value in named.items() if value is not None}


def moment_cell(at: datetime | None, show: Show = "ago") -> dict[str, str] | None:
    return None if at is None else {"w": iso(at), "show": show}


def day_cell(day: date | None) -> dict[str, Any] | None:
    """A calendar day has no zone: it is written as it stands."""
    return None if day is None else {"t": f"{day.day} {day:%b %Y}", "o": day.toordinal()}


def listing(
    columns: Sequence[Mapping[str, str]],
    rows: Sequence[Sequence[Cell]],
    *,
    caption: str,
    noun: str,
    limit: int = 12,
    file: str | None = None,
) -> Listing:
    """`caption` says what the table is to those who do not see it; `noun` counts its rows ("214 rules")."""
    return Listing(
        columns=[dict(each) for each in columns],
        rows=[list(row) for row in rows],
        caption=caption,
        noun=noun,
        limit=limit,
        file=file,
    )


def iso(at: datetime) -> str:
    """A moment as the browser reads it; it must know its zone."""
    if at.tzinfo is None:
        raise ValueError("a moment on screen must know its time zone")
    return at.isoformat()
