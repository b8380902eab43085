"""The coverage page: one division of what is proven and claimed, or the techniques themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, set_props

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import coverage as query
from data.queries import heatmap, rules
from domain.coverage_view import Claim, Division, Results
from domain.roles import Permission
from pages import coverage as page
from pages.components.figure import Share

_CLAIMS = {claim.value: claim for claim in Claim}  # quicker than making one of its word


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _coverage(asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("coverage-filters", "fields"),
        Output("coverage-body", "children"),
        Input("coverage-filters", "value"),
        prevent_initial_call=True,
    )
    def divide(value: dict[str, str] | None) -> tuple[Any, Any]:
        viewer.current().require(Permission.READ)
        data = _coverage(value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render(data)


def _coverage(asked: Mapping[str, str]) -> page.Coverage:
    said = {name: text for name, text in asked.items() if isinstance(text, str)}
    domains = heatmap.choices("enterprise-attack")["domains"]
    domain = said["domain"] if said.get("domain") in domains else next(iter(domains), "enterprise-attack")
    division = Division(said["by"]) if said.get("by") in set(Division) else Division.TACTIC
    found, choices = query.coverage(domain, division), heatmap.choices(domain)
    rows = _rows(found["rows"])
    return page.Coverage(
        domain=domain,
        domains=domains,
        version=found["version"],
        division=division,
        **{name: found[name] for name in ("techniques", "tested", "stale", "months")},
        proven=Share(**found["proven"]),
        claimed=Share(**found["claimed"]),
        claims={Claim(name): number for name, number in found["claims"].items()},
        results=Results(**found["results"]),
        truths=rules.truth_mix().enabled,
        groups=[_group(group) for group in found["groups"]],
        rows=[row for row in rows if _asked_for(row, said)],
        whole=len(rows),
        query=said,
        tactics={tactic["key"]: tactic["name"] for tactic in choices["tactics"]},
        platforms=choices["platforms"],
    )


def _group(group: Mapping[str, Any]) -> page.Group:
    kept = ("key", "name", "techniques", "tested", "stale", "trend")
    return page.Group(
        **{name: group[name] for name in kept},
        proven=Share(**group["proven"]),
        claimed=Share(**group["claimed"]),
        results=Results(**group["results"]),
    )


def _rows(columns: Mapping[str, Sequence[Any]]) -> list[page.Row]:
    rows = zip(*columns.values(), strict=True)
    return [_row(dict(zip(columns, row, strict=True))) for row in rows]


def _row(row: dict[str, Any]) -> page.Row:
    stale, claim, results = bool(row["stale"]), _CLAIMS[row["claim"]], Results(*row["results"])
    return page.Row(**{**row, "stale": stale, "claim": claim, "results": results, "subs": tuple(row["subs"])})


def _asked_for(row: page.Row, said: Mapping[str, str]) -> bool:
    claims = [one for one in said.get("claim", "").split(",") if one]
    return (
        said.get("tactic", "") in ("", *row.tactics)
        and said.get("platform", "") in ("", *row.platforms)
        and (not claims or row.claim in claims)
    )
