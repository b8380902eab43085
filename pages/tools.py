"""The defence tools that observations speak of. `?tool=<slug>` opens one beside the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from domain.defence_tools import NAME_MAX, ToolKind
from domain.roles import Permission, who_may
from pages.components import frame, states, words
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing

PATH = "/tools"
TITLE = "Defence tools"
NAV = Nav("Content", "Defence tools", "shield", 35, "d")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """`observations`: in how many it was named."""

    slug: str
    name: str
    kind: ToolKind
    active: bool
    observations: int
    demo: bool = False


def answer(tools: Sequence[Tool]) -> str:
    return f"{words.plural(sum(tool.active for tool in tools), 'tool')} in use"


def layout(tools: Sequence[Tool], *, may_change: bool, panel: Component | None = None) -> html.Div:
    head = [html.Header([html.H2("Tools"), html.P("Blue records for each test what these prevented and detected.")])]
    add = html.Section(_add_form(opened=not any(tool.active for tool in tools)), className="section")
    listed = html.Div(render_tools(tools, may_change=may_change), id="tools-list")
    shown = [*([add] if may_change else []), html.Section([*head, listed], className="section")]
    return html.Div([*shown, html.Div(panel, id="tool-panel")], className="stack")


def render_tools(tools: Sequence[Tool], *, may_change: bool) -> Component:
    if not tools:
        way = "Add the first one above" if may_change else f"{who_may(Permission.MANAGE_TOOLS)} adds them"
        return states.empty(
            "No defence tools yet",
            f"Without one, blue has nothing to say what saw an attack. {way}: the EDR, the SIEM, the mail gateway.",
        )
    columns = [column("Tool"), column("Kind"), column("State"), column("Observations", "num")]
    return listing(columns, [_row(tool) for tool in tools], caption="Defence tools", noun="tools", limit=50)


def _row(tool: Tool) -> list[Cell]:
    state = cell("In use", mark="on") if tool.active else cell("Out of use", mark="off")
    beside = "demo" if tool.demo else None
    return [cell(tool.name, href=f"{PATH}?tool={tool.slug}", beside=beside), tool.kind.label, state, tool.observations]


def _kinds(id_: str, value: str) -> dcc.RadioItems:
    options = [{"label": kind.label, "value": kind.value} for kind in ToolKind]
    return dcc.RadioItems(id=id_, options=options, value=value, className="choices")


def _add_form(*, opened: bool) -> html.Details:
    """Open while nothing is in use: then this is what the page is for."""
    name = dcc.Input(id="tool-name", maxLength=NAME_MAX, autoComplete="off", value="")
    form = html.Div(
        [
            labelled("Name", name, "As your people call it: the product, or what it guards."),
            html.Div([html.Strong("Kind"), _kinds("tool-new-kind", ToolKind.EDR.value)]),
            html.Button("Add tool", id="tool-add", type="button", className="button"),
        ],
        className="form",
    )
    return html.Details([html.Summary("Add a tool"), form], open=opened, className="fold")


def tool_panel(tool: Tool, *, may_change: bool) -> html.Aside:
    """What `?tool=` opens. Actions: `tool-change`, `tool-retire` or `tool-revive`."""
    said = f"Named in {words.plural(tool.observations, 'observation')}; they stay whatever becomes of it."
    shown: list[Component] = [dcc.Store(id="tool-chosen", data=tool.slug), html.P(said, className="hint")]
    if may_change:
        shown.extend(_actions(tool))
    else:
        shown.append(html.P(f"{who_may(Permission.MANAGE_TOOLS)} changes tools.", className="notice"))
    return frame.side(tool.name, shown, close_href=PATH, note=tool.kind.label)


def _actions(tool: Tool) -> list[Component]:
    name = dcc.Input(id="tool-new-name", maxLength=NAME_MAX, autoComplete="off", value=tool.name)
    sentence = "Is no longer offered for new observations." if tool.active else "Is offered for new observations again."
    switch = html.Button(
        "Put out of use" if tool.active else "Put in use",
        id="tool-retire" if tool.active else "tool-revive",
        type="button",
        className="button is-quiet",
    )
    return [
        html.Div(
            [
                labelled("Name", name),
                html.Div([html.Strong("Kind"), _kinds("tool-kind", tool.kind.value)]),
                html.Button("Save", id="tool-change", type="button", className="button"),
            ],
            className="form",
        ),
        html.Div([html.H3("Use"), html.P(sentence, className="hint"), switch], className="form"),
    ]
