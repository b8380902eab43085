"""The list of records that cannot be true: everybody reads it, and mends what it shows on the page of the test."""

from collections.abc import Mapping
from dataclasses import asdict

from dash import Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import contradictions as query
from domain.contradictions import KINDS
from domain.roles import Permission
from pages import contradictions as page


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.READ)
    data = _contradictions(asked)
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
        viewer.current().require(Permission.READ)
        return page.render_groups(_contradictions(query_of(search)))


def _contradictions(asked: Mapping[str, str]) -> page.Contradictions:
    found = query.everything()
    chosen = asked.get("kind", "")
    return page.Contradictions(
        tests=found.tests,
        groups=[
            page.Group(kind=KINDS[one.slug], total=one.total, hits=[page.Hit(**asdict(hit)) for hit in one.hits])
            for one in found.kinds
        ],
        chosen=chosen if chosen in KINDS else "",
    )
