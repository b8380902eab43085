"""The rules of a view to take along; the query is that of the rules page."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from callbacks import viewer
from callbacks.navigating import query_of
from data.queries import rules
from domain.roles import Permission
from domain.rules_view import RulesView

blueprint = Blueprint("rules_csv", __name__)


@blueprint.get("/export/rules.csv")
def all_that_match() -> Response:
    """All that match, in their order; sent as it is read."""
    viewer.current().require(Permission.READ)
    query = query_of(request.query_string.decode("ascii", "ignore"))
    response = Response(rules.csv(RulesView.of(query)), content_type="text/csv; charset=utf-8")
    name = f"aegis-rules-{datetime.now(UTC).date().isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
