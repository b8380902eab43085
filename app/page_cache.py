"""Pages kept as the bytes that go to the browser, compressed.

What a page costs is mostly drawing its components, not asking for its data. A page that shows the same to everybody of
a role is therefore kept whole, under the generations of everything it shows, and handed out before Dash is asked. The
guards run first: nothing here is reached by a request they would turn away.
"""

import gzip
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, Response, request

from app.component_json import written
from callbacks import viewer
from data import cache
from domain.errors import AegisError

TOPICS = (
    "tests",
    "rules",
    "techniques",
    "weights",
    "templates",
    "countermeasures",
    "threats",
    "frameworks",
    "control_decisions",
    "snapshots",
    "sources",
    "overlays",
)
_CALLBACK = "/_dash-update-component"
_BODY_MAX = 4_000  # a longer question is not one that many ask
_OUTPUTS = ("page", "title", "answer")
OUTPUT = ".." + "...".join(f"{name}.children" for name in _OUTPUTS) + ".."

# path and search -> content, title and the one-line answer
Open = Callable[[str, str], tuple[Any, Any, Any]]


def install(server: Flask, is_kept: Callable[[str], bool], open_page: Open) -> None:
    """Answer the question that opens a page from the cache, where the page at a path is one that is kept."""

    @server.before_request
    def answer() -> Response | None:
        if request.path != _CALLBACK or request.method != "POST" or (request.content_length or 0) > _BODY_MAX:
            return None
        asked = _asked(request.get_data())
        return _answer(open_page, *asked) if asked and is_kept(asked[0]) else None


def _answer(open_page: Open, path: str, search: str) -> Response | None:
    me = viewer.current()
    params = {
        "path": path,
        "search": search,
        "role": me.role,
        "hour": f"{datetime.now(UTC):%Y-%m-%dT%H}",  # ages of evidence are counted in days, open times in hours
    }

    def compute() -> bytes:
        parts = zip(_OUTPUTS, open_page(path, search), strict=True)
        shown = {name: {"children": part} for name, part in parts}
        return gzip.compress(written({"multi": True, "response": shown}), compresslevel=6, mtime=0)

    try:
        body = cache.serve("page.gz", params, TOPICS, compute, numbers=me.generations)
    except AegisError:
        return None  # the ordinary way says what is wrong, and is not kept
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(body if zipped else gzip.decompress(body), mimetype="application/json")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _asked(body: bytes) -> tuple[str, str] | None:
    """Path and query of the page that is asked for; None when the body asks something else."""
    try:
        question = orjson.loads(body)
        if question["output"] != OUTPUT:
            return None
        path, search = _value(question["inputs"]), _value(question["state"])
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return None
    return (path, search or "") if isinstance(path, str) and isinstance(search or "", str) else None


def _value(entries: list[Mapping[str, Any]]) -> Any:
    return entries[0].get("value")
