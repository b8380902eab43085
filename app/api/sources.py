"""Uploading a source's file: streamed to the object store, then read by a job like any other sync."""

from flask import Blueprint, Response, jsonify, request

from app.api import sent_files
from callbacks import viewer
from data.sources import registry
from jobs import syncs

blueprint = Blueprint("sources_api", __name__)

_VERSION_MAX = 20


@blueprint.post("/sources/<slug>/upload")
def upload(slug: str) -> tuple[Response, int]:
    """Answers 202 with the id of the run that will read the file."""
    me = viewer.current()
    entry = registry.entry(slug)
    me.require(entry.permission)
    with sent_files.kept_for_a_job(slug, entry.info.max_bytes) as given:
        version = request.form.get("version", "").strip()[:_VERSION_MAX] or None
        run_id = syncs.request_sync(slug, actor=me.actor, input=given, version=version, trigger="person")
    return jsonify(run_id=str(run_id)), 202
