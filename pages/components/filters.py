"""The filter line of a page, as one node of the Dash tree; its other half is `assets/filters.js`.

Its `value` is the query of the page's address: parameter name -> text. A change writes the address, so that every view
is a link, and hands `value` to the callbacks, unless the field is `local` (the browser alone acts on it).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.snapshots import TimeSteps
from pages.components.parts import Part

Option = Sequence[Any]  # value, label, and for `many` a count


class FilterLine(Part):
    """`fields` (made by the functions below) and `value`."""

    _names = ("fields", "value")


def one(
    key: str, label: str, options: Iterable[Option], *, none: str = "", clears: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    """A choice of one. `none` is the option that means "not asked" and is left out of the address; `clears` are other
    parameters that make no sense after a change. `more`: `local`, `quiet` (folded away on a phone), `filters` (counted,
    and cleared by "Clear filters")."""
    return _field(
        "one", key, label, options=[list(option) for option in options], none=none, clears=list(clears), **more
    )


def many(key: str, label: str, options: Iterable[Option], *, placeholder: str, **more: Any) -> dict[str, Any]:
    """A searchable choice of several, comma-separated in the address. `placeholder` stands for "nothing chosen"."""
    return _field("many", key, label, options=[list(option) for option in options], placeholder=placeholder, **more)


def search(key: str, label: str, placeholder: str, **more: Any) -> dict[str, Any]:
    return _field("search", key, label, placeholder=placeholder, **more)


def day(key: str, label: str, *, steps: TimeSteps | None = None, **more: Any) -> dict[str, Any]:
    """A calendar day, in the address as 2026-11-24; with a slider beside it where there are `steps`."""
    if steps is not None:
        more |= {"steps": [one.isoformat() for one in steps.days], "today": steps.today.isoformat()}
    return _field("day", key, label, **more)


def switch(key: str, label: str, on: str, **more: Any) -> dict[str, Any]:
    """On or off; `on` is the value in the address."""
    return _field("switch", key, label, on=on, **more)


def _field(kind: str, key: str, label: str, **properties: Any) -> dict[str, Any]:
    return {"kind": kind, "key": key, "label": label, **properties}


def asked(fields: Iterable[Mapping[str, Any]], query: Mapping[str, Any]) -> dict[str, str]:
    """The part of an address that a filter line's `value` starts with."""
    return {
        field["key"]: str(query[field["key"]]) for field in fields if not field.get("local") and query.get(field["key"])
    }
