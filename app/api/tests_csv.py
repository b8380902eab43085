"""The tests of a view to take along; the query is that of the tests page."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from callbacks import viewer
from callbacks.navigating import query_of
from data.queries import tests_csv
from domain.roles import Permission
from domain.tests_view import TestsView

blueprint = Blueprint("tests_csv", __name__)


@blueprint.get("/export/tests.csv")
def tests() -> Response:
    """All that match, in their order, with the columns that are shown; sent as it is read."""
    me = viewer.current()
    me.require(Permission.READ)
    query = query_of(request.query_string.decode("ascii", "ignore"))
    columns = [one for one in query.get("columns", "").split(",") if one]
    response = Response(tests_csv.stream(TestsView.of(query, me.id), columns), content_type="text/csv; charset=utf-8")
    name = f"aegis-tests-{datetime.now(UTC).date().isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
