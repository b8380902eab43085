"""Evidence over HTTP: a file comes in a request of its own, and leaves by a link that is soon over."""

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from app.api import sent_files
from app.settings import Settings
from callbacks import viewer
from data import objects
from data.queries import evidence as kept
from data.queries.evidence import Kept
from domain.errors import BadInput, NotFound, TooLarge
from domain.evidence import LINK_SECONDS, MAX_BYTES
from domain.roles import Permission
from domain.testing.person import Team
from jobs import evidence

blueprint = Blueprint("evidence", __name__)

_LINK_IS_OVER = "This link is over. Open the file from its test again."
# What a file brings along may never run, whatever it is and however it is opened.
_HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@blueprint.post("/api/tests/<int:number>/evidence")
def add(number: int) -> tuple[Response, int]:
    """Keeps the multipart field `file` (and `caption`) with the side `?side=`; answers 201 with the item.

    Rights and the announced length are looked at before the body is read.
    """
    me = viewer.current()
    me.require(Permission.ADD_EVIDENCE)
    side = _side(request.args.get("side", ""))
    evidence.check_may_add(number, side, me.actor)
    limit = sent_files.within(MAX_BYTES)
    if (request.content_length or 0) > limit + sent_files.FORM_ROOM:
        raise TooLarge(f"A file has at most {limit // 1024**2:,} MB. Nothing was kept.")
    file = sent_files.taken(limit)
    caption = request.form.get("caption", "")
    made = evidence.attach(number, side, file.name, file.stream, me.actor, caption=caption, limit=limit)
    return jsonify(made.as_json()), 201


@blueprint.get("/api/evidence/<evidence_id>")
def get(evidence_id: str) -> AnyResponse:
    """Leads whoever may read to the file, by a link that opens it for LINK_SECONDS and always saves it."""
    viewer.current().require(Permission.READ)
    found = kept.file(viewer.key(evidence_id))
    return redirect(objects.signed_url(found.key, LINK_SECONDS) or _own_link(found))


@blueprint.get("/api/evidence/<evidence_id>/preview")
def preview(evidence_id: str) -> Response:
    """An image as an image, for those who may read; of other kinds there is none."""
    viewer.current().require(Permission.READ)
    found = kept.file(viewer.key(evidence_id))
    if not found.evidence.previewed:
        raise NotFound("Of this file there is no preview; download it.")
    return _answer(found, found.evidence.media_type)


@blueprint.delete("/api/evidence/<evidence_id>")
def delete(evidence_id: str) -> Response:
    """Deletes the file for the `reason` of the JSON body; answers with its tombstone."""
    me = viewer.current()
    me.require(Permission.MANAGE_EVIDENCE)
    given = request.get_json(silent=True)
    reason = given.get("reason", "") if isinstance(given, dict) else ""
    return jsonify(evidence.delete(viewer.key(evidence_id), str(reason), me.actor).as_json())


@blueprint.get("/files/<token>")
def open_link(token: str) -> Response:
    """What a link of our own leads to. Its signature is the right to read; a file deleted meanwhile is not there."""
    try:
        evidence_id = _signer().loads(token, max_age=LINK_SECONDS)
    except BadSignature as error:
        raise NotFound(_LINK_IS_OVER) from error
    found = kept.file(viewer.key(evidence_id))
    response = _answer(found, "application/octet-stream")
    response.headers["Content-Disposition"] = objects.attachment(found.evidence.name)
    return response


def _answer(found: Kept, media_type: str) -> Response:
    response = Response(objects.stream(found.key), mimetype=media_type, headers=_HARMLESS)
    response.content_length = found.evidence.size
    return response


def _own_link(found: Kept) -> str:
    path = url_for("evidence.open_link", token=_signer().dumps(str(found.evidence.id)))
    return (_settings().public_url or "") + path


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_settings().secret_key.get_secret_value(), salt="evidence")


def _side(text: str) -> Team:
    if text not in tuple(Team):
        raise BadInput("Say whose evidence it is: red or blue.", errors={"side": "red or blue"})
    return Team(text)


def _settings() -> Settings:
    settings: Settings = current_app.config["AEGIS"]
    return settings
