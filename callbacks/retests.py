"""The retest plan: what goes stale until a day, and a campaign of what to repeat."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import once, viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import heatmap, measured
from data.queries import retests as query
from domain.roles import Permission
from domain.snapshots import day_asked
from jobs import retests as jobs
from pages import retests as page
from pages.components import toast

_DEFAULT_SPAN = timedelta(days=90)
_KEPT = ("test", "number", "attack_id", "name", "title", "platform", "on", "stale_on", "outcome", "planned")


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _retests(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    once.register(app, "retests-key")

    @app.callback(
        Output(page.BODY, "children"), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True
    )
    def ask(search: str | None, path: str | None) -> Any:
        if path != page.PATH:
            raise PreventUpdate
        data = _retests(viewer.current(), query_of(search))
        set_props("answer", {"children": page.answer(data)})
        return page.render(data)

    @app.callback(
        Output("retests-made", "children"),
        Input("retests-make", "n_clicks"),
        State("retests-key", "data"),
        State("retests-name", "value"),
        State("retests-chosen", "value"),
        prevent_initial_call=True,
    )
    def make(clicks: int | None, key: Any, name: Any, chosen: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        ids = [viewer.key(one) for one in chosen.values()] if isinstance(chosen, dict) else []
        wanted = jobs.Wanted(key=viewer.key(key), name=str(name or ""), test_ids=ids)
        campaign = jobs.plan(me.actor, me.role, wanted)
        set_props(toast.REGION, {"children": toast.toast("The campaign is planned.")})
        return page.render_made(str(campaign), len(ids))


def _retests(me: Viewer, asked: Mapping[str, str]) -> page.Retests:
    loaded: list[str] = heatmap.choices("enterprise-attack")["domains"]
    first = next(iter(loaded), "enterprise-attack")
    domain = asked["domain"] if asked.get("domain") in loaded else first
    today = measured.today()
    until = max(day_asked(asked.get("until", ""), today) or today + _DEFAULT_SPAN, today)
    found = query.plan(domain, until)
    return page.Retests(
        domain=domain,
        domains=loaded or [first],
        today=today,
        until=until,
        **{name: found[name] for name in ("window_days", "techniques", "already", "tested", "tests")},
        rows=[page.Row(**{name: row[name] for name in _KEPT}) for row in found["rows"]],
        may_plan=me.may(Permission.MANAGE_CAMPAIGNS),
    )
