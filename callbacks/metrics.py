"""The metrics page: times to detect, contain and remediate of a view, and the targets that leads set for them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import durations as query
from domain.durations import By, Measure, ServiceLevel
from domain.durations_view import View, shifted
from domain.errors import BadInput
from domain.roles import Permission
from domain.survival import band
from domain.tests_view import ANY_REMEDIATION, NO_VALUE
from jobs import service_levels
from pages import metrics as page
from pages.components import service_level, toast
from pages.components.durations import Curve, Figures, Group, Level
from pages.components.figure import Share

_OUTCOMES = "blocked,alerted,logged,missed"
_FIGURES = ("median", "median_low", "median_high", "p90", "mean", "mean_low", "mean_high", "naive_mean")


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _metrics(me, View.of(asked))
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("metrics-filters", "fields"),
        Output("metrics-body", "children"),
        Input("metrics-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: object) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        return _shown(me, value)

    @app.callback(
        Output("metrics-body", "children", allow_duplicate=True),
        Input("level-save", "n_clicks"),
        State("metrics-filters", "value"),
        State("level-amount", "value"),
        State("level-unit", "value"),
        State("level-share", "value"),
        State("level-reason", "value"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, value: object, *form: object) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        amount, unit, share, reason = form
        level = ServiceLevel(_seconds(amount, unit), _number(share, "share") / 100)
        service_levels.put(me.actor, me.role, View.of(_said(value)).measure, level, str(reason or ""))
        return _changed(me, value, "The target is set.")

    @app.callback(
        Output("metrics-body", "children", allow_duplicate=True),
        Input("level-remove", "n_clicks"),
        State("metrics-filters", "value"),
        State("level-reason", "value"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None, value: object, reason: object) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        service_levels.remove(me.actor, me.role, View.of(_said(value)).measure, str(reason or ""))
        return _changed(me, value, "The target is removed.")


def _shown(me: Viewer, value: object) -> tuple[Any, Any]:
    data = _metrics(me, View.of(_said(value)))
    set_props("answer", {"children": page.answer(data)})
    return page.filter_fields(data), page.render_body(data)


def _changed(me: Viewer, value: object, words: str) -> Any:
    set_props(toast.REGION, {"children": toast.toast(words)})
    return _shown(me, value)[1]


def _said(value: object) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _seconds(amount: object, unit: object) -> int:
    if unit not in service_level.UNITS:
        raise BadInput("Choose minutes, hours or days.", errors={"unit": "unknown"})
    return round(_number(amount, "seconds") * service_level.UNITS[str(unit)][0])


def _number(text: object, field: str) -> float:
    try:
        found = float(str(text))
    except ValueError as error:
        raise BadInput("Give a number.", errors={field: "not a number"}) from error
    if not 0 < found < 1e9:
        raise BadInput("Give a number above 0.", errors={field: "out of range"})
    return found


def _metrics(me: Viewer, view: View) -> page.Metrics:
    found, choices = query.metrics(view), query.choices()
    level = found["level"]
    curve = found["curve"]
    return page.Metrics(
        view=view,
        platforms=choices["platforms"],
        tactics=choices["tactics"],
        figures=_figures(found["figures"], level),
        left_out=found["left_out"],
        first=date.fromisoformat(found["first"]),
        last=date.fromisoformat(found["last"]),
        as_of=datetime.fromisoformat(found["as_of"]) if found["as_of"] else None,
        curve=Curve(**curve),
        groups=[_group(view, row, level) for row in found["groups"]],
        of_groups=found["of_groups"],
        months=[_group(view, row, level, by=By.MONTH) for row in found["months"]],
        before=_figures(found["before"], None) if found["before"] else None,
        alike=_alike(found["alike"]),
        effort=page.Effort(**{name: found["effort"][name] for name in page.Effort.__slots__}),
        edges=query.EDGES,
        distribution=found["distribution"],
        level=Level(seconds=level["seconds"], share=level["share"], reason=level["reason"], author=level["author_name"])
        if level
        else None,
        href=_href(view),
        may_set_level=me.may(Permission.SET_SERVICE_LEVEL),
    )


def _alike(found: Mapping[str, Any] | None) -> page.Alike | None:
    if found is None:
        return None
    return page.Alike(
        procedures=found["procedures"], now=_figures(found["now"], None), before=_figures(found["before"], None)
    )


def _group(view: View, row: Mapping[str, Any], level: Any, *, by: By | None = None) -> Group:
    curve = row.get("curve")
    drawn = Curve(**{name: curve[name] for name in ("seconds", "open", "low", "high")}) if curve else None
    href = _href(view, by or view.by, row["key"])
    return Group(label=row["label"], named=bool(row["key"]), href=href, figures=_figures(row, level), curve=drawn)


def _figures(row: Mapping[str, Any], level: Any) -> Figures:
    share = Share(**row["share"])
    within, within_share = None, None
    if level and row["cases"]:
        within_share = 1 - row["open_at_level"]
        ends = band(row["open_at_level"], row["variance_at_level"] or 0.0)
        if ends:
            within = Share(n=share.n, of=share.of, low=1 - ends.high, high=1 - ends.low)
    return Figures(
        cases=row["cases"],
        share=share,
        within=within,
        within_share=within_share,
        **{name: row[name] for name in _FIGURES},
    )


def _href(view: View, by: By | None = None, key: str = "") -> str:
    """The tests behind a figure of the view, or of one of its groups."""
    today = datetime.now(UTC).date()
    first = view.first(today)
    asked = {
        "state": "validated",
        "outcome": "alerted" if view.measure is Measure.CONTAIN else _OUTCOMES,
        "remediation": ANY_REMEDIATION if view.measure is Measure.REMEDIATE else "",
        "from": first.isoformat() if first else "",
        "tactic": view.tactic,
        "platform": ",".join(view.platforms),
    }
    if by is By.MONTH:
        month = date.fromisoformat(f"{key}-01")
        asked |= {"from": month.isoformat(), "to": (shifted(month, 1) - timedelta(days=1)).isoformat()}
    elif by is not None:
        asked |= _asked_of(by, key)
    return "/tests?" + urlencode({name: text for name, text in asked.items() if text}, safe=",")


def _asked_of(by: By, key: str) -> dict[str, str]:
    names = {
        By.TACTIC: "tactic", By.PLATFORM: "platform", By.ACTOR: "actor", By.TEAM: "team",
        By.PERSON: "evaluator", By.TOOL: "tool", By.SOURCE: "source", By.TEMPLATE: "template",
    }  # fmt: skip
    if not key:  # those without: without a template is without a source, too
        name = {
            By.ACTOR: "actor", By.TEAM: "team", By.PERSON: "evaluator", By.SOURCE: "source", By.TEMPLATE: "source",
        }.get(by)  # fmt: skip
        return {name: NO_VALUE} if name else {}
    return {names[by]: key}
