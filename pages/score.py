"""The organisation's score: where it stands, how it came there, and what moved it between two days, cause by cause.

`?from=2026-10-01&to=2026-11-26` are the days compared; `?cause=decay` lists only what that cause moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS, View, to_query
from domain.metrics import METRICS
from domain.score import PartName
from domain.score_change import Cause, Change, Moved
from domain.sensitivity import Band
from domain.snapshots import Kind, TrendPoint
from pages.components import figure, filters, states, words
from pages.components.coverage import heading
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, day_cell, listing
from pages.components.score import band_words, trend, waterfall
from pages.components.status import link

PATH = "/score"
TITLE = "Score"
NAV = Nav("State", "Score", "score", 25, "k")
BODY = "score-body"
FILTERS = "score-filters"
_SPANS = (("Last week", 7), ("Last month", 30), ("Last quarter", 91), ("Last year", 365))


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One of the five: what it adds to the organisation's score, of what it could add. Points."""

    name: PartName
    points: float
    possible: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TacticBand:
    key: str
    name: str
    band: Band


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Everything on the page. Scores are points; `names` are those of the techniques that moved.

    `from_day` and `to_day` are compared, `notes` say what of them was not known; `last` is the tactic (name, share of
    the draws) that ranks last most often.
    """

    domain: str
    domains: Sequence[str]
    attack_version: str
    weights_version: int
    techniques: int
    unknown: int
    weighted: float | None
    plain: float | None
    parts: Sequence[Part]
    band: Band | None
    draws: int
    tactics: Sequence[TacticBand]
    last: tuple[str, float] | None
    points: Sequence[TrendPoint]
    from_day: date
    to_day: date
    today: date
    change: Change
    names: Mapping[str, str]
    notes: Sequence[str]
    cause: Cause | None = None
    may_keep: bool = False
    may_weigh: bool = False

    @property
    def scored(self) -> bool:
        """Whether there is anything to say: a technique with a score now, or one that had one."""
        return self.unknown < self.techniques or bool(self.change.steps)


def answer(data: Score) -> str:
    """The one line in the top bar: 68 of 100, up 3 since 1 Oct 2026."""
    if data.weighted is None:
        return "nothing in scope to score"
    if not data.scored:
        return "no technique has a score yet"
    said = f"{data.weighted:.1f} of 100"
    moved = data.change.tenths
    if moved is None or data.to_day != data.today:
        return said
    way = "up" if moved > 0 else "down" if moved < 0 else "unchanged"
    by = f" {abs(moved) / 10:.1f}" if moved else ""
    return f"{said}, {way}{by} since {words.day(data.from_day)}"


def layout(data: Score) -> html.Div:
    if not data.techniques:
        text = "The score stands on ATT&CK's map: load it on the Sources page first."
        return states.empty("No map yet", text, [link("Open sources", "/sources", "button")])
    fields = filter_fields(data)
    line = FilterLine(id=FILTERS, fields=fields, value=filters.asked(fields, _query(data)))
    return html.Div([line, html.Div(render_body(data), id=BODY, className="stack")], className="stack")


def filter_fields(data: Score) -> list[dict[str, Any]]:
    fields = [filters.day("from", "From"), filters.day("to", "To")]
    if len(data.domains) > 1:
        options = [(domain, DOMAINS[domain]) for domain in data.domains]
        fields.insert(0, filters.one("domain", "Map", options, none=data.domains[0]))
    return fields


def render_body(data: Score) -> list[Component]:
    if not data.scored:
        text = "A technique has a score once a test, an enabled rule or a countermeasure says something of it."
        steps = [link("See what to test next", "/next", "button"), link("Load rules", "/sources", "button is-quiet")]
        return [states.empty("No score yet", text, steps), _kept(data)]
    return [
        *_day_note(data),
        _headline(data),
        html.Div(
            [
                html.Section(_trend(data), className="panel is-two-thirds"),
                html.Section(_parts(data), className="panel is-third"),
                html.Section(_why(data), className="panel is-half"),
                html.Section(_sensitivity(data), className="panel is-half"),
            ],
            className="grid",
        ),
        _moved(data),
        _kept(data),
    ]


def _query(data: Score) -> dict[str, str]:
    asked = {"from": data.from_day.isoformat()}
    if data.to_day != data.today:
        asked["to"] = data.to_day.isoformat()
    if data.domain != data.domains[0]:
        asked["domain"] = data.domain
    return asked


def _href(data: Score, **more: str) -> str:
    asked = {**_query(data), **more}
    return f"{PATH}?" + "&".join(f"{name}={value}" for name, value in asked.items())


def _day_note(data: Score) -> list[Component]:
    if not data.notes:
        return []
    return [states.notice(html.Details([html.Summary("What is not known of these days"), *map(html.P, data.notes)]))]


def _headline(data: Score) -> html.Div:
    change, band = data.change.tenths, data.band
    under: list[Component | str | None] = [
        band_words((band.low, band.high)) if band else None,
        figure.delta(change / 10, words.day(data.from_day), 1) if change is not None and data.weighted else None,
        f"weights version {data.weights_version}",
    ]
    metric, plain = METRICS["organisation_score"], METRICS["organisation_score_plain"]
    known = data.techniques - data.unknown
    return html.Div(
        [
            figure.figure(
                metric.name,
                "–" if data.weighted is None else f"{data.weighted:.1f}",
                unit="of 100",
                under=under,
                definition=metric.definition,
                href="/heatmap?" + to_query(View(domain=data.domain, mode="score")),
                large=True,
            ),
            figure.figure(
                plain.name,
                "–" if data.plain is None else f"{data.plain:.1f}",
                unit="of 100",
                under=[_plain_says(data), f"n = {words.number(data.techniques)} techniques in scope"],
                definition=plain.definition,
            ),
            figure.figure(
                "Techniques with a score",
                words.number(known),
                under=[f"of {words.number(data.techniques)} in scope; the others count with 0"],
                href="/heatmap?" + to_query(View(domain=data.domain, mode="score")),
            ),
        ],
        className="figures headline-figures",
    )


def _plain_says(data: Score) -> str:
    if data.weighted is None or data.plain is None or abs(data.weighted - data.plain) < 0.05:
        return "techniques that matter score like the others"
    better = "better" if data.weighted > data.plain else "worse"
    return f"techniques that matter score {better} than the others"


def _trend(data: Score) -> list[Component]:
    shown = [point for point in data.points if point.weighted is not None]
    text = "One point a snapshot, threat-weighted; hollow ones are reconstructed. The thick end is the 90 % band."
    if len(shown) < 2:
        hint = "A snapshot is kept every night; the line begins with the second."
        return [heading("The score over time", hint)]
    first = shown[0]
    head = heading(
        _trend_title(data, shown), f"{text} {words.plural(len(shown), 'point')} since {words.day(first.day)}."
    )
    return [head, trend(shown, data.band)]


def _trend_title(data: Score, shown: Sequence[TrendPoint]) -> str:
    year = [point for point in shown if point.day >= data.today - timedelta(days=365)]
    low, high = (f(year, key=lambda point: point.weighted or 0.0) for f in (min, max))
    last = shown[-1].weighted or 0.0
    if (high.weighted or 0) - (low.weighted or 0) < 1:
        return "The score has hardly moved in a year"
    if last >= (high.weighted or 0.0) - 0.05:
        return f"{last:.1f} is the highest score in a year"
    return f"{last:.1f} now; the highest in a year was {high.weighted:.1f} on {words.day(high.day)}"


def _parts(data: Score) -> list[Component]:
    lost = max(data.parts, key=lambda part: part.possible - part.points, default=None)
    title = f"{lost.name.label} leave most to gain" if lost else "The five parts"
    rows = [
        [
            part.name.label,
            cell(f"{part.points:.1f}", order=part.points, bar=part.points / part.possible if part.possible else 0.0),
            cell(f"{part.possible:.1f}", order=part.possible),
        ]
        for part in data.parts
    ]
    table = listing(
        [column("Part"), column("Points", "num"), column("Possible", "num")],
        rows,
        caption="Points by part",
        noun="parts",
        limit=5,
    )
    foot: list[Component] = [html.P("Points add up to the score. What cannot apply is spread over the other parts.")]
    if data.may_weigh:
        foot.append(link("Change the weights", "/score/weights", "button is-quiet is-small"))
    return [heading(title, "What each adds to the score, of what it could add."), table, *foot]


def _why(data: Score) -> list[Component]:
    change = data.change
    spans = html.Div(
        [link(name, _span_href(data, days), "chip") for name, days in _SPANS], className="chips", role="group"
    )
    days = f"{words.day(data.from_day)} to {words.day(data.to_day)}"
    if change.before is None or change.after is None:
        return [heading("Why it changed", f"{days}: on one of these days nothing was in scope."), spans]
    if not change.steps:
        return [heading("Nothing moved the score", f"{days}."), spans]
    own = sum(step.tenths for step in change.steps if step.cause.own_work)
    rest = (change.tenths or 0) - own
    title = f"Own work {words.signed(own / 10, 1)}, everything else {words.signed(rest / 10, 1)}"
    text = f"{days}. Each cause's fair share (Shapley), to a tenth of a point; they add up exactly. Choose one."
    steps = [
        (step.cause.label, step.tenths / 10, step.cause.says, _href(data, cause=step.cause), step.cause is data.cause)
        for step in change.steps
    ]
    ends = ((words.day(data.from_day), change.before / 10), (words.day(data.to_day), change.after / 10))
    return [heading(title, text), waterfall(ends, steps), spans]


def _span_href(data: Score, days: int) -> str:
    domain = f"&domain={data.domain}" if data.domain != data.domains[0] else ""
    return f"{PATH}?from={(data.today - timedelta(days=days)).isoformat()}{domain}"


def _sensitivity(data: Score) -> list[Component]:
    if data.band is None:
        return [heading("How much hangs on the weights", "Nothing is in scope.")]
    title = f"Other weights would say {data.band.low:.0f} to {data.band.high:.0f}"
    text = (
        f"The middle 90 % of {words.number(data.draws)} sets of weights drawn around version {data.weights_version}; "
        "outcome values and half-life as decided."
    )
    rows: list[Sequence[Cell]] = [
        [
            cell(one.name, href="/heatmap?" + to_query(View(domain=data.domain, mode="score", tactic=one.key))),
            cell(f"{one.band.score:.1f}", order=one.band.score, bar=one.band.score / 100),
            cell(f"{one.band.low:.0f}–{one.band.high:.0f}", order=one.band.low),
        ]
        for one in data.tactics
    ]
    table = listing(
        [column("Tactic"), column("Score", "num"), column("Band", "num")],
        rows,
        caption="Score by tactic, with the band under plausible weights",
        noun="tactics",
        limit=6,
    )
    said: list[Component] = []
    if data.last is not None:
        name, share = data.last
        empty = sum(one.band.high == 0 for one in data.tactics)
        others = f" Of the others, {name}" if empty else name
        none = f"{words.plural(empty, 'tactic')} have nothing to show." if empty > 1 else "One has nothing to show."
        said = [html.P(f"{none if empty else ''}{others} ranks last in {words.percent(share)} of them.")]
    return [heading(title, text), *said, table]


def _moved(data: Score) -> html.Section:
    """The techniques that moved, or those that the chosen cause moved."""
    shown = [one for one in data.change.moved if data.cause is None or data.cause in one.pulls]
    if data.cause is not None:
        shown = sorted(shown, key=lambda one: -abs(one.pulls[data.cause]))
    head = heading(
        f"Techniques moved by: {data.cause.label.lower()}" if data.cause else "Techniques that moved most",
        data.cause.says if data.cause else "Both scores, and what made the difference, in the technique's own points.",
    )
    columns = [
        column("Technique", "mono"),
        column("Name"),
        column("Before", "num"),
        column("After", "num"),
        column("Change", "num"),
        column("On the whole", "num"),
        column("Reasons"),
    ]
    if not shown:
        return html.Section(
            [head, html.P("None between these days.", className="hint")], className="section", id="moved"
        )
    table = listing(
        columns,
        [_technique(data, one) for one in shown],
        caption="Techniques that moved",
        noun="techniques",
        limit=15,
        file="score-change",
    )
    every = [link("All causes", _href(data), "button is-quiet is-small")] if data.cause else []
    return html.Section([head, *every, table], className="section stack-small", id="moved")


def _technique(data: Score, one: Moved) -> list[Cell]:
    pull = one.pulls[data.cause] if data.cause else one.pull
    change = (one.after or 0.0) - (one.before or 0.0)
    return [
        cell(one.attack_id, href=f"/technique/{one.attack_id}"),
        data.names.get(one.attack_id, ""),
        _points(one.before),
        _points(one.after),
        cell(words.signed(change, 1), order=change),
        cell(words.signed(pull, 2), order=pull, hover="points of the organisation's score"),
        _reasons(one),
    ]


def _points(value: float | None) -> Cell:
    return (
        cell("–", order=-1.0, hover="not counted on this day") if value is None else cell(f"{value:.1f}", order=value)
    )


def _reasons(one: Moved) -> str:
    if one.before is None or one.after is None:
        found = [cause.label for cause in (Cause.ATTACK, Cause.SCOPE) if cause in one.pulls]
        return ", ".join(found)
    ordered = sorted(one.own.items(), key=lambda each: -abs(each[1]))
    found = [f"{cause.label} {words.signed(points, 1)}" for cause, points in ordered if abs(points) >= 0.05]
    if Cause.THREATS in one.pulls:
        found.append("counts differently by its threats")
    return ", ".join(found) or "counts differently"


def _kept(data: Score) -> html.Section:
    kept = [point for point in reversed(data.points) if point.kind is not None]
    rows: list[Sequence[Cell]] = [
        [
            day_cell(point.day),
            point.kind.label if point.kind else "",
            point.label,
            _points(point.weighted),
            _points(point.plain),
            point.techniques,
            point.tested,
            point.proven.n,
            point.attack_version,
            point.weights_version,
            cell("Show the map", href=f"/heatmap?as_of={point.day.isoformat()}")
            if point.kind is not Kind.ASKED
            else None,
        ]
        for point in kept
    ]
    columns = [
        column("Day"),
        column("Kind"),
        column("Name"),
        column("Score", "num"),
        column("Plain", "num"),
        column("In scope", "num"),
        column("Tested", "num"),
        column("Proven", "num"),
        column("ATT&CK"),
        column("Weights", "num"),
        column("Heatmap"),
    ]
    table = listing(columns, rows, caption="Snapshots", noun="snapshots", limit=8, file="snapshots")
    shown: list[Component] = [heading("Snapshots", "One a night, those asked for, and days made up for afterwards.")]
    if data.may_keep:
        name = dcc.Input(id="snapshot-label", placeholder="Name, such as before the audit", maxLength=120)
        button = html.Button("Keep this moment", id="snapshot-take", type="button", className="button is-quiet")
        label = html.Label("Name of the snapshot", htmlFor="snapshot-label", className="unseen")
        shown.append(html.Div([label, name, button], className="actions snapshot-form"))
    empty = states.empty("No snapshot yet", "The first is kept at midnight (UTC).")
    return html.Section([*shown, table if kept else empty], className="section stack-small")
