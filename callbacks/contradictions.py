"""The list of records that cannot be true: everybody reads it, and mends what it shows on the page of the test."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dash import Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from domain.contradictions import KINDS
from domain.roles import Permission
from jobs import contradictions as jobs
from jobs import presence
from jobs.contradictions import Standing
from pages import contradictions as page


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _contradictions(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output(page.GROUPS, "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> object:
        if path != page.PATH:
            raise PreventUpdate
        return page.render_groups(_contradictions(viewer.current(), query_of(search)))

    @app.callback(
        Output(page.WAY, "children"),
        Output(page.BODY, "children"),
        Output(page.SHOWN, "data"),
        Output(page.POLL, "disabled"),
        Input(page.POLL, "n_intervals"),
        State(page.SHOWN, "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, shown: str | None, search: str | None) -> tuple[Any, ...]:
        return _followed(_contradictions(viewer.current(), query_of(search)), shown)

    @app.callback(
        *(
            Output(ident, prop, allow_duplicate=True)
            for ident, prop in (
                (page.WAY, "children"),
                (page.BODY, "children"),
                (page.SHOWN, "data"),
                (page.POLL, "disabled"),
            )
        ),
        Input(page.AGAIN, "n_clicks"),
        State(page.SHOWN, "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def again(clicks: int | None, shown: str | None, search: str | None) -> tuple[Any, ...]:
        if not clicks:
            raise PreventUpdate
        return _followed(_contradictions(viewer.current(), query_of(search), again=True), shown)


def _followed(data: page.Contradictions, shown: str | None) -> tuple[Any, ...]:
    """What is new. The lists stay as somebody has sorted and scrolled them while the answer is the same."""
    way, now, disabled = page.render_way(data), page.shown(data), not page.polling(data)
    if (now == (shown or "") and data.as_of is not None) or not data.found:
        return way, no_update, no_update, disabled
    # not an output: outputs outside the page would make Dash call this once more when the page opens
    set_props("answer", {"children": page.answer(data)})
    return way, page.render(data), now, disabled


def _contradictions(me: Viewer, asked: Mapping[str, str], *, again: bool = False) -> page.Contradictions:
    me.require(Permission.READ)
    standing = jobs.standing(me.role, again=again)
    if standing.found is None:
        return page.Contradictions(tests=standing.tests, found=False, work=_work(standing))
    chosen = asked.get("kind", "")
    return page.Contradictions(
        tests=standing.found.tests,
        groups=[
            page.Group(kind=KINDS[one.slug], total=one.total, hits=[page.Hit(**asdict(hit)) for hit in one.hits])
            for one in standing.found.kinds
        ],
        chosen=chosen if chosen in KINDS else "",
        as_of=standing.as_of,
        work=_work(standing),
    )


def _work(standing: Standing) -> page.Work | None:
    if not standing.changed:
        return None
    work = standing.work
    if work is None:
        return page.Work(state="later")
    served = work.state != "queued" or presence.worker_for(jobs.QUEUE)
    return page.Work(state=work.state, done=work.done, tests=work.tests, served=served)
