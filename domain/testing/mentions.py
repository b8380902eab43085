"""Who is spoken to in a comment."""

import re

MENTIONS_MAX = 20

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(r"(?<![A-Za-z0-9_.@/+-])@([A-Za-z0-9_-]{3,50})(?![A-Za-z0-9_-])")


def mentioned(text: str) -> tuple[str, ...]:
    """Usernames after an @, in order, each once (in any case), at most MENTIONS_MAX.

    An @ inside a word (a mail address) or inside `code` speaks to nobody. Whether there is such a person is not known
    here.
    """
    found: dict[str, str] = {}
    for match in _MENTION.finditer(_CODE.sub(" ", text)):
        found.setdefault(match[1].lower(), match[1])
    return tuple(found.values())[:MENTIONS_MAX]
