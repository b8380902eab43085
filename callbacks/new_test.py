"""Planning a test by hand."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from dash import Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import tests_choices, tests_table
from domain.attack_ids import normalise
from domain.errors import BadInput
from domain.platforms import PLATFORMS
from domain.roles import Permission
from domain.testing import actions
from jobs import workflow
from pages import new_test as page
from pages.components import toast

_QUEUED = "Accepted. It is planned as soon as a worker is free; you will find it among the tests."


def open(me: Viewer, asked: Mapping[str, str]) -> object:
    me.require(Permission.PLAN_TEST)
    platform = asked.get("platform", "")
    return page.layout(
        page.NewTest(
            key=uuid4(),
            techniques=tests_choices.techniques(),
            campaigns=tests_choices.choices().campaigns,
            technique=normalise(asked.get("technique", "")),
            platform=platform if platform in PLATFORMS else "Windows",
        )
    )


def register(app: Dash) -> None:
    @app.callback(
        Output("new-test-key", "data"),
        Input("new-test-save", "n_clicks"),
        State("new-test-key", "data"),
        *(State(f"new-test-{name}", "value") for name in page.FIELDS),
        prevent_initial_call=True,
    )
    def plan(clicks: int | None, key: object, *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.PLAN_TEST)
        action = _action(viewer.key(key), dict(zip(page.FIELDS, given, strict=True)))
        answer = workflow.ask(workflow.asked(action, action.id, action.id), me.actor)
        set_props(toast.REGION, {"children": toast.toast("The test is planned." if answer.finished else _QUEUED)})
        if answer.finished:
            number, _ = tests_table.named([action.id])[action.id]
            set_props("url", {"pathname": f"/test/{number}", "search": ""})
        return no_update


def _action(key: Any, said: Mapping[str, Any]) -> actions.Create:
    words = str(said["technique"] or "").split()
    claimed = normalise(words[0][:20]) if words else ""
    technique = tests_choices.technique_key(claimed) if claimed else ""
    if not technique:
        raise BadInput("Choose a technique by its id, such as T1059.001.", errors={"technique": "required"})
    return actions.Create(
        id=key,
        title=str(said["title"] or ""),
        technique_id=UUID(technique),
        claimed_technique=claimed,
        procedure_key=f"manual:{key}",
        platform=str(said["platform"] or ""),
        environment=str(said["environment"] or ""),
        priority=int(said["priority"]) if said["priority"] in ("1", "2", "3") else 2,
        procedure=str(said["procedure"] or ""),
        campaign_id=viewer.key(said["campaign"]) if said["campaign"] else None,
    )
