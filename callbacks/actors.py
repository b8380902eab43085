"""The list of threat actors, and two of them compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, set_props

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import actors as query
from data.queries import heatmap
from domain.attack_ids import normalise
from domain.roles import Permission
from pages import actors as page
from pages.components.figure import Share

_TEXT_MAX = 120


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _actors(asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("actors-filters", "fields"),
        Output("actors-list", "children"),
        Input("actors-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str] | None) -> tuple[Any, Any]:
        viewer.current().require(Permission.READ)
        data = _actors(value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render_list(data)


def _actors(asked: Mapping[str, str]) -> page.Actors:
    said = {name: text for name, text in asked.items() if isinstance(text, str)}
    domains = heatmap.choices("enterprise-attack")["domains"]
    domain = said["domain"] if said.get("domain") in domains else next(iter(domains), "enterprise-attack")
    found = query.actors(domain)
    text = said.get("q", "").strip()[:_TEXT_MAX].lower()
    names = [(row["attack_id"], row["name"]) for row in found]
    return page.Actors(
        rows=[_row(row) for row in found if text in " ".join([row["attack_id"], row["name"], *row["aliases"]]).lower()],
        whole=len(found),
        query=said,
        names=names,
        domain=domain,
        domains=domains,
        compared=_compared(domain, said.get("compare", ""), dict(names)),
    )


def _row(row: Mapping[str, Any]) -> page.Row:
    kept = ("attack_id", "name", "aliases", "direct", "software", "campaign", "untested")
    return page.Row(
        **{name: row[name] for name in kept}, proven=Share(**row["proven"]), claimed=Share(**row["claimed"])
    )


def _compared(domain: str, text: str, names: Mapping[str, str]) -> page.Compared | None:
    """The first two known ids of the address."""
    chosen = [ident for ident in dict.fromkeys(map(normalise, text[:200].split(","))) if ident in names][:2]
    if len(chosen) < 2:
        return None
    first, second = (direct_of(query.techniques(domain, ident)) for ident in chosen)
    ours, theirs = {one.attack_id for one in first}, {one.attack_id for one in second}
    return page.Compared(
        first=(chosen[0], names[chosen[0]]),
        second=(chosen[1], names[chosen[1]]),
        only_first=[one for one in first if one.attack_id not in theirs],
        both=[one for one in first if one.attack_id in theirs],
        only_second=[one for one in second if one.attack_id not in ours],
    )


def direct_of(rows: Sequence[Mapping[str, Any]]) -> list[page.Technique]:
    return techniques_of(rows, "direct")


def techniques_of(rows: Sequence[Mapping[str, Any]], way: str) -> list[page.Technique]:
    """Those that are used in this way, with what they go through."""
    kept = ("attack_id", "name", "tactic", "status", "stale", "rules", "tests", "in_scope", "gap")
    return [
        page.Technique(**{name: row[name] for name in kept}, via=[(via[0], via[1]) for via in row["ways"][way]])
        for row in rows
        if way in row["ways"]
    ]
