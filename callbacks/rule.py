"""The page of a rule, and switching or removing it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dash import ALL, Dash, Input, Output, State, ctx, html, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.templates import source_name
from callbacks.viewer import Viewer
from data.queries import rule as query
from data.sources.own_rules import SLUG as OWN
from data.sources.registry import SOURCES
from domain.errors import BadInput, RuleViolated
from domain.roles import Permission
from domain.statistics import Share as Counted
from jobs import rules
from pages import rule as page
from pages.components import toast
from pages.components.figure import Share

# details of a rule, by what its source calls them -> words
_FACTS = {
    "type": "Type",
    "risk_score": "Risk score",
    "index": "Reads",
    "min_stack_version": "Needs Elastic",
    "deprecated_on": "Deprecated on",
    "logsource_definition": "Logging needed",
}


def open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[object, str, str]:
    data = _rule(me, viewer.key_in_path(key))
    return html.Div(page.layout(data), id="rule-body"), data.title, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("rule-body", "children"),
        Input({"type": "rule-do", "what": ALL}, "n_clicks"),
        State("rule-shown", "data"),
        prevent_initial_call=True,
    )
    def do(clicks: list[int | None], shown: object) -> Any:
        if not isinstance(ctx.triggered_id, dict) or not any(clicks):
            raise PreventUpdate
        me, key = viewer.current(), viewer.key(shown)
        (result,) = _do(me, str(ctx.triggered_id.get("what")), key)
        if result.state == "refused":
            raise RuleViolated(result.detail)
        data = _rule(me, key)
        set_props("answer", {"children": page.answer(data)})
        set_props(toast.REGION, {"children": toast.toast("Kept.")})
        return page.layout(data)


def _do(me: Viewer, what: str, key: UUID) -> list[rules.Result]:
    if what in ("enable", "disable"):
        return rules.set_enabled(me.actor, me.role, [key], enabled=what == "enable")
    if what == "remove":
        return rules.remove_own(me.actor, me.role, [key])
    raise BadInput("This cannot be done to a rule.")


def _rule(me: Viewer, key: UUID) -> page.Rule:
    row = query.rule(key)
    source = row["source"]
    info = SOURCES[source].info if source in SOURCES else None
    names = ("id", "external_id", "source", "title", "description", "author", "licence", "status", "level", "language")
    more = ("body", "tags", "references", "written_on", "changed_on", "enabled", "collected", "truth")
    details = row["details"] or {}
    return page.Rule(
        **{name: row[name] for name in (*names, *more)},
        source_name=source_name(source),
        source_url=info.home_url if info else "",
        own=source == OWN,
        licence_url=info.licence_url if info and row["licence"] else "",
        path=row["path"] or "",
        false_positives=details.get("falsepositives") or [],
        facts=[(label, _words(details[name])) for name, label in _FACTS.items() if _words(details.get(name))],
        removed_at=_moment(row["removed_at"]),
        logs=(row["product"], row["category"], row["service"]),
        logs_said=_logs_said(row),
        fired=_share(row["fired_total"], row["tests_total"]),
        last_fired_at=_moment(row["last_fired_at"]),
        claims=[_claim(one) for one in row["claims"]],
        tests=[_test(one) for one in row["tests"]],
        may_manage=me.may(Permission.MANAGE_RULES),
    )


def _logs_said(row: Mapping[str, Any]) -> str:
    if row["collected"] is None:
        return ""
    note = f": {row['logs_note']}" if row["logs_note"] else ""
    return f", says {row['logs_author']}{note}"


def _claim(one: Mapping[str, Any]) -> page.Claim:
    return page.Claim(
        claimed=one["claimed"],
        attack_id=one["attack_id"] or "",
        name=one["name"] or "",
        resolution=one["resolution"],
        rules=one["rules"] or 0,
    )


def _test(row: Mapping[str, Any]) -> page.Test:
    names = ("number", "title", "attack_id", "platform", "fired")
    return page.Test(
        **{name: row[name] for name in names}, outcome=row["outcome"] or "", executed_at=_moment(row["executed_at"])
    )


def _share(n: int, of: int) -> Share:
    counted = Counted.count(n, of)
    return Share(n=n, of=of, low=counted.low, high=counted.high)


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _moment(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
