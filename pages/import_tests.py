"""Bringing in tests of other tools: a file, what it would become, which column says what, and what is wrong with it.

`?file=<id>` is the uploaded file; `kind`, `zone`, `platform` and `m_<field>` are what the person says about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.outcomes import Detection, Prevention
from domain.platforms import PLATFORMS
from domain.test_imports.fields import FIELDS, KINDS, MAX_BYTES, MAX_ROWS
from pages.components import filters, states, words
from pages.components.figure import figure
from pages.components.filters import FilterLine
from pages.components.parts import Cell, cell, column, listing, moment_cell, upload_form
from pages.components.status import DETECTION, PREVENTION, TEST_STATE

PATH = "/tests/import"
TITLE = "Import tests"
NAV = None
UPLOAD = "/tests/import/upload"
TEMPLATE = "/tests/import/template.csv"
MAPS = "m_"  # before a field, as a name in the address
LEFT_OUT = "-"
PROBLEMS_SHOWN = 500
ROWS_SHOWN = 50
POLL_MS = 1000
_READS = {
    "csv": "any headings, chosen column by column",
    "vectr": "the CSV of an assessment",
    "purpleops": "export.json, export.csv or the whole zip",
    "navigator": "its techniques, as a plan",
    "caldera": "report or event logs",
}
_COLUMNS = tuple(f"{MAPS}{field.key}" for field in FIELDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTest:
    """A row as the test it would become; `prevention` and `detection` are '' before it is evaluated."""

    number: int
    technique: str
    title: str
    platform: str
    state: str
    executed_at: datetime | None
    prevention: str
    detection: str
    tools: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What an import would do. `proposed` and `mapping` are field -> column; `problems` the first (row, sentence).

    `lacks` says why the mapping does not do; nothing was looked at then.
    """

    name: str
    kind: str
    columns: Sequence[str]
    proposed: Mapping[str, str]
    mapping: Mapping[str, str]
    fixed: bool
    lacks: str
    total: int
    validated: int
    with_blue: int
    drafts: int
    there: int
    wrong: int
    problems: Sequence[tuple[int, str]]
    shown: Sequence[NewTest]
    new_tools: Sequence[str]

    @property
    def new(self) -> int:
        return self.validated + self.with_blue + self.drafts


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a worker is: `step` is '' while it waits for one, `total` is 0 where nothing is counted."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """`file` is '' before one is chosen; `refused` says why it cannot be read as asked; `zones` are those to choose.

    `progress` of a worker who looks through a large file.
    """

    file: str = ""
    said: Mapping[str, str]
    zones: Sequence[str]
    found: Found | None = None
    refused: str = ""
    progress: Progress | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    validated: int
    with_blue: int
    drafts: int
    there: int
    left_out: int


def answer(data: Import) -> str:
    """The one line in the top bar."""
    if data.progress is not None:
        return "being looked through"
    if data.found is None:
        return "nothing was read" if data.refused else "from VECTR, PurpleOps, CALDERA, the Navigator or a table"
    return f"{words.plural(data.found.total, 'row')} in {data.found.name}"


def layout(data: Import) -> html.Div:
    """`import-touched` changes with an upload, to the id of the file; `import-file` is the one that is looked at."""
    return html.Div(
        [
            dcc.Store(id="import-touched"),
            dcc.Store(id="import-file", data=data.file),
            html.Div(render(data), id="import-body", className="stack"),
        ]
    )


def render(data: Import) -> list[Component]:
    """What stands in `import-body`: the choices stay where they are while `import-found` follows them."""
    if not data.file:
        notice = [states.notice(data.refused, kind="warn")] if data.refused else []
        return [*notice, _start()]
    said, columns = said_fields(data), column_fields(data)
    fold = html.Details(
        [
            html.Summary(["Which column says what", html.Span(used(data), id="import-used", className="beside")]),
            html.Div(FilterLine(id="import-columns", fields=columns, value=filters.asked(columns, data.said))),
        ],
        id="import-fold",
        className="fold",
        open=lacks_columns(data),
        hidden=not columns,
    )
    return [
        FilterLine(id="import-said", fields=said, value=filters.asked(said, data.said)),
        fold,
        html.Div(render_found(data), id="import-found", className="stack"),
    ]


def render_found(data: Import) -> list[Component]:
    """What stands in `import-found`."""
    found = data.found
    if data.progress is not None:
        still = "A file of this size is read by a worker. You may leave this page; the file is kept for a day."
        return [_way(data.progress, still), dcc.Interval(id="import-poll", interval=POLL_MS)]
    if found is None:
        still = "The file is kept for a day: read it as another kind, or discard it."
        return [states.failed(data.refused, still), html.Div([_discard()], className="actions")]
    if found.lacks:
        return [states.notice(found.lacks, kind="warn"), html.Div([_discard()], className="actions")]
    return [_figures(found), *_notices(found), _actions(found), *_problems(found), *_shown(found)]


def render_running(progress: Progress, asked: Mapping[str, Any]) -> list[Component]:
    """What stands in `import-body` while a worker imports; `asked` is what was pressed, for `import-run-poll`."""
    still = "All rows come in at once, at the end, or none. You may leave this page."
    return [
        dcc.Store(id="import-running", data=dict(asked)),
        dcc.Interval(id="import-run-poll", interval=POLL_MS),
        _way(progress, still),
    ]


def _way(progress: Progress, still: str) -> html.Div:
    counted = f", {words.number(progress.done)} of {words.number(progress.total)}" if progress.total else ""
    step = f"{progress.step}{counted}" if progress.step else "Waiting for a worker"
    bar = html.Progress(value=str(progress.done), max=str(progress.total)) if progress.total else html.Progress()
    shown = [html.Div(step, role="status"), bar, html.P(still, className="hint")]
    return html.Div(shown, className="run-progress")


def lacks_columns(data: Import) -> bool:
    return data.found is not None and bool(data.found.lacks)


def used(data: Import) -> str:
    if data.found is None:
        return ""
    columns = len(data.found.columns)
    return f"{len(set(data.found.mapping.values()))} of {words.plural(columns, 'column')} used"


def said_fields(data: Import) -> list[dict[str, Any]]:
    known = f"{KINDS[data.found.kind]}, as found" if data.found and not data.said.get("kind") else "As found"
    zones = [(zone, zone) for zone in data.zones if zone != "UTC"]
    return [
        filters.one("kind", "Read as", [("", known), *KINDS.items()], clears=_COLUMNS),
        filters.one("zone", "Times without a zone are in", [("", "UTC"), *zones]),
        filters.one("platform", "Rows without a platform", [("", "Are wrong"), *((name, name) for name in PLATFORMS)]),
    ]


def column_fields(data: Import) -> list[dict[str, Any]]:
    """Nothing where there is nothing to choose: the file names its fields itself, or cannot be read."""
    found = data.found
    if found is None or found.fixed:
        return []
    there = [(LEFT_OUT, "–"), *((name, name) for name in found.columns)]
    return [
        filters.one(f"{MAPS}{field.key}", field.label, there, none=found.proposed.get(field.key, LEFT_OUT))
        for field in FIELDS
    ]


def render_done(done: Done) -> list[Component]:
    """What stands in `import-body` after an import."""
    kinds = [(done.validated, "validated test"), (done.with_blue, "unevaluated test"), (done.drafts, "draft")]
    listed = words.sentence([words.plural(count, name) for count, name in kinds if count])
    parts = [
        f"Added {listed}." if listed else "Every row is a test already; nothing was added.",
        f"{words.plural(done.there, 'row')} had been imported before." if done.there and listed else "",
        f"{words.plural(done.left_out, 'wrong row')} stayed outside." if done.left_out else "",
    ]
    again = html.A("Import another file", href=PATH, className="button is-quiet")
    look = html.A("See the tests", href="/tests", className="button", **{"data-go": ""})
    title = "Imported" if listed else "Nothing new"
    return [states.empty(title, " ".join(part for part in parts if part), [look, again])]


def _start() -> html.Section:
    accepted = (
        f".csv, .json or .zip, up to {words.size(MAX_BYTES)} and {words.number(MAX_ROWS)} rows."
        " It is looked through first; nothing is changed yet."
    )
    fields = [{"name": "file", "label": "File", "type": "file", "hint": accepted, "accept": ".csv,.json,.zip,.tsv"}]
    form = upload_form(UPLOAD, "Look through it", fields, limit=MAX_BYTES, touches="import-touched")
    kinds = html.Ul([html.Li(f"{KINDS[kind]}: {what}") for kind, what in _READS.items()])
    template = html.A("Download a template", href=TEMPLATE, className="button is-quiet is-small")
    return html.Section(
        [
            html.Header([html.H2("A file of tests"), html.P("What was finished there comes in as a validated test.")]),
            html.Div(
                [
                    html.Div([form]),
                    html.Div([html.H3("It reads"), kinds]),
                    html.Div([html.H3("Nothing to export from?"), html.P(template)]),
                ],
                className="source-columns",
            ),
        ],
        className="panel",
    )


def _figures(found: Found) -> html.Div:
    wrong = "one wrong row stops the import" if found.wrong else "every row can be read"
    return html.Div(
        [
            figure("Validated tests", words.number(found.validated), under=["finished there, with a result"]),
            figure("With blue", words.number(found.with_blue), under=["executed, not evaluated"]),
            figure("Drafts", words.number(found.drafts), under=["planned or not finished there"]),
            figure("There already", words.number(found.there), under=["left as they are"]),
            figure("Wrong rows", words.number(found.wrong), under=[wrong]),
        ],
        className="figures",
    )


def _notices(found: Found) -> list[Component]:
    said = []
    if found.new_tools:
        count, named = len(found.new_tools), ", ".join(found.new_tools[:10])
        more = f" and {count - 10} more" if count > 10 else ""
        said.append(states.notice(f"Adds {words.plural(count, 'defence tool')}: {named}{more}."))
    if found.validated:
        said.append(states.notice("Gaps among imported results open no remediation; plan a retest where one matters."))
    return [html.Div(said, className="stack-small")] if said else []


def _problems(found: Found) -> list[Component]:
    if not found.wrong:
        return []
    rows: list[list[Cell]] = [[number, sentence] for number, sentence in found.problems]
    table = listing(
        [column("Row", "tight"), column("What is wrong with it")],
        rows,
        caption="Rows that cannot be imported",
        noun="rows",
        file="wrong-rows",
    )
    first = f"The first {PROBLEMS_SHOWN} of {words.number(found.wrong)}." if found.wrong > len(rows) else ""
    head = html.Header([html.H2("Wrong rows"), html.P(first)])
    return [html.Section([head, table], className="section")]


def _actions(found: Found) -> html.Div:
    """Both buttons are always there, because callbacks listen to them; the one that makes no sense is hidden."""
    tests = words.plural(found.new, "test")
    name = f"Import {tests}" if found.new else "Nothing new to import"
    rest = f"Leave out {words.plural(found.wrong, 'wrong row')}, import {tests}"
    some = bool(found.wrong and found.new)
    buttons = [
        html.Button(
            name, id="import-run", type="button", className="button", hidden=bool(found.wrong), disabled=not found.new
        ),
        html.Button(rest, id="import-leave-out", type="button", className="button", hidden=not some),
        _discard(),
    ]
    mend = "Mend the file and upload it again" + (", or leave the wrong rows out." if some else ".")
    hint = [html.P(mend, className="hint")] if found.wrong else []
    return html.Div([html.Div(buttons, className="actions"), *hint], className="stack-small")


def _discard() -> html.Button:
    return html.Button("Discard the file", id="import-discard", type="button", className="button is-quiet")


def _shown(found: Found) -> list[Component]:
    if not found.shown:
        return []
    columns = [
        column("Row", "tight"),
        column("Technique", "mono"),
        column("Test"),
        column("Platform"),
        column("Executed", "when"),
        column("Prevention"),
        column("Detection"),
        column("Defence tools"),
    ]
    table = listing(
        columns, [_row(row) for row in found.shown], caption="Tests as they would come in", noun="tests", file="import"
    )
    first = f"The first {ROWS_SHOWN} of {words.number(found.new)}." if found.new > len(found.shown) else ""
    head = html.Header([html.H2("As they would come in"), html.P(first)])
    return [html.Section([head, table], className="section")]


def _row(row: NewTest) -> list[Cell]:
    made: list[Cell] = [
        row.number,
        cell(row.technique, href=f"/technique/{row.technique}"),
        row.title,
        row.platform,
        moment_cell(row.executed_at, "moment"),
    ]
    if not row.prevention:
        return [*made, cell(TEST_STATE[row.state], mark="untested"), "", ""]
    prevention, detection = PREVENTION[Prevention(row.prevention)], DETECTION[Detection(row.detection)]
    return [
        *made,
        cell(prevention[0], mark=prevention[1]),
        cell(detection[0], mark=detection[1]),
        ", ".join(row.tools),
    ]
