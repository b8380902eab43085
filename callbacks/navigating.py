"""Reading a page's state out of its URL."""

import re
from urllib.parse import parse_qsl

_QUERY_MAX = 8_000
_VALUE_MAX = 2_000
_FIELDS_MAX = 50
_NAME = re.compile(r"[a-z_]{1,30}")


def query_of(search: str | None) -> dict[str, str]:
    """The query of a URL within limits: the last value of a name wins, names that are no words are ignored."""
    text = (search or "")[:_QUERY_MAX].removeprefix("?")
    if text.count("&") >= _FIELDS_MAX:
        return {}
    return {key: value[:_VALUE_MAX] for key, value in parse_qsl(text) if _NAME.fullmatch(key)}
