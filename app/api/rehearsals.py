"""Uploading a bundle to be rehearsed: streamed to the object store, then read by a job."""

from flask import Blueprint, Response, jsonify, request

from app.api import sent_files
from callbacks import viewer
from data.sources import registry
from domain.roles import Permission
from jobs import rehearsals

blueprint = Blueprint("rehearsals_api", __name__)


@blueprint.post("/rehearsals/upload")
def upload() -> tuple[Response, int]:
    """Answers 202 with the id of the rehearsal that will read the file."""
    me = viewer.current()
    me.require(Permission.RUN_SYNC)
    with sent_files.kept_for_a_job("rehearsals", registry.info("attack").max_bytes) as given:
        made = rehearsals.request(me.actor, me.role, given, version=request.form.get("version"))
    return jsonify(rehearsal_id=str(made)), 202
