"""Uploading a source's file: streamed to the object store, then read by a job like any other sync."""

from pathlib import PurePath
from uuid import uuid4

from flask import Blueprint, Response, current_app, jsonify, request

from callbacks import viewer
from data import objects
from data.sources import registry
from domain.errors import BadInput
from jobs import syncs

blueprint = Blueprint("sources_api", __name__)

_NAME_MAX = 120
_VERSION_MAX = 20


@blueprint.post("/sources/<slug>/upload")
def upload(slug: str) -> tuple[Response, int]:
    """Answers 202 with the id of the run that will read the file."""
    me = viewer.current()
    entry = registry.entry(slug)
    me.require(entry.permission)
    info = entry.info
    request.max_content_length = min(info.max_bytes, current_app.config["AEGIS"].max_upload_mb * 1024 * 1024)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("Choose a file first.", errors={"file": "missing"})
    name = PurePath(file.filename.replace("\\", "/")).name[-_NAME_MAX:]
    version = request.form.get("version", "").strip()[:_VERSION_MAX] or None
    key = f"uploads/{slug}/{uuid4().hex}/{name}"
    objects.put(key, file.stream)
    try:
        run_id = syncs.request_sync(
            slug, actor=me.actor, input={"kind": "upload", "key": key, "name": name}, version=version, trigger="person"
        )
    except Exception:
        objects.delete(key)
        raise
    return jsonify(run_id=str(run_id)), 202
