"""The rules page: one round trip for a filter or a page of the list; many rules at once; which logs are collected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dash import ALL, Dash, Input, Output, State, ctx, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.templates import source_name
from callbacks.viewer import Viewer
from data.queries import rules as query
from data.queries.stats import FIRST_DOMAIN
from data.sources import registry
from domain.errors import BadInput
from domain.roles import Permission
from domain.rules_view import LEVELS, PAGE_ROWS, RulesView, logs_of
from jobs import rules
from pages import rules as page
from pages.components import figure, log_sources, toast

_SAID = {"yes": True, "no": False, "unknown": None}


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _rules(me, asked)
    return page.layout(data, _body(me, data)), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("rules-filters", "fields"),
        Output("rules-list", "children"),
        Input("rules-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: object) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _rules(me, _said(value))
        return page.filter_fields(data), _body(me, data)

    @app.callback(
        Output("rules-results", "children"),
        Output("rules-list", "children", allow_duplicate=True),
        Output("rules-standing", "children"),
        Input({"type": "rules-do", "what": ALL}, "n_clicks"),
        State("rules-filters", "value"),
        State("rules-scope", "value"),
        State("rules-chosen", "value"),
        prevent_initial_call=True,
    )
    def do(clicks: list[int | None], value: object, scope: object, chosen: object) -> tuple[Any, Any, Any]:
        if not isinstance(ctx.triggered_id, dict) or not any(clicks):
            raise PreventUpdate
        me = viewer.current()
        wanted = _matching(RulesView.of(_said(value))) if scope == "all" else _ticked(chosen)
        words, results = _do(me, str(ctx.triggered_id.get("what")), wanted)
        data = _rules(me, _said(value))
        shown = page.render_results(words, [(one.title, one.state, one.detail) for one in results])
        return shown, _body(me, data), page.render_standing(data)

    @app.callback(
        Output("rules-list", "children", allow_duplicate=True),
        Output("rules-standing", "children", allow_duplicate=True),
        Input("logs-declare", "n_clicks"),
        State("logs-chosen", "value"),
        State("logs-note", "value"),
        State("rules-filters", "value"),
        prevent_initial_call=True,
    )
    def declare(clicks: int | None, chosen: object, note: object, value: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        changed = rules.declare_logs(me.actor, me.role, _declared(chosen), note=note if isinstance(note, str) else "")
        set_props(toast.REGION, {"children": toast.toast(f"Kept; {changed} changed.")})
        data = _rules(me, _said(value))
        return _body(me, data), page.render_standing(data)

    @app.callback(
        Output("rules-results", "children", allow_duplicate=True),
        Input("rules-touched", "data"),
        prevent_initial_call=True,
    )
    def uploaded(touched: object) -> Any:
        if not touched:
            raise PreventUpdate
        viewer.current().require(Permission.READ)
        return page.render_uploaded()


def _do(me: Viewer, what: str, wanted: list[UUID]) -> tuple[str, list[rules.Result]]:
    if what in ("enable", "disable"):
        found = rules.set_enabled(me.actor, me.role, wanted, enabled=what == "enable")
        return f"{what}d", found
    if what == "remove":
        return "removed", rules.remove_own(me.actor, me.role, wanted)
    raise BadInput("This cannot be done to rules.")


def _ticked(chosen: object) -> list[UUID]:
    found = [viewer.key(key) for key in chosen] if isinstance(chosen, dict) else []
    if not found:
        raise BadInput("Tick the rules first.")
    return found


def _matching(view: RulesView) -> list[UUID]:
    found = query.ids(view)
    if len(found) > rules.BATCH_MAX:
        raise BadInput(f"More than {rules.BATCH_MAX:,} rules match; narrow the filters. Nothing was changed.")
    return found


def _declared(chosen: object) -> dict[tuple[str, str, str], bool | None]:
    if not isinstance(chosen, dict) or not chosen:
        raise BadInput("Tick the log sources first.")
    keys = {logs_of(str(key)): _SAID.get(str(said)) for key, said in chosen.items()}
    return {key: said for key, said in keys.items() if key is not None}


def _said(value: object) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _body(me: Viewer, data: page.Rules) -> list[Any]:
    if data.query.get("view") != page.LOGS:
        return page.render_list(data)
    rows = [
        log_sources.LogRow(
            **{name: row[name] for name in ("product", "category", "service", "rules", "enabled", "fired")},
            **{name: row[name] for name in ("collected", "note", "author")},
            decided_at=_moment(row["decided_at"]),
        )
        for row in query.log_sources()
    ]
    return log_sources.render(rows, may_manage=me.may(Permission.MANAGE_LOG_SOURCES))


def _rules(me: Viewer, asked: Mapping[str, str]) -> page.Rules:
    view = RulesView.of(asked)
    logs = asked.get("view") == page.LOGS
    found = query.Found([], 0) if logs else query.search(view)
    choices = query.choices()
    return page.Rules(
        rows=[_row(row) for row in found.rows],
        total=found.total,
        whole=choices["whole"],
        page=view.page,
        page_rows=PAGE_ROWS,
        query=dict(asked),
        choices=page.Choices(
            sources=[(slug, source_name(slug), count) for slug, count in choices["sources"]],
            statuses=[(word, word.capitalize(), count) for word, count in choices["statuses"]],
            products=[(name, name, count) for name, count in choices["products"]],
            tactics=[(shortname, name) for shortname, name in choices["tactics"]],
        ),
        standing=_standing(),
        may_manage=me.may(Permission.MANAGE_RULES),
        may_sync=me.may(Permission.RUN_SYNC),
        upload_bytes=registry.info("own").max_bytes,
    )


def _standing() -> page.Standing:
    mix, layers = query.truth_mix(), query.layers(FIRST_DOMAIN)
    return page.Standing(
        by_truth=mix.enabled,
        rules=mix.total_enabled,
        techniques=layers.techniques,
        claimed=_share(layers.claimed, layers.techniques),
        proven=_share(layers.proven, layers.techniques),
        only_claimed=layers.only_claimed,
    )


def _share(n: int, of: int) -> figure.Share:
    """A count of all there is: no interval, nothing was drawn from anything."""
    return figure.Share(n=n, of=of)


def _row(row: Mapping[str, Any]) -> page.Row:
    names = ("id", "title", "source", "status", "enabled", "present", "truth", "fired", "changed_on", "techniques")
    logs = " / ".join(part for part in (row["product"], row["category"], row["service"]) if part)
    level = LEVELS[row["level"] - 1] if row["level"] else ""
    return page.Row(**{name: row[name] for name in names}, level=level, logs=logs, last_fired_at=row["last_fired_at"])


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
