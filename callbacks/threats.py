"""The threats page: finding groups by sector, naming them, and setting priorities, by leads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import threats as query
from data.queries.stats import FIRST_DOMAIN
from domain.attack_ids import DOMAIN_LABELS, DOMAINS
from domain.errors import BadInput
from domain.relevance import Priority
from domain.roles import Permission
from domain.sectors import SECTORS
from jobs import threats
from pages import threats as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _threats(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("threats-sector", "children"),
        Input("threats-filters", "value"),
        State("threats-domain", "data"),
        prevent_initial_call=True,
    )
    def search(value: object, domain: object) -> Any:
        me = viewer.current()
        me.require(Permission.READ)
        return page.render_sector(_threats(me, _said(value, domain)))

    @app.callback(
        Output("threats-standing", "children"),
        Output("threats-sector", "children", allow_duplicate=True),
        Input("threats-name", "n_clicks"),
        State("threats-chosen", "value"),
        State("threats-reason", "value"),
        State("threats-filters", "value"),
        State("threats-domain", "data"),
        prevent_initial_call=True,
    )
    def name(clicks: int | None, chosen: object, reason: object, value: object, domain: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        if not isinstance(chosen, dict) or not chosen:
            raise BadInput("Tick the groups first.")
        me, asked = viewer.current(), _said(value, domain)
        threats.name_groups(me.actor, me.role, asked["domain"], list(map(str, chosen)), reason=_text(reason))
        return _again(me, asked, "Kept; what they use weighs more now.")

    @app.callback(
        Output("threats-standing", "children", allow_duplicate=True),
        Output("threats-sector", "children", allow_duplicate=True),
        Input("threats-drop", "n_clicks"),
        State("threats-dropped", "value"),
        State("threats-filters", "value"),
        State("threats-domain", "data"),
        prevent_initial_call=True,
    )
    def drop(clicks: int | None, dropped: object, value: object, domain: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        if not dropped:
            raise BadInput("Choose a group first.")
        me, asked = viewer.current(), _said(value, domain)
        threats.drop_group(me.actor, me.role, asked["domain"], str(dropped))
        return _again(me, asked, "It is no longer named as ours.")

    @app.callback(
        Output("threats-standing", "children", allow_duplicate=True),
        Output("threats-sector", "children", allow_duplicate=True),
        Input("priority-set", "n_clicks"),
        State("priority-technique", "value"),
        State("priority-word", "value"),
        State("priority-reason", "value"),
        State("threats-filters", "value"),
        State("threats-domain", "data"),
        prevent_initial_call=True,
    )
    def prioritise(clicks: int | None, *given: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        technique, word, reason, value, domain = given
        me, asked = viewer.current(), _said(value, domain)
        wanted = Priority(str(word)) if word in set(Priority) else None
        if not _text(technique).strip():
            raise BadInput("Name a technique, such as T1059.")
        threats.set_priority(me.actor, me.role, asked["domain"], _text(technique), wanted, reason=_text(reason))
        return _again(me, asked, "Kept.")


def _again(me: Viewer, asked: Mapping[str, str], words: str) -> tuple[Any, Any]:
    data = _threats(me, asked)
    set_props(toast.REGION, {"children": toast.toast(words)})
    set_props("answer", {"children": page.answer(data)})
    return page.render_standing(data), page.render_sector(data)


def _said(value: object, domain: object) -> dict[str, str]:
    said = {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}
    return said | {"domain": str(domain)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _threats(me: Viewer, asked: Mapping[str, str]) -> page.Threats:
    domain = asked.get("domain", "") if asked.get("domain") in DOMAINS else FIRST_DOMAIN
    sector = asked.get("sector", "") if asked.get("sector") in SECTORS else ""
    weighing = query.weighing(domain)
    counts = ("techniques", "used_by_own", "exploited", "raised", "lowered")
    return page.Threats(
        domain=domain,
        domain_label=DOMAIN_LABELS[domain],
        groups=[
            page.Group(**(row | {"created_at": _moment(row["created_at"])})) for row in query.groups(domain, sector)
        ],
        lost=[(row["attack_id"], row["reason"], row["author"]) for row in query.lost(domain)],
        priorities=[page.Priority(**row) for row in query.priorities(domain)],
        heaviest=[page.Heavy(**row) for row in weighing["weightiest"]],
        **{name: weighing[name] for name in counts},
        weights_version=weighing["version"],
        sector=sector,
        query=dict(asked),
        may_change=me.may(Permission.MANAGE_THREATS),
    )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
