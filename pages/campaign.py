"""One campaign: its goal, how far it is, its tests in order, what it showed against the run before, and its rhythm.

`?edit=1` is the form of its plan, `?arrange=1` the order and the dependencies of its tests, `?repeat=1` when it comes
again, `?clone=1` a copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.testing.like_for_like import Change
from pages.campaigns import STATES, Progress, day_cell, share_cell
from pages.components import figure, states, status, words
from pages.components.coverage import Funnel, render_funnel
from pages.components.figure import Bar, BarRow, Share
from pages.components.parts import Cell, Mark, cell, column, listing, when
from pages.components.status import chip, link
from pages.components.timeline import Entry, timeline

PATH = "/campaign/<key>"
TITLE = "Campaign"
NAV = None

# An arrow and a word: the colours of outcomes are for outcomes.
CHANGES: Mapping[Change, tuple[str, str]] = {
    Change.WORSE: ("↓", "Worse"),
    Change.BETTER: ("↑", "Better"),
    Change.SAME: ("=", "Same"),
    Change.NEW: ("+", "Only in this run"),
    Change.GONE: ("−", "Only in the run before"),
}
OUTCOMES: Mapping[str, tuple[str, Mark]] = {
    "blocked": ("Prevented", "blocked"),
    "alerted": ("Alerted", "alerted"),
    "logged": ("Logged only", "logged"),
    "missed": ("Missed", "missed"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """A test in its place; `waits_for` are (number, finished) of the tests that come before it."""

    __test__ = False

    id: str
    number: int
    title: str
    state: str
    platform: str
    attack_id: str
    technique: str
    prevention: str | None
    detection: str | None
    not_applicable: bool
    red: str
    blue: str
    waits_for: Sequence[tuple[int, bool]] = ()

    @property
    def blocked_by(self) -> list[int]:
        return [number for number, finished in self.waits_for if not finished]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tactic:
    shortname: str
    name: str
    planned: int
    detected: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    id: str
    name: str
    state: str
    run_number: int
    starts_on: date | None
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A procedure in this run and the one before; outcomes are None where it was not evaluated."""

    change: Change
    title: str
    platform: str
    attack_id: str
    number: int | None
    number_before: int | None
    outcome: str | None
    outcome_before: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Against:
    """The run before, and what changed since: `now` and `before` are of the procedures evaluated in both."""

    run: Run
    counts: Mapping[Change, int]
    now: Share
    before: Share
    rows: Sequence[Compared]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """`cron` is '' when it does not come again; `next_times` in words, on the clock of its zone."""

    cron: str = ""
    zone: str = "UTC"
    next_times: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """Everything on the page. `may` are the kinds of actions its viewer may do now, `others` open campaigns (id, name).

    `refused` says why an action that is shown cannot be done.
    """

    id: str
    name: str
    goal: str
    state: str
    version: int
    actor_id: str
    actor: str
    adversary: str
    starts_on: date | None
    ends_on: date | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    run_number: int
    funnel: Funnel
    unfinished: int
    prevented: int
    tests: Sequence[Test]
    tactics: Sequence[Tactic]
    runs: Sequence[Run]
    rhythm: Rhythm
    against: Against | None = None
    history: Sequence[Entry] = ()
    may: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[tuple[str, str]] = ()

    @property
    def address(self) -> str:
        return f"/campaign/{self.id}"


def answer(data: Campaign) -> str:
    """The one line in the top bar."""
    funnel = data.funnel
    if not funnel.planned:
        return f"{STATES[data.state][0]}, no tests yet"
    done = f"{words.number(funnel.evaluated.n)} of {words.plural(funnel.planned, 'test')} evaluated"
    found = f", {words.number(funnel.detected.n)} detected" if funnel.evaluated.n else ""
    return f"{STATES[data.state][0]}, {done}{found}"


def layout(data: Campaign) -> html.Div:
    parts = [
        _lead(data),
        _actions(data),
        _standing(data),
        _tests(data),
        _against(data.against) if data.against is not None else None,
        _runs(data) if len(data.runs) > 1 else None,
        _history(data),
    ]
    return html.Div([seen(data), *(part for part in parts if part is not None)], className="stack")


def seen(data: Campaign) -> dcc.Store:
    """Which campaign, and the version that its viewer looks at."""
    return dcc.Store(id="campaign-seen", data={"id": data.id, "version": data.version})


def _lead(data: Campaign) -> html.Section:
    word, glyph = STATES[data.state]
    chips: list[Component] = [status.mark(glyph, word)]
    if data.actor_id:
        chips.append(chip(f"In the manner of {data.actor or data.actor_id}", href=f"/actor/{data.actor_id}"))
    if data.adversary:
        chips.append(chip(f"Adversary {data.adversary}"))
    if data.run_number > 1:
        chips.append(chip(f"Run {data.run_number}"))
    text = html.P(data.goal, className="prose as-written") if data.goal else None
    return html.Section([html.Div(chips, className="chips"), text], className="stack-small")


def _actions(data: Campaign) -> Component | None:
    if not data.may:
        return None
    buttons: list[Component] = []
    if "start_campaign" in data.may and data.state == "planned":
        buttons.append(_button("Start campaign", "start", refused=data.refused.get("start_campaign", "")))
    if "finish_campaign" in data.may and data.state == "running" and not data.unfinished:
        buttons.append(_button("Finish campaign", "finish"))
    if "edit_campaign" in data.may:
        buttons += [
            link("Plan tests into it", f"/plan?campaign={data.id}", "button is-quiet is-small"),
            link("Edit plan", f"{data.address}?edit=1", "button is-quiet is-small"),
        ]
    if "edit_campaign" in data.may and data.tests:
        buttons.append(link("Order and dependencies", f"{data.address}?arrange=1", "button is-quiet is-small"))
    if "set_recurrence" in data.may:
        buttons.append(link("Let it come again", f"{data.address}?repeat=1", "button is-quiet is-small"))
    if "clone_campaign" in data.may and data.tests:
        buttons.append(link("Clone", f"{data.address}?clone=1", "button is-quiet is-small"))
    shown: list[Component] = [html.Div(buttons, className="actions")]
    if "finish_campaign" in data.may and data.state == "running" and data.unfinished:
        shown.append(_finish(data))
    if "cancel_campaign" in data.may and data.state in ("planned", "running"):
        shown.append(_cancel(data))
    return html.Div(shown)


def _button(label: str, act: str, *, refused: str = "", class_name: str = "button is-small") -> Component:
    button = html.Button(
        label,
        id={"type": "campaign-act", "act": act},
        type="button",
        disabled=bool(refused),
        className=class_name,
    )
    return html.Span([button, html.Span(refused, className="hint beside")]) if refused else button


def _finish(data: Campaign) -> html.Details:
    """Asked about while something is unfinished, because nothing can be added afterwards."""
    left = f"{words.number(data.unfinished)} of {words.plural(data.funnel.planned, 'test')} are unfinished."
    text = f"{left} They stay as they are and can still be worked on."
    form = html.Div([html.P(text), _button("Finish anyway", "finish-anyway", class_name="button")], className="form")
    return html.Details([html.Summary("Finish the campaign"), form], className="fold")


def _cancel(data: Campaign) -> html.Details:
    left = words.plural(data.unfinished, "unfinished test")
    reason = dcc.Input(id="campaign-reason", maxLength=2_000, autoComplete="off", value="")
    form = html.Div(
        [
            html.Label("Why", htmlFor="campaign-reason"),
            reason,
            html.Span(f"It ends for good. Its tests stay as they are, with {left}.", className="hint"),
            _button("Cancel campaign", "cancel", class_name="button is-danger"),
        ],
        className="form",
    )
    return html.Details([html.Summary("Cancel the campaign"), form], className="fold")


def _standing(data: Campaign) -> html.Div:
    """How far it is, where it looked, and its facts."""
    facts = html.Div(_facts(data), className="panel is-third")
    if not data.funnel.planned:
        return html.Div(facts, className="grid")
    rows = [
        BarRow(
            label=one.name,
            note=words.plural(one.planned, "test"),
            bars=[Bar(name="Detected", share=one.detected, colour="alerted", empty="none evaluated")],
        )
        for one in data.tactics
    ]
    head = html.Header([html.H2("By tactic"), html.P("Evaluated tests that raised an alert; under several, in each.")])
    tactics = html.Section([head, figure.bars(rows, "Detected by tactic")], className="panel is-third")
    funnel = render_funnel(data.funnel, "Its tests; each share is of the step before.")
    return html.Div([html.Div(funnel, className="is-third"), tactics, facts], className="grid")


def _tests(data: Campaign) -> html.Section:
    note = "In the order in which they are run."
    if len(data.tests) < data.funnel.planned:
        note += f" The first {words.number(len(data.tests))} of {words.number(data.funnel.planned)} are listed."
    if blocked := sum(bool(test.blocked_by) for test in data.tests if test.state == "draft"):
        note += f" {words.plural(blocked, 'draft')} still {'waits' if blocked == 1 else 'wait'} for another."
    more = (
        [link("In the table of tests", f"/tests?campaign={data.id}", "button is-quiet is-small")] if data.tests else []
    )
    head = html.Header([html.H2("Tests"), html.P(note), *more])
    if not data.tests:
        text = "Plan them from templates, from the gaps of an actor, or from an adversary profile."
        ways = [link("Plan tests", f"/plan?campaign={data.id}", "button")] if "edit_campaign" in data.may else []
        return html.Section([head, states.empty("No tests yet", text, ways)], className="section", id="tests")
    columns = [
        column("#", "num"),
        column("Test"),
        column("Technique", "mono"),
        column("Platform"),
        column("State"),
        column("Prevention"),
        column("Detection"),
        column("Waits for"),
        column("Red", "tight"),
        column("Blue", "tight"),
    ]
    table = listing(
        columns,
        [_test(test, place) for place, test in enumerate(data.tests, start=1)],
        caption="Tests of the campaign",
        noun="tests",
        limit=40,
        file="campaign-tests",
    )
    return html.Section([head, table], className="section", id="tests")


def _test(test: Test, place: int) -> list[Cell]:
    if test.not_applicable:
        found: list[Cell] = ["Not applicable", "Not applicable"]
    else:
        found = [_marked(status.PREVENTION, test.prevention), _marked(status.DETECTION, test.detection)]
    return [
        place,
        cell(f"{test.number} {test.title}", href=f"/test/{test.number}", order=test.number),
        cell(test.attack_id, href=f"/technique/{test.attack_id}", hover=test.technique),
        test.platform,
        status.TEST_STATE[test.state],
        *found,
        _waits(test),
        test.red or None,
        test.blue or None,
    ]


def _waits(test: Test) -> Cell:
    if not test.waits_for:
        return None
    numbers = ", ".join(str(number) for number, _ in test.waits_for)
    if not test.blocked_by:
        return cell(numbers, beside="finished")
    left = ", ".join(map(str, test.blocked_by))
    return cell(f"blocked by {left}", mark="progress", hover=f"Waits for {numbers}")


def _marked(names: Mapping[str, tuple[str, Mark]], value: str | None) -> Cell:
    if value is None:
        return None
    word, glyph = names[value]
    return cell(word, mark=glyph)


def _against(data: Against) -> html.Section:
    """Like for like: what was evaluated in both runs."""
    counts = [
        chip(f"{arrow} {words.number(data.counts.get(change, 0))} {word.lower()}")
        for change, (arrow, word) in CHANGES.items()
        if data.counts.get(change) or change in (Change.WORSE, Change.BETTER, Change.SAME)
    ]
    head = html.Header(
        [
            html.H2(_finding(data)),
            html.P(
                [
                    "Like for like: procedures evaluated in both. Before: ",
                    link(data.run.name, f"/campaign/{data.run.id}"),
                ]
            ),
        ]
    )
    bars = figure.bars(
        [
            BarRow(
                label="This run", bars=[Bar(name="Detected", share=data.now, colour="alerted", empty="none in both")]
            ),
            BarRow(
                label="Run before",
                bars=[Bar(name="Detected", share=data.before, colour="alerted", empty="none in both")],
            ),
        ],
        "Detected of the procedures evaluated in both runs",
    )
    columns = [
        column("Change"),
        column("Procedure"),
        column("Technique", "mono"),
        column("Platform"),
        column("Before"),
        column("Now"),
    ]
    order = list(CHANGES)
    rows = sorted(data.rows, key=lambda row: order.index(row.change))
    table = listing(
        columns, [_compared(row) for row in rows], caption="Against the run before", noun="procedures", file="compared"
    )
    note = html.P("On one scale: prevented, alerted, logged only, missed.", className="hint")
    return html.Section(
        [head, bars, html.Div(counts, className="chips"), table, note], className="section stack-small", id="against"
    )


def _finding(data: Against) -> str:
    """The title says what came out."""
    better, worse = data.counts.get(Change.BETTER, 0), data.counts.get(Change.WORSE, 0)
    if not data.now.of:
        return "Nothing was evaluated in both runs yet"
    if not better and not worse:
        return f"Nothing changed in {words.plural(data.now.of, 'procedure')} since the run before"
    return f"{words.number(better)} better, {words.number(worse)} worse than in the run before"


def _compared(row: Compared) -> list[Cell]:
    return [
        cell(" ".join(CHANGES[row.change]), order=list(CHANGES).index(row.change)),
        row.title,
        cell(row.attack_id, href=f"/technique/{row.attack_id}") if row.attack_id else None,
        row.platform,
        _outcome(row.outcome_before, row.number_before),
        _outcome(row.outcome, row.number),
    ]


def _outcome(outcome: str | None, number: int | None) -> Cell:
    if outcome is None or number is None:
        return None
    word, glyph = OUTCOMES[outcome]
    return cell(word, mark=glyph, href=f"/test/{number}", beside=f"test {number}")


def _runs(data: Campaign) -> html.Section:
    columns = [
        column("Run", "num"),
        column("Campaign"),
        column("State"),
        column("From", "when"),
        column("Evaluated", "tight"),
        column("Detected", "tight"),
    ]
    rows: list[list[Cell]] = [
        [
            run.run_number,
            cell(run.name, href=f"/campaign/{run.id}", beside="this one" if run.id == data.id else None),
            cell(STATES[run.state][0], mark=STATES[run.state][1]),
            day_cell(run.starts_on),
            share_cell(run.progress.evaluated, run.progress.planned, "no tests"),
            share_cell(run.progress.detected, run.progress.evaluated, "none evaluated"),
        ]
        for run in data.runs
    ]
    table = listing(columns, rows, caption="Runs", noun="runs", limit=8)
    head = html.Header([html.H2("Runs"), html.P("This campaign as it came again or was cloned, newest first.")])
    return html.Section([head, table], className="section", id="runs")


def _history(data: Campaign) -> html.Section:
    head = html.Header(
        [html.H2("History"), html.P("Who changed the plan; what happens in a test stands with the test.")]
    )
    body = (
        timeline(data.history)
        if data.history
        else html.P("Nothing was changed since it was planned.", className="hint")
    )
    return html.Section([head, body], className="section", id="history")


def _facts(data: Campaign) -> html.Div:
    facts: list[tuple[str, Component | str]] = []
    if data.actor_id:
        facts.append(
            (
                "Actor",
                link(f"{data.actor} ({data.actor_id})" if data.actor else data.actor_id, f"/actor/{data.actor_id}"),
            )
        )
    facts += [
        ("From", words.day(data.starts_on) if data.starts_on else "not set"),
        ("To", words.day(data.ends_on) if data.ends_on else "not set"),
        ("Planned", html.Span([when(data.created_at, "day"), f" by {data.created_by or 'somebody who left'}"])),
    ]
    if data.started_at:
        facts.append(("Started", when(data.started_at)))
    if data.ended_at:
        facts.append(("Ended", when(data.ended_at)))
    rhythm = data.rhythm
    facts.append(("Comes again", html.Span([html.Code(rhythm.cron), f" in {rhythm.zone}"]) if rhythm.cron else "no"))
    listed = html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    head = html.Header([html.H2("Plan")])
    return html.Div([head, listed, render_next(rhythm.next_times)], className="stack-small")


def render_next(times: Sequence[str]) -> Component | None:
    """The next times it comes, in words."""
    if not times:
        return None
    return html.Div([html.Strong("Next times"), html.Ul([html.Li(time) for time in times], className="lines")])
