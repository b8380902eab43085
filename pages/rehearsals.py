"""ATT&CK versions rehearsed beside the loaded one, and the versions that were loaded over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.attack_ids import DOMAIN_LABELS
from domain.rehearsal import State
from domain.roles import Permission, who_may
from pages.components import choosing, states, status, words
from pages.components.coverage import heading
from pages.components.parts import Cell, Mark, cell, column, listing, moment_cell, upload_form, when
from pages.components.status import link

PATH = "/sources/rehearsal"
TITLE = "Rehearsals of ATT&CK"
NAV = None
POLL_MS = 1_000
STATES: Mapping[State, tuple[str, Mark]] = {
    State.QUEUED: ("Queued", "progress"),
    State.RUNNING: ("Running", "progress"),
    State.READY: ("Ready", "covered"),
    State.FAILED: ("Failed", "uncovered"),
    State.ADOPTED: ("Adopted", "on"),
    State.DISCARDED: ("Discarded", "off"),
}
# Content in words: one and many.
CONTENT: Mapping[str, tuple[str, str]] = {
    "tests": ("test", "tests"),
    "rules": ("rule", "rules"),
    "templates": ("template", "templates"),
    "mappings": ("control mapping", "control mappings"),
    "countermeasures": ("countermeasure", "countermeasures"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """`stale`: the loaded map is no longer the one it was compared with. `report` as in docs/rehearsal.md."""

    id: str
    domain: str
    version: str | None
    from_version: str | None
    state: State
    origin: str
    phase: str
    error: str
    by: str
    created_at: datetime
    finished_at: datetime | None
    kept: bool
    stale: bool
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Enterprise 18.1, compared with 17.1"""
        name = f"{DOMAIN_LABELS[self.domain]} {self.version}" if self.version else DOMAIN_LABELS[self.domain]
        return f"{name}, compared with {self.from_version}" if self.from_version else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    domain: str
    version: str
    state: str
    origin: str
    loaded_at: datetime
    run: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsals:
    rehearsals: Sequence[Rehearsal]
    releases: Sequence[Release]
    accepts: Sequence[str]
    max_bytes: int
    may_rehearse: bool


def polling(data: Rehearsals) -> bool:
    return any(one.state.under_way for one in data.rehearsals)


def answer(data: Rehearsals) -> str:
    """The one line in the top bar."""
    ready = sum(one.state is State.READY for one in data.rehearsals)
    if polling(data):
        return "a rehearsal is under way"
    return f"{words.plural(ready, 'rehearsal')} ready" if ready else "none ready"


def layout(data: Rehearsals) -> html.Div:
    return html.Div(
        [
            dcc.Interval(id="rehearsals-poll", interval=POLL_MS, disabled=not polling(data)),
            dcc.Store(id="rehearsals-touched"),
            html.P(link("All sources", "/sources", ""), className="hint"),
            html.Section(_form(data), className="panel stack-small"),
            html.Div(render(data), id="rehearsals-body", className="stack"),
        ],
        className="stack",
    )


def _form(data: Rehearsals) -> list[Component]:
    text = (
        "A version is read beside the loaded one, and everything it would do is worked out. Nothing changes until it "
        "is adopted."
    )
    head = heading("See what a new version does before you adopt it", text)
    if not data.may_rehearse:
        return [head, html.P(f"{who_may(Permission.RUN_SYNC)} rehearses and adopts.", className="hint")]
    accepted = f"{words.sentence(list(data.accepts))}, up to {words.size(data.max_bytes)}"
    hint = "Needed where the file does not say it, as in STIX 2.0 bundles."
    fields = [
        {"name": "file", "label": "File", "type": "file", "hint": accepted, "accept": ",".join(data.accepts)},
        {"name": "version", "label": "Version", "placeholder": "18.1", "hint": hint},
    ]
    upload = upload_form(
        "/rehearsals/upload", "Upload and rehearse", fields, limit=data.max_bytes, touches="rehearsals-touched"
    )
    options = [(domain, label) for domain, label in DOMAIN_LABELS.items()]
    fetch = html.Div(
        [
            choosing.select("rehearse-domain", "Map", options, value=options[0][0]),
            html.Button("Rehearse the newest published", id="rehearse-now", type="button", className="button"),
        ],
        className="actions",
    )
    return [head, fetch, html.Details([html.Summary("Use a file instead"), html.Div(upload)], className="fold")]


def render(data: Rehearsals) -> list[Component]:
    """What stands in `rehearsals-body`."""
    return [html.Section(_rehearsals(data), className="panel"), html.Section(_releases(data), className="panel")]


def _rehearsals(data: Rehearsals) -> list[Component]:
    head = heading("Rehearsals", "Newest first; each opens its report.")
    if not data.rehearsals:
        return [head, states.empty("Nothing rehearsed yet", "A rehearsal says what a version adds, moves and loses.")]
    columns = [column("Version"), column("State"), column("What adopting it does", "prose"), column("By")]
    columns.append(column("When", "when"))
    rows: list[list[Cell]] = [_row(one) for one in data.rehearsals]
    return [head, listing(columns, rows, caption="Rehearsals", noun="rehearsals", limit=20)]


def _row(one: Rehearsal) -> list[Cell]:
    word, mark = STATES[one.state]
    said = one.error or (sentence(one) if one.report.get("before") is not None else one.phase)
    return [
        cell(one.name, href=f"{PATH}/{one.id}", beside=one.origin or None),
        cell(word, mark=mark, beside="out of date" if one.stale else None),
        said,
        one.by,
        moment_cell(one.finished_at or one.created_at),
    ]


def _releases(data: Rehearsals) -> list[Component]:
    head = heading("Versions over time", "Every version that was loaded here.")
    if not data.releases:
        return [head, html.P("Nothing has been loaded yet.", className="hint")]
    columns = [column("Version"), column("State"), column("From"), column("Loaded", "when")]
    rows: list[list[Cell]] = [
        [
            cell(f"{DOMAIN_LABELS[one.domain]} {one.version}", href=f"/sources?run={one.run}" if one.run else None),
            cell("Loaded", mark="on") if one.state == "adopted" else cell("Superseded", mark="off"),
            one.origin,
            moment_cell(one.loaded_at, "moment"),
        ]
        for one in data.releases
    ]
    return [head, listing(columns, rows, caption="Versions of ATT&CK", noun="versions", limit=20)]


def sentence(one: Rehearsal) -> str:
    """What adopting it does, in one sentence: what the map gains and loses, what moves, where the score goes."""
    report = one.report
    if not report.get("changes"):
        return f"{one.version} is the loaded map to the letter; adopting it changes nothing."
    added, retired = report["added"], report["retired"]
    numbers = report["numbers"]
    moved = [_counted(content, numbers[content]["moved"]) for content in CONTENT if numbers[content]["moved"]]
    lost = [_counted(content, numbers[content]["lost"]) for content in CONTENT if numbers[content]["lost"]]
    said = [
        f"adds {words.plural(added, 'technique')}" if added else "adds no technique",
        f"retires {words.number(retired)}" if retired else "",
        f"moves {words.sentence(moved)}" if moved else "",
        f"leaves {words.sentence(lost)} nowhere" if lost else "",
    ]
    return f"{one.version} {words.sentence([part for part in said if part])}; {_score(report)}."


def _counted(content: str, number: int) -> str:
    return words.plural(number, *CONTENT[content])


def _score(report: Mapping[str, Any]) -> str:
    before, after = (_weighted(report[name]) for name in ("before", "after"))
    if before is None or after is None:
        return "there is no score to compare"
    if round(before, 1) == round(after, 1):
        return f"the score would stay at {after:.1f}"
    return f"the score would go from {before:.1f} to {after:.1f}"


def _weighted(totals: Mapping[str, Any] | None) -> float | None:
    """Of whole totals, or (in a list) of their score alone."""
    score = (totals or {}).get("score", totals or {})
    found: float | None = score.get("weighted")
    return found


def render_progress(one: Rehearsal) -> Component:
    """While it is under way."""
    text = one.phase or "Waiting for a worker"
    return html.Div([html.Div(text), html.Progress()], className="run-progress", role="status")


def render_state(one: Rehearsal) -> Component:
    word, mark = STATES[one.state]
    at = one.finished_at or one.created_at
    line = html.Span([when(at, "ago"), f", by {one.by}"], className="beside")
    return html.Div(html.Div([status.mark(mark, word), line]), className="run-outcome")
