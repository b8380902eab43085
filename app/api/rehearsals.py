"""Uploading a bundle to be rehearsed: streamed to the object store, then read by a job."""

from pathlib import PurePath
from uuid import uuid4

from flask import Blueprint, Response, current_app, jsonify, request

from callbacks import viewer
from data import objects
from data.sources import registry
from domain.errors import BadInput
from domain.roles import Permission
from jobs import rehearsals

blueprint = Blueprint("rehearsals_api", __name__)

_NAME_MAX = 120


@blueprint.post("/rehearsals/upload")
def upload() -> tuple[Response, int]:
    """Answers 202 with the id of the rehearsal that will read the file."""
    me = viewer.current()
    me.require(Permission.RUN_SYNC)
    limit = registry.info("attack").max_bytes
    request.max_content_length = min(limit, current_app.config["AEGIS"].max_upload_mb * 1024 * 1024)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("Choose a file first.", errors={"file": "missing"})
    name = PurePath(file.filename.replace("\\", "/")).name[-_NAME_MAX:]
    key = f"uploads/rehearsals/{uuid4().hex}/{name}"
    objects.put(key, file.stream)
    given = {"kind": "upload", "key": key, "name": name}
    try:
        made = rehearsals.request(me.actor, me.role, given, version=request.form.get("version"))
    except Exception:
        objects.delete(key)
        raise
    return jsonify(rehearsal_id=str(made)), 202
