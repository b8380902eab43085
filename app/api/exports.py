"""What the heatmap shows, to take along: the query is that of the page. And the layers that are laid over it."""

import csv
import io
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request

from app.api import sent_files
from callbacks import viewer
from data.queries import heatmap_view
from data.queries.heatmap_view import Loaded
from domain import heatmap_export, matrix_picture, navigator
from domain.errors import NotFound
from domain.heatmap_shown import Shown
from domain.roles import Permission
from jobs import overlays
from pages.components import tokens

blueprint = Blueprint("exports", __name__)

KINDS = {"json": "application/json", "csv": "text/csv; charset=utf-8", "svg": "image/svg+xml; charset=utf-8"}


@blueprint.get("/export/heatmap.<kind>")
def heatmap(kind: str) -> Response:
    viewer.current().require(Permission.READ)
    if kind not in KINDS:
        raise NotFound(f"The heatmap can be had as {', '.join(KINDS)}.")
    content, name = export(kind, heatmap_view.load(request.args))
    response = Response(content, content_type=KINDS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def export(kind: str, loaded: Loaded) -> tuple[bytes, str]:
    """The file and its name. Raises NotFound when there is no map to export."""
    shown = loaded.shown
    if shown is None:
        raise NotFound("No ATT&CK content is loaded, so there is nothing to export. Sync ATT&CK first.")
    made = {"json": _layer, "csv": _table, "svg": _picture}[kind](loaded, shown)
    day = datetime.now(UTC).date().isoformat()
    return made, f"aegis-{shown.domain}-{shown.version}-{shown.mode.key}-{day}.{kind}"


def _layer(loaded: Loaded, shown: Shown) -> bytes:
    return navigator.to_json(heatmap_export.layer_of(shown, loaded.scope, tokens.LIGHT))


def _table(_loaded: Loaded, shown: Shown) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heatmap_export.COLUMNS)
    writer.writerows(heatmap_export.rows(shown))
    return text.getvalue().encode("utf-8-sig")


def _picture(loaded: Loaded, shown: Shown) -> bytes:
    title = heatmap_export.title(shown)
    return matrix_picture.svg(shown, title=title, scope=loaded.scope, colours=tokens.LIGHT).encode()


@blueprint.post("/overlays")
def add_overlay() -> tuple[Response, int]:
    """Keeps the layer or layers of the multipart field `file`; answers 201 with what was kept."""
    me = viewer.current()
    me.require(Permission.OVERLAY)
    file = sent_files.taken(navigator.MAX_BYTES)
    kept = overlays.keep(me.actor, me.role, file.stream.read(navigator.MAX_BYTES + 1))
    body = [
        {"id": str(one.id), "name": one.name, "domain": one.domain, "placed": one.placed, "not_placed": one.left_out}
        for one in kept
    ]
    return jsonify(layers=body, message=_added(kept)), 201


def _added(kept: list[overlays.Kept]) -> str:
    names = ", ".join(f"“{one.name}”" for one in kept)
    left_out = sum(len(one.left_out) for one in kept)
    which = "1 technique id is" if left_out == 1 else f"{left_out} technique ids are"
    missing = f" {which} not on the loaded ATT&CK version." if left_out else ""
    return f"Added {names}.{missing}"
