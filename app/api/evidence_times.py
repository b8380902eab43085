"""The times that stand in a text file of a test's evidence."""

from flask import Blueprint, Response, jsonify

from callbacks import viewer
from data import objects
from data.queries import evidence
from domain.errors import NotFound
from domain.evidence_times import READ_MAX, times_in
from domain.roles import Permission

blueprint = Blueprint("evidence_times", __name__)

TEXT = "text/plain"


@blueprint.get("/api/evidence/<evidence_id>/times")
def times(evidence_id: str) -> Response:
    """`{times: [[moment in UTC, whether the file says its zone, the line]]}`, of the beginning of the file."""
    viewer.current().require(Permission.READ)
    found = evidence.file(viewer.key(evidence_id))
    if found.evidence.media_type != TEXT:
        raise NotFound("Times are read from text files only.")
    content = bytearray()
    for piece in objects.stream(found.key):
        content += piece
        if len(content) >= READ_MAX:
            break
    return jsonify(times=[[one.moment.isoformat(), one.zoned, one.line] for one in times_in(bytes(content))])
