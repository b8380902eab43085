"""A framework to take along, and uploading one of one's own to be looked through."""

from flask import Blueprint, Response, jsonify, request

from app.api import sent_files
from callbacks import viewer
from callbacks.compliance import day_asked
from data.queries import compliance_csv, measured
from data.sources import own_framework
from domain.roles import Permission
from jobs import frameworks

blueprint = Blueprint("compliance_api", __name__)


@blueprint.get("/export/compliance/<slug>.csv")
def export(slug: str) -> Response:
    """Every row of the mapping with its state and tests; `?as_of=` as on the page."""
    viewer.current().require(Permission.READ)
    day = day_asked(request.args.get("as_of"))
    response = Response(compliance_csv.stream(slug, day), content_type="text/csv; charset=utf-8")
    name = f"aegis-{slug}-{(day or measured.today()).isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.post("/compliance/import/upload")
def upload() -> tuple[Response, int]:
    """Keeps the multipart field `file`; answers 201 with its id as `touched`."""
    me = viewer.current()
    me.require(Permission.MANAGE_FRAMEWORKS)
    file = sent_files.taken(sent_files.within(own_framework.MAX_BYTES))
    kept = frameworks.keep(me.actor, me.role, file.stream, file.name)
    return jsonify(touched=str(kept), message="Received. Nothing is imported yet."), 201


@blueprint.get("/compliance/import/template.csv")
def template() -> Response:
    viewer.current().require(Permission.READ)
    response = Response(own_framework.template(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="framework.csv"'
    return response
