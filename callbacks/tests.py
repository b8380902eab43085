"""The tests page: the rows the grid asks for, and what changes with the filters."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import tests_bulk, tests_views, viewer
from callbacks.viewer import Viewer
from data.queries import tests_board, tests_choices, tests_queue, tests_table
from data.queries.tests_table import Block, Count, Mark
from domain.errors import AegisError, BadInput
from domain.roles import Permission
from domain.tests_view import Order, TestsView
from jobs import bulk
from pages import tests as page
from pages.components import tests_board as board
from pages.components import tests_table as table
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _tests(me, asked)
    body, answer = _body(me, data)
    return page.layout(data, body), page.TITLE, answer


def register(app: Dash) -> None:
    tests_bulk.register(app)
    tests_views.register(app)

    @app.callback(
        Output("tests-filters", "fields"),
        Output("tests-body", "children"),
        Output("tests-view", "data"),
        Input("tests-filters", "value"),
        State("tests-view", "data"),
        prevent_initial_call=True,
    )
    def filter_(value: object, shown: str | None) -> tuple[Any, Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _tests(me, _said(value))
        if data.view == shown == page.TABLE:
            return page.filter_fields(data), no_update, no_update  # the grid asks for its rows itself
        body, answer = _body(me, data)
        set_props("answer", {"children": answer})
        return page.filter_fields(data), body, data.view

    @app.callback(
        Output("tests-grid", "getRowsResponse"),
        Output("tests-table", "count"),
        Output("tests-marks", "data"),
        Input("tests-grid", "getRowsRequest"),
        State("tests-filters", "value"),
        State("tests-marks", "data"),
        prevent_initial_call=True,
    )
    def rows(request: object, value: object, marks: object) -> tuple[Any, Any, Any]:
        if not isinstance(request, dict):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        query = _said(value) | {"sort": _sort(request.get("sortModel"))}
        try:
            return _rows(TestsView.of(query, me.id), query, _number(request.get("startRow")), marks)
        except AegisError as error:  # the grid waits for an answer, whatever it is
            set_props(toast.REGION, {"children": toast.toast(error.detail, "failed")})
            return {"rowData": [], "rowCount": 0}, no_update, no_update


def _rows(view: TestsView, query: Mapping[str, str], start: int, kept: object) -> tuple[Any, Any, Any]:
    """One block, the count of all, and where the next block starts. `kept` is what the block before left here."""
    known = _known(kept, query) if start else None
    count, after = known or (tests_table.count(view), None)
    if start and count.many and known is None and start > tests_table.MANY:
        raise BadInput("Too far down to be found from here; narrow the filters, or turn the order round.")
    found = tests_table.block(view, many=count.many, start=start, after=after.get(start) if after else None)
    response = {"rowData": [table.row(one) for one in found.rows], "rowCount": _end(count, found, start)}
    shown = {"total": count.total, "many": count.many, "order": found.order if found.order != view.order else None}
    if start == 0:
        filtered = _is_filtered(view)
        set_props("answer", {"children": page.answer(count.total, many=count.many, filtered=filtered)})
    return response, shown, _marks(query, count, after or {}, start, found)


def _end(count: Count, found: Block, start: int) -> int | None:
    """How many rows the grid can go down to; None: more than it has seen."""
    if not count.many:
        return count.total
    return None if len(found.rows) == tests_table.BLOCK else start + len(found.rows)


def _marks(query: Mapping[str, str], count: Count, marks: Mapping[int, Mark], start: int, found: Block) -> Any:
    """For the browser to keep: it costs nothing here, and no other question can be asked with them."""
    marks = dict(marks)
    if found.end is not None:
        marks[start + tests_table.BLOCK] = found.end
    return {
        "query": dict(query),
        "total": count.total,
        "many": count.many,
        "marks": [[row, mark.key, mark.number] for row, mark in marks.items()],
    }


def _known(kept: object, query: Mapping[str, str]) -> tuple[Count, dict[int, Mark]] | None:
    """What the browser kept of the same question; None when it is another one or not of our making."""
    if not isinstance(kept, dict) or kept.get("query") != query:
        return None
    try:
        total = None if kept["total"] is None else int(kept["total"])
        marks = {int(row): Mark(str(key)[:100], int(number)) for row, key, number in kept["marks"]}
    except (KeyError, TypeError, ValueError):
        return None
    return Count(total, many=bool(kept["many"])), marks


def _sort(model: object) -> str:
    """The grid's word for the order, in the words of the address."""
    first = model[0] if isinstance(model, list) and model and isinstance(model[0], dict) else {}
    name = str(first.get("colId", ""))
    if name not in set(Order):
        return ""
    return name if Order(name).falls == (first.get("sort") == "desc") else f"-{name}"


def _number(given: object) -> int:
    return given if isinstance(given, int) and 0 <= given <= 100_000_000 else 0


def _said(value: object) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _tests(me: Viewer, asked: Mapping[str, str]) -> page.Tests:
    template = asked.get("template", "")
    found = tests_choices.choices(template)
    return page.Tests(
        query=asked,
        choices=page.Choices(
            tools=found.tools,
            tactics=found.tactics,
            campaigns=found.campaigns,
            people=found.people,
            teams=found.teams,
            template=(template, found.template) if found.template else None,
        ),
        views=tests_views.views(me),
        may_share=me.may(Permission.COMMENT),
        actions=[kind for kind, permission in bulk.KINDS.items() if me.may(permission)],
        may_plan=me.may(Permission.PLAN_TEST),
        may_import=me.may(Permission.IMPORT_TESTS),
    )


def _is_filtered(view: TestsView) -> bool:
    return view != TestsView(order=view.order, falling=view.falling)


def _body(me: Viewer, data: page.Tests) -> tuple[Any, str]:
    """What the chosen view shows, and the line in the top bar; the table says its own when it has counted."""
    if data.view == page.BOARD:
        view = TestsView.of(data.query, me.id)
        columns = tests_board.board(view)
        said = page.answer_of_board((one.total for one in columns), filtered=_is_filtered(view))
        return page.render_board(data, [(one.state, one.total, one.rows) for one in columns]), said
    if data.view == page.MINE:
        parts = [
            board.Waiting(key=one.key, total=one.total, rows=one.rows) for one in tests_queue.queue(me.id, me.role)
        ]
        return board.render_queue(parts), page.answer_of_queue(sum(part.total for part in parts))
    return page.render_table(data), ""
