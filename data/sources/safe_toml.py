"""TOML from outside: what would take the reader for ever or nest without end is refused before or while it is read.

The standard library's reader looks at every prefix of a dotted key, so that a key of a hundred thousand parts costs
hours. Strings are taken out first: what is left of a line are keys, numbers and punctuation.
"""

import re
import tomllib
from typing import Any

_KEY_PARTS_MAX = 32
_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' + r"'''.*?'''|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|#[^\n]*",
    re.DOTALL,
)


class Unreadable(Exception):
    """Why a document cannot be used, in words that follow its name: "is not valid TOML (...)"."""


def load(text: str) -> dict[str, Any]:
    """The tables in `text`; dates come as dates. Raises Unreadable."""
    plain = text.replace("\r\n", "\n")
    if any(line.count(".") > _KEY_PARTS_MAX for line in _STRINGS.sub("", plain).split("\n")):
        raise Unreadable(f"has a key of more than {_KEY_PARTS_MAX} parts")
    try:
        return tomllib.loads(plain)
    except RecursionError as error:
        raise Unreadable("is nested too deep") from error
    except ValueError as error:  # TOMLDecodeError, and numbers or dates that do not exist
        raise Unreadable(f"is not valid TOML ({_short(str(error))})") from error


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
