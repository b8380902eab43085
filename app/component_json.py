"""What components are sent as: the JSON that Dash would write, without looking at every value before it writes any."""

from typing import Any

import orjson
from dash import _callback


def written(tree: object) -> bytes:
    """`tree` is plain values and components; raises TypeError of anything else."""
    return orjson.dumps(tree, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def install() -> None:
    """Have Dash write the answers of callbacks so, for which it has no setting (docs/decisions/0082)."""
    assert callable(_callback.to_json)  # noqa: S101 - else another Dash writes elsewhere
    _callback.to_json = lambda value: written(value).decode()


def _plain(part: Any) -> Any:
    plain = getattr(part, "to_plotly_json", None)  # components, patches and figures have it
    if plain is None:
        raise TypeError(type(part).__name__)  # orjson says it in its own words
    return plain()
