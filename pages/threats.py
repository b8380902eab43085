"""Threats: which groups are ours to fear, what is exploited, what we set ourselves, and what weighs most for it.

`?sector=finance` lists the groups whose description names that sector, by which words: a suggestion, not a finding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from domain.sectors import SECTORS
from pages.components import choosing, figure, filters, status, words
from pages.components.figure import Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, moment_cell

PATH = "/threats"
TITLE = "Threats"
NAV = Nav("State", "Threats", "threats", 50, "q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """`words` are those of its description that name the sector asked for."""

    attack_id: str
    name: str
    aliases: str
    techniques: int
    own: bool
    reason: str
    author: str
    created_at: datetime | None
    words: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Priority:
    attack_id: str
    name: str
    priority: str
    reason: str
    author: str
    created_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heavy:
    """A technique that weighs much; `why` is its relevance as a sum."""

    attack_id: str
    name: str
    relevance: float
    why: str
    status: str
    stale: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Threats:
    """`groups` are all of the map; `lost` own groups it does not have: (id, reason, author)."""

    domain: str
    domain_label: str
    groups: Sequence[Group]
    lost: Sequence[tuple[str, str, str]]
    priorities: Sequence[Priority]
    heaviest: Sequence[Heavy]
    techniques: int
    used_by_own: int
    exploited: int
    raised: int
    lowered: int
    weights_version: int
    sector: str
    query: Mapping[str, str]
    may_change: bool

    @property
    def own(self) -> list[Group]:
        return [one for one in self.groups if one.own]


def answer(data: Threats) -> str:
    """The one line in the top bar."""
    own = len(data.own)
    if not own:
        return "no group is named as ours; every group counts the same"
    verb = "uses" if own == 1 else "use"
    return f"{words.plural(own, 'own group')} {verb} {words.plural(data.used_by_own, 'technique')} in scope"


def layout(data: Threats) -> html.Div:
    fields = filter_fields(data)
    others = [
        html.Header([html.H2("Other groups"), html.P("Those that nobody has named as threatening this organisation.")]),
        FilterLine(id="threats-filters", fields=fields, value=filters.asked(fields, data.query)),
        html.Div(render_sector(data), id="threats-sector", className="stack-small"),
    ]
    return html.Div(
        [
            dcc.Store(id="threats-domain", data=data.domain),
            html.Div(render_standing(data), id="threats-standing", className="stack"),
            html.Section(others, className="section stack-small"),
        ],
        className="stack",
    )


def filter_fields(data: Threats) -> list[dict[str, Any]]:
    sectors = [(slug, name) for slug, (name, _) in sorted(SECTORS.items(), key=lambda one: one[1][0])]
    return [filters.one("sector", "Groups whose description names", [("", "All groups"), *sectors])]


def render_standing(data: Threats) -> list[Component]:
    """Everything but the search for groups: it changes with every decision."""
    return [_figures(data), _heaviest(data), _own(data), _priorities(data)]


def _figures(data: Threats) -> html.Div:
    def share(label: str, n: int, definition: str, href: str) -> Component:
        return figure.share_figure(label, Share(n=n, of=data.techniques), definition=definition, href=href)

    own = ",".join(one.attack_id for one in data.own)
    return html.Div(
        [
            share(
                "Used by own groups",
                data.used_by_own,
                "Techniques in scope that a group named below uses directly, according to ATT&CK.",
                f"/heatmap?mode=threat&actor={own}" if own else "#own",
            ),
            share(
                "Known to be exploited",
                data.exploited,
                "Techniques in scope that CTID maps to a vulnerability of CISA's catalogue of exploited ones. "
                "None where that mapping is not loaded.",
                "/heatmap?mode=threat",
            ),
            share(
                "Set to high", data.raised, "Techniques in scope to which somebody gave a high priority.", "#priorities"
            ),
            share(
                "Set to low", data.lowered, "Techniques in scope to which somebody gave a low priority.", "#priorities"
            ),
        ],
        className="figures headline-figures",
    )


def _heaviest(data: Threats) -> html.Section:
    note = f"The weight each has in the organisation's score, as a sum; weights version {data.weights_version}."
    head = html.Header([html.H2("What weighs most"), html.P(note)])
    columns = [
        column("ID", "mono"),
        column("Technique"),
        column("Relevance", "num"),
        column("Because"),
        column("Where we stand"),
    ]
    rows: list[list[Cell]] = []
    for one in data.heaviest:
        word, glyph = status.COVERAGE[one.status]
        href = f"/technique/{one.attack_id}"
        rows.append(
            [
                cell(one.attack_id, href=href),
                cell(one.name, href=href),
                cell(f"{one.relevance:.1f}", order=one.relevance),
                one.why.partition(" = ")[2],
                cell(word, mark=glyph, beside="stale" if one.stale else None),
            ]
        )
    table = listing(columns, rows, caption="What weighs most", noun="techniques", limit=10, file="relevance")
    return html.Section([head, table], className="section")


def _own(data: Threats) -> html.Section:
    note = "Groups that somebody said threaten this organisation. Techniques they use weigh more."
    head = html.Header([html.H2("Own groups"), html.P(note)])
    shown: list[Component] = [head]
    if data.own:
        columns = [
            column("ID", "mono"),
            column("Group"),
            column("Techniques", "num"),
            column("Why"),
            column("By"),
            column("Since", "when"),
        ]
        rows: list[list[Cell]] = [
            [
                cell(one.attack_id, href=f"/actor/{one.attack_id}"),
                cell(one.name, href=f"/actor/{one.attack_id}"),
                one.techniques,
                one.reason,
                one.author,
                moment_cell(one.created_at, "day"),
            ]
            for one in data.own
        ]
        shown.append(listing(columns, rows, caption="Own groups", noun="groups", limit=15, file="own-groups"))
    else:
        shown.append(html.P(f"None is named yet{': tick some below' if data.may_change else ''}.", className="hint"))
    if data.lost:
        gone = "; ".join(f"{ident} ({reason})" for ident, reason, _ in data.lost)
        shown.append(html.P(f"Not on the loaded map, so that they weigh nothing: {gone}.", className="notice is-warn"))
    if data.may_change and (data.own or data.lost):
        named = [(one.attack_id, f"{one.name} ({one.attack_id})") for one in data.own]
        options = [("", "Choose a group"), *named, *((ident, ident) for ident, _, _ in data.lost)]
        drop = html.Button("Take it off", id="threats-drop", type="button", className="button is-quiet is-small")
        shown.append(html.Div([choosing.select("threats-dropped", "Group", options), drop], className="actions"))
    if not data.may_change:
        shown.append(html.P(f"Named by {who_may(Permission.MANAGE_THREATS)}.", className="hint"))
    return html.Section(shown, className="section stack-small", id="own")


def _priorities(data: Threats) -> html.Section:
    note = "Techniques that weigh more or less here than the threat alone says, each with its reason."
    shown: list[Component] = [html.Header([html.H2("Own priorities"), html.P(note)])]
    if data.priorities:
        columns = [
            column("ID", "mono"),
            column("Technique"),
            column("Priority"),
            column("Why"),
            column("By"),
            column("Since", "when"),
        ]
        rows: list[list[Cell]] = [
            [
                cell(one.attack_id, href=f"/technique/{one.attack_id}") if one.name else one.attack_id,
                one.name or "not on the loaded map",
                cell(one.priority.capitalize(), mark="on" if one.priority == "high" else "off"),
                one.reason,
                one.author,
                moment_cell(one.created_at, "day"),
            ]
            for one in data.priorities
        ]
        shown.append(listing(columns, rows, caption="Own priorities", noun="priorities", limit=15, file="priorities"))
    else:
        shown.append(html.P("None is set.", className="hint"))
    if data.may_change:
        shown.append(_priority_form())
    return html.Section(shown, className="section stack-small", id="priorities")


def _priority_form() -> html.Div:
    choice = choosing.select(
        "priority-word", "Priority", [("high", "High"), ("low", "Low"), ("", "As the threat says")], "high"
    )
    technique = dcc.Input(
        id="priority-technique", placeholder="T1059", maxLength=20, autoComplete="off", className="field"
    )
    reason = dcc.Input(id="priority-reason", maxLength=500, autoComplete="off", className="field")
    button = html.Button("Keep", id="priority-set", type="button", className="button")
    fields = [labelled("Technique", technique), labelled("Priority", choice), labelled("Why", reason), button]
    return html.Div(fields, className="actions")


def render_sector(data: Threats) -> list[Component]:
    """The groups that are not ours yet, or those whose description names a sector."""
    found = [one for one in data.groups if not one.own and (one.words or not data.sector)]
    if data.sector:
        name = SECTORS[data.sector][0].lower()
        text = (
            f"ATT&CK's descriptions of {words.plural(len(found), 'group')} not yet ours name {name}, by the "
            "words beside each. A description tells of the past, not of you: decide for each."
        )
    else:
        are = "is" if len(found) == 1 else "are"
        text = f"{words.plural(len(found), 'group')} of {data.domain_label} {are} not named as ours."
    if not found:
        return [html.P(text, className="hint")]
    columns = [column("Group"), column("Also called"), column("Techniques", "num")]
    if data.sector:
        columns.append(column("Its description names"))
    cells = [_candidate(one, sector=bool(data.sector)) for one in found]
    if not data.may_change:
        table: Component = listing(columns, cells, caption="Groups", noun="groups", limit=20, file="groups")
        return [html.P(text), table]
    drawn = [
        {"key": one.attack_id, "label": one.name, "cells": each, "options": [["1", "ours"]]}
        for one, each in zip(found, cells, strict=True)
    ]
    reason = dcc.Input(id="threats-reason", maxLength=500, autoComplete="off", className="field")
    button = html.Button("Name those ticked as ours", id="threats-name", type="button", className="button")
    form = html.Div([labelled("Why they threaten us", reason), button], className="actions")
    chooser = choosing.chooser("threats-chosen", drawn, columns=columns, caption="Groups", noun="groups", value={})
    return [html.P(text), form, chooser]


def _candidate(one: Group, *, sector: bool) -> list[Cell]:
    aliases = one.aliases if len(one.aliases) <= 60 else f"{one.aliases[:59]}…"
    cells: list[Cell] = [
        cell(one.name, href=f"/actor/{one.attack_id}", beside=one.attack_id),
        cell(aliases, hover=one.aliases) if aliases else None,
        one.techniques,
    ]
    return [*cells, ", ".join(one.words)] if sector else cells
