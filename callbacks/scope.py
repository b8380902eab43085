"""The scope page: everybody reads it; leads select, see what it would do, and decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import totals, viewer
from callbacks.viewer import Viewer
from data.queries import heatmap
from data.queries import scope as query
from domain.errors import AegisError, Busy, Unavailable
from domain.roles import Permission
from domain.scope import Asked
from jobs import scope as jobs
from pages import scope as page
from pages.components import toast

_PREVIEW_REASON = "A preview."


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _scope(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("scope-filters", "fields"),
        Output("scope-body", "children"),
        Input("scope-filters", "value"),
        prevent_initial_call=True,
    )
    def select(value: dict[str, str] | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        return _shown(me, value if isinstance(value, dict) else {})

    @app.callback(
        Output("scope-filters", "fields", allow_duplicate=True),
        Output("scope-body", "children", allow_duplicate=True),
        Input("scope-decide", "n_clicks"),
        State("scope-filters", "value"),
        State("scope-reason", "value"),
        prevent_initial_call=True,
    )
    def decide(clicks: int | None, value: dict[str, str] | None, reason: str | None) -> tuple[Any, Any]:
        if not clicks or not isinstance(value, dict):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.MANAGE_SCOPE)
        domain, _domains, said = _domain(value)
        jobs.decide(me.actor, me.role, domain, _asked(query.scope(domain), said, str(reason or "")))
        set_props(toast.REGION, {"children": toast.toast("The scope has changed; every figure follows.")})
        return _cleared(me, said)

    @app.callback(
        Output("scope-filters", "fields", allow_duplicate=True),
        Output("scope-body", "children", allow_duplicate=True),
        Input("scope-leave", "n_clicks"),
        State("scope-filters", "value"),
        prevent_initial_call=True,
    )
    def leave(clicks: int | None, value: dict[str, str] | None) -> tuple[Any, Any]:
        if not clicks or not isinstance(value, dict):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        return _cleared(me, value)


def _cleared(me: Viewer, said: Mapping[str, str]) -> tuple[Any, Any]:
    """The page with nothing selected, on the same map."""
    kept = {"domain": said["domain"]} if said.get("domain") else {}
    set_props("scope-filters", {"value": kept})
    return _shown(me, kept)


def _shown(me: Viewer, said: Mapping[str, str]) -> tuple[Any, Any]:
    data = _scope(me, said)
    set_props("answer", {"children": page.answer(data)})
    return page.filter_fields(data), page.render(data)


def _domain(asked: Mapping[str, str]) -> tuple[str, list[str], dict[str, str]]:
    """The map asked for, all there are, and the address."""
    said = {name: text for name, text in asked.items() if isinstance(text, str)}
    domains: list[str] = heatmap.choices("enterprise-attack")["domains"]
    domain = said["domain"] if said.get("domain") in domains else next(iter(domains), "enterprise-attack")
    return domain, domains, said


def _scope(me: Viewer, asked: Mapping[str, str]) -> page.ScopeData:
    domain, domains, said = _domain(asked)
    found, may_change = query.scope(domain), me.may(Permission.MANAGE_SCOPE)
    wanted = _asked(found, said, _PREVIEW_REASON)
    return page.ScopeData(
        domain=domain,
        domains=domains,
        **{name: found[name] for name in ("version", "whole", "by_platform", "by_hand")},
        inside=found["totals"]["techniques"],
        platforms=[page.Platform(**row | {"at": _moment(row["at"])}) for row in found["platforms"]],
        techniques=[page.Technique(**row | {"at": datetime.fromisoformat(row["at"])}) for row in found["techniques"]],
        by_tactic=[_tactic(tactic, found["map"]) for tactic in found["tactics"]],
        offered=[(key, name) for key, name, _, inside in found["map"] if inside],
        query=said,
        may_change=may_change,
        preview=_preview(me, domain, wanted) if may_change and wanted.anything else None,
    )


def _tactic(tactic: Mapping[str, Any], techniques: Sequence[Any]) -> page.Tactic:
    under = [inside for _, _, names, inside in techniques if tactic["key"] in names]
    return page.Tactic(shortname=tactic["key"], name=tactic["name"], inside=sum(under), whole=len(under))


def _asked(found: Mapping[str, Any], said: Mapping[str, str], reason: str) -> Asked:
    """What a selection asks for. A whole tactic is its techniques in scope; sub-techniques go with their parents."""
    tactics, platforms = set(_listed(said, "tactic")), {row["name"] for row in found["platforms"]}
    under = [key for key, _, names, inside in found["map"] if inside and tactics.intersection(names)]
    back = _listed(said, "back")
    return Asked(
        platforms_out=_listed(said, "platform"),
        techniques_out=list(dict.fromkeys([*_listed(said, "technique"), *under])),
        platforms_back=[one for one in back if one in platforms],
        techniques_back=[one for one in back if one not in platforms],
        reason=reason,
    )


def _listed(said: Mapping[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in said.get(name, "").split(",") if one.strip()))


def _preview(me: Viewer, domain: str, asked: Asked) -> page.Preview:
    said = page.decided_words(
        [*asked.platforms_out, *asked.techniques_out], [*asked.platforms_back, *asked.techniques_back]
    )
    try:
        made = jobs.preview(me.actor, me.role, domain, asked)
    except (Busy, Unavailable):
        raise  # it is over in a moment, and the page is kept
    except AegisError as error:
        return page.Preview(said=said, refused=error.detail)
    return page.Preview(said=said, lines=totals.lines(made.before, made.after))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
