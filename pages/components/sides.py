"""Red and blue side by side: what was done when, what each defence tool did, and what follows from that."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dash import html
from dash.development.base_component import Component

from domain.outcomes import Outcome, TestState, best_detection, best_prevention
from domain.roles import Permission, who_may
from domain.testing.person import Team
from domain.testing.rounds import Observation, Round, Verdict
from domain.testing.taken import Taken
from pages.components import states, status, words
from pages.components.actions import stopwatch
from pages.components.evidence import panel
from pages.components.parts import Cell, Mark, cell, column, listing, moment_cell, when
from pages.components.shown_test import ShownTest
from pages.components.status import link

_VERDICTS: Mapping[Verdict, tuple[Mark, str]] = {
    Verdict.APPROVED: ("covered", "Approved"),
    Verdict.REJECTED: ("uncovered", "Rejected"),
}
TOUCHED = "test-touched"  # the store that changes when a file has come or gone
Fact = tuple[str, Component | str]


def render(data: ShownTest) -> html.Section:
    """The two sides of the round that is shown, with its outcome above them."""
    sides = html.Div([_red(data), _blue(data)], className="sides")
    return html.Section([_rounds(data), _outcome(data), sides], className="stack-small", **{"aria-label": "Result"})


def _rounds(data: ShownTest) -> Component | None:
    """Which round is shown, and the way to the others."""
    rounds = data.test.rounds
    if len(rounds) == 1:
        return None
    links = [_round_link(data, one) for one in rounds]
    return html.Nav(["Round", *links], className="rounds", **{"aria-label": "Rounds"})


def _round_link(data: ShownTest, one: Round) -> Component:
    said = f"{one.number}, {one.result}" if one.result else str(one.number)
    if one.number == data.shown.number:
        return html.Span(said, className="chip", **{"aria-current": "true"})
    return link(said, data.address if one is data.test.current else f"{data.address}?round={one.number}")


def _outcome(data: ShownTest) -> html.Div:
    """The best over the tools, and the two times the field measures."""
    seen, latest = data.shown.observations, data.is_latest
    if latest and data.test.not_applicable:
        return html.Div(
            [html.P(["Not applicable: ", data.test.not_applicable_reason], className="as-written")], className="outcome"
        )
    prevention = best_prevention(one.prevention for one in seen)
    detection = best_detection(one.detection for one in seen)
    if prevention is None or detection is None:
        return html.Div(html.P(_nothing_yet(data), className="hint"), className="outcome")
    word, glyph = status.PREVENTION[prevention]
    seen_word, seen_glyph = status.DETECTION[detection]
    so_far = "" if data.shown.blue_submitted_at else "So far: "
    parts: list[Component] = [
        html.Span([so_far, status.mark(glyph, word)]),
        status.mark(seen_glyph, seen_word),
        html.Span(f"Counts as {status.OUTCOME[Outcome.of(prevention, detection)][0].lower()}.", className="hint"),
    ]
    return html.Div([*parts, *_measured(data)], className="outcome")


def _nothing_yet(data: ShownTest) -> str:
    if data.test.state is TestState.CANCELLED:
        return "Cancelled before anything was observed."
    if data.shown.red_submitted_at is None:
        return "No outcome yet: red has not submitted what was run."
    return "No outcome yet: blue has not recorded what the defence tools did."


def _measured(data: ShownTest) -> list[Component]:
    """Time to detect from the attack, time to contain from the detection; only where both ends are known."""
    executed = data.shown.executed_at
    detected = _first([one.detected_at for one in data.shown.observations])
    contained = data.shown.contained_at
    spans = [
        ("Time to detect", "from the attack to the first alert", executed, detected),
        ("Time to contain", "from the first alert to containment", detected, contained),
    ]
    return [
        html.Span([name, html.Strong(words.duration((end - start).total_seconds()))], className="measured", title=what)
        for name, what, start, end in spans
        if start is not None and end is not None
    ]


def _first(moments: Sequence[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _red(data: ShownTest) -> html.Section:
    one, test = data.shown, data.test
    facts: list[Fact] = [("Operator", data.name(test.red_assignee) or "nobody yet")]
    if data.is_latest and test.started_at is not None:
        facts.append(("Started", when(test.started_at)))
    facts.append(("Attack ran", _exact(one.executed_at, "not said yet", _source(data, one.taken_from, "executed_at"))))
    if one.attack_succeeded is not None:
        facts.append(("Attack", "succeeded" if one.attack_succeeded else "did not succeed"))
    facts += _submitted(data, Team.RED, one.red_submitted_at)
    facts += _timer(data, Team.RED)
    return _side(data, Team.RED, facts, one.red_notes)


def _blue(data: ShownTest) -> html.Section:
    one, test = data.shown, data.test
    detected = _first([seen.detected_at for seen in one.observations])
    first = next((seen for seen in one.observations if seen.detected_at == detected), None)
    alert = _source(data, first.taken_from if first else {}, "detected_at")
    facts: list[Fact] = [
        ("Analyst", data.name(test.blue_assignee) or "nobody yet"),
        ("First alert", _exact(detected, "none", alert)),
        ("Contained", _exact(one.contained_at, "not said", _source(data, one.taken_from, "contained_at"))),
        ("Watched until", _exact(one.watched_until, "not said yet", _source(data, one.taken_from, "watched_until"))),
    ]
    facts += _submitted(data, Team.BLUE, one.blue_submitted_at)
    facts += _timer(data, Team.BLUE)
    return _side(data, Team.BLUE, facts, one.blue_notes)


def _submitted(data: ShownTest, team: Team, at: datetime | None) -> list[Fact]:
    if at is None:
        return []
    who = data.name(data.shown.submitted_by(team))
    return [("Submitted", html.Span([when(at), f" by {who}" if who else ""]))]


def _timer(data: ShownTest, team: Team) -> list[Fact]:
    """Work of all rounds, beside the latest; it runs while this side works and the timer was not paused."""
    test = data.test
    if not data.is_latest:
        return []
    running = test.timer_since if test.working is team else None
    paused = " paused" if test.working is team and test.paused else ""
    return [("Work", html.Span([stopwatch(test.effort_seconds(team), running), paused]))]


def _side(data: ShownTest, team: Team, facts: Sequence[Fact], notes: str | None) -> html.Section:
    turn = data.is_latest and data.test.working is team
    head = html.Header([html.H2(team.label), html.Span("at work", className="chip") if turn else None])
    listed = html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    shown: list[Component | None] = [head, listed]
    if notes:
        shown.append(html.P(notes, className="as-written prose"))
    shown += [_verdict(data, team), _evidence(data, team)]
    return html.Section([part for part in shown if part is not None], className=f"side-panel is-{team}")


def _evidence(data: ShownTest, team: Team) -> Component:
    """All files so far; beside an older round those of that round, and nothing can be added."""
    latest = data.is_latest
    why_not = data.no_files.get(team, "") if latest else "This round is closed."
    return panel(
        data.number,
        team,
        [file for file in data.files if latest or file.round == data.shown.number],
        may_add=not why_not,
        may_delete=data.me.may(Permission.MANAGE_EVIDENCE),
        why_not=why_not,
        touches=TOUCHED,
    )


def _verdict(data: ShownTest, team: Team) -> Component | None:
    one = data.shown
    verdict = one.verdict(team)
    if verdict is None:
        return None
    at, note = (
        (one.red_verdict_at, one.red_verdict_note) if team is Team.RED else (one.blue_verdict_at, one.blue_verdict_note)
    )
    said: list[Component] = [status.mark(*_VERDICTS[verdict])]
    who = data.name(one.verdict_by(team))
    said += [html.Span(["by ", who, " ", when(at, "ago") if at else ""], className="beside")]
    told = html.P(note, className="as-written") if note else None
    return html.Div([html.Div(said), told], className="verdict")


def _exact(moment: datetime | None, otherwise: str, source: Component | None = None) -> Component | str:
    if moment is None:
        return otherwise
    return html.Span([when(moment, "second"), source]) if source is not None else when(moment, "second")


def _source(data: ShownTest, sources: Taken, name: str) -> Component | None:
    """The file that a time was taken from, if it was; to be had as long as the file is there."""
    source = sources.get(name)
    if source is None:
        return None
    kept = any(str(file.id) == source["evidence"] and file.deleted_at is None for file in data.files)
    # not a link of the router: the address is that of a download
    file = html.A(source["name"], href=f"/api/evidence/{source['evidence']}") if kept else f"{source['name']} (deleted)"
    return html.Span([" from ", file], className="beside")


# -- a row per defence tool ------------------------------------------------------------------------------------------


def render_observations(data: ShownTest) -> html.Section:
    seen = data.shown.observations
    note = "one row a tool; when it happened and who typed it in are two things"
    head = html.Header([html.H2("Defence tools"), html.P(note)])
    if not seen:
        said = html.P(_none_observed(data), className="hint")
        lacking = _no_tools(data)
        return html.Section([head, said, *([lacking] if lacking else [])], id="tools", className="section")
    columns = [name for name, _ in _row(data, seen[0])]
    rows = [[value for _, value in _row(data, one)] for one in seen]
    kept = [at for at in range(len(columns)) if any(row[at] is not None for row in rows)]
    table = listing(
        [columns[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        caption="What each defence tool did",
        noun="tools",
        limit=20,
        file="observations",
    )
    return html.Section([head, table], id="tools", className="section")


def _no_tools(data: ShownTest) -> Component | None:
    """Where nothing could be recorded at all, the way to change that."""
    if any(tool.active for tool in data.tools.values()) or not data.test.state.unfinished:
        return None
    text = html.Span("No defence tool is in use yet, so blue could not say what saw the attack.")
    if data.me.may(Permission.MANAGE_TOOLS):
        return states.notice(text, link("Add a defence tool", "/tools", "button is-small"), kind="warn")
    return states.notice(text, html.Span(f"{who_may(Permission.MANAGE_TOOLS)} adds them."), kind="warn")


def _none_observed(data: ShownTest) -> str:
    if data.is_latest and data.test.not_applicable:
        return "The test was not applicable, so no tool could do anything."
    if data.test.working is Team.BLUE and data.is_latest:
        return "Nothing recorded yet. Record for every tool that should have seen the attack what it did."
    return "Nothing recorded."


def _row(data: ShownTest, one: Observation) -> list[tuple[dict[str, str], Cell]]:
    """Columns and cells of a tool; a column that is empty for all tools is left out."""
    tool = data.tools.get(one.tool_id)
    word, glyph = status.PREVENTION[one.prevention]
    seen_word, seen_glyph = status.DETECTION[one.detection]
    executed = data.shown.executed_at
    given = {"tool_id": str(one.tool_id)}
    change = cell("Change", act="observe", given=given) if data.is_latest and data.offered("observe") else None
    return [
        (column("Tool"), tool.name if tool else "a tool that was removed"),
        (column("Prevention"), cell(word, mark=glyph, order=float(one.prevention.rank))),
        (column("Detection"), cell(seen_word, mark=seen_glyph, order=float(one.detection.rank))),
        (column("Prevented", "when"), _happened(executed, one.prevented_at, one.taken_from.get("prevented_at"))),
        (column("Logged", "when"), _happened(executed, one.logged_at, one.taken_from.get("logged_at"))),
        (column("Alerted", "when"), _happened(executed, one.detected_at, one.taken_from.get("detected_at"))),
        (column("Rule that fired"), _rule(data, one)),
        (column("Note", "prose"), one.note),
        (column("Said by"), _said_by(data, one)),
        (column("Change", "tight"), change),
    ]


def _happened(executed: datetime | None, at: datetime | None, source: Mapping[str, str] | None) -> Cell:
    """The time of day where it was the day of the attack, how long after the attack, and the file that says so."""
    if at is None or executed is None:
        return moment_cell(at, "second")
    near = abs(at - executed) < timedelta(hours=12)
    shown = moment_cell(at, "clock" if near else "second") or {}
    file = f", from {source['name']}" if source else ""
    return {**shown, "s": f"{words.duration((at - executed).total_seconds())} after{file}"}


def _rule(data: ShownTest, one: Observation) -> Cell:
    rule = data.rules.get(one.rule_id) if one.rule_id else None
    if rule is None:
        return None
    href = f"/technique/{rule.attack_id}?rule={rule.id}" if rule.attack_id else None
    return cell(rule.title, href=href)


def _said_by(data: ShownTest, one: Observation) -> Cell:
    who = data.name(one.recorded_by) or one.source
    source = "" if one.source == "person" else f" ({one.source})"
    return cell(who + source, hover=f"Typed in {one.recorded_at:%Y-%m-%d %H:%M} UTC")
