"""What counts: platforms and techniques in and out of scope, each decision with its reason, and what a change does.

`?platform=`, `?technique=` and `?tactic=` (all its techniques) are to go out, `?back=` are to come back; leads see
what that does to every figure before they decide. `?domain=` chooses the map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from domain.heatmap_view import DOMAINS
from domain.roles import Permission, who_may
from domain.scope import REASON_MAX
from pages.components import before_after, figure, filters, states, words
from pages.components.before_after import Line
from pages.components.coverage import heading, heatmap_href
from pages.components.figure import Bar, BarRow, Share
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.labelled import labelled
from pages.components.parts import Cell, cell, column, listing, moment_cell
from pages.components.status import link

PATH = "/scope"
TITLE = "Scope"
NAV = Nav("Obligations", "Scope", "scope", 30, "z")
SELECTION = ("platform", "technique", "tactic", "back")
_OUTCOMES = "blocked,alerted,logged,missed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """`alone`: techniques that name no other platform; `tests` evaluated on it, whether they count or not."""

    name: str
    techniques: int
    alone: int
    tests: int
    in_scope: bool
    reason: str | None
    by: str | None
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Technique:
    """A decision on one technique; `subs` of its sub-techniques go with it. Without a name the map lost it."""

    attack_id: str
    name: str | None
    subs: int
    tests: int
    in_scope: bool
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Tactic:
    """Techniques under it, of the map and in scope; one under several tactics counts in each."""

    shortname: str
    name: str
    inside: int
    whole: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the selection would do; or `refused`, why it cannot be."""

    said: str
    lines: Sequence[Line] = ()
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeData:
    """`whole` techniques of the map: `inside`, out `by_platform` and `by_hand`; those `offered` can be taken out."""

    domain: str
    domains: Sequence[str]
    version: str
    whole: int
    inside: int
    by_platform: int
    by_hand: int
    platforms: Sequence[Platform]
    techniques: Sequence[Technique]
    by_tactic: Sequence[Tactic]
    offered: Sequence[tuple[str, str]]
    query: Mapping[str, str]
    may_change: bool
    preview: Preview | None = None


def answer(data: ScopeData) -> str:
    """The one line in the top bar."""
    if not data.whole:
        return ""
    return f"{words.number(data.inside)} of {words.plural(data.whole, 'technique')} in scope"


def layout(data: ScopeData) -> html.Div:
    fields = filter_fields(data)
    line = FilterLine(id="scope-filters", fields=fields, value=filters.asked(fields, data.query)) if fields else None
    body = html.Div(render(data), id="scope-body", className="stack")
    return html.Div([one for one in (line, body) if one is not None], className="stack")


def filter_fields(data: ScopeData) -> list[dict[str, Any]]:
    fields = []
    if len(data.domains) > 1:
        first, *_ = data.domains
        options = [(one, DOMAINS[one]) for one in data.domains]
        fields.append(filters.one("domain", "Map", options, none=first, clears=SELECTION))
    if not data.may_change or not data.whole:
        return fields
    tactics = [(one.shortname, one.name, one.inside) for one in data.by_tactic if one.inside]
    inside = [(one.name, one.name, one.techniques) for one in data.platforms if one.in_scope]
    back = [(one.name, one.name) for one in data.platforms if not one.in_scope]
    back += [(one.attack_id, one.name or one.attack_id) for one in data.techniques if not one.in_scope]
    fields += [
        filters.many("platform", "Take out platforms", inside, placeholder="None", filters=True),
        filters.many("technique", "Techniques", data.offered, placeholder="None", filters=True),
        filters.many("tactic", "Whole tactics", tactics, placeholder="None", filters=True),
    ]
    if back:
        fields.append(filters.many("back", "Put back", back, placeholder="None", filters=True))
    return fields


def render(data: ScopeData) -> list[Component]:
    """What stands in `scope-body`."""
    if not data.whole:
        text = "Scope is declared on the map of ATT&CK. An administrator loads it under Sources."
        return [states.empty("No map yet", text, [link("Open sources", "/sources", "button")])]
    parts: list[Component] = [html.Section(_whole(data), className="panel stack-small")]
    if data.preview is not None:
        parts.insert(0, html.Section(_preview(data.preview), className="panel stack-small"))
    parts += [
        html.Section(_platforms(data), className="panel"),
        html.Section(_techniques(data), className="panel"),
    ]
    return parts


def _whole(data: ScopeData) -> list[Component]:
    out = data.by_platform + data.by_hand
    text = (
        f"Every percentage is of the techniques in scope, each counted once, of ATT&CK {data.version}. Tests and rules "
        "on the rest are kept and count in no total."
    )
    title = f"{words.plural(out, 'technique')} out of scope, each with a reason" if out else "Everything is in scope"
    outside = heatmap_href(data.domain, only="out_of_scope")
    figures = html.Div(
        [
            figure.share_figure("In scope", Share(n=data.inside, of=data.whole), href=heatmap_href(data.domain)),
            figure.figure(
                "Out with their platforms",
                words.number(data.by_platform),
                definition="Every platform they name is out of scope.",
                href=outside if data.by_platform else None,
            ),
            figure.figure(
                "Out by hand",
                words.number(data.by_hand),
                definition="They, or the technique they belong to, were taken out one by one.",
                href=outside if data.by_hand else None,
            ),
        ],
        className="figures",
    )
    rows = [
        BarRow(
            label=one.name,
            href=heatmap_href(data.domain, tactic=one.shortname),
            bars=[
                Bar(name="In scope", share=Share(n=one.inside, of=one.whole), colour="step", empty="none", counted=True)
            ],
        )
        for one in data.by_tactic
    ]
    shown: list[Component] = [heading(title, text), figures, figure.bars(rows, "Techniques in scope by tactic")]
    if not data.may_change:
        shown.append(html.P(f"{who_may(Permission.MANAGE_SCOPE)} declares what is in scope.", className="hint"))
    return shown


# -- what a change would do


def _preview(preview: Preview) -> list[Component]:
    if preview.refused:
        return [heading(preview.said, ""), states.notice(preview.refused, kind="warn")]
    table = before_after.table(preview.lines, caption="What the change does to each figure", file="scope-preview")
    reason = dcc.Textarea(id="scope-reason", maxLength=REASON_MAX, rows=2, value="")
    hint = "Stands beside every figure it changes, and in the audit log."
    form = html.Div(
        [
            labelled("Why", reason, hint),
            html.Div(
                [
                    html.Button("Change the scope", id="scope-decide", type="button", className="button"),
                    html.Button("Leave it", id="scope-leave", type="button", className="button is-quiet"),
                ],
                className="actions",
            ),
        ],
        className="form",
    )
    text = "Nothing has changed yet. A score may rise because less is asked, not because more is proven."
    return [heading(preview.said, text), table, form]


# -- what stands


def _platforms(data: ScopeData) -> list[Component]:
    columns = [
        column("Platform"),
        column("State"),
        column("Techniques", "num"),
        column("On it alone", "num"),
        column("Tests evaluated", "num"),
        column("Why", "prose"),
        column("By"),
        column("Since", "when"),
        *([column("Change")] if data.may_change else []),
    ]
    rows = [_platform_row(data, one) for one in data.platforms]
    note = "A technique is out when every platform it names is. Tests on a platform that is out count nowhere."
    table = listing(columns, rows, caption="Platforms", noun="platforms", limit=30, file="scope-platforms")
    out = [one.name for one in data.platforms if not one.in_scope]
    return [heading(f"{words.sentence(out)} out of scope" if out else "All platforms are in scope", note), table]


def _platform_row(data: ScopeData, one: Platform) -> list[Cell]:
    tests = f"/tests?{urlencode({'platform': one.name, 'outcome': _OUTCOMES}, safe=',')}" if one.tests else None
    return [
        cell(one.name, href=f"/heatmap?{urlencode({'domain': data.domain, 'platform': one.name})}"),
        cell("In scope", mark="on") if one.in_scope else cell("Out of scope", mark="off"),
        cell(words.number(one.techniques), order=one.techniques),
        cell(words.number(one.alone), order=one.alone),
        cell(words.number(one.tests), order=one.tests, href=tests),
        one.reason,
        one.by,
        moment_cell(one.at, "day"),
        *_change(data, "platform" if one.in_scope else "back", one.name),
    ]


def _techniques(data: ScopeData) -> list[Component]:
    note = "Decided one by one or by tactic. Sub-techniques go with their parent unless they were put back."
    if not data.techniques:
        text = "No technique was taken out by hand."
        return [heading("Techniques out by hand", note), html.P(text, className="hint")]
    columns = [
        column("Technique"),
        column("State"),
        column("Sub-techniques", "num"),
        column("Tests evaluated", "num"),
        column("Why", "prose"),
        column("By"),
        column("Since", "when"),
        *([column("Change")] if data.may_change else []),
    ]
    rows = [_technique_row(data, one) for one in data.techniques]
    out = sum(not one.in_scope for one in data.techniques)
    title = f"{words.plural(out, 'technique')} taken out by hand"
    table = listing(
        columns, rows, caption="Techniques decided by hand", noun="techniques", limit=50, file="scope-techniques"
    )
    return [heading(title, note), table]


def _technique_row(data: ScopeData, one: Technique) -> list[Cell]:
    tests = f"/tests?{urlencode({'technique': one.attack_id, 'outcome': _OUTCOMES}, safe=',')}" if one.tests else None
    return [
        cell(one.attack_id, href=f"/technique/{one.attack_id}", beside=one.name or "not on the loaded map"),
        cell("Stays in scope", mark="on") if one.in_scope else cell("Out of scope", mark="off"),
        cell(words.number(one.subs), order=one.subs),
        cell(words.number(one.tests), order=one.tests, href=tests),
        one.reason,
        one.by,
        moment_cell(one.at, "day"),
        *_change(data, "technique" if one.in_scope else "back", one.attack_id),
    ]


def _change(data: ScopeData, key: str, ref: str) -> list[Cell]:
    """A link to the preview of taking it out or putting it back, for those who may."""
    if not data.may_change:
        return []
    first = next(iter(data.domains), data.domain)
    domain = {} if data.domain == first else {"domain": data.domain}
    way = "Put\u00a0back" if key == "back" else "Take\u00a0out"
    return [cell(way, href=f"{PATH}?{urlencode({**domain, key: ref})}")]


def decided_words(out: Sequence[str], back: Sequence[str]) -> str:
    """Take out PRE and 45 techniques; put back T1595: what a selection asks for, as a title."""
    said = []
    if out:
        said.append(f"Take out {_named(out)}")
    if back:
        said.append(f"{'put' if said else 'Put'} back {_named(back)}")
    return "; ".join(said)


def _named(refs: Sequence[str]) -> str:
    shown = list(refs) if len(refs) <= 4 else [*refs[:3], f"{words.number(len(refs) - 3)} more"]
    return words.sentence(shown)
