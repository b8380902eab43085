"""One threat actor: what it uses directly, through software and through campaigns, and what of it we would catch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dash import html
from dash.development.base_component import Component

from pages.actors import Technique, render_techniques
from pages.campaigns import STATES, Progress, day_cell, share_cell
from pages.components import figure, states, words
from pages.components.figure import Share
from pages.components.parts import Cell, SafeHtml, cell, column, listing
from pages.components.status import chip, link, outside

PATH = "/actor/<attack_id>"
TITLE = "Actor"
NAV = None

_WAYS = (
    ("direct", "Directly", "ATT&CK says that the group itself uses them.", ""),
    (
        "software",
        "Through software",
        "What the software can do that the group uses; that it did so is not said.",
        "Software",
    ),
    ("campaign", "Through campaigns", "Seen in attacks attributed to the group.", "Campaign"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One of our campaigns in its manner."""

    id: str
    name: str
    state: str
    starts_on: date | None
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Everything on the page. `proven` and `claimed` are of its direct techniques in scope; HTML must be sanitised."""

    attack_id: str
    name: str
    aliases: Sequence[str]
    domain: str
    url: str | None
    description_html: str
    direct: Sequence[Technique]
    software: Sequence[Technique]
    campaign: Sequence[Technique]
    proven: Share
    claimed: Share
    campaigns: Sequence[Campaign]
    may_plan: bool

    @property
    def gaps(self) -> int:
        return sum(one.gap for one in self.direct)

    @property
    def untested(self) -> int:
        return sum(one.in_scope and one.status == "untested" for one in self.direct)


def title(data: Actor) -> str:
    return f"{data.attack_id} {data.name}"


def answer(data: Actor) -> str:
    """The one line in the top bar."""
    used = words.plural(len(data.direct), "technique")
    return f"{used} used directly, {data.proven.words} in scope proven" if data.proven.of else f"{used} used directly"


def layout(data: Actor) -> html.Div:
    parts = [
        _lead(data),
        _actions(data),
        _figures(data),
        *(_way(data, *way) for way in _WAYS),
        _campaigns(data),
    ]
    return html.Div(parts, className="stack")


def _lead(data: Actor) -> html.Section:
    chips = [chip(name) for name in data.aliases]
    original = html.P(outside(f"{data.attack_id} at ATT&CK", data.url), className="hint") if data.url else None
    return html.Section(
        [
            html.Div(chips, className="chips") if chips else None,
            SafeHtml(html=data.description_html, className="prose"),
            original,
        ],
        className="stack-small",
    )


def _actions(data: Actor) -> html.Div:
    shown = []
    if data.may_plan and data.gaps:
        shown.append(link("Plan a campaign from the gaps", f"/plan?actor={data.attack_id}", "button"))
    shown += [
        link("On the heatmap", f"/heatmap?actor={data.attack_id}", "button is-quiet"),
        link("Compare with another", f"/actors?compare={data.attack_id}", "button is-quiet"),
        link("Templates for its gaps", f"/templates?actor={data.attack_id}", "button is-quiet"),
    ]
    return html.Div(shown, className="actions")


def _figures(data: Actor) -> html.Div:
    """Of the techniques in scope that it uses directly; the other two ways stand in their own sections."""
    counted = Share(n=data.claimed.n, of=data.claimed.of)
    return html.Div(
        [
            figure.share_figure(
                "Proven",
                data.proven,
                definition="Techniques in scope that it uses directly, covered by tests that are not stale.",
                href="#direct",
            ),
            figure.share_figure(
                "Claimed",
                counted,
                definition="Of the same techniques, those that an enabled rule names.",
                href="#direct",
            ),
            figure.figure(
                "Gaps",
                words.number(data.gaps),
                under=[f"of {words.number(data.proven.of)} in scope", f"{words.number(data.untested)} never tested"],
                definition="In scope, used directly, and not freshly covered: partly, not, stale, or never tested.",
                href=f"/templates?actor={data.attack_id}",
            ),
            figure.figure(
                "Further techniques",
                words.number(len(_further(data))),
                under=["through software or campaigns alone"],
                definition="Used by its software or in its campaigns, and not named for the group itself.",
                href="#software",
            ),
        ],
        className="figures",
    )


def _further(data: Actor) -> set[str]:
    direct = {one.attack_id for one in data.direct}
    return {one.attack_id for one in (*data.software, *data.campaign)} - direct


def _way(data: Actor, way: str, name: str, note: str, through: str) -> html.Section:
    rows: Sequence[Technique] = getattr(data, way)
    scope = [one for one in rows if one.in_scope]
    proven = sum(not one.gap for one in scope)
    said = f" {words.number(proven)} of {words.number(len(scope))} in scope proven." if scope else ""
    head = html.Header([html.H2([name, html.Span(words.number(len(rows)), className="beside")]), html.P(note + said)])
    body: Component = (
        render_techniques(rows, caption=name, file=f"{data.attack_id}-{way}", through=through)
        if rows
        else html.P("ATT&CK names none.", className="hint")
    )
    return html.Section([head, body], id=way, className="section")


def _campaigns(data: Actor) -> html.Section:
    head = html.Header([html.H2("Our campaigns"), html.P("Played in its manner.")])
    if not data.campaigns:
        ways = [link("Plan one", f"/plan?actor={data.attack_id}", "button is-quiet")] if data.may_plan else []
        body: Component = states.empty("None yet", "A campaign in its manner tests what it is known for.", ways)
        return html.Section([head, body], id="campaigns", className="section")
    columns = [
        column("Campaign"),
        column("State"),
        column("From", "when"),
        column("Evaluated", "tight"),
        column("Detected", "tight"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(one.name, href=f"/campaign/{one.id}"),
            cell(STATES[one.state][0], mark=STATES[one.state][1]),
            day_cell(one.starts_on),
            share_cell(one.progress.evaluated, one.progress.planned, "no tests"),
            share_cell(one.progress.detected, one.progress.evaluated, "none evaluated"),
        ]
        for one in data.campaigns
    ]
    return html.Section(
        [head, listing(columns, rows, caption="Our campaigns", noun="campaigns")], id="campaigns", className="section"
    )
