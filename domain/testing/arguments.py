"""Arguments of a command: `#{name}` in its text, replaced by what was given or by a default.

This makes text to read and to copy. Nothing here or elsewhere runs it.
"""

import re
from collections.abc import Mapping

from domain.errors import BadInput, TooLarge

TEMPLATE_MAX = 50_000  # characters
FILLED_MAX = 200_000

_PLACEHOLDER = re.compile(r"#\{\s*([^\s{}](?:[^{}\n]{0,98}[^\s{}])?)\s*\}")


def placeholders(template: str) -> tuple[str, ...]:
    """The names in `template`, in order, each once."""
    return tuple(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(template)))


def fill(template: str, given: Mapping[str, str], declared: Mapping[str, str | None] | None = None) -> str:
    """`template` with every `#{name}` replaced: by what is given, else by the default it was declared with.

    `declared` holds the defaults, None for an argument without one. Replacing happens once: a value that holds `#{x}`
    itself stays as it is. Raises BadInput naming what has no value and what is given but belongs to nothing, TooLarge
    over a limit.
    """
    declared = declared or {}
    if len(template) > TEMPLATE_MAX:
        raise TooLarge(f"A command has at most {TEMPLATE_MAX:,} characters.")
    names = placeholders(template)
    unknown = [name for name in given if name not in declared and name not in names]
    values = {name: given.get(name, declared.get(name)) for name in names}
    missing = [name for name, value in values.items() if value is None]
    if missing or unknown:
        raise BadInput(
            " ".join(
                f"{what}: {', '.join(which)}."
                for what, which in (("No value for", missing), ("No such argument", unknown))
                if which
            ),
            errors=dict.fromkeys(missing, "required") | dict.fromkeys(unknown, "unknown"),
        )
    parts: list[str] = []
    length = end = 0
    for match in _PLACEHOLDER.finditer(template):
        parts += (template[end : match.start()], values[match[1]] or "")
        length += len(parts[-2]) + len(parts[-1])
        end = match.end()
        if length > FILLED_MAX:
            break
    if length + len(template) - end > FILLED_MAX:
        raise TooLarge(f"With these arguments the command is over {FILLED_MAX:,} characters.")
    return "".join((*parts, template[end:]))
