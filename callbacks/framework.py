"""The page of a framework, a control beside it, and what leads decide about that."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.compliance import day_asked, day_of, share
from callbacks.control_panel import decided_of, panel, shown_code
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import compliance as query
from data.queries import measured
from domain.compliance import ControlState
from domain.errors import BadInput
from domain.roles import Permission
from jobs import compliance, frameworks
from pages import framework as page
from pages.components import framework_lists as lists
from pages.components import toast

_PATH = "/compliance/"
_SHOWN = ("state", "group", "as_of", "compare", "control")


def open(me: Viewer, asked: Mapping[str, str], slug: str) -> tuple[object, str, str]:
    data = _framework(me, slug, asked)
    return page.layout(data, panel(me, data)), page.title(data), page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("framework-filters", "fields"),
        Output("framework-body", "children"),
        Input("framework-filters", "value"),
        State("framework-slug", "data"),
        prevent_initial_call=True,
    )
    def filter_(value: Any, slug: str | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.READ)
        data = _framework(me, slug or "", value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render(data)

    @app.callback(
        Output("control-panel", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> Any:
        slug = _slug(path)
        if not slug:
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        return panel(me, _framework(me, slug, query_of(search)))

    @app.callback(
        Output("page", "children", allow_duplicate=True),
        Input("control-decide", "n_clicks"),
        State("control-code", "data"),
        State("url", "pathname"),
        State("url", "search"),
        *(State(f"control-{name}", "value") for name in ("kind", "reason", "until")),
        prevent_initial_call=True,
    )
    def decide(clicks: int | None, code: Any, path: Any, search: Any, *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        kind, reason, until = (str(one or "") for one in given)
        slug = _slug(path)
        compliance.decide(me.actor, me.role, slug, str(code), kind=kind, reason=reason, expires_on=_until(until))
        return _again(me, path, search, "The decision is kept.")

    @app.callback(
        Output("page", "children", allow_duplicate=True),
        Input("control-withdraw", "n_clicks"),
        State("control-code", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def withdraw(clicks: int | None, code: Any, path: Any, search: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        compliance.withdraw(me.actor, me.role, _slug(path), str(code))
        return _again(me, path, search, "It no longer holds.")

    @app.callback(
        Output("url", "href", allow_duplicate=True),
        Input("framework-remove", "n_clicks"),
        State("framework-slug", "data"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None, slug: str | None) -> str:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        frameworks.remove(me.actor, me.role, slug or "")
        return _PATH.rstrip("/")


def _again(me: Viewer, path: Any, search: Any, said: str) -> Any:
    """The page as it stands after a decision: states and figures may have moved with it."""
    content, _, answer = open(me, query_of(search), _slug(path))
    set_props(toast.REGION, {"children": toast.toast(said)})
    set_props("answer", {"children": answer})
    return content


def _slug(path: object) -> str:
    text = str(path or "")
    slug = text.removeprefix(_PATH).strip("/") if text.startswith(_PATH) else ""
    return "" if "/" in slug else slug


def _until(text: str) -> date | None:
    try:
        return day_of(text)
    except ValueError as error:
        raise BadInput("The last day is not a day of the calendar.", errors={"expires_on": "no day"}) from error


def _framework(me: Viewer, slug: str, asked: Mapping[str, str]) -> lists.Framework:
    day, since = day_asked(asked.get("as_of")), day_asked(asked.get("compare"))
    found = query.framework(slug, day)
    kept = ("slug", "name", "version", "kind", "origin", "domain", "attack_version", "is_demo", "states")
    shown = {name: str(asked[name])[:200] for name in _SHOWN if asked.get(name)}
    codes = [(group["code"], group["name"]) for group in found["groups"]]
    said = {name: text for name, text in shown.items() if _is_known(name, text, dict(codes))}
    return lists.Framework(
        **{name: found[name] for name in kept},
        map_version=found["map_version"],
        published_on=day_of(found["published_on"]),
        updated_at=datetime.fromisoformat(found["updated_at"]),
        note=found["note"] or "",
        as_of=day or measured.today(),
        today=measured.today(),
        demonstrated=share(found["demonstrated"]),
        proven=share(found["proven"]),
        groups=codes,
        controls=[_control(slug, one, found["map"]) for one in found["controls"]],
        gaps=[_gap(one) for one in query.gaps_of(found)],
        not_placed=_named(found, "not_placed"),
        elsewhere=_named(found, "elsewhere"),
        unaddressed=[
            (row["attack_id"] or row["claimed_id"], row["name"], row["comment"] or "") for row in found["unaddressed"]
        ],
        accepted=found["accepted"],
        expired=found["expired"],
        notes=found["notes"],
        query=said,
        compared=_compared(slug, since, day) if since else None,
        may_plan=me.may(Permission.PLAN_TEST),
        may_manage=me.may(Permission.MANAGE_FRAMEWORKS),
    )


def _is_known(name: str, text: str, groups: Mapping[str, str]) -> bool:
    if name == "state":
        return text in set(ControlState)
    if name == "group":
        return text in groups
    return name == "control" or day_asked(text) is not None


def _control(slug: str, one: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Any]]) -> lists.Control:
    lacking = [techniques[key] for key in one["techniques"] if query.is_gap(techniques[key])]
    return lists.Control(
        code=one["code"],
        shown=shown_code(slug, one["code"]),
        name=one["name"],
        group=one["group"],
        state=one["state"],
        none_fits=one["not_mappable"],
        tally=one["tally"],
        techniques=one["techniques"],
        not_placed=one["not_placed"],
        templates=sum(technique["templates"] for technique in lacking),
        decided=decided_of(one["decision"]),
    )


def _gap(one: Mapping[str, Any]) -> lists.Gap:
    return lists.Gap(
        **{name: one[name] for name in ("attack_id", "name", "status", "stale", "controls", "tests", "templates")}
    )


def _named(found: Mapping[str, Any], what: str) -> list[tuple[str, int]]:
    counted = Counter(ident for one in found["controls"] for ident in one[what])
    return counted.most_common()


def _compared(slug: str, since: Any, until: Any) -> lists.Compared:
    return lists.Compared(
        since=since,
        until=until or measured.today(),
        changes=[lists.Change(**one, shown=shown_code(slug, one["code"])) for one in query.changes(slug, since, until)],
    )
