"""The one place where errors become what a person or a program sees."""

import logging

from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from domain.errors import AegisError, NotFound, TooLarge, Unavailable

log = logging.getLogger(__name__)

_TITLES = {
    401: "Signed out",
    403: "Not for your role",
    404: "Nothing here",
    409: "Not possible now",
    413: "Too large",
    422: "Not usable",
    429: "Too many attempts",
    500: "Something broke",
    503: "Not available just now",
}
_BROKEN = (
    "Something went wrong on our side. Nothing was half-done; try again, and tell your administrator the request id."
)


def install(server: Flask) -> None:
    server.register_error_handler(AegisError, respond)
    server.register_error_handler(HTTPException, _http)
    server.register_error_handler(Exception, _unexpected)


def respond(error: AegisError) -> AnyResponse:
    """A page for browsers that navigate, `{detail, code, errors?}` for everybody else."""
    if wants_page():
        return _page(error.status, error.detail)
    body: dict[str, object] = {"detail": error.detail, "code": error.code}
    if error.errors:
        body["errors"] = error.errors
    response: Response = jsonify(body)
    response.status_code = error.status
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = "2"
    return response


def wants_page() -> bool:
    """Whether a person's browser navigates here, rather than a script that asks for data."""
    if request.path.startswith(("/_dash", "/_reload", "/api/")) or request.method not in {"GET", "HEAD"}:
        return False
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html"


def _page(status: int, detail: str) -> AnyResponse:
    page = render_template(
        "error.html",
        status=status,
        title=_TITLES.get(status, "Not possible"),
        detail=detail,
        request_id=g.get("request_id", ""),
        retry=status == Unavailable.status,
        csrf_token=generate_csrf,
    )
    response = Response(page, status=status, mimetype="text/html")
    if status == Unavailable.status:
        response.headers["Retry-After"] = "2"
    return response


def _http(error: HTTPException) -> AnyResponse:
    if isinstance(error, RequestEntityTooLarge):
        return respond(TooLarge("This upload is larger than the limit. Nothing was changed."))
    status = error.code or 500
    if status == NotFound.status:
        return respond(NotFound("There is nothing at this address."))
    if status >= 500:
        return _unexpected(error)
    if 300 <= status < 400:
        return error.get_response()
    made = AegisError(error.description or "This request cannot be answered.")
    made.status, made.code = status, (error.name or "error").lower().replace(" ", "_")
    return respond(made)


def _unexpected(error: Exception) -> AnyResponse:
    log.error("Unexpected error on %s %s", request.method, request.path, exc_info=error)
    made = AegisError(_BROKEN)
    made.status, made.code = 500, "internal"
    return respond(made)
