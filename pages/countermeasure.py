"""One countermeasure of D3FEND: what it is, what stands for it here, and the techniques it applies to."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from domain.countermeasures import CountermeasureState
from domain.roles import Permission, who_may
from pages.components import choosing, figure, status, words
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, when
from pages.components.status import chip, outside
from pages.countermeasures import MARKS, NONE, Row, decision_form, label
from pages.countermeasures import PATH as LIST

PATH = "/countermeasures/<key>"
TITLE = "Countermeasure"
NAV = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """A technique it applies to; `attack_id` '' where the claim lies on no loaded map. `artifacts`: through which."""

    claimed: str
    attack_id: str
    name: str
    artifacts: Sequence[str]
    in_place: int
    applicable: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Countermeasure:
    row: Row
    parent: str
    synonyms: Sequence[str]
    url: str
    applies: Sequence[Applied]
    may_decide: bool


def answer(data: Countermeasure) -> str:
    """The one line in the top bar."""
    placed = sum(bool(one.attack_id) for one in data.applies)
    return f"{label(data.row.state)}; applies to {words.plural(placed, 'technique')}"


def layout(data: Countermeasure) -> html.Div:
    row = data.row
    chips: list[Component] = [status.mark(MARKS[row.state], label(row.state))]
    if row.tactic:
        chips.append(chip(row.tactic, href=f"{LIST}?tactic={row.tactic}"))
    if data.parent:
        chips.append(chip(f"Refines {data.parent}", href=f"{LIST}/{data.parent}"))
    main: list[Component | None] = [
        dcc.Store(id="countermeasure-shown", data=row.id),
        html.Section(
            [html.Div(chips, className="chips"), html.P(row.definition, className="prose")], className="stack-small"
        ),
        _decision(data),
        _applies(data),
    ]
    return html.Div(
        [
            html.Div([part for part in main if part is not None], className="stack technique-main"),
            html.Aside(_facts(data), className="stack technique-aside"),
        ],
        className="technique",
    )


def _decision(data: Countermeasure) -> Component:
    if not data.may_decide:
        return html.P(f"Decided by {who_may(Permission.MANAGE_COUNTERMEASURES)}.", className="hint")
    options = [*((state.value, state.label) for state in CountermeasureState), (NONE, label(""))]
    choice = choosing.select("countermeasure-state", "Here it is", options, data.row.state or NONE)
    form = decision_form("countermeasure")
    form.children = [labelled("Here it is", choice), *form.children]
    form.children[-1].children = "Keep"
    return form


def _applies(data: Countermeasure) -> html.Section:
    head = html.Header(
        [
            html.H2("Techniques"),
            html.P("Those that touch an artifact it works on, or a narrower kind of it, according to D3FEND."),
        ]
    )
    if not data.applies:
        text = "D3FEND relates it to no technique directly; what refines it may apply."
        return html.Section([head, html.P(text, className="hint")], className="section")
    columns = [column("ID", "mono"), column("Technique"), column("Through"), column("In place there", "num")]
    rows: list[list[Cell]] = [
        [
            cell(one.attack_id, href=f"/technique/{one.attack_id}#countermeasures", beside=_moved(one))
            if one.attack_id
            else cell(one.claimed, beside="not on the map"),
            one.name or None,
            ", ".join(one.artifacts) or None,
            cell(f"{one.in_place} of {one.applicable}", order=one.in_place) if one.attack_id else None,
        ]
        for one in data.applies
    ]
    table = listing(columns, rows, caption="Techniques it applies to", noun="techniques", limit=30, file=data.row.id)
    return html.Section([head, table], className="section")


def _moved(one: Applied) -> str | None:
    return f"says {one.claimed}" if one.claimed != one.attack_id else None


def _facts(data: Countermeasure) -> list[Component]:
    row = data.row
    shown: list[Component] = []
    if row.points is not None:
        shown.append(
            figure.figure(
                "Would add",
                f"{row.points:.2f}",
                unit="points",
                definition="To the organisation's score, if it were put in place and all else stayed as it is.",
            )
        )
    facts: list[tuple[str, Component | str]] = [("Id", row.id)]
    if data.synonyms:
        facts.append(("Also called", ", ".join(data.synonyms)))
    if row.decided_at is not None:
        facts.append(("Decided", html.Span([when(row.decided_at, "day"), f" by {row.author}"])))
    if row.note:
        facts.append(("Why", row.note))
    if data.url:
        facts.append(("Original", outside(f"{row.name} at D3FEND", data.url)))
    shown.append(
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")
    )
    return shown
