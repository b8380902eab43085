"""The score page: two days compared, and the moment kept under a name."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import heatmap, measured, snapshots
from data.queries import score as query
from domain.roles import Permission
from domain.score import PartName
from domain.score_change import Cause
from domain.sensitivity import Band
from domain.snapshots import day_asked
from jobs import snapshots as jobs
from pages import score as page
from pages.components import toast

_DEFAULT_SPAN = timedelta(days=30)


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _score(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output(page.BODY, "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def ask(search: str | None, path: str | None) -> Any:
        if path != page.PATH:
            raise PreventUpdate
        data = _score(viewer.current(), query_of(search))
        set_props("answer", {"children": page.answer(data)})
        return page.render_body(data)

    @app.callback(
        Output(page.BODY, "children", allow_duplicate=True),
        Input("snapshot-take", "n_clicks"),
        State("snapshot-label", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def keep(clicks: int | None, label: str | None, search: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me, asked = viewer.current(), query_of(search)
        jobs.ask(me.actor, me.role, _domain(asked)[0], str(label or ""))
        set_props(toast.REGION, {"children": toast.toast("Kept this moment.")})
        return page.render_body(_score(me, asked))


def _domain(asked: Mapping[str, str]) -> tuple[str, list[str]]:
    loaded: list[str] = heatmap.choices("enterprise-attack")["domains"]
    first = next(iter(loaded), "enterprise-attack")
    return (asked["domain"] if asked.get("domain") in loaded else first), loaded or [first]


def _days(asked: Mapping[str, str], today: date) -> tuple[date, date]:
    """From and to, in this order, neither ahead; thirty days up to today when nothing is asked for."""
    to = min(day_asked(asked.get("to", ""), today) or today, today)
    since = min(day_asked(asked.get("from", ""), today) or to - _DEFAULT_SPAN, today)
    return min(since, to), max(since, to)


def _score(me: Viewer, asked: Mapping[str, str]) -> page.Score:
    domain, loaded = _domain(asked)
    today = measured.today()
    since, to = _days(asked, today)
    if not asked.get("from"):
        since = snapshots.kept_day(domain, since) or since  # a kept day is read at once
    found = query.standing(domain)
    change, notes = snapshots.change(domain, since, to)
    score, last, band = found["score"], found["last"], found["band"]
    return page.Score(
        domain=domain,
        domains=loaded,
        attack_version=found["version"],
        weights_version=found["weights_version"],
        techniques=found["techniques"],
        unknown=score["unknown"],
        weighted=score["weighted"],
        plain=score["plain"],
        parts=[page.Part(**{**part, "name": PartName(part["name"])}) for part in score["parts"]],
        band=Band(**band) if band else None,
        draws=found["draws"],
        tactics=[
            page.TacticBand(key=one["key"], name=one["name"], band=Band(one["low"], one["score"], one["high"]))
            for one in found["tactics"]
        ],
        last=(last["name"], last["share"]) if last else None,
        points=[*snapshots.trend(domain), snapshots.now(domain)] if found["techniques"] else [],
        from_day=since,
        to_day=to,
        today=today,
        change=change,
        names=snapshots.names(domain),
        notes=notes,
        cause=Cause(asked["cause"]) if asked.get("cause") in set(Cause) else None,
        may_keep=me.may(Permission.TAKE_SNAPSHOT),
        may_weigh=me.may(Permission.MANAGE_WEIGHTS),
    )
