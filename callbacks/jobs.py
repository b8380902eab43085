"""The jobs page: seeing background work as it stands, having it tried again, taking it back."""

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from domain.roles import Permission
from jobs import job_control, work_list
from jobs.work_list import WorkList
from pages import jobs as page
from pages.components import toast


def open(me: Viewer, query: dict[str, str]) -> tuple[object, str, str]:
    me.require(Permission.MANAGE_JOBS)
    found = _jobs()
    return page.layout(found, _panel(found, query.get("job", ""))), page.TITLE, page.answer(found)


def register(app: Dash) -> None:
    @app.callback(Output("jobs-body", "children"), Input("jobs-poll", "n_intervals"), prevent_initial_call=True)
    def follow(_ticks: int | None) -> Any:
        viewer.current().require(Permission.MANAGE_JOBS)
        found = _jobs()
        set_props("answer", {"children": page.answer(found)})
        return page.render(found)

    @app.callback(
        Output("jobs-panel", "children"), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True
    )
    def choose(search: str | None, path: str | None) -> object:
        if path != page.PATH:
            raise PreventUpdate
        viewer.current().require(Permission.MANAGE_JOBS)
        return _panel(_jobs(), query_of(search).get("job", ""))

    _register_command(app, "jobs-retry", job_control.retry)
    _register_command(app, "jobs-cancel", job_control.cancel)


def _register_command(app: Dash, button: str, command: Callable[..., str]) -> None:
    @app.callback(
        Output("jobs-body", "children", allow_duplicate=True),
        Output("jobs-panel", "children", allow_duplicate=True),
        Input(button, "n_clicks"),
        State("jobs-chosen", "data"),
        prevent_initial_call=True,
    )
    def act(clicks: int | None, reference: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        said = command(me.actor, me.role, reference or "")
        set_props(toast.REGION, {"children": toast.toast(said)})
        found = _jobs()
        set_props("answer", {"children": page.answer(found)})
        return page.render(found), _panel(found, reference or "")


def _panel(found: page.Jobs, reference: str) -> Any:
    if not reference:
        return None
    chosen = next((work for work in found.work if work.reference == reference), None)
    return page.panel(chosen) if chosen else page.gone()


def _jobs() -> page.Jobs:
    found: WorkList = work_list.look()
    return page.Jobs(
        queues=[
            page.Queue(
                name=one.name,
                waiting=one.waiting,
                running=one.running,
                failed=one.failed,
                workers=found.workers_of(one.name),
                oldest_at=one.oldest_at,
            )
            for one in found.queues
        ],
        workers=[
            page.Worker(
                name=one.name,
                host=one.host,
                queues=one.queues,
                state=one.state if found.is_heard(one) else "silent",
                doing=found.doing(one),
                seen_at=one.seen_at,
                done=one.done,
                failed=one.failed,
            )
            for one in found.workers
        ],
        work=[
            page.Work(
                reference=one.reference,
                what=one.what,
                state=one.state,
                where=one.where,
                at=one.at,
                by=one.by,
                attempts=one.attempts,
                reason=one.reason,
                href=one.href,
                can_retry=one.can_retry,
                can_cancel=one.can_cancel,
            )
            for one in found.work
        ],
        failed=found.failed,
        waiting=found.waiting,
        events_waiting=found.events_waiting,
        away=found.away,
    )
