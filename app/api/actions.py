"""Actions on tests over HTTP, for our own pages and for programs: asked under a key, answered or queued."""

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from callbacks import viewer
from data.queries import search, security_test
from data.repositories.workflow import Answer, Asked
from domain.errors import BadInput
from domain.roles import Permission
from jobs import presence, workflow

blueprint = Blueprint("actions_api", __name__)

BODY_MAX = 2 * 1024 * 1024  # bytes: a procedure with its arguments at their limits, and room
_VERSION_MAX = 2**31 - 1


@blueprint.post("/api/actions")
def act() -> tuple[Response, int]:
    """`{key, kind, test, seen_version, payload}` -> `{key, state, version, detail, code, worker}`.

    200 when it is done, 202 when it is accepted and waits (`worker` says whether anybody is there to do it). What the
    rules refuse is answered as any error is. The same key again is the same action.
    """
    me = viewer.current()
    me.require(Permission.COMMENT)  # the least that any action asks for; the rest is for the test to say
    request.max_content_length = BODY_MAX
    return _answer(workflow.ask(_asked(request.get_json(silent=True)), me.actor))


@blueprint.get("/api/actions/<key>")
def result(key: str) -> tuple[Response, int]:
    """How an action of one's own stands, as `act` answers; also when it was refused in the meantime."""
    me = viewer.current()
    me.require(Permission.COMMENT)
    return _answer(workflow.own_answer(viewer.key(key), me.actor))


@blueprint.get("/api/tests/<int:number>/version")
def version(number: int) -> Response:
    """`{version, waiting, entries, ahead, worker}`: changes whenever the test does. Cheap: open pages ask often."""
    viewer.current().require(Permission.READ)
    now = security_test.standing(number)
    return jsonify(
        version=now.version,
        waiting=now.waiting,
        entries=now.entries,
        ahead=now.ahead,
        worker=presence.worker_for(workflow.QUEUE),
    )


@blueprint.get("/api/rules")
def rules() -> Response:
    """`?q=words` -> `{rules: [[id, title]]}`: which rule fired may be one that claims another technique."""
    viewer.current().require(Permission.READ)
    return jsonify(rules=[[row["id"], row["title"]] for row in search.rules(request.args.get("q", ""))])


def _asked(body: object) -> Asked:
    """Raises BadInput for anything that is not a whole question."""
    if not isinstance(body, dict):
        raise BadInput("Send the action as JSON: key, kind, test, seen_version and payload.")
    payload, seen, kind = body.get("payload", {}), body.get("seen_version"), body.get("kind")
    if not isinstance(kind, str):
        raise BadInput("Say which action it is.", errors={"kind": "required"})
    if not isinstance(payload, dict):
        raise BadInput("The payload holds the fields of the action by name.", errors={"payload": "invalid"})
    if seen is not None and (type(seen) is not int or not 0 < seen <= _VERSION_MAX):
        raise BadInput("The version you saw is a whole number.", errors={"seen_version": "invalid"})
    return Asked(key=_uuid(body, "key"), kind=kind, test_id=_uuid(body, "test"), payload=payload, seen_version=seen)


def _uuid(body: dict[str, object], name: str) -> UUID:
    value = body.get(name)
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise BadInput(f"The {name} has to be a UUID.", errors={name: "invalid"}) from None


def _answer(answer: Answer) -> tuple[Response, int]:
    if answer.state == "refused":
        raise workflow.refusal(answer)
    body = {
        "key": str(answer.key),
        "state": answer.state,
        "version": answer.version,
        "detail": answer.detail,
        "code": answer.code,
        "worker": answer.finished or presence.worker_for(workflow.QUEUE),
    }
    return jsonify(body), 200 if answer.finished else 202
