"""For machines that watch: is the process alive, and can it answer?"""

import redis
from flask import Blueprint, Response, jsonify

from data import lane
from data import redis as redis_connection
from domain.errors import Unavailable

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def live() -> Response:
    """The process answers; says nothing of what it needs."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 while pages can be answered: the database must be there; without Redis it is only slower."""
    state = {"database": _database(), "redis": _redis()}
    good = state["database"] == "ok"
    return jsonify(status="ok" if good else "unavailable", **state), 200 if good else 503


def _database() -> str:
    try:
        lane.ask("SELECT 1")
    except Unavailable:
        return "unavailable"
    return "ok"


def _redis() -> str:
    try:
        redis_connection.client().ping()
    except redis.RedisError:
        return "unavailable"
    return "ok"
