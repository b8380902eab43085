"""The state in five seconds: the score and what moved it, proof and claim, times, gaps, obligations, and what changed.

`?since=week|month|quarter` is what it looks back over, `?domain=` the map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from domain.change_story import Sentence, Since
from domain.compliance import ControlState
from domain.durations import ABOUT, Measure
from domain.heatmap_view import DOMAINS
from domain.metrics import METRICS
from domain.sensitivity import Band
from domain.snapshots import TrendPoint
from pages.components import figure, states, words
from pages.components.coverage import (
    Funnel,
    MonthRow,
    Outcomes,
    TacticRow,
    counted,
    heading,
    heatmap_href,
    render_funnel,
    render_months,
    render_outcomes,
    render_tactics,
)
from pages.components.figure import Share
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, listing, when
from pages.components.score import band_words, trend
from pages.components.status import link
from pages.next_best import Gap, reasons

PATH = "/"
TITLE = "Overview"
NAV = Nav("State", "Overview", "overview", 10, "o")


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """The organisation's score, 0 to 100; None when no technique has one."""

    weighted: float | None
    plain: float | None
    weights_version: int
    change: float | None = None
    change_since: str = ""
    band: tuple[float, float] | None = None  # the middle 90 % under plausible weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """One of the three times: seconds, None where half were never reached; `cases` of which `happened`."""

    measure: Measure
    months: int
    cases: int
    happened: int
    median: float | None
    median_low: float | None
    median_high: float | None
    p90: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Framework:
    """A framework's controls by state, and the share of those judged that are demonstrated."""

    slug: str
    name: str
    version: str
    demonstrated: Share
    states: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One that runs or is planned: how many of its tests are evaluated and detected."""

    key: str
    name: str
    state: str
    planned: int
    evaluated: int
    detected: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncChange:
    """A source's last run that changed something; `counts` as the run counted ("added": 12)."""

    run_id: str
    name: str
    version: str | None
    finished_at: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewlyCovered:
    attack_id: str
    name: str
    validated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """What waits for somebody. `not_placed` by source slug."""

    stale_techniques: int
    review_techniques: int
    not_placed: Mapping[str, int] = field(default_factory=dict)
    failed_sources: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """Everything on the page. `domains` are those with loaded content; `techniques` counts those in scope."""

    domain: str
    domains: Sequence[str]
    attack_version: str
    techniques: int
    tested: int
    score: Score
    proven: Share
    claimed: Share
    funnel: Funnel
    outcomes: Outcomes
    tactics: Sequence[TacticRow]
    attention: Attention
    since: Since = Since.MONTH
    story: Sequence[Sentence] = ()
    unknown: Sequence[str] = ()
    points: Sequence[TrendPoint] = ()
    times: Sequence[Time] = ()
    gaps: Sequence[Gap] = ()
    all_gaps: int = 0
    frameworks: Sequence[Framework] = ()
    campaigns: Sequence[Campaign] = ()
    months: Sequence[MonthRow] = ()
    changes: Sequence[SyncChange] = ()
    newly_covered: Sequence[NewlyCovered] = ()
    may_sync: bool = False
    note: str = ""  # what is to be known of a day that is not today


def answer(data: Overview) -> str:
    """The one line in the top bar."""
    if not data.techniques:
        return "No ATT&CK content is loaded yet"
    if not data.tested:
        return f"{words.plural(data.techniques, 'technique')} in scope, none tested yet"
    moved = data.score.change
    way = "" if not moved else f"up {moved:.1f}" if moved > 0 else f"down {-moved:.1f}"
    since = f" ({way} in a {data.since.label})" if way else ""
    scored = "" if data.score.weighted is None else f"{data.score.weighted:.0f} of 100{since}, "
    return f"{scored}{words.number(data.tested)} of {words.plural(data.techniques, 'technique')} tested"


def render_overview(data: Overview) -> html.Div:
    if not data.techniques:
        action = link("Open sources", "/sources", "button")
        text = "Load ATT&CK first: everything here stands on its map. Sources shows what is loaded and how to get it."
        return states.empty("No map yet", text, [action] if data.may_sync else [])
    noted = states.notice(data.note, link("Back to today", PATH), kind="stale") if data.note else None
    blocks: list[Component | None] = [_domain_line(data), noted, _headline(data)]
    if not data.funnel.planned:
        blocks.append(_first_steps(data))
    standing = [
        html.Section(render_tactics(data.tactics, data.domain), className="panel is-two-thirds"),
        html.Div([render_outcomes(data.outcomes), render_funnel(data.funnel)], className="is-third stack"),
    ]
    if data.note:
        panels = [*standing, html.Section(_compliance(data), className="panel is-two-thirds")]
    else:
        panels = [
            html.Section(_trend(data), className="panel is-two-thirds"),
            html.Section(_story(data), className="panel is-third"),
            *standing,
            html.Section(_gaps(data), className="panel is-two-thirds"),
            html.Div(_panels(_compliance(data), _campaigns(data)), className="is-third stack"),
            html.Section(render_months(data.months), className="panel is-half"),
            html.Div(_lists(data), className="is-half stack"),
        ]
    blocks.append(html.Div(panels, className="grid"))
    return html.Div([block for block in blocks if block is not None], className="stack overview")


def _href(data: Overview, **more: str) -> str:
    domain = {} if data.domain == data.domains[0] else {"domain": data.domain}
    return "/?" + "&".join(f"{name}={text}" for name, text in (domain | more).items())


def _trend(data: Overview) -> list[Component]:
    shown = [point for point in data.points if point.weighted is not None]
    if len(shown) < 2:
        return [heading("The score over time", "A snapshot is kept every night; the line begins with the second.")]
    first, last = shown[0], shown[-1]
    rose = (last.weighted or 0.0) - (first.weighted or 0.0)
    way = "up" if rose > 0 else "down"
    title = f"Score {way} {abs(rose):.1f} since {words.day(first.day)}"
    note = "Threat-weighted, one point a snapshot; hollow ones are reconstructed. The thick end is the band of weights."
    low_high, score = data.score.band, data.score.weighted
    band = Band(low_high[0], score, low_high[1]) if low_high and score is not None else None
    more = html.P(link("What moved it, cause by cause", "/score"), className="hint")
    return [heading(title, f"{note} {words.plural(len(shown), 'point')}."), trend(shown, band), more]


_LEADS = {
    "score": "/score",
    "coverage": "/coverage",
    "tests": "/tests?sort=executed",
    "stale": "/heatmap?colour=freshness",
}


def _story(data: Overview) -> list[Component]:
    chips = []
    for since in Since:
        chip = link(f"Last {since.label}", _href(data, since=since), "chip")
        if since is data.since:
            setattr(chip, "aria-current", "true")
        chips.append(chip)
    told: list[Component] = [html.Li([one.text, " ", link("See", _LEADS[one.about])]) for one in data.story]
    parts: list[Component] = [
        heading(
            f"What changed in a {data.since.label}", "Computed from two days; the page of each sentence shows how."
        ),
        html.Div(chips, className="chips", role="group", **{"aria-label": "Look back over"}),
        html.Ul(told, className="lines") if told else html.P("Nothing to compare with yet.", className="hint"),
    ]
    if data.unknown:
        parts.append(
            html.Details([html.Summary("What is not known of that day"), *map(html.P, data.unknown)], className="fold")
        )
    return parts


def _gaps(data: Overview) -> list[Component]:
    if not data.gaps:
        return [heading("No gaps", "Every technique in scope is covered by fresh evidence.")]
    most = data.gaps[0].weight or 1.0
    rows: list[list[Cell]] = [
        [
            cell(gap.attack_id, href=f"/technique/{gap.attack_id}", beside=gap.name),
            cell(f"{gap.weight:.1f}", order=gap.weight, bar=gap.weight / most),
            reasons(gap),
        ]
        for gap in data.gaps
    ]
    table = listing(
        [column("Technique"), column("Weight", "num"), column("Why it weighs", "prose")],
        rows,
        caption="The gaps that weigh most",
        noun="gaps",
        limit=10,
    )
    note = "Threat relevance x what the score lacks x obligation."
    title = f"The {len(rows)} gaps that weigh most, of {words.number(data.all_gaps)}"
    return [heading(title, note), table, html.P(link("What to test next", "/next"), className="hint")]


def _compliance(data: Overview) -> list[Component]:
    if not data.frameworks:
        text = "No framework is loaded. Mappings of NIST 800-53 and others come from Sources."
        return [heading("Compliance", text), link("Open sources", "/sources", "button is-quiet is-small")]
    contradicted = sum(one.states.get(ControlState.CONTRADICTED, 0) for one in data.frameworks)
    rows: list[list[Cell]] = [
        [
            cell(one.name, href=f"/compliance/{one.slug}", beside=one.version),
            cell(
                one.demonstrated.words,
                order=one.demonstrated.value or 0.0,
                bar=one.demonstrated.value or 0.0,
                hover=one.demonstrated.interval,
            ),
            cell(words.number(one.states.get(ControlState.CONTRADICTED, 0)), mark="uncovered"),
        ]
        for one in data.frameworks
    ]
    table = listing(
        [column("Framework"), column("Demonstrated", "num"), column("Contradicted", "num")],
        rows,
        caption="Frameworks and their controls",
        noun="frameworks",
        limit=6,
    )
    title = f"{words.plural(contradicted, 'control')} contradicted by tests" if contradicted else "Compliance"
    return [heading(title, "Controls by what tests show of their techniques; our model, stated on each page."), table]


def _campaigns(data: Overview) -> list[Component]:
    if not data.campaigns:
        return [
            heading("Campaigns", "None runs or is planned."),
            link("Campaigns", "/campaigns", "button is-quiet is-small"),
        ]
    running = sum(one.state == "running" for one in data.campaigns)
    rows = [
        [
            cell(one.name, href=f"/campaign/{one.key}", beside=one.state),
            cell(
                f"{words.number(one.evaluated)} of {words.number(one.planned)}",
                order=one.evaluated,
                bar=one.evaluated / one.planned if one.planned else 0.0,
            ),
        ]
        for one in data.campaigns
    ]
    table = listing(
        [column("Campaign"), column("Evaluated", "num")], rows, caption="Campaigns", noun="campaigns", limit=5
    )
    return [heading(f"{words.plural(running, 'campaign')} running", "Tests evaluated of those planned."), table]


def _time(time: Time) -> html.Div:
    about = ABOUT[time.measure]
    slug = time.measure.removeprefix("time_to_")
    href = "/metrics" if time.measure is Measure.DETECT else f"/metrics?measure={slug}"
    label = f"{about.name}, median"
    definition = f"From {about.start} to {about.end}, {about.population}, last {time.months} months. {about.censored}"
    if not time.cases:
        return figure.figure(label, "–", under=["nothing to measure yet"], definition=definition, href=href)
    reached = time.median is not None
    ends = [None if end is None else words.duration(end) for end in (time.median_low, time.median_high)]
    band = f"95\u00a0% band {ends[0] or '–'} to {ends[1] or 'not reached'}" if reached else None
    p90 = f"P90 {words.duration(time.p90)}" if time.p90 is not None else "P90 not reached"
    return figure.figure(
        label,
        words.duration(time.median or 0.0) if reached else "not reached",
        under=[f"{words.number(time.happened)} of {words.number(time.cases)} {about.happened}", band or p90],
        definition=definition,
        href=href,
        hollow=time.cases < figure.TOO_FEW,
    )


def _lists(data: Overview) -> list[Component]:
    return _panels(_changes(data), _attention(data))


def _panels(*parts: list[Component]) -> list[Component]:
    return [html.Section(part, className="panel") for part in parts]


def _domain_line(data: Overview) -> Component | None:
    if len(data.domains) < 2:
        return None
    chips = []
    for domain in data.domains:
        # a plain link: the document is loaded anew, because within a page the address alone opens nothing
        chosen = html.A(DOMAINS[domain], href=f"/?domain={domain}", className="chip")
        if domain == data.domain:
            setattr(chosen, "aria-current", "true")
        chips.append(chosen)
    return html.Div(chips, className="chips", role="group", **{"aria-label": "Domain"})


def _headline(data: Overview) -> html.Div:
    score = data.score if data.tested or data.claimed.n else replace(data.score, weighted=None, plain=None)
    under: list[Component | str | None] = []
    if score.band is not None and score.weighted is not None:
        under.append(band_words(score.band))
    if score.plain is not None:
        under.append(f"plain mean {score.plain:.0f}, weights version {score.weights_version}")
    if score.change is not None:
        under.append(figure.delta(score.change, score.change_since, 1))
    under.append(f"{words.plural(data.techniques, 'technique')} in scope, ATT&CK {data.attack_version}")
    return html.Div(
        [
            figure.figure(
                METRICS["organisation_score"].name,
                "–" if score.weighted is None else f"{score.weighted:.0f}",
                unit="" if score.weighted is None else "of 100",
                under=under,
                definition=METRICS["organisation_score"].definition,
                href="/score",
                large=True,
            ),
            figure.share_figure(
                "Proven by tests",
                data.proven if data.tested else Share(n=0, of=0),
                definition=METRICS["proven"].definition,
                href=heatmap_href(data.domain, only="covered"),
            ),
            figure.share_figure(
                "Claimed by rules",
                counted(data.claimed),
                definition=METRICS["claimed"].definition,
                href=heatmap_href(data.domain, mode="claimed"),
            ),
            figure.share_figure(
                METRICS["detected"].name,
                data.funnel.detected,
                definition=METRICS["detected"].definition,
                href=heatmap_href(data.domain, mode="proven"),
            ),
            *map(_time, data.times),
        ],
        className="figures headline-figures",
    )


def _first_steps(data: Overview) -> html.Div:
    rules = data.claimed.n
    have = f"Rules claim {words.plural(rules, 'technique')}" if rules else "No detection rule claims a technique here"
    return states.notice(
        html.Span(f"Nothing has been tested yet. {have}; tests show which claims hold."),
        link("See the heatmap", heatmap_href(data.domain, mode="claimed"), "button is-quiet is-small"),
        *([] if rules or not data.may_sync else [link("Load rules", "/sources", "button is-quiet is-small")]),
    )


_CHANGE_WORDS = (
    ("added", "added"),
    ("changed", "changed"),
    ("renamed", "renamed"),
    ("revoked", "revoked"),
    ("deprecated", "deprecated"),
    ("reactivated", "back again"),
    ("vanished", "vanished"),
    ("removed", "removed"),
    ("restored", "restored"),
)


def counts_in_words(counts: Mapping[str, int]) -> str:
    """12 added, 3 renamed; a sync that changed no more than texts says so."""
    said = [f"{words.number(counts[key])} {word}" for key, word in _CHANGE_WORDS if counts.get(key)]
    return ", ".join(said) or "texts only: nothing added, renamed or revoked"


def _changes(data: Overview) -> list[Component]:
    rows: list[Component] = [
        html.Li(
            [
                link(f"{change.name} {change.version or ''}".strip(), f"/sources?run={change.run_id}"),
                f": {counts_in_words(change.counts)} ",
                html.Span(when(change.finished_at, "ago"), className="beside"),
            ]
        )
        for change in data.changes
    ]
    rows += [
        html.Li(
            [
                link(f"{found.attack_id} {found.name}", f"/technique/{found.attack_id}"),
                " is newly covered",
                html.Span(when(found.validated_at, "ago"), className="beside"),
            ]
        )
        for found in data.newly_covered
    ]
    body = html.Ul(rows, className="lines") if rows else html.P("Nothing has changed so far.", className="hint")
    return [heading("What changed", "Last syncs that changed something, and techniques newly covered."), body]


def _attention(data: Overview) -> list[Component]:
    waiting = data.attention
    rows: list[Component] = []
    if waiting.failed_sources:
        rows.append(html.Li([link(f"{name}: the last sync failed", "/sources") for name in waiting.failed_sources]))
    if waiting.stale_techniques:
        text = f"{words.plural(waiting.stale_techniques, 'technique')} whose newest evidence is stale"
        rows.append(html.Li(link(text, heatmap_href(data.domain, mode="freshness"))))
    if waiting.review_techniques:
        text = f"{words.plural(waiting.review_techniques, 'technique')} changed by ATT&CK since the last review"
        rows.append(html.Li(link(text, heatmap_href(data.domain))))
    for source, count in waiting.not_placed.items():
        text = f"{words.plural(count, 'claim')} of {source} not placed on ATT&CK {data.attack_version}"
        rows.append(html.Li(link(text, f"/sources?source={source}&kind=not_placed")))
    body = html.Ul(rows, className="lines") if rows else html.P("Nothing is waiting.", className="hint")
    return [
        heading("Needs a look", "Old evidence, changed techniques, and content that has no place on this map."),
        body,
    ]
