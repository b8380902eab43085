"""The bell: how many notifications are unread, the last of them, and marking them as read."""

from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from callbacks import viewer
from callbacks.notifications import item
from data.database import reading
from data.queries import notifications as query
from domain.errors import BadInput
from domain.roles import Permission
from jobs import notifications

blueprint = Blueprint("notifications_api", __name__)

SHOWN = 8
_BODY_MAX = 64 * 1024


@blueprint.get("/api/notifications/count")
def count() -> Response:
    """`{unread}`. Cheap, so that open pages can ask again and again."""
    me = viewer.current()
    me.require(Permission.READ)
    return jsonify(unread=query.unread(me.id))


@blueprint.get("/api/notifications")
def latest() -> Response:
    """`{unread, failed, items: [{id, kind, title, body, link, at, read}]}`: the last ones, newest first."""
    me = viewer.current()
    me.require(Permission.READ)
    with reading() as session:
        told = query.latest(session, me.id, limit=SHOWN)
        lost = query.failed(session, me.id, roles=me.may(Permission.MANAGE_CHANNELS), limit=1)
    return jsonify(
        unread=told[0].unread if told else 0, failed=lost[0].total if lost else 0, items=[item(one) for one in told]
    )


@blueprint.post("/api/notifications/read")
def read() -> Response:
    """`{ids: [...]}` marks these of one's own, `{until: moment}` all that were there then; answers `{unread}`."""
    me = viewer.current()
    me.require(Permission.READ)
    request.max_content_length = _BODY_MAX
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("ids", []), list) or ("ids" in body) == ("until" in body):
        raise BadInput("Say which notifications are read: a list of ids, or until when.")
    if "ids" in body:
        notifications.mark_read(me.id, me.role, [viewer.key(one) for one in body["ids"]])
    else:
        notifications.mark_read(me.id, me.role, None, until=_moment(body["until"]))
    return jsonify(unread=query.unread(me.id))


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput("This is not a moment.", errors={"until": "invalid"}) from error
    if moment.tzinfo is None:
        raise BadInput("A moment names its time zone.", errors={"until": "no zone"})
    return moment
