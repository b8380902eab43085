"""What next: the tests that would raise the score most, and the gaps that weigh most, each with its reasons.

`?actor=`, `?platform=` and `?budget=` say for what; one press makes a campaign of the tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS
from domain.next_best import BUDGETS
from pages.components import filters, once, states, status, words
from pages.components.coverage import heading
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, Part, cell, column, listing
from pages.components.status import link

PATH = "/next"
TITLE = "What next"
NAV = Nav("State", "What next", "next", 40, "w")
BUDGET = 10
_FACTS = (
    ("exploited", "part of {}", "exploited vulnerability", "exploited vulnerabilities"),
    ("controls", "mapped to {}", "control", "controls"),
    ("remediations", "{}", "open remediation", "open remediations"),
)
_PRIORITY = {"high": "set to high priority here", "low": "set to low priority here"}


class Steps(Part):
    """What each test adds, on top of those before it. `steps`: label, href, note, from and to (points), words."""

    _names = ("steps", "low", "high", "caption")


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """A test to run; points of the organisation's score it adds, of the technique before and after, and the total."""

    __test__ = False

    attack_id: str
    name: str
    tactic: str
    platform: str
    template: str
    title: str
    source: str
    gain: float
    before: float
    after: float
    total: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A technique in scope that is not freshly covered. `facts` are what its weight is made of."""

    attack_id: str
    name: str
    weight: float
    relevance: float
    score: float | None
    status: str
    stale: bool
    age_days: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatNext:
    """`now` and `after` are points of the organisation; `without` gaps have no template left to run."""

    domain: str
    domains: Sequence[str]
    techniques: int
    now: float | None
    after: float | None
    tests: Sequence[Test]
    gaps: Sequence[Gap]
    all_gaps: int
    without: int
    query: Mapping[str, str]
    actors: Sequence[tuple[str, str]]
    platforms: Sequence[str]
    may_plan: bool

    @property
    def budget(self) -> int:
        return budget_of(self.query.get("budget", ""))


def budget_of(text: str) -> int:
    return int(text) if text in {str(one) for one in BUDGETS} else BUDGET


def answer(data: WhatNext) -> str:
    """The one line in the top bar."""
    if data.now is None:
        return ""
    if not data.tests:
        return words.plural(data.all_gaps, "gap")
    gain = (data.after or data.now) - data.now
    return f"{words.plural(len(data.tests), 'test')} are expected to add {gain:.1f} points to {data.now:.0f}"


def layout(data: WhatNext) -> html.Div:
    fields = filter_fields(data)
    line = FilterLine(id="next-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div([line, html.Div(render(data), id="next-body", className="stack")], className="stack")


def filter_fields(data: WhatNext) -> list[dict[str, Any]]:
    budgets = [(str(one), f"{one} tests") for one in BUDGETS]
    fields = [
        filters.one("budget", "Best", budgets, none=str(BUDGET)),
        filters.many("actor", "Threat actors", data.actors, placeholder="All", filters=True),
        filters.many(
            "platform", "Platform", [(one, one) for one in data.platforms], placeholder="All in scope", filters=True
        ),
    ]
    if len(data.domains) > 1:
        first, *_ = data.domains
        options = [(one, DOMAINS[one]) for one in data.domains]
        fields.insert(0, filters.one("domain", "Map", options, none=first, clears=("actor", "platform"), quiet=True))
    return fields


def render(data: WhatNext) -> list[Component]:
    """What stands in `next-body`."""
    if data.now is None:
        text = "The gaps stand on the map of ATT&CK. An administrator loads it under Sources."
        return [states.empty("No map yet", text, [link("Open sources", "/sources", "button")])]
    return [html.Section(_tests(data), className="panel stack-small"), html.Section(_gaps(data), className="panel")]


# -- the best tests


def _tests(data: WhatNext) -> list[Component]:
    if not data.tests:
        if data.all_gaps:
            text = (
                "No template is left to run for these gaps. Templates come with Atomic Red Team and others, or are "
                "written here."
            )
            more = link("Write a template", "/templates", "button is-quiet")
            ways = [link("Open sources", "/sources", "button"), more]
        else:
            text, ways = "Everything asked for is freshly covered.", [link("See coverage", "/coverage", "button")]
        return [heading("The best next tests", ""), states.empty("Nothing to suggest", text, ways)]
    now, after = data.now or 0.0, data.after or 0.0
    note = (
        "Expected gains: a further procedure that goes as the latest tests of its tactics went, chosen one after "
        "another so that each counts what those before it add. What a test really shows decides."
    )
    top = max(after, now + 0.1)
    steps, below = [], now
    for test in data.tests:
        steps.append(
            {
                "label": f"{test.attack_id} {test.name}",
                "href": f"/technique/{test.attack_id}",
                "note": f"{test.title}, {test.platform}",
                "from": below,
                "to": test.total,
                "words": f"+{test.gain:.2f}",
            }
        )
        below = test.total
    head = heading(f"{words.plural(len(data.tests), 'test')} would take the score from {now:.1f} to {after:.1f}", note)
    drawn = Steps(steps=steps, low=now, high=top, caption="What each test is expected to add to the score")
    return [head, drawn, _table(data), _plan(data)]


def _table(data: WhatNext) -> html.Details:
    rows: list[list[Cell]] = [
        [
            cell(test.attack_id, href=f"/technique/{test.attack_id}", beside=test.name),
            test.tactic,
            cell(test.title, href=f"/template/{test.template}", beside=test.source),
            test.platform,
            cell(f"{test.before:.0f}", order=test.before),
            cell(f"{test.after:.0f}", order=test.after),
            cell(f"+{test.gain:.2f}", order=test.gain),
            cell(f"{test.total:.1f}", order=test.total),
        ]
        for test in data.tests
    ]
    columns = [column("Technique"), column("Tactic"), column("Template"), column("Platform")]
    columns += [column(name, "num") for name in ("Its score", "Then", "Adds", "Organisation")]
    table = listing(columns, rows, caption="The best next tests", noun="tests", limit=len(rows), file="best-next-tests")
    return html.Details([html.Summary("As a table"), table], className="fold")


def _plan(data: WhatNext) -> html.Div:
    if not data.may_plan:
        return html.Div(html.P("Red and blue leads make a campaign of these with one press.", className="hint"))
    wanted = [f"{test.template}|{test.platform}" for test in data.tests]
    return html.Div(
        [
            once.key("next-key"),
            dcc.Store(id="next-wanted", data={"tests": wanted, "about": about(data)}),
            html.Div(
                html.Button("Make it a campaign", id="next-make", type="button", className="button"),
                className="actions",
            ),
            html.Div(id="plan-made", role="status"),
        ],
        className="stack-small",
    )


def about(data: WhatNext) -> str:
    """For the goal of the campaign: ", against APT29, on Windows"."""
    names = dict(data.actors)
    actors = [names.get(one, one) for one in data.query.get("actor", "").split(",") if one]
    platforms = [one for one in data.query.get("platform", "").split(",") if one]
    said = f", against {words.sentence(actors[:5])}" if actors else ""
    return said + (f", on {words.sentence(platforms[:5])}" if platforms else "")


# -- gaps


def _gaps(data: WhatNext) -> list[Component]:
    if not data.gaps:
        return [heading("No gaps", "Every technique asked for is covered by fresh evidence.")]
    note = "Weight is threat relevance x what the score lacks x obligation; the reasons say what each is made of."
    most = data.gaps[0].weight or 1.0
    rows = [_gap_row(gap, most) for gap in data.gaps]
    columns = [column("Technique"), column("Status"), column("Weight", "num"), column("Score", "num")]
    columns += [column("Relevance", "num"), column("Why it weighs", "prose")]
    table = listing(columns, rows, caption="Gaps by weight", noun="gaps", limit=20, file="gaps")
    parts: list[Component] = [heading(f"{words.plural(data.all_gaps, 'gap')} by weight", note)]
    if data.all_gaps > len(data.gaps):
        parts.append(states.notice(f"The heaviest {words.number(len(data.gaps))} are listed."))
    if data.without:
        text = f"For {words.number(data.without)} of them there is no template left to run."
        parts.append(html.P([text, " ", link("Write one", "/templates", "")], className="hint"))
    return [*parts, table]


def _gap_row(gap: Gap, most: float) -> list[Cell]:
    word, mark = status.COVERAGE[gap.status]
    score = "–" if gap.score is None else f"{gap.score:.0f}"
    return [
        cell(gap.attack_id, href=f"/technique/{gap.attack_id}", beside=gap.name),
        cell(word, mark=mark, beside="stale" if gap.stale else None),
        cell(f"{gap.weight:.1f}", order=gap.weight, bar=gap.weight / most),
        cell(score, order=-1.0 if gap.score is None else gap.score),
        cell(f"{gap.relevance:.1f}", order=gap.relevance),
        reasons(gap),
    ]


def reasons(gap: Gap) -> str:
    """Why a gap weighs what it does, in words: what is missing first, then who makes it matter."""
    facts, said = gap.facts, []
    if facts["missed"]:
        said.append(f"missed in {words.number(facts['missed'])} of {words.plural(facts['tests'], 'test')}")
    elif gap.stale:
        said.append(f"evidence is {words.plural(gap.age_days or 0, 'day')} old")
    elif gap.status in ("untested", "in_progress"):
        rules = facts["rules"]
        claimed = f"{words.plural(rules, 'rule')} claim{'s' if rules == 1 else ''} it" if rules else "no rule claims it"
        said.append(f"never tested, {claimed}")
    users, own = facts["groups"], facts["own_groups"]
    known = f"used by {words.plural(users, 'threat actor')}" if users else "no known actor uses it"
    said.append(f"{known}, {words.number(own)} of them our own" if own else known)
    if facts["priority"] in _PRIORITY:
        said.append(_PRIORITY[facts["priority"]])
    said += [text.format(words.plural(facts[name], one, many)) for name, text, one, many in _FACTS if facts[name]]
    return "; ".join(said)
