"""Coverage in panels: by tactic, what the defence did, and how many planned tests came to be detected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dash import html
from dash.development.base_component import Component

from domain.heatmap_view import View, to_query
from pages.components import figure, words
from pages.components.figure import Bar, BarRow, MixPart, Share
from pages.components.status import mark


@dataclass(frozen=True, kw_only=True, slots=True)
class TacticRow:
    """One column of the matrix. Both shares are of the techniques in scope under the tactic."""

    shortname: str
    name: str
    tested: int
    proven: Share
    claimed: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Funnel:
    """Tests in scope. Each share is of the step before it, with its interval."""

    planned: int
    executed: Share
    evaluated: Share
    detected: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """Evaluated tests by both axes; each axis adds up to the same n."""

    prevented: int
    partly_prevented: int
    not_prevented: int
    alerted: int
    logged: int
    missed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthRow:
    """One month (UTC) of attacks: of the tests evaluated, those detected."""

    month: date
    detected: Share


def heatmap_href(domain: str, *, mode: str = "status", tactic: str = "", only: str = "") -> str:
    query = to_query(View(domain=domain, mode=mode, tactic=tactic, only=only))
    return f"/heatmap?{query}" if query else "/heatmap"


def heading(title: str, text: str) -> html.Header:
    return html.Header([html.H2(title), html.P(text)])


def render_tactics(tactics: Sequence[TacticRow], domain: str) -> list[Component]:
    rows = [
        BarRow(
            label=row.name,
            note=f"{words.number(row.tested)} of {words.number(row.proven.of)} tested",
            href=heatmap_href(domain, tactic=row.shortname),
            bars=[
                Bar(name="Proven by tests", share=row.proven if row.tested else Share(n=0, of=0), colour="proven"),
                Bar(
                    name="Claimed by rules",
                    share=counted(row.claimed),
                    colour="claimed",
                    empty="none in scope",
                    counted=True,
                ),
            ],
        )
        for row in tactics
    ]
    legend = html.Span(
        [mark("covered", "proven"), html.Span(className="swatch is-claimed"), "claimed"], className="legend"
    )
    head = heading(
        _finding(tactics), "Techniques in scope under each tactic; one under several tactics counts in each."
    )
    head.children.append(legend)
    return [head, figure.bars(rows, "Coverage by tactic")]


def counted(share: Share) -> Share:
    """Without an interval: rules are counted over all techniques, nothing is sampled."""
    return Share(n=share.n, of=share.of)


def _finding(tactics: Sequence[TacticRow]) -> str:
    """The title says what the bars show: where the least is proven."""
    tested = [row for row in tactics if row.tested and row.proven.value is not None]
    if not tested:
        return "Coverage by tactic"
    least = min(tested, key=lambda row: (row.proven.value or 0.0, -row.proven.of))
    return f"{least.name} is proven least: {least.proven.words}"


def render_outcomes(found: Outcomes) -> html.Section:
    whole = found.alerted + found.logged + found.missed
    if not whole:
        body: list[Component] = [html.P("Nothing has been evaluated yet.", className="hint")]
    else:
        body = [
            figure.mix(
                "Detection",
                [
                    MixPart(name="Alerted", n=found.alerted, mark="alerted"),
                    MixPart(name="Logged only", n=found.logged, mark="logged"),
                    MixPart(name="Missed", n=found.missed, mark="missed"),
                ],
            ),
            figure.mix(
                "Prevention",
                [
                    MixPart(name="Prevented", n=found.prevented, mark="blocked"),
                    MixPart(name="Partly", n=found.partly_prevented, mark="partly"),
                    MixPart(name="Not prevented", n=found.not_prevented, mark="off"),
                ],
            ),
        ]
    text = "Evaluated tests, best over the defence tools; a test can be prevented and alerted."
    return html.Section([heading("What the defence did", text), *body], className="panel stack-small")


def render_funnel(funnel: Funnel, note: str = "Tests in scope; each share is of the step before.") -> html.Section:
    planned = Share(n=funnel.planned, of=funnel.planned)
    steps = (
        ("Planned", planned),
        ("Executed", funnel.executed),
        ("Evaluated", funnel.evaluated),
        ("Detected", funnel.detected),
    )
    rows = [
        BarRow(
            label=label,
            bars=[
                Bar(
                    name=label,
                    share=share,
                    colour="alerted" if label == "Detected" else "step",
                    width=share.n / funnel.planned if funnel.planned else 0.0,
                    empty="none",
                )
            ],
        )
        for label, share in steps
    ]
    head = heading("From plan to detection", note)
    return html.Section([head, figure.bars(rows, "From plan to detection")], className="panel")


def render_months(months: Sequence[MonthRow]) -> list[Component]:
    """Newest first: what the last months' tests showed, each share of its own month."""
    if not any(row.detected.of for row in months):
        return [heading("Month by month", "Nothing has been evaluated in the last twelve months.")]
    rows = [
        BarRow(
            label=f"{row.month:%b %Y}",
            bars=[Bar(name="Detected", share=row.detected, colour="alerted", empty="none evaluated")],
        )
        for row in reversed(months)
    ]
    note = "Evaluated tests that raised an alert, by the month of the attack (UTC). Months differ in what they tested."
    return [heading("Month by month", note), figure.bars(rows, "Detected by month")]
