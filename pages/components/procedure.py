"""What to run, with the arguments filled in, and what undoes it: text to read and to copy, never run from here."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from domain.testing.procedure import Filled, Way, filled, ways
from pages.components import words
from pages.components.parts import column, listing
from pages.components.shown_test import ShownTest
from pages.components.status import link
from pages.templates import tool_name

_WAYS_MAX = 6  # shown at once; the template has all of them


def render(data: ShownTest) -> html.Section:
    content = data.origin.content if data.origin is not None else None
    own = filled(data.test.procedure, data.test.arguments)
    shown: list[Component | None] = [_head(data), _text(own, "procedure", "Procedure")]
    if content is not None:
        found = ways(content, data.test.arguments, data.test.platform)
        fitting = [one for one in found if one.fits] or found
        shown += [part for number, one in enumerate(fitting[:_WAYS_MAX], start=1) for part in _way(one, number)]
        shown += [_dependencies([one.description for one in content.dependencies])]
    elif not own.text:
        shown.append(html.P("Nobody has written down what is run. Edit the plan to add it.", className="hint"))
    shown.append(_arguments(data))
    return html.Section([part for part in shown if part is not None], id="procedure", className="section stack-small")


def _head(data: ShownTest) -> html.Header:
    if data.origin is None:
        return html.Header([html.H2("Procedure"), html.P("Written for this test.")])
    version = f"?version={data.origin.version}" if data.origin.version else ""
    name = link(data.origin.name, f"/template/{data.origin.id}{version}")
    return html.Header([html.H2("Procedure"), html.P(["From the template ", name, _version(data)])])


def _version(data: ShownTest) -> str:
    origin = data.origin
    if origin is None or origin.version is None:
        return "."
    newer = f"; the newest is {origin.newest}" if origin.newest != origin.version else ""
    return f", version {origin.version}{newer}."


def _way(way: Way, number: int) -> list[Component | None]:
    where = f"{tool_name(way.tool)}, on {words.sentence(list(way.platforms))}"
    payloads = html.P(f"Payloads: {words.sentence(list(way.payloads))}", className="hint") if way.payloads else None
    return [
        html.P(where, className="hint"),
        _text(way.command, f"command-{number}", "Command"),
        _text(way.steps, f"steps-{number}", "Steps"),
        payloads,
        _text(way.cleanup, f"cleanup-{number}", "Cleanup"),
    ]


def _text(part: Filled, ident: str, label: str) -> Component | None:
    if not part.text.strip():
        return None
    button = html.Button(
        "Copy",
        type="button",
        className="button is-quiet is-small",
        **{"data-copies": ident, "aria-label": f"Copy: {label.lower()}"},
    )
    head = html.Div([html.H3(label), button], className="copy-head")
    lacking = html.P(f"No value yet for {words.sentence(list(part.lacking))}.", className="warned")
    body = html.Pre(part.text, id=ident, className="code", tabIndex="0")
    return html.Div([head, *([lacking] if part.lacking else []), body])


def _dependencies(names: Sequence[str]) -> Component | None:
    if not names:
        return None
    return html.Div([html.H3("Needed first"), html.Ul([html.Li(name, className="as-written") for name in names])])


def _arguments(data: ShownTest) -> Component | None:
    if not data.test.arguments:
        return None
    columns = [column("Argument", "mono"), column("Value", "mono")]
    rows = [[name, value] for name, value in data.test.arguments.items()]
    return listing(columns, rows, caption="Arguments", noun="arguments", limit=8)
