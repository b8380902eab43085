"""The list of campaigns, and planning an empty one."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import campaigns as query
from data.queries import templates
from domain.errors import BadInput
from domain.roles import Permission
from domain.testing import campaign_actions as do
from jobs import campaigns
from pages import campaigns as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _campaigns(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("campaigns-filters", "fields"),
        Output("campaigns-list", "children"),
        Input("campaigns-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str] | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _campaigns(me, value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render_list(data)

    @app.callback(
        Output("campaign-new-name", "value"),
        Input("campaign-new", "n_clicks"),
        State("campaign-new-name", "value"),
        State("campaign-new-goal", "value"),
        State("campaign-new-starts", "value"),
        State("campaign-new-ends", "value"),
        prevent_initial_call=True,
    )
    def create(clicks: int | None, name: str | None, goal: str | None, starts: str | None, ends: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        action = do.CreateCampaign(
            id=uuid4(), name=name or "", goal=goal or "", starts_on=day_of(starts), ends_on=day_of(ends)
        )
        made = campaigns.create(me.actor, me.role, action)
        set_props(toast.REGION, {"children": toast.toast("The campaign is planned; now put tests into it.")})
        set_props("url", {"pathname": f"/campaign/{made}", "search": ""})
        return ""


def day_of(text: object) -> date | None:
    """A calendar day as a date field gives it; '' is none."""
    if not text:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise BadInput("This is not a day; write it like 2027-03-01.") from error


def progress(row: Mapping[str, Any]) -> page.Progress:
    return page.Progress(**{name: row[name] for name in ("planned", "executed", "evaluated", "detected", "unfinished")})


def actors() -> list[tuple[str, str]]:
    """Every threat actor that can be named, by name."""
    return [(ident, name) for ident, name in templates.choices()["actors"]]


def _campaigns(me: Viewer, query_of_page: Mapping[str, str]) -> page.Campaigns:
    said = {name: text for name, text in query_of_page.items() if isinstance(text, str)}
    asked = query.Asked.of(said)
    found = query.search(asked)
    names = ("id", "name", "state", "starts_on", "ends_on", "run_number", "next_run_at")
    return page.Campaigns(
        rows=[
            page.Row(
                **{name: row[name] for name in names},
                actor_id=row["actor_attack_id"] or "",
                actor=row["actor"] or "",
                progress=progress(row),
            )
            for row in found.rows
        ],
        total=found.total,
        whole=found.whole,
        running=found.running,
        page=asked.page,
        page_rows=query.PAGE_ROWS,
        query=said,
        actors=actors(),
        may_manage=me.may(Permission.MANAGE_CAMPAIGNS),
    )
