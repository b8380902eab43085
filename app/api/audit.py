"""The audit log to take along; the query is that of the audit page, and who takes what is an entry of its own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from callbacks import viewer
from callbacks.navigating import query_of
from data.queries import audit as query
from domain.audit_view import FILTERS, AuditView
from domain.errors import NotFound
from domain.roles import Permission
from jobs import audit

blueprint = Blueprint("audit_api", __name__)

KINDS: dict[str, tuple[Callable[[AuditView], Iterator[bytes]], str]] = {
    "csv": (query.stream_csv, "text/csv; charset=utf-8"),
    "jsonl": (query.stream_json_lines, "application/x-ndjson"),
}


@blueprint.get("/export/audit.<kind>")
def entries(kind: str) -> Response:
    """All that match, oldest first; sent as they are read. The name of the file carries where the log ended."""
    me = viewer.current()
    me.require(Permission.READ_AUDIT)
    if kind not in KINDS:
        raise NotFound(f"The audit log can be had as {' or '.join(KINDS)}.")
    given = query_of(request.query_string.decode("ascii", "ignore"))
    asked = {name: given[name] for name in FILTERS if given.get(name)}
    view = AuditView.of(asked)
    point = audit.exported(me.actor, me.role, kind, asked)
    stream, content_type = KINDS[kind]
    response = Response(stream(view), content_type=content_type)
    name = f"aegis-audit-{datetime.now(UTC).date().isoformat()}-{point.entries}-{point.head}.{kind}"
    response.headers["Aegis-Audit-Head"] = str(point)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
