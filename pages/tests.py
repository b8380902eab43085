"""Tests: all of them as a table, the unfinished as a board, and what waits for whoever looks.

The address holds everything: `view` (table, board or mine), the filters of `domain.tests_view`, `sort`, and for the
table `columns` and `rows` (how dense). A view that is saved is such a query under a name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component

from domain.attack_ids import DOMAIN_LABELS
from domain.outcomes import Outcome, RemediationState
from domain.platforms import PLATFORMS
from domain.tests_view import ANY_REMEDIATION, ME, NO_OUTCOME, NO_VALUE, NOBODY, OVERDUE
from pages.components import filters, words
from pages.components import tests_board as board
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.saved_views import SavedViews, View, as_props
from pages.components.status import TEST_STATE, link
from pages.components.tests_table import COLUMNS, TestsTable

PATH = "/tests"
TITLE = "Tests"
NAV = Nav("Proof", "Tests", "tests", 10, "t")
NEW = "/tests/new"
CSV = "/export/tests.csv"

TABLE, BOARD, MINE = "table", "board", "mine"
BLOCK = 100
MANY = 10_000
POLL_MS = 700
ROW_PX, DENSE_PX, CARD_PX = 32, 26, 76

_OUTCOMES = {
    Outcome.BLOCKED: "Blocked",
    Outcome.ALERTED: "Alerted",
    Outcome.LOGGED: "Logged only",
    Outcome.MISSED: "Missed",
    NO_OUTCOME: "No outcome",
}
_LATEST = {domain: f"Latest in scope, {label}" for domain, label in DOMAIN_LABELS.items()}
_REMEDIATIONS = {
    RemediationState.OPEN: "Open",
    RemediationState.IN_PROGRESS: "In progress",
    OVERDUE: "Overdue",
    ANY_REMEDIATION: "Any",
    RemediationState.DONE: "Done",
    RemediationState.RISK_ACCEPTED: "Risk accepted",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """(value, label) of what can be filtered by; `people` as (id, name, does red's work, does blue's), `teams` by
    name."""

    tactics: Sequence[Sequence[str]]
    campaigns: Sequence[Sequence[str]]
    people: Sequence[Sequence[Any]]
    teams: Sequence[str]
    tools: Sequence[Sequence[str]]
    template: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """`query` is the address, name -> text; `actions` are the kinds this person's role may do to many at once."""

    query: Mapping[str, str]
    choices: Choices
    views: Sequence[View]
    actions: Sequence[str]
    may_share: bool
    may_plan: bool
    may_import: bool

    @property
    def view(self) -> str:
        asked = self.query.get("view", "")
        return asked if asked in (BOARD, MINE) else TABLE


def layout(data: Tests, body: Component) -> html.Div:
    """`body` is what the chosen view shows; it stands in `tests-body`."""
    fields = filter_fields(data)
    return html.Div(
        [
            dcc.Store(id="tests-view", data=data.view),
            dcc.Store(id="tests-marks"),
            dcc.Store(id="tests-batch"),
            dcc.Interval(id="tests-poll", interval=POLL_MS, disabled=True),
            html.Div(
                [
                    FilterLine(id="tests-filters", fields=fields, value=filters.asked(fields, data.query)),
                    html.Div(_tools(data), className="actions"),
                ],
                className="tests-head",
            ),
            html.Div(id="tests-results"),
            html.Div(body, id="tests-body"),
        ],
        className="stack-small tests",
    )


def _tools(data: Tests) -> list[Component]:
    shown: list[Component] = []
    if data.may_plan:
        shown.append(link("Plan a test", NEW, "button is-small"))
    if data.may_import:
        shown.append(link("Import results", "/tests/import", "button is-quiet is-small"))
    csv = html.A("CSV", href=CSV, className="button is-quiet is-small", download="", **{"data-with-query": ""})
    views = SavedViews(id="tests-views", views=as_props(data.views), path=PATH, mayShare=data.may_share)
    return [*shown, views, csv]


def filter_fields(data: Tests) -> list[dict[str, Any]]:
    choices = data.choices
    people = [(str(one[0]), str(one[1])) for one in choices.people]
    template = [choices.template] if choices.template else []
    nobody = [(NO_VALUE, "Nobody named")] if data.query.get("evaluator") == NO_VALUE else []
    quiet: dict[str, Any] = {"filters": True, "quiet": True}
    shown = filters.one("view", "Show", [(TABLE, "All, as a table"), (BOARD, "Board"), (MINE, "My queue")], none=TABLE)
    if data.view == MINE:
        return [shown]  # a queue is what waits, whatever was looked for
    return [
        shown,
        filters.search("q", "Search", "Title or number", filters=True),
        filters.many("state", "State", list(TEST_STATE.items()), placeholder="Any state", filters=True),
        filters.search("technique", "Technique", "T1059", **quiet),
        *([filters.switch("subs", "Without sub-techniques", "no", **quiet)] if data.query.get("technique") else []),
        filters.one("tactic", "Tactic", [("", "Any tactic"), *choices.tactics], **quiet),
        filters.many("platform", "Platform", [(one, one) for one in PLATFORMS], placeholder="Any platform", **quiet),
        filters.many("outcome", "Outcome", list(_OUTCOMES.items()), placeholder="Any outcome", **quiet),
        filters.one(
            "assignee", "Assigned to", [("", "Anybody"), (ME, "Me"), (NOBODY, "Nobody yet"), *people], filters=True
        ),
        filters.one("by", "Created by", [("", "Anybody"), (ME, "Me"), *people], **quiet),
        filters.one("campaign", "Campaign", [("", "Any or none"), *choices.campaigns], **quiet),
        *([filters.one("template", "Template", [("", "Any or none"), *template], **quiet)] if template else []),
        filters.many(
            "priority", "Priority", [("1", "High"), ("2", "Normal"), ("3", "Low")], placeholder="Any", **quiet
        ),
        filters.one("remediation", "Remediation", [("", "Any or none"), *_REMEDIATIONS.items()], **quiet),
        filters.one("tool", "Seen by", [("", "Any tool"), *choices.tools], **quiet),
        filters.one("evaluator", "Evaluated by", [("", "Anybody"), (ME, "Me"), *people, *nobody], **quiet),
        *_of_team(choices.teams, data.query.get("team", "")),
        filters.one("counting", "Count for coverage", [("", "All results"), *_LATEST.items()], **quiet),
        *([filters.search("data", "Data component", "DC0032", **quiet)] if data.query.get("data") else []),
        *([filters.search("actor", "Threat actor", "G0016", **quiet)] if data.query.get("actor") else []),
        *([filters.search("source", "Template source", "atomic", **quiet)] if data.query.get("source") else []),
        filters.day("from", "Executed from", **quiet),
        filters.day("to", "Executed to", **quiet),
        filters.many(
            "columns",
            "Columns",
            [(one.key, one.name) for one in COLUMNS if one.key != "number"],
            placeholder="Usual",
            local=True,
            quiet=True,
        ),
        filters.one("rows", "Rows", [("", "Normal"), ("dense", "Dense")], local=True, quiet=True),
    ]


def _of_team(teams: Sequence[str], asked: str) -> list[dict[str, Any]]:
    """Only where there are teams, or a link asks for one that is gone."""
    if not teams and not asked:
        return []
    gone = [asked] if asked not in ("", NO_VALUE, *teams) else []
    options = [("", "Any team"), *((one, one) for one in [*teams, *gone]), (NO_VALUE, "No team")]
    return [filters.one("team", "Evaluated by team", options, filters=True, quiet=True)]


def answer_of_queue(waiting: int) -> str:
    return f"{words.plural(waiting, 'test')} {'waits' if waiting == 1 else 'wait'} for you" if waiting else ""


def answer_of_board(totals: Iterable[int], *, filtered: bool) -> str:
    """Of columns; one with more than MANY says so instead of a sum that would be wrong."""
    counted = list(totals)
    many = any(total > MANY for total in counted)
    return answer(None if many else sum(counted), many=many, filtered=filtered)


def answer(total: int | None, *, many: bool, filtered: bool) -> str:
    """The one line in the top bar."""
    if total is None:
        return "more than 10,000 match" if many else ""
    return f"{words.plural(total, 'test')} match" if filtered else words.plural(total, "test")


def render_table(data: Tests) -> list[Component]:
    """The grid asks for its rows itself; what stands around it is `TestsTable`."""
    return [
        dag.AgGrid(
            id="tests-grid",
            className="tests-grid",
            style={"height": "var(--tests-height)"},
            rowModelType="infinite",
            columnDefs=[one.definition(data.query.get("sort", "")) for one in COLUMNS],
            defaultColDef={"resizable": True, "sortable": False, "sortingOrder": ["desc", "asc"], "minWidth": 70},
            getRowId="params.data.id",
            dashGridOptions={
                "rowHeight": ROW_PX,
                "headerHeight": ROW_PX,
                "cacheBlockSize": BLOCK,
                "maxBlocksInCache": 20,
                "maxConcurrentDatasourceRequests": 1,
                "infiniteInitialRowCount": 1,
                "rowSelection": {"mode": "multiRow", "headerCheckbox": False, "enableClickSelection": False},
                "selectionColumnDef": {"width": 44, "pinned": "left", "resizable": False},
                "animateRows": False,
                "suppressFieldDotNotation": True,
                "enableCellTextSelection": True,
                "localeText": {"noRowsToShow": "No tests to show"},
            },
        ),
        TestsTable(
            id="tests-table",
            grid="tests-grid",
            actions=list(data.actions),
            people=[list(one) for one in data.choices.people],
            block=BLOCK,
            heights=[ROW_PX, DENSE_PX, CARD_PX],
        ),
    ]


def render_board(data: Tests, columns: Sequence[tuple[str, int, Sequence[Mapping[str, Any]]]]) -> Component:
    """`columns`: state, how many (10,001 for more than 10,000), the first ones."""
    return board.render_board(
        [
            board.Column(
                state=state,
                total=words.number(total) if total <= MANY else f"more than {words.number(MANY)}",
                href=_address(data, state),
                rows=rows,
            )
            for state, total, rows in columns
        ]
    )


def _address(data: Tests, state: str) -> str:
    kept = {name: text for name, text in data.query.items() if text and name not in ("view", "state")}
    return f"{PATH}?{urlencode(kept | {'state': state}, safe=',')}"
