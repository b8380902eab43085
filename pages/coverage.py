"""Coverage, divided by whatever is asked: what is proven, what is only claimed, and what nobody has tested.

`?by=` divides (domain/coverage_view.py), `?domain=` chooses the map; by technique, `?tactic=`, `?platform=` and
`?claim=` leave only those. Every figure leads to its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from domain.coverage_view import Claim, Division, Results
from domain.heatmap_view import DOMAINS
from domain.rule_truth import RuleTruth
from domain.tests_view import NO_VALUE
from pages.components import figure, filters, states, status, words
from pages.components.coverage import counted, heading, heatmap_href
from pages.components.figure import Bar, BarRow, MixPart, Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, Mark, Part, cell, column, listing
from pages.components.status import link

PATH = "/coverage"
TITLE = "Coverage"
NAV = Nav("State", "Coverage", "coverage", 30, "e")

_OUTCOMES: tuple[tuple[str, str, Mark], ...] = (
    ("blocked", "Blocked", "blocked"),
    ("alerted", "Alerted", "alerted"),
    ("logged", "Logged only", "logged"),
    ("missed", "Missed", "missed"),
)
_CLAIM_MARKS: Mapping[Claim, Mark] = {
    Claim.CLAIMED_HOLDS: "covered",
    Claim.CLAIMED_FAILS: "uncovered",
    Claim.CLAIMED_UNTESTED: "untested",
    Claim.UNCLAIMED_HOLDS: "covered",
    Claim.UNCLAIMED_FAILS: "uncovered",
    Claim.UNCLAIMED_UNTESTED: "untested",
}
_DEFINITIONS: Mapping[Division, str] = {
    Division.TACTIC: "Techniques in scope under each tactic; one under several tactics counts in each.",
    Division.PLATFORM: "Techniques in scope that name the platform; only tests on it count as proof. Rules are counted "
    "whatever platform they are written for.",
    Division.DATA: "Techniques in scope that ATT&CK says each data component can show.",
    Division.SOURCE: "Techniques that enabled rules of each source claim, and what tests showed of them, whichever "
    "rule fired.",
    Division.TEAM: "Techniques whose latest results people of each team evaluated, out of those; no team has to test "
    "all. A person counts for the team they are in now.",
    Division.PERSON: "Techniques whose latest results each person evaluated, out of those; nobody has to test all.",
    Division.TOOL: "Techniques whose latest results each tool observed, out of those, by what it did itself.",
}


class Multiples(Part):
    """Small charts on one scale. `groups`: name, href, trend [[evaluated, detected]]; `months`: first days."""

    _names = ("groups", "months", "caption")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One part of the division; shares and counts are as `data.queries.coverage` says."""

    key: str
    name: str
    techniques: int
    tested: int
    stale: int | None
    proven: Share
    claimed: Share
    results: Results
    trend: Sequence[Sequence[int]] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One technique. `held` per cent of its procedures; `subs` of its sub-techniques: all, evaluated, covered."""

    attack_id: str
    name: str
    tactics: Sequence[str]
    platforms: Sequence[str]
    status: str
    stale: bool
    age_days: int | None
    procedures: int
    held: int | None
    rules: int
    claim: Claim
    results: Results
    subs: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """`rows` are those that `query` asks for, of `whole`; by anything but technique there are `groups` instead.

    `truths`: enabled rules by what tests have shown of them.
    """

    domain: str
    domains: Sequence[str]
    version: str
    division: Division
    techniques: int
    tested: int
    stale: int
    proven: Share
    claimed: Share
    claims: Mapping[Claim, int]
    results: Results
    truths: Mapping[RuleTruth, int]
    months: Sequence[str]
    groups: Sequence[Group]
    rows: Sequence[Row]
    whole: int
    query: Mapping[str, str]
    tactics: Mapping[str, str]
    platforms: Sequence[str]


def answer(data: Coverage) -> str:
    """The one line in the top bar."""
    if not data.techniques:
        return ""
    if not data.tested:
        return f"none of {words.plural(data.techniques, 'technique')} tested yet"
    return f"{data.proven.words} techniques proven, {words.number(data.claimed.n)} claimed"


def layout(data: Coverage) -> html.Div:
    fields = filter_fields(data)
    line = FilterLine(id="coverage-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div([line, html.Div(render(data), id="coverage-body", className="stack")], className="stack")


def filter_fields(data: Coverage) -> list[dict[str, Any]]:
    divisions = [(str(one), one.label) for one in Division]
    rest = ("tactic", "platform", "claim")
    fields = [filters.one("by", "Divide by", divisions, none=str(Division.TACTIC), clears=rest)]
    if len(data.domains) > 1:
        first, *_ = data.domains
        options = [(one, DOMAINS[one]) for one in data.domains]
        fields.append(filters.one("domain", "Map", options, none=first, clears=rest, quiet=True))
    if data.division is Division.TECHNIQUE:
        claims = [(str(one), one.label) for one in Claim]
        fields += [
            filters.one("tactic", "Tactic", [("", "Any tactic"), *data.tactics.items()], filters=True, quiet=True),
            filters.one(
                "platform",
                "Platform",
                [("", "Any platform"), *((one, one) for one in data.platforms)],
                filters=True,
                quiet=True,
            ),
            filters.one("claim", "Claim and proof", [("", "Any"), *claims], filters=True, quiet=True),
        ]
    return fields


def render(data: Coverage) -> list[Component]:
    """What stands in `coverage-body`."""
    if not data.techniques:
        text = "Coverage is counted on the map of ATT&CK. An administrator loads it under Sources."
        return [states.empty("No map yet", text, [link("Open sources", "/sources", "button")])]
    if data.division is Division.TECHNIQUE:
        return [_headline(data), html.Section(_techniques(data), className="panel")]
    main = html.Section(_bars(data), className="panel is-two-thirds")
    beside = html.Div([_claims(data), _results(data), _truths(data)], className="is-third stack")
    blocks: list[Component] = [_headline(data), html.Div([main, beside], className="grid")]
    trends = _multiples(data)
    if trends:
        blocks.append(html.Section(trends, className="panel"))
    blocks.append(html.Section(_table(data), className="panel"))
    return blocks


def _headline(data: Coverage) -> html.Div:
    results = data.results
    held = Share(n=results.held, of=results.n)
    return html.Div(
        [
            figure.share_figure(
                "Proven by tests",
                data.proven if data.tested else Share(n=0, of=0),
                definition="Techniques in scope whose latest validated tests, one a procedure and platform, were all "
                "detected or prevented. Out of all techniques in scope, tested or not.",
                href=_techniques_href(data, claim=(Claim.CLAIMED_HOLDS, Claim.UNCLAIMED_HOLDS)),
            ),
            figure.share_figure(
                "Claimed by rules",
                counted(data.claimed),
                definition="Techniques in scope for which at least one enabled detection rule exists. Nobody has to "
                "have tested it.",
                href=heatmap_href(data.domain, mode="claimed"),
            ),
            figure.share_figure(
                "Tested",
                counted(Share(n=data.tested, of=data.techniques)),
                definition="Techniques in scope with at least one validated test.",
                href=heatmap_href(data.domain),
            ),
            figure.figure(
                "Latest results that held",
                "–" if held.value is None else words.per_hundred(held.value),
                unit="" if held.value is None else "%",
                under=[f"{held.words} blocked or alerted", f"{words.plural(data.stale, 'technique')} stale"]
                if results.n
                else ["nothing tested yet"],
                definition="The latest validated result of each procedure on each platform in scope: what coverage is "
                "made of. A result held when the attack was blocked or alerted on.",
                href=tests_href(data.domain),
                hollow=held.too_few,
            ),
        ],
        className="figures headline-figures",
    )


# -- the division


def _bars(data: Coverage) -> list[Component]:
    rows = []
    for group in data.groups:
        proven = group.proven if group.tested else Share(n=0, of=0)
        bars = [Bar(name="Proven by tests", share=proven, colour="proven")]
        if not data.division.of_tested:
            claimed = counted(group.claimed)
            bars.append(Bar(name="Claimed by rules", share=claimed, colour="claimed", empty="none", counted=True))
        note = (
            words.plural(group.tested, "technique")
            if data.division.of_tested
            else f"{words.number(group.tested)} of {words.number(group.techniques)} tested"
        )
        rows.append(BarRow(label=group.name, note=note, href=_group_href(data, group), bars=bars))
    if not rows:
        text = "Nothing has been tested yet." if data.division.of_tested else "There is nothing to divide here."
        return [heading(f"Coverage by {data.division.label.lower()}", ""), html.P(text, className="hint")]
    head = heading(_finding(data), _DEFINITIONS[data.division])
    legend: list[Component | str] = [status.mark("covered", "proven")]
    if not data.division.of_tested:
        legend += [html.Span(className="swatch is-claimed"), "claimed"]
    head.children.append(html.Span(legend, className="legend"))
    return [head, figure.bars(rows, f"Coverage by {data.division.label.lower()}")]


def _finding(data: Coverage) -> str:
    """The title says what the bars show."""
    tested = [group for group in data.groups if group.key and group.tested and not group.proven.too_few]
    if len(tested) < 2:
        return f"Coverage by {data.division.label.lower()}"
    least = min(tested, key=lambda group: (group.proven.value or 0.0, -group.proven.of))
    return f"{least.name} is proven least: {least.proven.words}"


def _claims(data: Coverage) -> html.Section:
    """What rules claim against what tests have proven: two layers, never mixed."""
    whole = sum(data.claims.values())
    rows = [
        [
            cell(claim.label, mark=_CLAIM_MARKS[claim], href=_techniques_href(data, claim=(claim,))),
            cell(words.number(number), order=number, beside=words.percent(number / whole) if whole else None),
        ]
        for claim, number in data.claims.items()
    ]
    table = listing(
        [column("Claim and proof"), column("Techniques", "num")],
        rows,
        caption="Techniques by what rules claim and what tests have proven",
        noun="kinds",
        limit=len(rows),
    )
    unproven = data.claims[Claim.CLAIMED_UNTESTED]
    title = f"{words.plural(unproven, 'technique')} claimed, never tested" if unproven else "Claim and proof"
    text = f"Every technique in scope once, n = {words.number(whole)}."
    return html.Section([heading(title, text), table], className="panel")


def _results(data: Coverage) -> html.Section:
    parts = [
        MixPart(name=label, n=getattr(data.results, name), mark=mark, href=tests_href(data.domain, outcome=name))
        for name, label, mark in _OUTCOMES
    ]
    if not data.results.n:
        body: Component = html.P("Nothing has been evaluated yet.", className="hint")
    else:
        body = figure.mix("Latest results", parts)
    text = "One a procedure and platform, on the scale blocked > alerted > logged > missed."
    return html.Section([heading("What the latest tests showed", text), body], className="panel stack-small")


def _truths(data: Coverage) -> html.Section:
    """What tests have shown of the rules that claim coverage, rule by rule."""
    whole = sum(data.truths.values())
    if not whole:
        text = "No rule is enabled, so that nothing is claimed."
        return html.Section([heading("Rules put to the test", text)], className="panel")
    parts = [
        MixPart(name=truth.label, n=n, mark=status.TRUTH_MARK[truth], href=f"/rules?truth={truth}&enabled=yes")
        for truth, n in data.truths.items()
    ]
    title = f"{words.number(data.truths[RuleTruth.PROVEN])} of {words.plural(whole, 'rule')} proven"
    text = "Enabled rules: fired in a test, silent in one, never tested, or without the logs they read."
    return html.Section([heading(title, text), figure.mix("Enabled rules", parts)], className="panel stack-small")


def _multiples(data: Coverage) -> list[Component]:
    groups = [
        {"name": group.name, "href": _group_href(data, group), "trend": [list(pair) for pair in group.trend]}
        for group in data.groups
        if group.trend is not None and any(evaluated for evaluated, _ in group.trend)
    ]
    if not groups:
        return []
    note = (
        "Of the tests evaluated, the share that raised an alert, by the month of the attack (UTC), last twelve months, "
        "0 to 100 %. Hollow: fewer than three tests. Months differ in what they tested."
    )
    made = Multiples(groups=groups, months=list(data.months), caption=f"Detected by month and {data.division.label}")
    return [heading("Month by month", note), made]


def _table(data: Coverage) -> list[Component]:
    name = data.division.label
    columns = [column(name), column("Techniques", "num"), column("Tested", "num"), column("Proven", "num")]
    columns += [] if data.division.of_tested else [column("Claimed", "num"), column("Stale", "num")]
    columns += [column("Results", "num"), *(column(label, "num") for _, label, _ in _OUTCOMES)]
    table = listing(
        columns,
        [_group_row(data, group) for group in data.groups],
        caption=f"Coverage by {name.lower()}",
        noun="groups",
        limit=20,
        file=f"coverage-by-{data.division}",
    )
    text = "Results are the latest of each procedure and platform; each number opens its tests."
    return [heading("The figures", text), table]


def _group_row(data: Coverage, group: Group) -> list[Cell]:
    row: list[Cell] = [
        cell(group.name, href=_group_href(data, group)),
        cell(words.number(group.techniques), order=group.techniques),
        cell(words.number(group.tested), order=group.tested),
        share_cell(group.proven if group.tested else Share(n=0, of=0)),
    ]
    if not data.division.of_tested:
        row.append(share_cell(counted(group.claimed)))
        row.append("" if group.stale is None else cell(words.number(group.stale), order=group.stale))
    row.append(_results_cell(data, group, "", group.results.n))
    return row + [_results_cell(data, group, name, getattr(group.results, name)) for name, _, _ in _OUTCOMES]


def _results_cell(data: Coverage, group: Group, outcome: str, number: int) -> Cell:
    href = _group_tests_href(data, group, outcome) if number else None
    return cell(words.number(number), href=href, order=number)


# -- techniques


def _techniques(data: Coverage) -> list[Component]:
    note = (
        "Each technique in scope with its own tests only; sub-techniques beside their parent are a figure of their own "
        "and never colour it."
    )
    if data.whole and not data.rows:
        text = "Take a filter away, or choose another."
        return [
            states.empty(
                "No technique matches", text, [link("All techniques", _techniques_href(data), "button is-quiet")]
            )
        ]
    table = listing(
        [
            column("Id", "mono"),
            column("Technique"),
            column("Status"),
            column("Procedures held", "num"),
            column("Evidence, days old", "num"),
            column("Rules", "num"),
            column("Claim and proof"),
            column("Sub-techniques evaluated", "num"),
            *(column(label, "num") for _, label, _ in _OUTCOMES),
        ],
        [_technique_row(data, row) for row in data.rows],
        caption="Techniques and their coverage",
        noun="techniques",
        limit=50,
        file="coverage-by-technique",
    )
    shown = words.plural(len(data.rows), "technique")
    title = shown if len(data.rows) == data.whole else f"{words.number(len(data.rows))} of {words.number(data.whole)}"
    return [heading(title, note), table]


def _technique_row(data: Coverage, row: Row) -> list[Cell]:
    word, mark = status.COVERAGE[row.status]
    of, evaluated, covered = row.subs
    href = f"/technique/{row.attack_id}"
    return [
        cell(row.attack_id, href=href),
        cell(row.name, href=href),
        cell(word, mark=mark, beside="stale" if row.stale else None),
        "" if row.held is None else cell(f"{row.held} %", order=row.held, beside=f"of {row.procedures}"),
        "" if row.age_days is None else cell(words.number(row.age_days), order=row.age_days),
        cell(words.number(row.rules), order=row.rules),
        row.claim.label,
        cell(f"{evaluated} of {of}", order=evaluated, beside=f"{covered} covered") if of else "",
        *(
            cell(
                words.number(number),
                order=number,
                href=tests_href(data.domain, technique=row.attack_id, subs="no", outcome=name) if number else None,
            )
            for name, _, _ in _OUTCOMES
            for number in (getattr(row.results, name),)
        ),
    ]


# -- links to the rows behind


def share_cell(share: Share) -> Cell:
    """A share of a table: per cent, with n of N beside it; nothing counted is not 0 %."""
    if share.value is None:
        return ""
    text = words.percent(share.value)
    hover = f"{share.words}; {share.interval}" if share.interval else share.words
    return cell(
        text, order=share.value, beside=share.words, hover=hover + ("; too few to say" if share.too_few else "")
    )


def tests_href(domain: str, **more: str) -> str:
    """The latest results that count for coverage on this map."""
    return f"/tests?{urlencode({'counting': domain} | {key: text for key, text in more.items() if text})}"


def _group_tests_href(data: Coverage, group: Group, outcome: str) -> str | None:
    names = {
        Division.TACTIC: "tactic",
        Division.PLATFORM: "platform",
        Division.DATA: "data",
        Division.TEAM: "team",
        Division.PERSON: "evaluator",
        Division.TOOL: "tool",
    }
    name = names.get(data.division)
    return tests_href(data.domain, **{name: group.key or NO_VALUE}, outcome=outcome) if name else None


def _group_href(data: Coverage, group: Group) -> str | None:
    if data.division is Division.TACTIC:
        return _techniques_href(data, tactic=group.key)
    if data.division is Division.PLATFORM:
        return _techniques_href(data, platform=group.key)
    if data.division is Division.DATA:
        return f"/heatmap?{urlencode(_of_domain(data) | {'data': group.key})}"
    if data.division is Division.SOURCE:
        return f"/rules?{urlencode({'source': group.key})}"
    return _group_tests_href(data, group, "")


def _techniques_href(data: Coverage, *, claim: Sequence[Claim] = (), tactic: str = "", platform: str = "") -> str:
    asked = {"by": str(Division.TECHNIQUE), "tactic": tactic, "platform": platform, "claim": ",".join(claim)}
    return f"{PATH}?{urlencode(_of_domain(data) | {key: text for key, text in asked.items() if text}, safe=',')}"


def _of_domain(data: Coverage) -> dict[str, str]:
    first = next(iter(data.domains), data.domain)
    return {} if data.domain == first else {"domain": data.domain}
