"""The heatmap's interaction: one round trip for a filter, none for search, sub-techniques and the legend."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, no_update, set_props
from dash.development.base_component import Component

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import heatmap_view
from data.queries.heatmap_view import Loaded
from domain.heatmap_view import DEFAULT_DOMAIN, View, to_query_values
from domain.roles import Permission
from jobs import overlays
from pages import heatmap as page
from pages.components import matrix


def open(me: Viewer, query: Mapping[str, str]) -> tuple[Component, str, str]:
    """The whole page in one answer: filters, matrix and legend."""
    loaded = heatmap_view.load(query)
    parts = _parts(me, loaded)
    frame = matrix.frame(loaded.shown) if loaded.shown else None
    content = page.layout(parts, frame=frame, value=to_query_values(loaded.view), may_add=me.may(Permission.OVERLAY))
    return content, page.TITLE, parts.answer


def register(app: Dash) -> None:
    @app.callback(
        Output("heatmap-filters", "fields"),
        Output("heatmap", "frame"),
        Output("heatmap", "paint"),
        Output("heatmap", "message"),
        Output("heatmap-frame", "data"),
        Output("heatmap-notes", "children"),
        Input("heatmap-filters", "value"),
        State("heatmap-frame", "data"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str], known_frame: str | None) -> tuple[Any, ...]:
        loaded = heatmap_view.load(value)
        parts = _parts(viewer.current(), loaded)
        same = loaded.shown is not None and parts.frame_key == known_frame
        frame = no_update if same else matrix.frame(loaded.shown) if loaded.shown else None
        # not an output: outputs outside the page would make Dash call this once more when the page opens
        set_props("answer", {"children": parts.answer})
        return parts.fields, frame, parts.paint, parts.message, parts.frame_key, parts.notes

    @app.callback(
        Output("heatmap-filters", "value"),
        Input("heatmap-uploaded", "data"),
        State("heatmap-filters", "value"),
        prevent_initial_call=True,
    )
    def show_added(_uploaded: int, value: dict[str, str]) -> dict[str, str] | Any:
        """A layer just added is what its owner wants to see."""
        newest = overlays.newest_of(viewer.current().id)
        if newest is None:
            return no_update
        overlay_id, domain = newest
        if value.get("domain", DEFAULT_DOMAIN) == domain:
            return {**value, "overlay": str(overlay_id)}
        return to_query_values(View(domain=domain, overlay=str(overlay_id)))

    @app.callback(
        Output("heatmap-filters", "value", allow_duplicate=True),
        Input("heatmap-overlay-remove", "n_clicks"),
        State("heatmap-filters", "value"),
        prevent_initial_call=True,
    )
    def remove_layer(clicks: int | None, value: dict[str, str]) -> dict[str, str] | Any:
        if not clicks or not value.get("overlay"):
            return no_update
        me = viewer.current()
        overlays.remove(me.actor, me.role, viewer.key(value["overlay"]))
        return {**value, "overlay": ""}


def _parts(me: Viewer, loaded: Loaded) -> page.Parts:
    shown = loaded.shown
    lines = page.note_lines(loaded.notes)
    if shown and shown.overlay:
        removable = me.may(Permission.OVERLAY)
        lines.append(page.overlay_line(shown.overlay, removable=removable, left_out=loaded.left_out))
    return page.Parts(
        fields=page.filter_fields(loaded.choices, loaded.layers),
        paint=matrix.paint(shown) if shown else None,
        message=None if shown else page.no_content(may_sync=me.may(Permission.RUN_SYNC)),
        frame_key=matrix.frame_key(shown) if shown else "",
        notes=lines,
        answer=shown.headline_words() if shown else "",
    )
