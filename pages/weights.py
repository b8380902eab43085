"""The weights of the score: who decided on which and why, and an editor that shows what others would do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from domain.score import Weights
from domain.weights import FIELDS, PARAMETERS, PARTS, REASON_MAX, Field
from pages.components import figure, states, words
from pages.components.coverage import heading
from pages.components.parts import Cell, cell, column, listing, moment_cell
from pages.components.status import link

PATH = "/score/weights"
TITLE = "Weights"
NAV = None
PREVIEW = "weights-preview"
FIELD = "weights-value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    weights: Weights
    author: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Moving:
    """A technique's score in points and its rank, from the highest, under the weights in force and those proposed."""

    attack_id: str
    name: str
    before: float
    after: float
    rank_before: int
    rank_after: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the proposed weights would do to the present; `refused` is the sentence that says why they cannot be."""

    before: float | None = None
    after: float | None = None
    band: tuple[float, float] | None = None
    of: int = 0
    moved: Sequence[Moving] = ()
    refused: str = ""
    same: bool = False


def answer(versions: Sequence[Version]) -> str:
    return f"version {versions[0].weights.version} in force since {versions[0].at:%d %b %Y}".replace(" 0", " ")


def layout(versions: Sequence[Version], preview: Preview) -> html.Div:
    """`versions` newest first."""
    return html.Div(
        [
            html.Div(link("Back to the score", "/score", "button is-quiet is-small")),
            html.Div(
                [
                    html.Section(_editor(versions[0].weights), className="panel is-half stack-small"),
                    html.Section(
                        html.Div(render_preview(preview), className="stack-small", id=PREVIEW),
                        className="panel is-half",
                    ),
                ],
                className="grid",
            ),
            _history(versions),
        ],
        className="stack",
    )


def _editor(now: Weights) -> list[Component]:
    text = "The five add up to 100. Everybody's scores move when a version is put in force; earlier ones stay named."
    return [
        heading(f"Version {now.version}, to be changed", text),
        dcc.Store(id="weights-seen", data=now.version),
        html.Div([_field(one, now) for one in PARTS], className="form-columns"),
        html.Details(
            [
                html.Summary("Values, ageing and threats"),
                html.Div([_field(one, now) for one in PARAMETERS], className="form-columns"),
            ],
            className="fold",
        ),
        html.Div(
            [
                html.Label("Why", htmlFor="weights-reason"),
                dcc.Input(id="weights-reason", maxLength=REASON_MAX, autoComplete="off", value=""),
                html.Span("Kept with the version and in the audit log.", className="hint"),
            ],
            className="labelled",
        ),
        html.Div(
            [html.Button("Put in force", id="weights-decide", type="button", className="button")], className="actions"
        ),
    ]


def _field(one: Field, now: Weights) -> html.Div:
    name = {"name": one.name, "type": FIELD}
    value = dcc.Input(
        id=name,
        value=f"{getattr(now, one.name):g}",
        inputMode="decimal",
        autoComplete="off",
        debounce=0.4,
        maxLength=12,
    )
    label = [f"{one.label} ", html.Span(one.unit, className="beside")] if one.unit else one.label
    # an id of several parts stands in the document as its JSON
    head = html.Label(label, htmlFor=json.dumps(name, separators=(",", ":")))
    return html.Div([head, value, html.Span(one.says, className="hint")], className="labelled")


def render_preview(data: Preview) -> list[Component]:
    if data.refused:
        return [heading("What it would do", "Nothing yet."), states.notice(data.refused, kind="warn")]
    if data.same or data.before is None or data.after is None:
        text = "Change a weight, and this shows what it does before anything is kept."
        return [heading("What it would do", text)]
    band = f"90\u00a0% band {data.band[0]:.0f}–{data.band[1]:.0f} around them" if data.band else None
    figures = html.Div(
        [
            figure.figure("Now", f"{data.before:.1f}", unit="of 100"),
            figure.figure(
                "Then", f"{data.after:.1f}", unit="of 100", under=[words.signed(data.after - data.before, 1), band]
            ),
        ],
        className="figures",
    )
    rows: list[Sequence[Cell]] = [
        [
            cell(one.attack_id, href=f"/technique/{one.attack_id}"),
            one.name,
            cell(f"{one.before:.1f}", order=one.before),
            cell(f"{one.after:.1f}", order=one.after),
            cell(words.signed(one.after - one.before, 1), order=one.after - one.before),
            _rank(one),
        ]
        for one in data.moved
    ]
    columns = [
        column("Technique", "mono"),
        column("Name"),
        column("Now", "num"),
        column("Then", "num"),
        column("Change", "num"),
        column("Rank", "num"),
    ]
    table = listing(columns, rows, caption="Techniques that move most", noun="techniques", limit=15)
    text = f"The present, scored anew. Ranks are among {words.plural(data.of, 'technique')} in scope, highest first."
    return [heading("What it would do", text), figures, table]


def _rank(one: Moving) -> Cell:
    moved = one.rank_before - one.rank_after
    beside = "same" if not moved else f"{'up' if moved > 0 else 'down'} {abs(moved)}"
    return cell(f"{one.rank_before} → {one.rank_after}", order=one.rank_after, beside=beside)


def _history(versions: Sequence[Version]) -> html.Section:
    columns = [column("Version", "num"), column("In force since", "when"), column("By"), column("Why")]
    columns += [column(one.label, "num") for one in PARTS]
    columns.append(column("Other values"))
    rows = [
        [
            one.weights.version,
            moment_cell(one.at, "day"),
            one.author,
            one.reason,
            *(cell(f"{getattr(one.weights, part.name):g}", order=getattr(one.weights, part.name)) for part in PARTS),
            _others(one.weights, older.weights if older else None),
        ]
        for one, older in zip(versions, [*versions[1:], None], strict=True)
    ]
    table = listing(columns, rows, caption="Versions of the weights", noun="versions", limit=20, file="weights")
    head = heading("Versions", "Never changed once in force: a stored score names the one it was made by.")
    return html.Section([head, table], className="section stack-small")


def _others(weights: Weights, older: Weights | None) -> str:
    """The parameters that this version changed."""
    if older is None:
        return "as it began"
    changed = [
        f"{FIELDS[one.name].label} {getattr(older, one.name):g} → {getattr(weights, one.name):g}"
        for one in PARAMETERS
        if getattr(older, one.name) != getattr(weights, one.name)
    ]
    return ", ".join(changed) or "unchanged"
