"""Uploading a file of tests, to be looked through before anything is imported; and the table to fill in."""

from flask import Blueprint, Response, jsonify

from app.api import sent_files
from callbacks import viewer
from data.sources.test_imports import csv_table
from domain.roles import Permission
from domain.test_imports.fields import MAX_BYTES
from jobs import test_imports

blueprint = Blueprint("test_imports_api", __name__)


@blueprint.post("/tests/import/upload")
def upload() -> tuple[Response, int]:
    """Keeps the multipart field `file`; answers 201 with its id as `touched`."""
    me = viewer.current()
    me.require(Permission.IMPORT_TESTS)
    file = sent_files.taken(sent_files.within(MAX_BYTES))
    kept = test_imports.keep(me.actor, me.role, file.stream, file.name)
    return jsonify(touched=str(kept), message="Received. Nothing is imported yet."), 201


@blueprint.get("/tests/import/template.csv")
def template() -> Response:
    viewer.current().require(Permission.READ)
    response = Response(csv_table.template(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="tests.csv"'
    return response
