"""Our styles and scripts, each in one file: opening the first page asks twice instead of thirty times.

The chart library is a file of its own, fetched by the first page that has a chart.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request

from pages.components import charts

ENDPOINT = "bundle.get"
CHARTS_ENDPOINT = "bundle.chart_library"
# in the head of the document by itself, before anything is painted
_ALONE = frozenset({"theme.js"})
_TYPES = {"css": "text/css", "js": "text/javascript"}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Bundle:
    """All files of one kind, in the order of their names; the address changes with the content."""

    kind: str
    content: bytes
    zipped: bytes
    digest: str

    @classmethod
    def of(cls, folder: Path, kind: str) -> "Bundle":
        files = sorted(one for one in folder.glob(f"*.{kind}") if one.name not in _ALONE)
        content = b"\n".join(one.read_bytes() for one in files)
        digest = hashlib.blake2b(content, digest_size=8).hexdigest()
        return cls(kind, content, gzip.compress(content, mtime=0), digest)

    @property
    def address(self) -> str:
        """Beside the single files, so that what styles refer to is found from here, too."""
        return f"/assets/{self.digest}.{self.kind}"


def install(server: Flask, folder: Path) -> tuple[str, str]:
    """Serve what is in `folder` now; returns the addresses of the styles and of the scripts."""
    styles, scripts = Bundle.of(folder, "css"), Bundle.of(folder, "js")
    bundles = {(one.digest, one.kind): one for one in (styles, scripts)}
    blueprint = Blueprint("bundle", __name__)

    @blueprint.get("/assets/<string(length=16):digest>.<any(css, js):kind>")
    def get(digest: str, kind: str) -> Response:
        found = bundles.get((digest, kind)) or abort(404)
        return _for_good(found.zipped, kind)

    @blueprint.get(charts.LIBRARY)
    def chart_library() -> Response:
        return _for_good(_plotly(), "js")

    server.register_blueprint(blueprint)
    return styles.address, scripts.address


def _for_good(zipped: bytes, kind: str) -> Response:
    """An answer that browsers keep; whoever cannot unpack it gets it unpacked."""
    accepted = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(zipped if accepted else gzip.decompress(zipped), mimetype=_TYPES[kind])
    if accepted:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _FOR_GOOD
    return response


@cache
def _plotly() -> bytes:
    """The library of the installed plotly, compressed when it is first asked for: most processes never are."""
    return gzip.compress((files("plotly") / "package_data" / "plotly.min.js").read_bytes(), compresslevel=6, mtime=0)
