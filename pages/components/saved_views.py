"""Views under a name: a menu of links, and a line to keep the one that is open. Drawn by `assets/saved-views.js`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pages.components.parts import Part


class SavedViews(Part):
    """`views`: {id, name, query, shared, mine, by}; `asked`: {do: save or remove, name, shared, query, id}."""

    _names = ("views", "path", "mayShare", "asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`query` without the question mark; `mine` may be removed; `by` whose it is."""

    id: str
    name: str
    query: str
    shared: bool
    mine: bool
    by: str


def as_props(views: Sequence[View]) -> list[dict[str, object]]:
    return [
        {"id": one.id, "name": one.name, "query": one.query, "shared": one.shared, "mine": one.mine, "by": one.by}
        for one in views
    ]
