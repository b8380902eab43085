"""The state in five seconds: what is proven, what is only claimed, what the tests say, what changed, what is old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS
from domain.metrics import METRICS
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
from pages.components.parts import when
from pages.components.status import link

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
    months: Sequence[MonthRow] = ()
    changes: Sequence[SyncChange] = ()
    newly_covered: Sequence[NewlyCovered] = ()
    may_sync: bool = False


def answer(data: Overview) -> str:
    """The one line in the top bar."""
    if not data.techniques:
        return "No ATT&CK content is loaded yet"
    if not data.tested:
        return f"{words.plural(data.techniques, 'technique')} in scope, none tested yet"
    scored = "" if data.score.weighted is None else f"{data.score.weighted:.0f} of 100, "
    return f"{scored}{words.number(data.tested)} of {words.plural(data.techniques, 'technique')} tested"


def render_overview(data: Overview) -> html.Div:
    if not data.techniques:
        action = link("Open sources", "/sources", "button")
        text = "Load ATT&CK first: everything here stands on its map. Sources shows what is loaded and how to get it."
        return states.empty("No map yet", text, [action] if data.may_sync else [])
    blocks: list[Component | None] = [_domain_line(data), _headline(data)]
    if not data.funnel.planned:
        blocks.append(_first_steps(data))
    blocks.append(
        html.Div(
            [
                html.Section(render_tactics(data.tactics, data.domain), className="panel is-two-thirds"),
                html.Div([render_outcomes(data.outcomes), render_funnel(data.funnel)], className="is-third stack"),
                html.Section(render_months(data.months), className="panel is-half"),
                html.Div(_lists(data), className="is-half stack"),
            ],
            className="grid",
        )
    )
    return html.Div([block for block in blocks if block is not None], className="stack")


def _lists(data: Overview) -> list[Component]:
    return [html.Section(part, className="panel") for part in (_changes(data), _attention(data))]


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
    if score.plain is not None:
        under.append(f"plain mean {score.plain:.0f}, weights version {score.weights_version}")
    if score.change is not None:
        under.append(figure.delta(score.change, score.change_since))
    under.append(f"{words.plural(data.techniques, 'technique')} in scope, ATT&CK {data.attack_version}")
    return html.Div(
        [
            figure.figure(
                METRICS["organisation_score"].name,
                "–" if score.weighted is None else f"{score.weighted:.0f}",
                unit="" if score.weighted is None else "of 100",
                under=under,
                definition=METRICS["organisation_score"].definition,
                href=heatmap_href(data.domain, mode="score"),
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
