"""The heatmap: the whole ATT&CK matrix, coloured by what is known of each technique."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.heatmap import DEFAULT_MODE, MODES
from domain.heatmap_shown import Overlay
from domain.heatmap_view import DEFAULT_DOMAIN, Choices
from pages.components import filters
from pages.components.frame import Nav, dialog
from pages.components.matrix import Matrix, message
from pages.components.parts import upload_form
from pages.components.states import notice
from pages.components.words import plural

PATH = "/heatmap"
TITLE = "Heatmap"
NAV = Nav(group="State", label="Heatmap", icon="heatmap", order=20, key="h")

LAYER_LIMIT = 10 * 1024 * 1024
_EXPORTS = (
    ("json", "Navigator layer", "for the ATT&CK Navigator, format 4.5"),
    ("csv", "Table (CSV)", "a row a technique, with every figure"),
    ("svg", "Picture (SVG)", "for documents and print"),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a change of the view changes. `paint` or `message` is None; `frame_key` names the frame."""

    fields: list[dict[str, Any]]
    paint: dict[str, Any] | None
    message: dict[str, str] | None
    frame_key: str
    notes: list[Component]
    answer: str


def layout(parts: Parts, *, frame: dict[str, Any] | None, value: Mapping[str, str], may_add: bool) -> Component:
    """`value` is the address, cleaned of what is not known."""
    known = filters.asked(parts.fields, value)
    line = [filters.FilterLine(id="heatmap-filters", fields=parts.fields, value=known), _tools(may_add=may_add)]
    return html.Div(
        [
            html.Div(line, className="heatmap-line"),
            html.Div(parts.notes, id="heatmap-notes"),
            Matrix(id="heatmap", frame=frame, paint=parts.paint, message=parts.message),
            dcc.Store(id="heatmap-frame", data=parts.frame_key),
            dcc.Store(id="heatmap-uploaded"),
            *([layer_dialog()] if may_add else []),
        ],
        className="heatmap-page",
    )


def no_content(*, may_sync: bool) -> dict[str, str]:
    """Shown in place of the matrix while there is no map."""
    if may_sync:
        text = "The matrix appears as soon as ATT&CK is synced, or its bundle is uploaded."
        return message("No ATT&CK content is loaded", text, "Open sources", "/sources")
    text = "The matrix appears as soon as an administrator has synced ATT&CK on the Sources page."
    return message("No ATT&CK content is loaded", text)


def filter_fields(choices: Choices, overlays: Mapping[str, str]) -> list[dict[str, Any]]:
    """The filter line. `overlays` are the imported layers of the domain: id -> name."""
    modes = [(mode.key, mode.title) for mode in MODES.values()]
    per_domain = ("platform", "tactic", "actor", "data", "overlay", "only")
    fields = [
        filters.search("q", "Search", "Id or name", local=True, filters=True),
        filters.one("colour", "Colour by", modes, none=DEFAULT_MODE, clears=("only",)),
        filters.one("domain", "Domain", choices.domains.items(), none=DEFAULT_DOMAIN, clears=per_domain, quiet=True),
        filters.many(
            "platform",
            "Platform",
            [(name, name) for name in choices.platforms],
            placeholder="Any platform",
            filters=True,
            quiet=True,
        ),
        filters.one("tactic", "Tactic", [("", "Any tactic"), *choices.tactics.items()], filters=True, quiet=True),
        filters.many(
            "actor",
            "Threat actors",
            choices.groups,
            placeholder="Any actor",
            filters=True,
            quiet=True,
        ),
        filters.many(
            "data",
            "Data components",
            choices.components,
            placeholder="Any data",
            filters=True,
            quiet=True,
        ),
        filters.one("sub", "Sub-techniques", [("", "Folded"), ("all", "All shown")], local=True, quiet=True),
        filters.day("as_of", "As of", steps=choices.steps, quiet=True),
        filters.switch("fit", "Fit width", "1", local=True, quiet=True),
    ]
    if overlays:
        layers = [("", "No layer"), *overlays.items()]
        fields.insert(-2, filters.one("overlay", "Layer over it", layers, filters=True, quiet=True))
    return fields


def _tools(*, may_add: bool) -> html.Div:
    links = [
        html.A(
            [html.Strong(title), html.Span(what)],
            href=f"/export/heatmap.{kind}",
            download="",
            **{"data-with-query": ""},
        )
        for kind, title, what in _EXPORTS
    ]
    summary = html.Summary("Export", className="button is-quiet is-small")
    tools: list[Component] = [html.Details([summary, html.Div(links, className="menu-body")], className="menu")]
    if may_add:
        tools.append(
            html.Button(
                "Add layer", type="button", className="button is-quiet is-small", **{"data-opens": "layer-dialog"}
            )
        )
    return html.Div(tools, className="heatmap-tools")


def layer_dialog() -> html.Dialog:
    """Takes a Navigator layer; only for people who may keep one."""
    words = (
        "A layer of the ATT&CK Navigator is shown over the matrix, as a mark in the corner of a cell. "
        "It never changes a figure here."
    )
    file = {"name": "file", "label": "Layer file (JSON, up to 10 MB)", "type": "file", "required": True}
    return dialog(
        "layer-dialog",
        "Add a Navigator layer",
        [html.P(words), upload_form("/overlays", "Add", [file], limit=LAYER_LIMIT, touches="heatmap-uploaded")],
    )


def note_lines(sentences: Sequence[str]) -> list[Component]:
    return [notice(sentence) for sentence in sentences]


def overlay_line(overlay: Overlay, *, removable: bool, left_out: Sequence[str] = ()) -> html.Div:
    """What the chosen layer says and what of it could not be placed."""
    words = f"{plural(overlay.placed, 'technique')} marked"
    if overlay.not_placed:
        named = ", ".join(left_out[:12]) + (" …" if len(left_out) > 12 else "")
        words += f"; {overlay.not_placed:,} not on this ATT&CK version" + (f": {named}" if named else "")
    parts: list[Component | str] = [html.Strong(overlay.name), f" {words}."]
    if removable:
        parts.append(
            html.Button(
                "Remove layer", id="heatmap-overlay-remove", type="button", className="button is-quiet is-small"
            )
        )
    return notice(*parts)
