"""The form in which people write and change their own templates.

Ids: `template-<field>`; the parts of dependencies are patterns, `{"type": "template-dependency-<part>", "row": n}`.
"""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from domain.platforms import PLATFORMS
from domain.template_text import arguments_as_text
from domain.templates import (
    COMMAND_MAX,
    DEPENDENCIES_MAX,
    MANUAL,
    NAME_MAX,
    OWN_TOOLS,
    TEXT_MAX,
    TOOLS,
    Argument,
    Dependency,
    Executor,
    Template,
)
from pages.components.labelled import labelled

FIELDS = (
    "name",
    "description",
    "technique",
    "platforms",
    "tool",
    "command",
    "cleanup",
    "elevated",
    "arguments",
    "dependency_tool",
    "note",
)
DEPENDENCY_PARTS = ("description", "check", "get")

EMPTY = Template(
    name="",
    description="",
    technique="",
    platforms=(),
    executors=(Executor(tool="powershell", platforms=()),),
)


def render(value: Template, *, template_id: str, version: int, back: str) -> html.Div:
    """`template_id` is '' for a new one; `version` is the one that was read; `back` leads away without a change."""
    executor = value.executors[0]
    steps = executor.steps if executor.tool == MANUAL else executor.command
    new = not template_id
    fields: list[Component] = [
        labelled("Name", dcc.Input(id="template-name", value=value.name, maxLength=NAME_MAX, autoComplete="off")),
        labelled("What it does and what to look for", _area("template-description", value.description, TEXT_MAX, 4)),
        labelled(
            "Technique",
            dcc.Input(id="template-technique", value=value.technique, maxLength=20, autoComplete="off"),
            "One ATT&CK id, such as T1059.001.",
        ),
        html.Fieldset(
            [
                html.Legend("Platforms"),
                dcc.Checklist(
                    id="template-platforms", options=list(PLATFORMS), value=list(value.platforms), className="choices"
                ),
            ]
        ),
        _tools("template-tool", "Runs with", executor.tool, by_hand=True),
        labelled(
            "Command, or the steps where it is done by hand",
            _area("template-command", steps, COMMAND_MAX, 8),
            "Write #{name} where an argument goes. Nothing is run from here.",
        ),
        labelled("Cleanup", _area("template-cleanup", executor.cleanup, COMMAND_MAX, 4), "What undoes it."),
        dcc.Checklist(
            id="template-elevated",
            options=[{"label": "Needs administrator or root", "value": "yes"}],
            value=["yes"] if value.elevation_required else [],
        ),
        _arguments(value.arguments),
        _dependencies(value),
        labelled(
            "Why this change" if not new else "Note",
            dcc.Input(id="template-note", value="", maxLength=500, autoComplete="off"),
            "Stands with the version.",
        ),
        html.Div(
            [
                html.Button(
                    "Save template" if new else "Save as a new version",
                    id="template-save",
                    type="button",
                    className="button",
                ),
                html.A("Leave without saving", href=back, className="button is-quiet", **{"data-go": ""}),
            ],
            className="actions",
        ),
    ]
    seen = dcc.Store(id="template-seen", data={"id": template_id, "version": version})
    return html.Div([seen, html.Div(fields, className="form template-form")])


def _arguments(arguments: Sequence[Argument]) -> html.Div:
    text = arguments_as_text(arguments)
    area = _area("template-arguments", text, TEXT_MAX, max(3, len(arguments) + 1))
    return labelled("Arguments", area, "One a line: name | type | what it is | default")


def _dependencies(value: Template) -> html.Details:
    """Those there are and a spare one; an emptied one is dropped."""
    held = [*value.dependencies, Dependency(description="")][:DEPENDENCIES_MAX]
    shown = [
        html.Div(
            [
                _row("What must be there", "description", row, one.description, 2),
                _row("Fails when it is not", "check", row, one.check, 3),
                _row("Brings it", "get", row, one.get, 3),
            ],
            className="form",
        )
        for row, one in enumerate(held)
    ]
    tool = _tools("template-dependency_tool", "Checked and brought with", value.dependency_tool, by_hand=False)
    return html.Details([html.Summary("Dependencies"), tool, *shown], className="fold", open=bool(value.dependencies))


def _tools(ident: str, legend: str, chosen: str, *, by_hand: bool) -> html.Fieldset:
    tools = [tool for tool in OWN_TOOLS if by_hand or tool != MANUAL]
    options = [{"label": TOOLS[tool], "value": tool} for tool in tools]
    value = chosen if chosen in tools else tools[0]
    return html.Fieldset(
        [html.Legend(legend), dcc.RadioItems(id=ident, options=options, value=value, className="choices")]
    )


def _row(label: str, field: str, row: int, text: str, lines: int) -> html.Label:
    ident = {"type": f"template-dependency-{field}", "row": row}
    area = dcc.Textarea(id=ident, value=text, rows=lines, maxLength=COMMAND_MAX)
    return html.Label([label, area], className="labelled")


def _area(ident: str, text: str, most: int, lines: int) -> dcc.Textarea:
    return dcc.Textarea(id=ident, value=text, rows=lines, maxLength=most)
