"""Reading a component tree as a person and as a program would."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def nodes(tree: Component, kind: str = "") -> Iterator[Any]:
    """Every component in it, or those of one type ("Button")."""
    return (
        node for node in [tree, *tree._traverse()] if isinstance(node, Component) and kind in ("", type(node).__name__)
    )


def words(tree: object) -> str:
    """Everything a person would read in it."""
    if isinstance(tree, list | tuple):
        return " ".join(words(each) for each in tree)
    if isinstance(tree, Component):
        return words(getattr(tree, "children", None) or "")
    return str(tree)


def hrefs(tree: Component) -> list[str]:
    return [node.href for node in nodes(tree) if getattr(node, "href", None)]


def ids(tree: Component) -> list[Any]:
    return [node.id for node in nodes(tree) if getattr(node, "id", None)]


def named(tree: Component, id_: object) -> Any:
    """The component of that id, or None."""
    return next((node for node in nodes(tree) if getattr(node, "id", None) == id_), None)


def size(tree: Component) -> int:
    return sum(1 for _ in nodes(tree))
