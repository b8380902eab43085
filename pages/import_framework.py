"""A framework of one's own: a table is looked through, named, and taken in. `?file=<id>` is the uploaded table."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from pages.components import states, words
from pages.components.figure import figure
from pages.components.labelled import labelled
from pages.components.parts import Cell, column, listing, upload_form
from pages.components.status import link

PATH = "/compliance/import"
TITLE = "Add a framework"
NAV = None
UPLOAD = "/compliance/import/upload"
TEMPLATE = "/compliance/import/template.csv"
MAX_BYTES = 10 * 1024 * 1024
NAME_MAX, VERSION_MAX = 120, 40
PROBLEMS_SHOWN = 500
_COLUMNS = (
    ("control", "its code; a row without one is wrong"),
    ("name", "what it asks for"),
    ("group", "a family or chapter"),
    ("technique", "T1059 or T1059.001, several with commas; empty for none"),
    ("mapping type", "such as mitigates or detects; non_mappable where none fits"),
    ("note", "kept with the row"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a table holds; `problems` are (row, sentence), the first of `wrong`."""

    file: str
    name: str
    controls: int
    mapped: int
    rows: int
    techniques: int
    not_placed: Sequence[str]
    wrong: int
    problems: Sequence[tuple[int, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """`refused` says why a file cannot be used."""

    found: Found | None = None
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    slug: str
    name: str
    changes: Sequence[tuple[str, int]]


def answer(data: Import) -> str:
    """The one line in the top bar."""
    if data.found is None:
        return "nothing was read" if data.refused else "from a table"
    return f"{words.plural(data.found.controls, 'control')} in {data.found.name}"


def layout(data: Import) -> html.Div:
    """`framework-touched` changes with an upload, to the id of the file."""
    return html.Div(
        [dcc.Store(id="framework-touched"), html.Div(render(data), id="framework-import", className="stack")]
    )


def render(data: Import) -> list[Component]:
    """What stands in `framework-import`."""
    if data.found is None:
        return [*([states.notice(data.refused, kind="warn")] if data.refused else []), _start()]
    return [_figures(data.found), *_problems(data.found), _form(data.found)]


def render_done(done: Done) -> list[Component]:
    """What stands in `framework-import` after an import."""
    listed = words.sentence([f"{words.number(number)} {change}" for change, number in done.changes])
    text = f"Controls: {listed}." if listed else "Nothing in it has changed."
    look = link(f"See {done.name}", f"/compliance/{done.slug}", "button")
    return [
        states.empty(
            "Taken in" if listed else "No change",
            text,
            [look, link("All frameworks", "/compliance", "button is-quiet")],
        )
    ]


def _start() -> html.Section:
    hint = f".csv, up to {words.size(MAX_BYTES)}. It is looked through first; nothing is changed yet."
    fields = [{"name": "file", "label": "File", "type": "file", "hint": hint, "accept": ".csv,.tsv"}]
    form = upload_form(UPLOAD, "Look through it", fields, limit=MAX_BYTES, touches="framework-touched")
    columns = html.Ul([html.Li([html.Strong(name), f": {text}"]) for name, text in _COLUMNS])
    template = html.A("Download a template", href=TEMPLATE, className="button is-quiet is-small", download="")
    text = "Your policy, a standard, a customer's list: one row a mapping."
    parts = [
        html.Div([form]),
        html.Div([html.H3("Columns"), columns]),
        html.Div([html.H3("To fill in"), html.P(template)]),
    ]
    head = html.Header([html.H2("A table of controls"), html.P(text)])
    return html.Section([head, html.Div(parts, className="source-columns")], className="panel")


def _figures(found: Found) -> html.Div:
    nowhere = ", ".join(found.not_placed[:5]) or "all lie on the loaded map"
    return html.Div(
        [
            figure("Controls", words.number(found.controls), under=[f"{words.number(found.mapped)} with a technique"]),
            figure("Mappings", words.number(found.rows), under=[words.plural(found.techniques, "technique")]),
            figure("Not placed", words.number(len(found.not_placed)), under=[nowhere]),
            figure("Wrong rows", words.number(found.wrong), under=["one stops the import" if found.wrong else "none"]),
        ],
        className="figures",
    )


def _problems(found: Found) -> list[Component]:
    if not found.wrong:
        return []
    rows: list[list[Cell]] = [[number, sentence] for number, sentence in found.problems]
    columns = [column("Row", "tight"), column("What is wrong with it")]
    table = listing(columns, rows, caption="Wrong rows", noun="rows", file="wrong-rows")
    first = f"The first {PROBLEMS_SHOWN} of {words.number(found.wrong)}." if found.wrong > len(rows) else ""
    return [html.Section([html.Header([html.H2("Wrong rows"), html.P(first)]), table], className="section")]


def _form(found: Found) -> html.Div:
    """Both buttons are always there, because callbacks listen to them."""
    name = dcc.Input(id="framework-name", value="", maxLength=NAME_MAX, autoComplete="off")
    version = dcc.Input(id="framework-version", value="", maxLength=VERSION_MAX, autoComplete="off")
    hint = "Mend the file and upload it again." if found.wrong else "The same name again replaces what is there."
    run = html.Button(
        f"Take in {words.plural(found.controls, 'control')}",
        id="framework-run",
        type="button",
        className="button",
        disabled=bool(found.wrong or not found.controls),
    )
    discard = html.Button("Discard the file", id="framework-discard", type="button", className="button is-quiet")
    return html.Div(
        [
            dcc.Store(id="framework-file", data=found.file),
            labelled("Name of the framework", name, hint),
            labelled("Version", version, "Left empty where it has none."),
            html.Div([run, discard], className="actions"),
        ],
        className="form",
    )
