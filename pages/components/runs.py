"""One run of a sync: its state in a line, its progress, and its report item by item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from pages.components import frame, status, words
from pages.components.parts import Cell, Mark, cell, column, listing, moment_cell, when

STATES: Mapping[str, tuple[str, Mark]] = {
    "queued": ("Queued", "progress"),
    "running": ("Running", "progress"),
    "succeeded": ("Done", "covered"),
    "unchanged": ("No change", "covered"),
    "failed": ("Failed", "uncovered"),
    "interrupted": ("Interrupted", "partial"),
}
TRIGGERS: Mapping[str, str] = {
    "person": "by hand",
    "command": "by command",
    "schedule": "on schedule",
    "first_run": "on first start",
}
# kinds of report items in the order they are read: what needs somebody first
KINDS: Mapping[str, str] = {
    "rejected": "Rejected",
    "not_placed": "Not placed",
    "added": "Added",
    "changed": "Changed",
    "renamed": "Renamed",
    "revoked": "Revoked",
    "deprecated": "Deprecated",
    "reactivated": "Back again",
    "vanished": "Vanished",
    "removed": "Removed",
    "restored": "Restored",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """`counts` by kind of item; `done` of `total` while running (None: not known); `origin` is what was read."""

    id: str
    source: str
    source_name: str
    state: str
    trigger: str
    by: str
    queued_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: str | None = None
    origin: str = ""
    phase: str = ""
    done: int | None = None
    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """`detail` says why, or what changed; `object_type` is a word for people ("technique", "rule")."""

    object_type: str
    ref: str | None
    name: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A run with the items of one kind; `shown` may be fewer than the run counted."""

    run: Run
    kind: str
    shown: Sequence[Item]


def render_progress(run: Run) -> html.Div:
    """While a run is active: what it is doing and how far it is."""
    known = run.total and run.done is not None
    text = run.phase or ("Waiting for a worker" if run.state == "queued" else "Starting")
    count = f"{words.number(run.done or 0)} of {words.number(run.total or 0)}" if known else ""
    bar = html.Progress(value=str(run.done), max=str(run.total)) if known else html.Progress()
    return html.Div(
        [html.Div([text, html.Span(count, className="beside")]), bar], className="run-progress", role="status"
    )


def render_outcome(run: Run | None) -> html.Div:
    """The last run in a line, with its counts leading to the report."""
    if run is None:
        return html.Div("Never run", className="hint")
    word, glyph = STATES[run.state]
    at = run.finished_at or run.started_at or run.queued_at
    line: list[Component | str] = [
        status.mark(glyph, word),
        html.Span([when(at, "ago"), f", {TRIGGERS[run.trigger]}"], className="beside"),
    ]
    shown: list[Component] = [html.Div(line)]
    if run.error:
        shown.append(html.P(run.error, className="run-error"))
    chips = _kinds(run)
    if chips:
        shown.append(html.Div(chips, className="chips"))
    return html.Div(shown, className="run-outcome")


def _kinds(run: Run, chosen: str = "") -> list[Component]:
    chips = []
    for kind, name in KINDS.items():
        if run.counts.get(kind):
            text = f"{name} {words.number(run.counts[kind])}"
            each = status.chip(text, href=f"/sources?run={run.id}&kind={kind}")
            if kind == chosen:
                setattr(each, "aria-current", "true")
            chips.append(each)
    return chips


def render_runs(runs: Sequence[Run]) -> Component:
    columns = [
        column("Source"),
        column("State"),
        column("Started", "when"),
        column("Took", "num"),
        column("Version"),
        column("Started by"),
        column("Result"),
    ]
    return listing(columns, [_run_row(run) for run in runs], caption="Runs", noun="runs", limit=10)


def _run_row(run: Run) -> list[Cell]:
    word, glyph = STATES[run.state]
    took: Cell = None
    if run.started_at and run.finished_at:
        seconds = (run.finished_at - run.started_at).total_seconds()
        took = cell(words.duration(seconds) if seconds >= 1 else "under 1 s", order=seconds)
    said = [f"{words.number(run.counts[kind])} {name.lower()}" for kind, name in KINDS.items() if run.counts.get(kind)]
    return [
        cell(run.source_name, href=f"/sources?run={run.id}"),
        cell(word, mark=glyph),
        moment_cell(run.started_at or run.queued_at),
        took,
        run.version,
        f"{run.by}, {TRIGGERS[run.trigger]}",
        run.error or ", ".join(said) or None,
    ]


def report_panel(report: Report) -> html.Aside:
    """What `?run=` opens: the run, its kinds of items, and the items of the chosen kind with their reasons."""
    run = report.run
    word, glyph = STATES[run.state]
    facts: list[tuple[str, Component | str]] = [
        ("State", status.mark(glyph, word)),
        ("Read", run.origin or "not said"),
        ("Version", run.version or "not said"),
        ("Started", html.Span([when(run.started_at or run.queued_at), f" by {run.by}"])),
    ]
    shown: list[Component] = [
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    ]
    if run.error:
        shown.append(html.P(run.error, className="notice is-warn"))
    chips = _kinds(run, report.kind)
    shown.append(html.Div(chips, className="chips") if chips else html.P("This run changed nothing.", className="hint"))
    if report.shown:
        shown.append(_items(report))
    elif chips:
        shown.append(html.P("A first load is counted, not listed item by item.", className="hint"))
    return frame.side(run.source_name, shown, close_href="/sources", note="Report of a run")


def _items(report: Report) -> html.Div:
    rows = [[cell(item.name, beside=item.object_type), item.detail or None, _ref(item)] for item in report.shown]
    name = KINDS[report.kind]
    columns = [column("Name"), column("Why"), column("ID", "mono")]
    table = listing(columns, rows, caption=name, noun=name.lower(), limit=50, file=f"{report.run.source}-{report.kind}")
    whole = report.run.counts.get(report.kind, len(report.shown))
    parts: list[Component] = [table]
    if whole > len(report.shown):
        parts.append(html.P(f"The first {words.number(len(report.shown))} of {words.number(whole)}.", className="hint"))
    return html.Div(parts)


def _ref(item: Item) -> Cell:
    if item.ref and item.object_type in ("technique", "sub-technique"):
        return cell(item.ref, href=f"/technique/{item.ref}")
    return cell(item.ref, hover=item.ref) if item.ref else None
