"""One technique: what it is, where we stand on it and why, and everything that hangs on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dash import html
from dash.development.base_component import Component

from domain.heatmap_view import View, to_query
from domain.metrics import METRICS
from domain.roles import Permission, who_may
from domain.snapshots import Kind
from pages.components import figure, frame, states, status, words
from pages.components import technique_lists as lists
from pages.components.figure import Share
from pages.components.parts import SafeHtml, when
from pages.components.score import Point, line
from pages.components.status import chip, link, outside
from pages.components.timeline import Entry, timeline

PATH = "/technique/<attack_id>"
TITLE = "Technique"
NAV = None

_SUBS = "Of the procedures tested on its sub-techniques, those that held. Kept apart from its own figure."


@dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    attack_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePart:
    """One of the five parts: `weight` of 100, `value` 0..1, `reason` in words ("3 of 4 procedures held").

    `value` is None for a part that cannot apply; its `weight` is then 0, spread over the others. `points` of all parts
    add up exactly to the score, as rounded there.
    """

    name: str
    weight: float
    value: float | None
    points: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    value: float
    weights_version: int
    parts: Sequence[ScorePart]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreDay:
    """The score on one day, in points, with the tests evaluated by then; `kind` of snapshot, None for the present."""

    day: date
    value: float
    evaluated: int
    kind: Kind | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Technique:
    """Everything on the page. HTML fields must be sanitised already; lists are in the order shown.

    `proven` counts procedures that held; `tactics` are (short name, name).
    """

    attack_id: str
    name: str
    domain: str
    attack_version: str
    url: str | None
    object_version: str | None
    modified_at: datetime | None
    tactics: Sequence[tuple[str, str]]
    platforms: Sequence[str]
    description_html: str
    status: str
    stale: bool
    evidence_at: datetime | None
    proven: Share
    score: Score | None
    parent: Ref | None = None
    successor: Ref | None = None
    revoked: bool = False
    deprecated: bool = False
    vanished_at: datetime | None = None
    shortened: bool = False
    in_scope: bool = True
    scope_reason: str = ""
    review_since: datetime | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    may_review: bool = False
    subtechniques_proven: Share | None = None
    subtechniques: Sequence[lists.SubTechnique] = ()
    tests: Sequence[lists.Test] = ()
    tests_total: int = 0
    rules: Sequence[lists.Rule] = ()
    rules_total: int = 0
    rules_enabled: int = 0
    rules_elsewhere: int = 0
    successor_elsewhere: str = ""
    groups: Sequence[lists.Related] = ()
    software: Sequence[lists.Related] = ()
    campaigns: Sequence[lists.Related] = ()
    mitigations: Sequence[lists.Related] = ()
    countermeasures: Sequence[lists.Countermeasure] = ()
    relevance: tuple[float, str] | None = None
    strategies: Sequence[lists.Strategy] = ()
    data_components: Sequence[lists.Related] = ()
    detection_html: str = ""
    history: Sequence[Entry] = ()
    score_days: Sequence[ScoreDay] = ()


def title(data: Technique) -> str:
    return f"{data.attack_id} {data.name}"


def answer(data: Technique) -> str:
    """The one line in the top bar."""
    word = status.COVERAGE[data.status][0]
    parts = [f"{word}, stale" if data.stale else word]
    if data.score is not None:
        parts.append(f"score {data.score.value:.0f} of 100")
    return ", ".join([*parts, words.plural(data.tests_total, "test"), words.plural(data.rules_enabled, "enabled rule")])


def render_technique(data: Technique, panel: Component | None = None) -> html.Div:
    """`panel` is what `?rule=` opens (`rule_panel`); the region `rule-panel` holds it."""
    main = html.Div([*_banners(data), _lead(data), _contents(data), *_sections(data)], className="stack technique-main")
    return html.Div(
        [main, html.Aside(_standing(data), className="stack technique-aside"), html.Div(panel, id="rule-panel")],
        className="technique",
    )


def rule_panel(data: lists.RuleText, close_href: str) -> html.Aside:
    return frame.side(data.rule.title, lists.render_rule(data), close_href=close_href, note="Detection rule")


def _banners(data: Technique) -> list[Component]:
    shown: list[Component] = []
    successor = data.successor
    if data.revoked or data.deprecated or data.vanished_at:
        what = "revoked" if data.revoked else "deprecated" if data.deprecated else "left out"
        said = f"ATT&CK has {what} this technique. It is not on the map and counts in no total."
        follow = []
        if successor is not None:
            name = f"{successor.attack_id} {successor.name}"
            follow = [link(f"Continue at {name}", f"/technique/{successor.attack_id}", "button is-quiet is-small")]
        shown.append(states.notice(html.Span(said), *follow, kind="warn"))
    if not data.in_scope:
        shown.append(states.notice(html.Span(f"Out of scope: {data.scope_reason or 'no reason given'}"), kind="plain"))
    if data.review_since is not None:
        shown.append(_review(data, data.review_since))
    return shown


def _review(data: Technique, since: datetime) -> html.Div:
    text = html.Span(["ATT&CK changed this technique on ", when(since, "day"), "; nobody has reviewed it since."])
    if not data.may_review:
        return states.notice(
            text, html.Span(f"For {who_may(Permission.REVIEW_TECHNIQUE)}.", className="hint"), kind="review"
        )
    button = html.Button("Mark as reviewed", id="technique-reviewed", type="button", className="button is-small")
    return states.notice(text, button, kind="review")


def _lead(data: Technique) -> html.Section:
    chips: list[Component] = []
    if data.parent is not None:
        name = f"Sub-technique of {data.parent.attack_id} {data.parent.name}"
        chips.append(chip(name, href=f"/technique/{data.parent.attack_id}"))
    for shortname, name in data.tactics:
        query = to_query(View(domain=data.domain, tactic=shortname))
        chips.append(chip(name, href=f"/heatmap?{query}", title="This tactic on the heatmap"))
    facts = html.P([", ".join(data.platforms) or "no platform named"], className="hint")
    note = "The built-in baseline shortens texts; load the full bundle under Sources to read all of it."
    return html.Section(
        [
            html.Div(chips, className="chips"),
            facts,
            SafeHtml(html=data.description_html, className="prose"),
            html.P(note, className="hint") if data.shortened else None,
        ],
        className="stack-small",
        id="description",
    )


def _contents(data: Technique) -> html.Nav:
    """The sections with their counts: they are anchors, so that each can be linked."""
    items = [(anchor, name, count) for anchor, name, count in _counts(data) if anchor != "subtechniques" or count]
    links = [
        html.A(
            [name, html.Span(words.number(count), className="beside")] if count is not None else name, href=f"#{anchor}"
        )
        for anchor, name, count in items
    ]
    for each in links:
        setattr(each, "data-go", "")
    return html.Nav(links, className="contents", **{"aria-label": "Sections"})


def _counts(data: Technique) -> list[tuple[str, str, int | None]]:
    return [
        ("subtechniques", "Sub-techniques", len(data.subtechniques)),
        ("tests", "Tests", data.tests_total),
        ("rules", "Rules", data.rules_total),
        ("groups", "Groups", len(data.groups)),
        ("software", "Software", len(data.software)),
        ("campaigns", "Campaigns", len(data.campaigns)),
        ("mitigations", "Mitigations", len(data.mitigations)),
        ("countermeasures", "Countermeasures", len(data.countermeasures)),
        ("detection", "Detection", len(data.strategies) + len(data.data_components)),
        ("history", "History", None),
    ]


def _sections(data: Technique) -> list[html.Section]:
    claims = f"{data.rules_enabled} of {data.rules_total} enabled. A rule is a claim; a test shows whether it holds."
    shown = [
        lists.section(
            "tests",
            "Tests",
            _cut("What the defence did, newest first.", len(data.tests), data.tests_total),
            [lists.render_tests(data.tests)],
        ),
        lists.section(
            "rules",
            "Detection rules",
            _cut(claims, len(data.rules), data.rules_total),
            [*_elsewhere(data), lists.render_rules(data.rules)],
        ),
        lists.section(
            "groups", "Groups", "Threat actors that use it, directly.", [_related(data.groups, "groups", actors=True)]
        ),
        lists.section("software", "Software", "Malware and tools that use it.", [_related(data.software, "software")]),
        lists.section(
            "campaigns", "Campaigns", "Attacks in which it was seen.", [_related(data.campaigns, "campaigns")]
        ),
        lists.section(
            "mitigations", "Mitigations", "What makes it harder.", [_related(data.mitigations, "mitigations")]
        ),
        lists.section(
            "countermeasures",
            "Countermeasures",
            "Those of D3FEND that work on what it touches, and whether they are in place here.",
            [lists.render_countermeasures(data.countermeasures)],
        ),
        lists.section(
            "detection",
            "Detection",
            f"As ATT&CK {data.attack_version} describes it.",
            lists.render_detection(data.strategies, data.data_components, data.detection_html),
        ),
        lists.section("history", "History", "What ATT&CK changed and what we did.", [_history(data)]),
    ]
    if data.subtechniques:
        subs = lists.render_subtechniques(data.subtechniques)
        shown.insert(0, lists.section("subtechniques", "Sub-techniques", "Each with its own status and score.", [subs]))
    return shown


def _cut(note: str, shown: int, whole: int) -> str:
    return note if shown >= whole else f"{note} The first {words.number(shown)} of {words.number(whole)} are listed."


def _elsewhere(data: Technique) -> list[Component]:
    """Rules that speak of the successor this technique gets in a newer ATT&CK: named, so that the gap is not false."""
    if not data.rules_elsewhere:
        return []
    text = (
        f"{words.plural(data.rules_elsewhere, 'rule')} of newer content name {data.successor_elsewhere}, its "
        f"successor, which ATT&CK {data.attack_version} does not have. They are not counted here."
    )
    return [states.notice(html.Span(text))]


def _related(rows: Sequence[lists.Related], noun: str, *, actors: bool = False) -> Component:
    return lists.render_related(rows, noun=noun, empty=f"ATT&CK names no {noun} here.", actors=actors)


def _history(data: Technique) -> Component:
    return timeline(data.history) if data.history else lists.nothing("Nothing has happened here yet.")


def _standing(data: Technique) -> list[Component]:
    """Status, score with its parts, and the facts of the object."""
    state = html.Div([html.H2("Where we stand"), status.coverage(data.status, stale=data.stale)], className="standing")
    shown: list[Component] = [state, _proven(data)]
    if data.score is not None:
        shown.append(_score(data.score))
    if len(data.score_days) > 1:
        shown.append(_score_days(data))
    if data.relevance is not None:
        shown.append(_relevance(*data.relevance))
    shown.append(_facts(data))
    return shown


def _proven(data: Technique) -> html.Div:
    figures = [
        figure.share_figure(
            "Proven",
            data.proven,
            definition=METRICS["proven_share"].definition,
            href="#tests",
        )
    ]
    if data.subtechniques_proven is not None:
        figures.append(
            figure.share_figure("In sub-techniques", data.subtechniques_proven, definition=_SUBS, href="#subtechniques")
        )
    return html.Div(figures, className="figures")


def _score(score: Score) -> html.Section:
    head = html.Tr([html.Th("Part"), html.Th("Value"), html.Th("Weight"), html.Th("Points")])
    rows = [
        html.Tr(
            [
                html.Th([part.name, html.Span(part.reason), _track(part)], scope="row"),
                html.Td("–" if part.value is None else words.percent(part.value)),
                html.Td(f"{part.weight:.1f}"),
                html.Td(f"{part.points:.1f}"),
            ]
        )
        for part in score.parts
    ]
    total = html.Tr([html.Th("Sum", scope="row"), html.Td(), html.Td("100.0"), html.Td(f"{score.value:.1f}")])
    body = html.Table([html.Thead(head), html.Tbody(rows), html.Tfoot(total)], className="score-parts")
    note = html.P(f"Weights version {score.weights_version}.", className="hint")
    return html.Section(
        [
            figure.figure(
                "Score", f"{score.value:.0f}", unit="of 100", definition=METRICS["technique_score"].definition
            ),
            body,
            note,
        ]
    )


def _score_days(data: Technique) -> html.Section:
    """How the score came about, as the snapshots have it."""
    first, last = data.score_days[0], data.score_days[-1]
    points = [
        Point(one.day, one.value, f"{words.plural(one.evaluated, 'test')} evaluated", one.kind)
        for one in data.score_days
    ]
    text = f"{words.signed(last.value - first.value, 1)} since {words.day(first.day)}, n = {len(points)} days."
    return html.Section([html.H3("Score over time"), html.P(text, className="hint"), line(points, height=150)])


def _relevance(value: float, why: str) -> html.Section:
    """How much it weighs in the organisation's score, and what of."""
    shown = figure.figure(
        "Relevance",
        f"{value:.1f}",
        definition="Its weight in the organisation's score: who uses it, what is exploited, and what was set here.",
        href="/threats",
    )
    return html.Section([shown, html.P(f"{value:.1f} = {why}", className="hint")])


def _track(part: ScorePart) -> html.Div:
    """As long as the part weighs (the longest of 40 fills the column), filled as far as it is reached."""
    fill = html.Div(style={"width": f"{100 * (part.value or 0.0):.1f}%"})
    return html.Div(fill, className="part-track", style={"width": f"{min(100.0, 2.5 * part.weight):g}%"})


def _facts(data: Technique) -> html.Dl:
    facts: list[tuple[str, Component | str]] = [("ATT&CK", data.attack_version)]
    if data.object_version:
        facts.append(("Object version", data.object_version))
    if data.modified_at is not None:
        facts.append(("Modified", when(data.modified_at, "day")))
    facts.append(("Newest evidence", when(data.evidence_at, "ago") if data.evidence_at else "none"))
    if data.reviewed_at is not None:
        facts.append(("Reviewed", html.Span([when(data.reviewed_at, "day"), f" by {data.reviewed_by}"])))
    if data.url:
        facts.append(("Original", outside(f"{data.attack_id} at ATT&CK", data.url)))
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
