"""The lists of the technique page: what each row is, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dash import html
from dash.development.base_component import Component

from pages.components import status, words
from pages.components.parts import Cell, Mark, SafeHtml, cell, column, listing, moment_cell


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTechnique:
    """`status` is a coverage status; `score` 0..100 or None."""

    attack_id: str
    name: str
    status: str
    stale: bool
    score: float | None
    tests: int
    rules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What one defence tool did."""

    tool: str
    prevention: str
    detection: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One security test; `prevention` and `detection` are None until somebody evaluated it."""

    __test__ = False

    number: int
    title: str
    state: str
    platform: str
    prevention: str | None
    detection: str | None
    executed_at: datetime | None
    validated_at: datetime | None
    campaign: str = ""
    claimed_technique: str = ""
    not_applicable: bool = False
    observations: Sequence[Observed] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One detection rule that claims this technique. `claimed_id` is set where the rule names another id."""

    id: str
    title: str
    level: str | None
    status: str | None
    author: str
    log_source: str
    source: str
    enabled: bool
    claimed_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleText:
    """A rule to read: all of it. `removed` when its source no longer has it."""

    rule: Rule
    external_id: str
    licence: str
    body: str
    language: str
    written_on: date | None
    changed_on: date | None
    techniques: Sequence[str] = ()
    references: Sequence[str] = ()
    description: str = ""
    removed: bool = False
    may_manage: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A group, software, campaign, mitigation or data component. `url` is its page at ATT&CK; `note` is plain text."""

    attack_id: str
    name: str
    url: str | None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Countermeasure:
    """One of D3FEND; `state` is '' where nobody has said anything, `artifacts` is what it works on here."""

    d3fend_id: str
    name: str
    tactic: str
    state: str
    note: str
    artifacts: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Analytic:
    attack_id: str
    name: str
    platforms: Sequence[str]
    log_sources: Sequence[str]
    text_html: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    attack_id: str
    name: str
    url: str | None
    analytics: Sequence[Analytic] = field(default_factory=tuple)


def section(anchor: str, title: str, note: str, body: Sequence[Component]) -> html.Section:
    return html.Section([html.Header([html.H2(title), html.P(note)]), *body], id=anchor, className="section")


def nothing(text: str) -> html.P:
    return html.P(text, className="hint")


def render_subtechniques(rows: Sequence[SubTechnique]) -> Component:
    columns = [
        column("ID", "mono"),
        column("Name"),
        column("Status"),
        column("Score", "num"),
        column("Tests", "num"),
        column("Rules", "num"),
    ]
    return listing(columns, [_sub_row(row) for row in rows], caption="Sub-techniques", noun="sub-techniques", limit=20)


def _sub_row(row: SubTechnique) -> list[Cell]:
    word, glyph = status.COVERAGE[row.status]
    score = None if row.score is None else round(row.score)
    href = f"/technique/{row.attack_id}"
    state = cell(word, mark=glyph, beside="stale" if row.stale else None)
    return [cell(row.attack_id, href=href), cell(row.name, href=href), state, score, row.tests, row.rules]


def render_tests(rows: Sequence[Test]) -> Component:
    if not rows:
        return nothing("Nobody has tested this technique yet. Not tested is not 0 %.")
    columns = [
        column("Test"),
        column("State"),
        column("Prevention"),
        column("Detection"),
        column("By tool", "tight"),
        column("Platform"),
        column("Executed", "when"),
    ]
    return listing(
        columns, [_test_row(row) for row in rows], caption="Tests of this technique", noun="tests", file="tests"
    )


def _test_row(row: Test) -> list[Cell]:
    moved = f"planned as {row.claimed_technique}" if row.claimed_technique else None
    title = cell(
        f"{row.number} {row.title}",
        href=f"/test/{row.number}",
        beside=moved,
        hover=row.campaign or None,
        order=row.number,
    )
    state = status.TEST_STATE[row.state]
    if row.not_applicable:
        return [
            title,
            state,
            "Not applicable",
            "Not applicable",
            None,
            row.platform,
            moment_cell(row.executed_at, "day"),
        ]
    return [
        title,
        state,
        _marked(status.PREVENTION, row.prevention),
        _marked(status.DETECTION, row.detection),
        _by_tool(row.observations),
        row.platform,
        moment_cell(row.executed_at, "day"),
    ]


def _marked(names: Mapping[str, tuple[str, Mark]], value: str | None) -> Cell:
    if value is None:
        return None
    word, glyph = names[value]
    return cell(word, mark=glyph)


def _by_tool(observations: Sequence[Observed]) -> Cell:
    """Short names with their marks, as one line; in words where they are read."""
    if not observations:
        return None
    each = [(_short(seen.tool), _marks(seen), _observed(seen)) for seen in observations]
    return cell("; ".join(said for _, _, said in each), each=each)


def _short(tool: str) -> str:
    """The abbreviation that a tool's name gives in brackets, or the name."""
    inside = tool.partition("(")[2].partition(")")[0]
    return inside or tool


def _marks(seen: Observed) -> list[Mark]:
    """Detection always; prevention where there was some."""
    detected = status.DETECTION[seen.detection][1]
    return [detected] if seen.prevention == "none" else [status.PREVENTION[seen.prevention][1], detected]


def _observed(seen: Observed) -> str:
    prevented = status.PREVENTION[seen.prevention][0].lower()
    detected = status.DETECTION[seen.detection][0].lower()
    return f"{seen.tool}: {detected}" if seen.prevention == "none" else f"{seen.tool}: {prevented}, {detected}"


def render_rules(rows: Sequence[Rule]) -> Component:
    """Each title opens the rule beside the page (`?rule=<id>`)."""
    if not rows:
        return nothing("No detection rule claims this technique.")
    columns = [
        column("Rule"),
        column("Level"),
        column("Status"),
        column("Log source"),
        column("Author"),
        column("Use"),
    ]
    return listing(columns, [_rule_row(row) for row in rows], caption="Detection rules", noun="rules", file="rules")


def _rule_row(row: Rule) -> list[Cell]:
    level = None if row.level is None else cell(row.level.capitalize(), order=status.LEVELS.index(row.level))
    moved = f"says {row.claimed_id}" if row.claimed_id else None
    return [
        cell(row.title, href=f"?rule={row.id}", beside=moved),
        level,
        row.status.capitalize() if row.status else None,
        row.log_source or None,
        row.author or None,
        cell("Enabled", mark="on") if row.enabled else cell("Disabled", mark="off"),
    ]


def render_rule(data: RuleText) -> list[Component]:
    """The body of the panel: what the rule is, then its text as its source wrote it."""
    rule = data.rule
    facts = [
        ("Author", rule.author or "not named"),
        ("Licence", data.licence or "not named"),
        ("Source", f"{rule.source}, id {data.external_id}"),
        ("Level", (rule.level or "not given").capitalize()),
        ("Status", (rule.status or "not given").capitalize()),
        ("Log source", rule.log_source or "not given"),
        ("Techniques", words.sentence(list(data.techniques)) or "none placed"),
        ("Written", words.day(data.written_on) if data.written_on else "not given"),
        ("Changed", words.day(data.changed_on) if data.changed_on else "not given"),
    ]
    shown: list[Component] = []
    if data.removed:
        shown.append(
            html.Div("Its source no longer has this rule. It does not count as coverage.", className="notice is-warn")
        )
    if data.description:
        shown.append(html.P(data.description, className="prose"))
    shown.append(
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    )
    if data.may_manage and not data.removed:
        shown.append(_switch(rule))
    shown.append(html.Pre(data.body, className="code", tabIndex="0"))
    if data.references:
        links = [html.Li(status.outside(address, address)) for address in data.references if address.startswith("http")]
        shown.append(html.Div([html.H3("References"), html.Ul(links, className="lines references")]))
    return shown


def _switch(rule: Rule) -> html.Div:
    said = "It counts as a claim of coverage." if rule.enabled else "It does not count as coverage."
    button = html.Button(
        "Disable" if rule.enabled else "Enable",
        id={"type": "rule-enabled", "rule": rule.id, "enable": "no" if rule.enabled else "yes"},
        type="button",
        className="button is-quiet is-small",
    )
    return html.Div(
        [status.mark(*(("on", "Enabled") if rule.enabled else ("off", "Disabled"))), said, button], className="actions"
    )


def render_related(rows: Sequence[Related], *, noun: str, empty: str, actors: bool = False) -> Component:
    """`actors`: groups, whose names lead to their pages."""
    if not rows:
        return nothing(empty)
    body: list[list[Cell]] = []
    for row in rows:
        href = f"/actor/{row.attack_id}" if actors else row.url
        body.append([cell(row.attack_id, href=row.url), cell(row.name, href=href), row.note or None])
    columns = [column("ID", "mono"), column("Name"), column("What ATT&CK says")]
    return listing(columns, body, caption=noun.capitalize(), noun=noun, limit=8, file=noun)


_STATES: Mapping[str, tuple[str, Mark]] = {
    "in_place": ("In place", "covered"),
    "planned": ("Planned", "logged"),
    "not_applicable": ("Not applicable", "off"),
    "": ("Not in place", "untested"),
}


def render_countermeasures(rows: Sequence[Countermeasure]) -> Component:
    if not rows:
        return nothing("D3FEND names none here, or it is not loaded.")
    columns = [column("Countermeasure"), column("Here"), column("Tactic"), column("Works on")]
    body: list[list[Cell]] = []
    for row in rows:
        word, glyph = _STATES[row.state]
        name = cell(row.name, href=f"/countermeasures/{row.d3fend_id}", beside=row.d3fend_id)
        state = cell(word, mark=glyph, beside=row.note or None)
        body.append([name, state, row.tactic or None, ", ".join(row.artifacts) or None])
    return listing(columns, body, caption="Countermeasures", noun="countermeasures", limit=8, file="countermeasures")


def render_detection(
    strategies: Sequence[Strategy], components: Sequence[Related], old_text_html: str
) -> list[Component]:
    """Detection strategies with their analytics (ATT&CK 18 and later), data components, and the older text."""
    shown: list[Component] = [_strategy(strategy) for strategy in strategies]
    if components:
        shown.append(html.H3("Data components"))
        rows: list[list[Cell]] = [
            [cell(row.attack_id, href=row.url), cell(row.name, href=row.url)] for row in components
        ]
        columns = [column("ID", "mono"), column("Name")]
        shown.append(listing(columns, rows, caption="Data components", noun="data components", limit=8))
    if old_text_html:
        shown.append(SafeHtml(html=old_text_html, className="prose"))
    return shown or [nothing("ATT&CK names no way to detect it.")]


def _strategy(strategy: Strategy) -> html.Details:
    name = f"{strategy.attack_id} {strategy.name}"
    count = html.Span(words.plural(len(strategy.analytics), "analytic"), className="beside")
    analytics: list[Component] = []
    for analytic in strategy.analytics:
        where = ", ".join(analytic.platforms)
        analytics.append(html.H4([f"{analytic.attack_id} {analytic.name}", html.Span(where, className="beside")]))
        if analytic.text_html:
            analytics.append(SafeHtml(html=analytic.text_html, className="prose"))
        if analytic.log_sources:
            analytics.append(html.P("Log sources: " + "; ".join(analytic.log_sources), className="hint"))
    if strategy.url:
        analytics.append(status.outside("At ATT&CK", strategy.url))
    return html.Details(
        [html.Summary([name, count]), html.Div(analytics, className="stack-small")], className="fold", open=True
    )
