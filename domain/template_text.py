"""Arguments as people type them, a line each: `name | type | what it is | default`.

The default stands last, so that it may hold anything, a `|` too; what is left away at the end is empty.
"""

from collections.abc import Iterable

from domain.errors import BadInput
from domain.templates import Argument

_BETWEEN = "|"
_PARTS = 4
_LINES_MAX = 200


def arguments_as_text(arguments: Iterable[Argument]) -> str:
    """What `arguments_of` reads back. Line breaks within a description or a default become blanks."""
    return "\n".join(
        f" {_BETWEEN} ".join(
            (
                one.name,
                one.type,
                _line(one.description).replace(_BETWEEN, "/"),
                _line(one.default or ""),
            )
        ).rstrip(f" {_BETWEEN}")
        for one in arguments
    )


def arguments_of(text: str) -> tuple[Argument, ...]:
    """Raises BadInput when there are far more lines than a template has arguments."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _LINES_MAX:
        raise BadInput(f"Arguments take at most {_LINES_MAX} lines.", errors={"arguments": "too many"})
    return tuple(_argument(line) for line in lines)


def _argument(line: str) -> Argument:
    parts = [part.strip() for part in line.split(_BETWEEN, _PARTS - 1)]
    name, kind, description, default = parts + [""] * (_PARTS - len(parts))
    return Argument(
        name=name,
        placeholder=f"#{{{name}}}",
        type=kind.lower() or "string",
        description=description,
        default=default or None,
    )


def _line(text: str) -> str:
    return " ".join(text.split())
