"""Uploading a file of tests, to be looked through before anything is imported; and the table to fill in."""

from flask import Blueprint, Response, current_app, jsonify, request

from callbacks import viewer
from data.sources.test_imports import csv_table
from domain.errors import BadInput
from domain.roles import Permission
from domain.test_imports.fields import MAX_BYTES
from jobs import test_imports

blueprint = Blueprint("test_imports_api", __name__)

_FORM_ROOM = 64 * 1024  # of a multipart body around the file


@blueprint.post("/tests/import/upload")
def upload() -> tuple[Response, int]:
    """Keeps the multipart field `file`; answers 201 with its id as `touched`."""
    me = viewer.current()
    me.require(Permission.IMPORT_TESTS)
    limit = min(MAX_BYTES, current_app.config["AEGIS"].max_upload_mb * 1024 * 1024)
    request.max_content_length = limit + _FORM_ROOM
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("Choose a file first.", errors={"file": "missing"})
    kept = test_imports.keep(me.actor, me.role, file.stream, file.filename)
    return jsonify(touched=str(kept), message="Received. Nothing is imported yet."), 201


@blueprint.get("/tests/import/template.csv")
def template() -> Response:
    viewer.current().require(Permission.READ)
    response = Response(csv_table.template(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="tests.csv"'
    return response
