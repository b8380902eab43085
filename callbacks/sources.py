"""The sources page: what is loaded, starting a sync, following it, reading its report."""

from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.database import reading
from data.queries import sources as query
from data.sources.registry import SOURCES
from domain.errors import BadInput, NotFound
from domain.roles import Permission
from jobs import syncs
from pages import sources as page
from pages.components import runs, toast

_RUNS_SHOWN = 50


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _sources(me)
    return page.layout(data, _panel(asked)), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("sources-body", "children"),
        Output("sources-poll", "disabled"),
        Input({"type": "sync-now", "source": ALL}, "n_clicks"),
        Input("sources-touched", "data"),
        prevent_initial_call=True,
    )
    def start(clicks: list[int | None], touched: object) -> tuple[Any, bool]:
        me = viewer.current()
        if isinstance(ctx.triggered_id, dict) and any(clicks):
            me.require(Permission.RUN_SYNC)
            slug = str(ctx.triggered_id.get("source"))
            syncs.request_sync(slug, actor=me.actor, input={"kind": "upstream"})
        elif not touched:
            raise PreventUpdate
        body, disabled, answer = _body(_sources(me))
        # not an output: outputs outside the page would make Dash call this once more when the page opens
        set_props("answer", {"children": answer})
        return body, disabled

    @app.callback(
        Output({"type": "source-state", "source": ALL}, "children"),
        Input("sources-poll", "n_intervals"),
        State({"type": "source-state", "source": ALL}, "id"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, ids: list[dict[str, str]]) -> list[Any]:
        me = viewer.current()
        data = _sources(me)
        if not page.polling(data):  # it has ended: counts and history change too
            body, disabled, answer = _body(data)
            set_props("sources-body", {"children": body})
            set_props("sources-poll", {"disabled": disabled})
            set_props("answer", {"children": answer})
            return [no_update] * len(ids)
        states = {source.slug: page.render_state(source) for source in data.sources}
        return [states.get(one["source"], no_update) for one in ids]

    @app.callback(
        Output("sources-body", "children", allow_duplicate=True),
        Input({"type": "source-schedule", "source": ALL}, "value"),
        State({"type": "source-schedule", "source": ALL}, "id"),
        prevent_initial_call=True,
    )
    def set_schedule(values: list[int | None], ids: list[dict[str, str]]) -> Any:
        me = viewer.current()
        me.require(Permission.RUN_SYNC)
        kept = {source.slug: source.schedule_minutes or 0 for source in _sources(me).sources}
        chosen = {one["source"]: value for one, value in zip(ids, values, strict=True) if isinstance(value, int)}
        # Dash also calls this when the page is drawn anew; then what is shown is what is kept
        changed = {slug: minutes for slug, minutes in chosen.items() if kept.get(slug) != minutes}
        if not changed:
            raise PreventUpdate
        for slug, minutes in changed.items():
            syncs.set_schedule(slug, minutes or None, actor=me.actor)
        set_props(toast.REGION, {"children": toast.toast("The schedule is kept.")})
        return page.render_sources(_sources(me))

    @app.callback(
        Output("run-panel", "children"), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True
    )
    def choose(search: str | None, path: str | None) -> object:
        if path != page.PATH:
            raise PreventUpdate
        viewer.current().require(Permission.READ)
        return _panel(query_of(search))


def _body(data: page.Sources) -> tuple[Any, bool, str]:
    return page.render_sources(data), not page.polling(data), page.answer(data)


def _panel(asked: Mapping[str, str]) -> object:
    """The report that `?run=` or `?source=` names; an address that names none opens none."""
    if not asked.get("run") and asked.get("source") not in SOURCES:
        return None
    try:
        with reading() as session:
            if asked.get("run"):
                found = query.run(session, viewer.key(asked["run"]))
            else:
                last = next(row.last for row in query.sources(session) if row.slug == asked["source"])
                if last is None:
                    return None
                found = last
            run = _run(found)
            kind = asked.get("kind") if asked.get("kind") in run.counts else None
            kind = kind or next((one for one in runs.KINDS if run.counts.get(one)), "")
            items = query.items(session, found.id, kind) if kind else []
    except (NotFound, BadInput) as error:
        set_props(toast.REGION, {"children": toast.toast(error.detail, "failed")})
        return None
    shown = [runs.Item(object_type=one.object_type, ref=one.ref, name=one.name, detail=one.detail) for one in items]
    return runs.report_panel(runs.Report(run=run, kind=kind, shown=shown))


def _sources(me: Viewer) -> page.Sources:
    with reading() as session:
        rows = query.sources(session)
        history = query.runs(session, limit=_RUNS_SHOWN)
    return page.Sources(
        sources=[_source(row) for row in rows],
        runs=[_run(row) for row in history],
        may_sync=me.may(Permission.RUN_SYNC),
    )


def _source(row: query.SourceRow) -> page.Source:
    info = SOURCES[row.slug].info
    return page.Source(
        slug=row.slug,
        name=info.name,
        what=info.what,
        licence=info.licence,
        licence_url=info.licence_url,
        attribution=info.attribution,
        home_url=info.home_url,
        accepts=info.accepts,
        max_bytes=info.max_bytes,
        may_download=info.default_url is not None,
        asks_version=row.slug == "attack",
        loaded=row.loaded,
        counts=row.figures,
        schedule_minutes=row.schedule_minutes,
        next_run_at=row.next_run_at,
        last=_run(row.last) if row.last else None,
        active=_run(row.active) if row.active else None,
        shortened_from=row.shortened_from,
    )


def _run(row: query.RunRow) -> runs.Run:
    return runs.Run(
        id=str(row.id),
        source=row.source,
        source_name=row.source_name,
        state=row.state,
        trigger=row.trigger,
        by=row.by,
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        version=row.version,
        origin=row.origin,
        phase=row.phase,
        done=row.done,
        total=row.total,
        counts=row.kinds,
        error=row.error,
    )
