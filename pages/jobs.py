"""Background work: what waits, runs and failed, and who works on it. `?job=<reference>` opens one beside the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission
from pages.components import frame, states, words
from pages.components.frame import Nav
from pages.components.parts import Cell, Mark, cell, column, listing, moment_cell, when

PATH = "/admin/jobs"
TITLE = "Jobs"
NAV = Nav("Admin", "Jobs", "jobs", 72, "j", Permission.MANAGE_JOBS)
POLL_MS = 5_000

_QUEUES: Mapping[str, str] = {
    "workflow": "Actions on tests; people wait for it",
    "sync": "Syncs of sources",
    "reports": "Reports",
    "default": "Messages, clearing up and everything else",
}
_STATES: Mapping[str, tuple[str, Mark]] = {
    "queued": ("Waiting", "progress"),
    "scheduled": ("Waiting for its time", "progress"),
    "running": ("Running", "on"),
    "failed": ("Failed", "uncovered"),
}
_WORKER: Mapping[str, tuple[str, Mark]] = {
    "busy": ("Busy", "progress"),
    "idle": ("Idle", "on"),
    "suspended": ("Suspended", "partial"),
    "silent": ("Not heard of", "uncovered"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """`oldest_at`: since when the next job waits."""

    name: str
    waiting: int
    running: int
    failed: int
    workers: int
    oldest_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """`state`: idle, busy, suspended or silent; `doing` in words, empty when idle."""

    name: str
    host: str
    queues: Sequence[str]
    state: str
    doing: str
    seen_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One piece of work. `reference` names it to the command; `href` leads to what it is about."""

    reference: str
    what: str
    state: str
    where: str
    at: datetime
    by: str = ""
    attempts: int = 0
    reason: str = ""
    href: str = ""
    can_retry: bool = False
    can_cancel: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """`away` says why queues and workers are not shown; `failed` and `waiting` count all, also what is not listed."""

    queues: Sequence[Queue]
    workers: Sequence[Worker]
    work: Sequence[Work]
    failed: int
    waiting: int
    events_waiting: int
    away: str = ""


def answer(jobs: Jobs) -> str:
    if jobs.away:
        return "Redis does not answer"
    there = sum(worker.state != "silent" for worker in jobs.workers)
    said = [f"{words.number(jobs.failed)} failed", f"{words.number(jobs.waiting)} waiting"]
    return ", ".join([*said, words.plural(there, "worker") if there else "no worker"])


def layout(jobs: Jobs, panel: Component | None = None) -> html.Div:
    """`jobs-poll` ticks only while the tab is looked at; `assets/jobs.js` sees to that."""
    return html.Div(
        [
            dcc.Interval(id="jobs-poll", interval=POLL_MS),
            html.Div(render(jobs), id="jobs-body", className="stack"),
            html.Div(panel, id="jobs-panel"),
        ]
    )


def render(jobs: Jobs) -> list[Component]:
    """What stands in `jobs-body`: what needs somebody first."""
    shown: list[Component] = []
    if jobs.away:
        shown.append(states.notice(jobs.away, kind="warn"))
    elif unserved := [queue.name for queue in jobs.queues if queue.waiting and not queue.workers]:
        told = f"Nobody works on {words.sentence(unserved)}; start a worker with ./aegis worker."
        shown.append(states.notice(told, kind="warn"))
    parts = {state: [one for one in jobs.work if one.state == state] for state in ("failed", "running")}
    waits = [one for one in jobs.work if one.state in ("queued", "scheduled")]
    shown.append(
        _section(
            "Failed",
            "What repeating did not mend; a row opens it." if parts["failed"] else "",
            _failed(parts["failed"], jobs.failed),
        )
    )
    if not jobs.away:
        shown.append(_section("Queues", "How much waits, and since when.", _queues(jobs.queues)))
    shown.append(_section("Running", "", _work(parts["running"], "Running work", "Nothing is running just now.")))
    told = f"{words.plural(jobs.events_waiting, 'event')} to be told." if jobs.events_waiting else ""
    shown.append(_section("Waiting", told, _waiting(waits, jobs.waiting)))
    if not jobs.away:
        shown.append(_section("Workers", "", _workers(jobs.workers)))
    return shown


def panel(work: Work) -> html.Aside:
    """What `?job=` opens. Actions: `jobs-retry`, `jobs-cancel`."""
    word, _ = _STATES[work.state]
    attempts = f" Tried {words.plural(work.attempts, 'time')}." if work.attempts else ""
    by = f" Asked for by {work.by}." if work.by else ""
    line = html.P([f"Queue {work.where}, since ", when(work.at), ".", attempts, by])
    shown: list[Component] = [dcc.Store(id="jobs-chosen", data=work.reference), line]
    if work.reason:
        shown.append(html.P(work.reason, className="notice is-warn" if work.state == "failed" else "notice"))
    if work.href:
        shown.append(html.P(html.A("Open what it is about", href=work.href, **{"data-go": ""})))
    buttons: list[Component] = []
    if work.can_retry:
        buttons.append(html.Button("Try again", id="jobs-retry", type="button", className="button"))
    if work.can_cancel:
        label = {"failed": "Give it up", "running": "Stop it"}.get(work.state, "Take it back")
        buttons.append(html.Button(label, id="jobs-cancel", type="button", className="button is-quiet"))
    if buttons:
        shown.append(html.Div(buttons, className="actions"))
    else:
        shown.append(html.P("This is over in a moment and is not stopped halfway.", className="hint"))
    return frame.side(work.what, shown, close_href=PATH, note=word)


def gone() -> html.Aside:
    """Instead of a panel: it was done while somebody looked, or the address is old."""
    return frame.side("Not there any more", [html.P("It is done, or was given up.")], close_href=PATH)


def _section(title: str, text: str, content: Component) -> html.Section:
    head = html.Header([html.H2(title), html.P(text) if text else None])
    return html.Section([head, content], className="section")


def _failed(work: Sequence[Work], total: int) -> Component:
    if not work:
        return html.P("Nothing has failed.", className="hint")
    columns = [column("Work"), column("Reason"), column("By"), column("Tried", "num"), column("When", "when")]
    rows: list[list[Cell]] = [
        [_named(one), one.reason or "No reason was left.", one.by, one.attempts or None, moment_cell(one.at)]
        for one in work
    ]
    return html.Div([listing(columns, rows, caption="Failed work", noun="failed", limit=20), _more(work, total)])


def _waiting(work: Sequence[Work], total: int) -> Component:
    return html.Div([_work(work, "Waiting work", "Nothing is waiting."), _more(work, total)])


def _more(work: Sequence[Work], total: int) -> Component | None:
    if total <= len(work):
        return None
    return html.P(f"{words.number(len(work))} of {words.number(total)} are listed.", className="hint")


def _work(work: Sequence[Work], caption: str, empty: str) -> Component:
    if not work:
        return html.P(empty, className="hint")
    columns = [column("Work"), column("Where"), column("By"), column("Since", "when")]
    rows: list[list[Cell]] = [[_named(one), one.where, one.by, moment_cell(one.at)] for one in work]
    return listing(columns, rows, caption=caption, noun="jobs", limit=20)


def _named(work: Work) -> Cell:
    _, mark = _STATES[work.state]
    return cell(work.what, href=f"{PATH}?job={work.reference}", mark=mark)


def _queues(queues: Sequence[Queue]) -> Component:
    columns = [
        column("Queue"),
        column("For"),
        column("Waiting", "num"),
        column("Oldest", "when"),
        column("Running", "num"),
        column("Failed", "num"),
        column("Workers", "num"),
    ]
    rows: list[list[Cell]] = [
        [
            one.name,
            _QUEUES.get(one.name, ""),
            one.waiting,
            moment_cell(one.oldest_at),
            one.running,
            one.failed,
            one.workers,
        ]
        for one in queues
    ]
    return listing(columns, rows, caption="Queues", noun="queues", limit=20)


def _workers(workers: Sequence[Worker]) -> Component:
    if not workers:
        return html.P("No worker is there. Start one with ./aegis worker.", className="hint")
    columns = [
        column("Worker"),
        column("State"),
        column("Doing"),
        column("Serves"),
        column("Last heard of", "when"),
        column("Done", "num"),
        column("Failed", "num"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(one.name[:12], beside=one.host, hover=one.name),
            _worker_state(one.state),
            one.doing,
            ", ".join(one.queues),
            moment_cell(one.seen_at),
            one.done,
            one.failed,
        ]
        for one in workers
    ]
    return listing(columns, rows, caption="Workers", noun="workers", limit=20)


def _worker_state(state: str) -> Cell:
    word, mark = _WORKER.get(state, (state.capitalize() or "Unknown", "untested"))
    return cell(word, mark=mark)
