"""What next: the best tests for what is asked, and one press to make a campaign of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import once, viewer
from callbacks.plan import made_of
from callbacks.templates import source_name
from callbacks.viewer import Viewer
from data.queries import heatmap, measured
from data.queries import next_best as query
from domain.errors import BadInput
from domain.next_best import BUDGETS
from domain.roles import Permission
from jobs import next_best as jobs
from pages import next_best as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _next(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    once.register(app, "next-key")

    @app.callback(
        Output("next-filters", "fields"),
        Output("next-body", "children"),
        Input("next-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str] | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _next(me, value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render(data)

    @app.callback(
        Output("plan-made", "children", allow_duplicate=True),
        Input("next-make", "n_clicks"),
        State("next-key", "data"),
        State("next-wanted", "data"),
        prevent_initial_call=True,
    )
    def make(clicks: int | None, key: Any, wanted: Any) -> Any:
        if not clicks or not isinstance(wanted, dict):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.MANAGE_CAMPAIGNS)
        made = jobs.plan_campaign(
            me.actor,
            me.role,
            key=viewer.key(key),
            tests=_tests(wanted.get("tests")),
            on=measured.today(),
            about=str(wanted.get("about", ""))[:300],
        )
        set_props(toast.REGION, {"children": toast.toast("Accepted; the campaign and its tests are being planned.")})
        return made_of(me, made.batch_id, str(made.campaign_id or ""))


def _tests(given: object) -> list[tuple[UUID, str]]:
    if not isinstance(given, list) or not all(isinstance(one, str) and "|" in one for one in given):
        raise BadInput("These tests are not what the page offered. Reload it and try again.")
    pairs = [one.partition("|") for one in given[: max(BUDGETS)]]
    return [(viewer.key(template), platform[:100]) for template, _, platform in pairs]


def _next(me: Viewer, asked: Mapping[str, str]) -> page.WhatNext:
    said = {name: text for name, text in asked.items() if isinstance(text, str)}
    domains = heatmap.choices("enterprise-attack")["domains"]
    domain = said["domain"] if said.get("domain") in domains else next(iter(domains), "enterprise-attack")
    choices = heatmap.choices(domain)
    actors = [(one["id"], f"{one['name']} ({one['id']})") for one in choices["groups"]]
    found = query.what_next(
        query.Asked(
            domain,
            groups=_known(said.get("actor", ""), dict(actors)),
            platforms=_known(said.get("platform", ""), choices["platforms"]),
            budget=page.budget_of(said.get("budget", "")),
        )
    )
    return page.WhatNext(
        domain=domain,
        domains=domains,
        techniques=found["techniques"],
        now=found["score"]["now"],
        after=found["score"]["after"],
        tests=[page.Test(**{**test, "source": source_name(test["source"])}) for test in found["tests"]],
        gaps=[gap_of(gap) for gap in found["gaps"]],
        all_gaps=found["all_gaps"],
        without=found["without"],
        query=said,
        actors=actors,
        platforms=choices["platforms"],
        may_plan=me.may(Permission.MANAGE_CAMPAIGNS) and me.may(Permission.PLAN_TEST),
    )


def gap_of(gap: Mapping[str, Any]) -> page.Gap:
    kept = ("attack_id", "name", "weight", "relevance", "score", "status", "stale", "age_days", "facts")
    return page.Gap(**{name: gap[name] for name in kept})


def _known(text: str, among: Any) -> tuple[str, ...]:
    return tuple(one for one in dict.fromkeys(text.split(",")) if one in among)[:20]
