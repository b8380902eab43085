"""YAML from outside: one document, read by the C loader, after a look at its events for what would blow up.

The loader composes recursively and expands aliases, so a few hundred bytes can exhaust memory. The events come one by
one and cost a third of loading; depth and size are checked on them first.
"""

from typing import Any

import yaml

_MAX_DEPTH = 50
# Size of a document with every alias written out, in characters; the largest real rule has 300,000.
_MAX_EXPANDED = 4 * 1024 * 1024
_NODE = 16
# What PyYAML's constructors raise on scalars that are not what their tag says (`!!int x`, 2020-13-45, `!!bool x`).
_BAD_SCALARS = (ValueError, LookupError, AttributeError, TypeError)


class Unreadable(Exception):
    """Why a document cannot be used, in words that follow its name: "is not YAML (line 3)"."""


def load(content: bytes) -> Any:
    """The one document in `content`; dates come as dates. Raises Unreadable."""
    try:
        _check(content)
        return yaml.load(content, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}: {error.problem})" if mark else ""
        raise Unreadable(f"is not valid YAML{where}") from error
    except yaml.YAMLError as error:
        raise Unreadable("is not YAML: it holds characters that text does not have") from error
    except _BAD_SCALARS as error:
        raise Unreadable("holds a value that is not what it says, such as a date that does not exist") from error


def _check(content: bytes) -> None:
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    documents = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        size = 0
        anchor = None
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Unreadable("holds several YAML documents; give each rule a file of its own")
            continue
        if isinstance(event, yaml.CollectionStartEvent):
            if len(open_nodes) >= _MAX_DEPTH:
                raise Unreadable(f"is nested more than {_MAX_DEPTH} levels deep")
            open_nodes.append((event.anchor, _NODE))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, _NODE + len(event.value)
        elif isinstance(event, yaml.AliasEvent):
            size = _size_of_alias(event.anchor, sizes)
        if anchor is not None:
            sizes[anchor] = size
        if open_nodes:
            parent, so_far = open_nodes[-1]
            open_nodes[-1] = (parent, so_far + size)
            if so_far + size > _MAX_EXPANDED:
                raise Unreadable("expands to too much through its aliases")


def _size_of_alias(anchor: str | None, sizes: dict[str, int]) -> int:
    size = sizes.get(anchor or "")
    if size is None:  # unknown, or still open: then it contains itself
        raise Unreadable("refers to an alias that does not exist or contains itself")
    return size
