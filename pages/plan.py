"""Planning tests from templates: for the gaps of an actor or a framework, for an adversary, or of templates found.

The address says what for: `?actor=G0016&platform=Windows`, `?framework=nist_800_53&control=AC-02`, `?adversary=<id>`,
`?template=<id>,<id>`, or the filters of the templates page. `?campaign=<id>` puts them into a campaign that is there.
One choice a row, then one press.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from pages.components import choosing, filters, states, status, words
from pages.components.filters import FilterLine
from pages.components.labelled import labelled
from pages.components.parts import cell, column, listing
from pages.components.status import link

PATH = "/plan"
TITLE = "Plan tests"
NAV = None

NEW, NONE = "new", ""
PRIORITIES = (("1", "High"), ("2", "Normal"), ("3", "Low"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What a test can be planned for; `options` are (template|platform, words), the preferred first."""

    key: str
    attack_id: str
    technique: str
    title: str
    status: str
    stale: bool
    options: Sequence[tuple[str, str]]
    none: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What can be chosen from, as (value, words)."""

    actors: Sequence[tuple[str, str]]
    adversaries: Sequence[tuple[str, str]]
    platforms: Sequence[tuple[str, str]]
    campaigns: Sequence[tuple[str, str]]
    red: Sequence[tuple[str, str]]
    blue: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`what` is asked for ("gaps of APT29", "" for nothing yet); `found` may be more than there are rows.

    `key` names what will be made, so that a double click makes it once. `name` and `goal` are for a new campaign.
    """

    what: str
    rows: Sequence[Row]
    found: int
    query: Mapping[str, str]
    choices: Choices
    key: str
    name: str
    goal: str
    actor: str
    adversary: str
    campaign: str
    may_campaign: bool
    may_assign: bool
    framework: str = ""

    @property
    def plannable(self) -> int:
        return sum(bool(row.options) for row in self.rows)

    @property
    def is_gaps(self) -> bool:
        return bool(self.actor or self.framework)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """How far the tests are: `done` of `total` made, `refused` with their sentences; `campaign` is an id or ''."""

    batch: str
    campaign: str
    total: int
    done: int
    refused: Sequence[tuple[str, str]]

    @property
    def waiting(self) -> int:
        return self.total - self.done - len(self.refused)


def link_to_found() -> html.A:
    """On the templates page: plan tests of what its filters found at that moment."""
    return html.A(
        "Plan tests of these", href=PATH, className="button is-small", **{"data-go": "", "data-with-query": ""}
    )


def link_to(template_id: str) -> html.A:
    return link("Plan a test", f"{PATH}?template={template_id}", "button is-small")


def answer(data: Plan) -> str:
    """The one line in the top bar."""
    if not data.what:
        return "For an actor, an adversary, or templates of your choice"
    return f"{data.what}: {words.number(data.plannable)} of {words.number(len(data.rows))} can be planned"


def layout(data: Plan) -> html.Div:
    fields = filter_fields(data)
    line = FilterLine(id="plan-filters", fields=fields, value=filters.asked(fields, data.query))
    beside = {name: text for name, text in data.query.items() if name not in line.value}
    return html.Div(
        [
            line,
            dcc.Store(id="plan-beside", data=beside),  # what the address asks for and no field shows
            html.Div(render(data), id="plan-body", className="stack"),
        ],
        className="stack",
    )


def filter_fields(data: Plan) -> list[dict[str, Any]]:
    choices = data.choices
    found = ("template", "framework", "control", "q", "technique", "source", "tool", "use", "state")
    return [
        filters.one("actor", "Gaps of", [("", "No actor"), *choices.actors], clears=("adversary", *found)),
        filters.one("adversary", "Adversary profile", [("", "None"), *choices.adversaries], clears=("actor", *found)),
        filters.one("platform", "Platform", [("", "Any platform"), *choices.platforms]),
        filters.search(
            "q", "Templates", "Text or command", clears=("actor", "adversary", "template", "framework", "control")
        ),
        filters.search(
            "technique",
            "Technique",
            "T1059",
            clears=("actor", "adversary", "template", "framework", "control"),
            quiet=True,
        ),
    ]


def render(data: Plan) -> list[Component]:
    """What stands in `plan-body`."""
    if not data.what:
        text = (
            "Choose a threat actor for tests of its gaps, an adversary profile for its steps, or search the templates."
        )
        return [states.empty("What shall be tested?", text, [link("All templates", "/templates", "button is-quiet")])]
    if not data.rows:
        text = "Everything it names is freshly covered." if data.is_gaps else "Take a filter away, or choose another."
        return [states.empty("Nothing to plan here", text)]
    return [_summary(data), _chooser(data), *([_form(data)] if data.plannable else [])]


def _summary(data: Plan) -> html.P:
    without = len(data.rows) - data.plannable
    parts = [f"{words.number(data.plannable)} of {words.number(len(data.rows))} have a template that fits."]
    if without and data.is_gaps:
        parts.append(f"For {words.number(without)} there is none: they need a test of your own.")
    if data.found > len(data.rows):
        parts.append(f"These are the first of {words.number(data.found)}; narrow it down for the others.")
    return html.P(" ".join(parts), className="hint")


def _chooser(data: Plan) -> Component:
    columns = ["Technique", "Where we stand" if data.is_gaps else "Template", "Test to plan" if data.is_gaps else "On"]
    rows = [
        {
            "key": row.key,
            "label": f"{row.attack_id} {row.title}".strip(),
            "cells": [
                cell(row.attack_id, href=f"/technique/{row.attack_id}", beside=row.technique) if row.attack_id else "–",
                _standing(row) if data.is_gaps else row.title,
            ],
            "options": [list(option) for option in row.options],
            "none": row.none,
        }
        for row in data.rows
    ]
    ticked = {row.key: row.options[0][0] for row in data.rows if row.options}
    return choosing.chooser("plan-chosen", rows, columns=columns, caption="What to plan", noun="rows", value=ticked)


def _standing(row: Row) -> dict[str, Any]:
    word, glyph = status.COVERAGE[row.status]
    return cell(word, mark=glyph, beside="stale" if row.stale else None)


def _form(data: Plan) -> html.Div:
    """Ids `plan-<field>`; the button is `plan-make`, what becomes of it stands in `plan-made`."""
    choices = data.choices
    into = [(NONE, "No campaign")]
    if data.may_campaign:
        into = [(NEW, "A new campaign"), *into, *choices.campaigns]
    chosen = NEW if data.may_campaign and (data.is_gaps or data.adversary) else NONE
    if data.campaign in dict(into):
        chosen = data.campaign or chosen
    nobody = [("", "Nobody yet")]
    fields = [
        html.Div(labelled("Into", choosing.select("plan-into", "Into", into, chosen)), className="is-whole"),
        labelled(
            "Name of a new campaign", dcc.Input(id="plan-name", value=data.name, maxLength=200, autoComplete="off")
        ),
        labelled("Its goal", dcc.Input(id="plan-goal", value=data.goal, maxLength=5_000, autoComplete="off")),
        labelled("From", choosing.date_field("plan-starts", "From")),
        labelled("To", choosing.date_field("plan-ends", "To")),
        labelled("Red", choosing.select("plan-red", "Red", nobody + list(choices.red))),
        labelled("Blue", choosing.select("plan-blue", "Blue", nobody + list(choices.blue))),
        labelled("Priority", choosing.select("plan-priority", "Priority", PRIORITIES, "2")),
        labelled(
            "Environment",
            dcc.Input(id="plan-environment", value="", maxLength=200, autoComplete="off"),
            "Where it is run, such as Lab or Office.",
        ),
    ]
    seen = {"key": data.key, "actor": data.actor, "adversary": data.adversary}
    return html.Div(
        [
            dcc.Store(id="plan-seen", data=seen),
            html.Div(fields, className="form-columns"),
            html.Div(
                [html.Button("Plan the ticked tests", id="plan-make", type="button", className="button")],
                className="actions",
            ),
            html.Div(id="plan-made", role="status"),
        ],
        className="stack-small",
    )


def render_made(data: Made) -> html.Div:
    """What stands in `plan-made`; while something waits, `plan-poll` asks again."""
    shown: list[Component] = [dcc.Store(id="plan-batch", data={"batch": data.batch, "campaign": data.campaign})]
    if data.waiting:
        text = f"{words.number(data.done)} of {words.plural(data.total, 'test')} planned"
        bar = html.Progress(value=str(data.done), max=str(data.total))
        shown += [
            html.Div([html.Div(text), bar], className="run-progress"),
            dcc.Interval(id="plan-poll", interval=700),
        ]
    else:
        done = f"{words.plural(data.done, 'test')} planned."
        where = f"/campaign/{data.campaign}" if data.campaign else "/tests?state=draft"
        way = link("Open the campaign" if data.campaign else "See the drafts", where, "button is-small")
        shown.append(states.notice(html.Span(done), way))
    if data.refused:
        columns = [column("Test"), column("Why not")]
        body = [[name, why] for name, why in data.refused]
        shown.append(listing(columns, body, caption="Refused", noun="refused tests", limit=10))
    return html.Div(shown, className="stack-small")
