"""Records that cannot be true, by kind: how many tests, why, and each with the way to mend it. `?kind=` shows one.

Of many tests a worker finds them: what it found last is shown as of then, and replaced when it has found more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.contradictions import Contradiction
from pages.components import states, status, words
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, iso, listing, moment_cell
from pages.components.status import link

PATH = "/tests/contradictions"
TITLE = "Contradictions"
NAV = Nav("Proof", "Contradictions", "warn", 30, "x")
GROUPS = "contradictions-groups"
POLL_MS = 1_500
BODY, WAY, POLL = "contradictions-body", "contradictions-way", "contradictions-poll"
AGAIN, SHOWN = "contradictions-again", "contradictions-shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A test; `who`, `at` and `against` are what its kind's headings name."""

    number: int
    title: str
    technique: str
    state: str
    who: str | None = None
    at: datetime | None = None
    against: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """`total` tests of a kind, of which `hits` are the newest."""

    kind: Contradiction
    total: int
    hits: Sequence[Hit]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """The next answer: "queued", "started" (`done` of `tests` looked through), "failed", "unreachable" or "later".

    `served`: whether a worker is there.
    """

    state: str
    done: int = 0
    tests: int = 0
    served: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradictions:
    """All kinds, those without a test too; `tests` were looked at; `chosen` is the only kind to show, or ''.

    `as_of`: None for what was found just now. `found`: False while a worker finds the first answer among `tests`.
    """

    tests: int
    groups: Sequence[Group] = ()
    chosen: str = ""
    found: bool = True
    as_of: datetime | None = None
    work: Work | None = None


def answer(data: Contradictions) -> str:
    """The one line in the top bar. A test may be of several kinds, so that the kinds do not add up."""
    if not data.found:
        return f"{words.plural(data.tests, 'test')} to look at"
    kinds = sum(group.total > 0 for group in data.groups)
    looked = f"{words.plural(data.tests, 'test')} looked at"
    return f"{words.plural(kinds, 'kind')} found, {looked}" if kinds else f"none, {looked}"


def polling(data: Contradictions) -> bool:
    """Whether there will be something new without anybody doing anything here."""
    return data.work is not None and data.work.state != "failed"


def shown(data: Contradictions) -> str:
    """Which answer this is: another one replaces it on the screen."""
    return iso(data.as_of) if data.as_of else ""


def layout(data: Contradictions) -> html.Div:
    if not data.tests:
        return html.Div(
            states.empty(
                "There are no tests yet",
                "Once there are, records that cannot be true are listed here, each with the way to mend it.",
                [link("Open tests", "/tests", "button")],
            ),
            className="stack",
        )
    return html.Div(
        [
            dcc.Interval(id=POLL, interval=POLL_MS, disabled=not polling(data)),
            dcc.Store(id=SHOWN, data=shown(data)),
            html.Div(render_way(data), id=WAY, className="stack-small"),
            html.Div(render(data), id=BODY, className="stack"),
        ],
        className="stack",
    )


def render(data: Contradictions) -> list[Component]:
    """What stands in `BODY`."""
    if not data.found:
        return []
    return [_summary(data), html.Div(render_groups(data), id=GROUPS, className="stack")]


def render_way(data: Contradictions) -> list[Component]:
    """What stands in `WAY`: how old the answer is, and how far the next one."""
    said: list[Component] = []
    if data.as_of is not None:
        said.append(states.stale(data.as_of, "Tests, rules or files have changed since." if data.work else ""))
    return [*said, *_under_way(data.work, data.tests)] if data.work else said


def _under_way(work: Work, tests: int) -> list[Component]:
    if work.state == "later":
        return []
    if work.state == "failed":
        text = "Looking through the tests broke off; the reason is on the jobs page."
        again = html.Button("Look again", id=AGAIN, type="button", className="button is-small")
        return [states.notice(text, kind="warn"), html.Div(again, className="actions")]
    if work.state == "unreachable":
        return [states.notice("Workers cannot be told to look: Redis does not answer just now.", kind="warn")]
    whole = words.plural(work.tests or tests, "test")
    if not work.served:
        text = f"Nobody looks through {whole} before a worker serves the queue reports again: there is none just now."
        return [states.notice(text, kind="warn")]
    counted = f": {words.number(work.done)} so far" if work.tests else ""
    waits = f"Waiting for a worker to look through {whole}"
    step = f"Looking through {whole}{counted}" if work.state == "started" else waits
    bar = html.Progress(value=str(work.done), max=str(work.tests)) if work.tests else html.Progress()
    return [html.Div([html.Div(step, role="status"), bar], className="run-progress")]


def render_groups(data: Contradictions) -> list[Component]:
    """What stands in `GROUPS`: the kinds that have tests, or the chosen one."""
    shown = [_section(group) for group in data.groups if group.total and data.chosen in ("", group.kind.slug)]
    return [html.Div(link("All kinds", PATH, "button is-quiet is-small")), *shown] if data.chosen else shown


def _summary(data: Contradictions) -> html.Section:
    found = [group for group in data.groups if group.total]
    if not found:
        text = f"In {words.plural(data.tests, 'test')} nothing was found that cannot be true."
        return html.Section(
            [states.empty("No contradictions", text), _not_found(data)], className="section stack-small"
        )
    said = "Each of these tests says something that cannot be true. A test may be listed under several kinds."
    head = html.Header([html.H2(f"Found in {words.plural(data.tests, 'test')}"), html.P(said)])
    table = listing(
        [column("Kind"), column("Tests", "num"), column("Why it cannot be")],
        [_kind(group, data.tests) for group in found],
        caption="Kinds of contradictions found",
        noun="kinds",
        limit=len(found),
    )
    return html.Section([head, table, _not_found(data)], className="section stack-small")


def _kind(group: Group, tests: int) -> list[Cell]:
    number = cell(words.number(group.total), order=group.total, beside=words.percent(group.total / tests, 1))
    return [cell(group.kind.name, href=f"{PATH}?kind={group.kind.slug}"), number, group.kind.why]


def _not_found(data: Contradictions) -> html.Details | None:
    """What was looked for in vain: a list without these would not say that it was looked for."""
    clear = [group.kind for group in data.groups if not group.total]
    if not clear:
        return None
    table = listing(
        [column("Kind"), column("What is looked for")],
        [[kind.name, " ".join(part for part in (kind.why, kind.limits) if part)] for kind in clear],
        caption="Kinds of contradictions without a test",
        noun="kinds",
        limit=len(clear),
    )
    return html.Details(
        [html.Summary(f"Looked for and not found: {words.plural(len(clear), 'kind')}"), table], className="fold"
    )


def _section(group: Group) -> html.Section:
    kind = group.kind
    head = [html.H2([kind.name, html.Span(words.plural(group.total, "test"), className="beside")]), html.P(kind.why)]
    mend = html.P([html.Strong("To mend it: "), kind.mend])
    notes: list[Component] = [html.P(kind.limits, className="hint")] if kind.limits else []
    if len(group.hits) < group.total:
        notes.append(states.notice(f"The newest {words.number(len(group.hits))} are listed; mend these to see more."))
    facts = [name for name in (kind.who, kind.at, kind.against) if name]
    columns = [column("Test", "num"), column("Title"), column("Technique", "mono"), column("State")]
    columns += [column(name, "text" if name == kind.who else "when") for name in facts]
    table = listing(
        columns,
        [_row(kind, hit) for hit in group.hits],
        caption=kind.name,
        noun="tests",
        limit=12,
        file=f"contradictions-{kind.slug.replace('_', '-')}",
    )
    return html.Section([html.Header(head), mend, *notes, table], className="section stack-small")


def _row(kind: Contradiction, hit: Hit) -> list[Cell]:
    href = f"/test/{hit.number}"
    row: list[Cell] = [
        cell(str(hit.number), href=href, order=hit.number),
        cell(hit.title, href=href),
        cell(hit.technique, href=f"/technique/{hit.technique}"),
        status.TEST_STATE[hit.state],
    ]
    if kind.who:
        row.append(hit.who)
    for name, at in ((kind.at, hit.at), (kind.against, hit.against)):
        if name:
            row.append(moment_cell(at, "second") if at else "not known")
    return row
