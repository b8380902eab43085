"""Many tests at once: asked for from the table, followed until each has its answer."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import tests_table
from domain.errors import BadInput
from domain.testing.actions import ACTIONS
from domain.testing.person import Team
from domain.tests_view import TestsView
from jobs import bulk, workflow
from pages.components import bulk as shown


def register(app: Dash) -> None:
    @app.callback(
        Output("tests-results", "children"),
        Output("tests-batch", "data"),
        Output("tests-poll", "disabled"),
        Input("tests-table", "asked"),
        State("tests-filters", "value"),
        prevent_initial_call=True,
    )
    def do(asked: object, value: object) -> tuple[Any, Any, Any]:
        if not isinstance(asked, dict):
            raise PreventUpdate
        me = viewer.current()
        wanted = _wanted(asked)
        if asked.get("tests") is None:
            query = {name: str(text) for name, text in value.items()} if isinstance(value, dict) else {}
            chosen = _matching(TestsView.of(query, me.id))
        else:
            chosen = _chosen(asked["tests"])
        batch = {"id": str(bulk.do(me.actor, me.role, wanted, chosen)), "kind": wanted.kind}
        return _render(me, batch)[0], batch, False

    @app.callback(
        Output("tests-results", "children", allow_duplicate=True),
        Output("tests-table", "done"),
        Output("tests-poll", "disabled", allow_duplicate=True),
        Input("tests-poll", "n_intervals"),
        State("tests-batch", "data"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, batch: object) -> tuple[Any, Any, Any]:
        if not isinstance(batch, dict):
            raise PreventUpdate
        drawn, over = _render(viewer.current(), batch)
        return drawn, batch["id"] if over else no_update, over


def _render(me: Viewer, batch: Mapping[str, Any]) -> tuple[Any, bool]:
    """What became of the batch, and whether nothing of it waits any more."""
    answers = workflow.results(viewer.key(batch.get("id")), me.actor)
    named = tests_table.named([one.test_id for one in answers])
    results = [
        shown.Result(
            number=named[one.test_id][0] if one.test_id in named else None,
            title=named[one.test_id][1] if one.test_id in named else "This test is not there any more.",
            state=one.state,
            detail=one.detail or "",
        )
        for one in answers
    ]
    label = ACTIONS[batch["kind"]].label if batch.get("kind") in bulk.KINDS else ""
    return shown.render(label, results), not any(one.waits for one in results)


def _wanted(asked: Mapping[str, Any]) -> bulk.Wanted:
    team = str(asked.get("team"))
    return bulk.Wanted(
        key=viewer.key(asked.get("key")),
        kind=str(asked.get("kind")),
        team=team if team in set(Team) else Team.RED,
        person=viewer.key(asked["person"]) if asked.get("person") else None,
        reason=str(asked.get("reason") or ""),
    )


def _chosen(tests: object) -> list[bulk.Chosen]:
    if not isinstance(tests, list) or len(tests) > workflow.BATCH_MAX:
        raise BadInput(f"Between 1 and {workflow.BATCH_MAX:,} tests at a time.")
    try:
        return [bulk.Chosen(viewer.key(key), int(version)) for key, version in tests]
    except (TypeError, ValueError) as error:
        raise BadInput("These tests cannot be read. Reload the page and try again.") from error


def _matching(view: TestsView) -> list[bulk.Chosen]:
    """All tests of a view. Raises BadInput when they are more than may be done at once."""
    count = tests_table.count(view)
    if count.total is None or count.total > workflow.BATCH_MAX:
        raise BadInput(f"More than {workflow.BATCH_MAX:,} tests match; narrow the filters. Nothing was changed.")
    rows = tests_table.block(view, many=False, size=workflow.BATCH_MAX).rows
    return [bulk.Chosen(viewer.key(row["id"]), row["version"]) for row in rows]
