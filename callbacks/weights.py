"""The weights page: what others would do, and putting them in force."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import heatmap
from data.queries import score as query
from domain.errors import BadInput
from domain.roles import Permission
from domain.snapshots import weights_kept
from domain.weights import FIELDS, proposed
from jobs import weights as jobs
from pages import weights as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.MANAGE_WEIGHTS)
    versions = _versions()
    return page.layout(versions, page.Preview(same=True)), page.TITLE, page.answer(versions)


def register(app: Dash) -> None:
    values = State({"type": page.FIELD, "name": ALL}, "value")
    ids = State({"type": page.FIELD, "name": ALL}, "id")

    @app.callback(
        Output(page.PREVIEW, "children"),
        Input({"type": page.FIELD, "name": ALL}, "value"),
        ids,
        prevent_initial_call=True,
    )
    def preview(given: Sequence[Any], names: Sequence[Mapping[str, str]]) -> Any:
        viewer.current().require(Permission.MANAGE_WEIGHTS)
        return page.render_preview(_preview(_read(given, names)))

    @app.callback(
        Output("page", "children", allow_duplicate=True),
        Output("answer", "children", allow_duplicate=True),
        Input("weights-decide", "n_clicks"),
        values,
        ids,
        State("weights-reason", "value"),
        State("weights-seen", "data"),
        prevent_initial_call=True,
    )
    def decide(
        clicks: int | None, given: Sequence[Any], names: Sequence[Mapping[str, str]], reason: Any, seen: Any
    ) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        seen_version = seen if isinstance(seen, int) else 0
        version = jobs.decide(me.actor, me.role, _read(given, names), str(reason or ""), seen_version=seen_version)
        set_props(toast.REGION, {"children": toast.toast(f"Version {version} is in force.")})
        content, _, answer = open(me, {})
        return content, answer


def _read(given: Sequence[Any], names: Sequence[Mapping[str, str]]) -> dict[str, object]:
    found = {str(name.get("name")): value for name, value in zip(names, given, strict=False)}
    return {name: found.get(name) for name in FIELDS}


def _preview(values: Mapping[str, object]) -> page.Preview:
    now = query.versions()[0]["weights"]
    try:
        wanted = proposed(values, now.version)
    except BadInput as error:
        return page.Preview(refused=error.detail)
    if weights_kept(wanted) == weights_kept(now):
        return page.Preview(same=True)
    domain = next(iter(heatmap.choices("enterprise-attack")["domains"]), "enterprise-attack")
    found = query.preview(domain, wanted)
    band = found["band"]
    return page.Preview(
        before=found["before"],
        after=found["after"],
        band=(band["low"], band["high"]) if band else None,
        of=found["of"],
        moved=[page.Moving(**one) for one in found["moved"]],
    )


def _versions() -> list[page.Version]:
    return [page.Version(**one) for one in query.versions()]
