"""The template page: one template in any of its versions, and writing, changing, retiring our own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.templates import source_name
from callbacks.viewer import Viewer
from data.queries import templates as query
from data.sources.registry import SOURCES
from domain.attack_ids import normalise
from domain.roles import Permission
from domain.template_text import arguments_of
from domain.templates import MANUAL, OWN, Dependency, Executor, Template, as_own
from jobs import templates
from pages import plan
from pages import template as page
from pages.components import template_form, toast
from pages.templates import PATH as LIST

_PATH = "/template/"
_NEW = "new"


def open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[object, str, str]:
    content, title, answer = _open(me, asked, key)
    return html.Div([html.Div(content, id="template-body"), dcc.Store(id="template-key", data=key)]), title, answer


def _open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[Component, str, str]:
    if key == _NEW:
        return _new(me, asked.get("from", ""))
    data = _page(me, key, asked.get("version", ""))
    if asked.get("edit") and data.own:
        me.require(Permission.MANAGE_TEMPLATES)
        form = template_form.render(data.value, template_id=data.id, version=data.version, back=data.address)
        return form, f"Edit {data.value.name}", f"version {data.version}"
    return _layout(me, data), page.title(data), page.answer(data)


def _layout(me: Viewer, data: page.Page) -> Component:
    """With the way to a test of it, where one can be made."""
    usable = data.attack_id and data.retired_at is None and data.removed_at is None
    return page.layout(data, [plan.link_to(data.id)] if usable and me.may(Permission.PLAN_TEST) else [])


def register(app: Dash) -> None:
    @app.callback(
        Output("template-body", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        State("template-key", "data"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None, key: str | None) -> Any:
        # on the way to another page that one opens by itself; drawn twice, it would lose what is typed in between
        if not key or path != f"{_PATH}{key}":
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        content, title, answer = _open(me, query_of(search), key)
        set_props("title", {"children": title})
        set_props("answer", {"children": answer})
        return content

    @app.callback(
        Output("template-body", "children", allow_duplicate=True),
        Input("template-save", "n_clicks"),
        State("template-seen", "data"),
        *(State(f"template-{name}", "value") for name in template_form.FIELDS),
        *(
            State({"type": f"template-dependency-{part}", "row": ALL}, "value")
            for part in template_form.DEPENDENCY_PARTS
        ),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, seen: Mapping[str, Any], *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        value, note = _read(given)
        ident = seen.get("id") if isinstance(seen, dict) else None
        if ident:
            key = viewer.key(ident)
            number = templates.edit_own(me.actor, me.role, key, value, seen_version=_number(seen), note=note)
            set_props("url", {"search": ""})
            return _again(me, str(key), f"Saved as version {number}.")
        key = templates.create_own(me.actor, me.role, value, note=note)
        set_props(toast.REGION, {"children": toast.toast("The template is saved.")})
        set_props("url", {"pathname": f"{_PATH}{key}", "search": ""})
        return no_update

    @app.callback(
        Output("template-body", "children", allow_duplicate=True),
        Input("template-retire", "n_clicks"),
        State("template-shown", "data"),
        State("template-reason", "value"),
        prevent_initial_call=True,
    )
    def retire(clicks: int | None, shown: Mapping[str, Any], reason: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        templates.retire(me.actor, me.role, viewer.key(_ident(shown)), reason=str(reason or ""))
        return _again(me, _ident(shown), "The template is retired.")

    @app.callback(
        Output("template-body", "children", allow_duplicate=True),
        Input("template-reinstate", "n_clicks"),
        State("template-shown", "data"),
        prevent_initial_call=True,
    )
    def reinstate(clicks: int | None, shown: Mapping[str, Any]) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        templates.reinstate(me.actor, me.role, viewer.key(_ident(shown)))
        return _again(me, _ident(shown), "The template is back in use.")


def _again(me: Viewer, key: str, words: str) -> Component:
    """The template as it is now, and what was done."""
    data = _page(me, key, "")
    set_props(toast.REGION, {"children": toast.toast(words)})
    set_props("title", {"children": page.title(data)})
    set_props("answer", {"children": page.answer(data)})
    return _layout(me, data)


def _ident(shown: Mapping[str, Any]) -> str:
    return str(shown.get("id")) if isinstance(shown, dict) else ""


def _new(me: Viewer, origin: str) -> tuple[Component, str, str]:
    me.require(Permission.MANAGE_TEMPLATES)
    value, back = template_form.EMPTY, LIST
    if origin:
        source = _page(me, origin, "")
        value, back = as_own(source.value), source.address
    return template_form.render(value, template_id="", version=0, back=back), "New template", ""


def _read(given: tuple[Any, ...]) -> tuple[Template, str]:
    """The form's fields, in the order of FIELDS and DEPENDENCY_PARTS, as a template and a note."""
    fields = dict(zip(template_form.FIELDS, given, strict=False))
    text = {name: _text(value) for name, value in fields.items()}
    platforms = tuple(_text(name) for name in fields["platforms"] or () if isinstance(fields["platforms"], list))
    by_hand = text["tool"] == MANUAL
    executor = Executor(
        tool=text["tool"],
        platforms=platforms,
        command="" if by_hand else text["command"],
        steps=text["command"] if by_hand else "",
        cleanup=text["cleanup"],
    )
    parts = [[_text(one) for one in column or ()] for column in given[len(template_form.FIELDS) :]]
    dependencies = [
        Dependency(description=about, check=check, get=get) for about, check, get in zip(*parts, strict=True)
    ]
    wanted = tuple(one for one in dependencies if one.description.strip() or one.check or one.get)
    value = Template(
        name=" ".join(text["name"].split()),
        description=text["description"].strip(),
        technique=normalise(text["technique"]),
        platforms=platforms,
        executors=(executor,),
        arguments=arguments_of(text["arguments"]),
        dependencies=wanted,
        dependency_tool=text["dependency_tool"] if wanted else "",
        elevation_required=bool(fields["elevated"]),
    )
    return value, text["note"].strip()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(seen: Mapping[str, Any]) -> int:
    version = seen.get("version")
    return version if isinstance(version, int) else 0


def _page(me: Viewer, key: str, version: str) -> page.Page:
    number = int(version) if version.isdecimal() and len(version) < 8 else 0
    found = query.template(viewer.key_in_path(key), number)
    source = found["source"]
    names = (
        "id",
        "source",
        "source_id",
        "version",
        "author",
        "licence",
        "retired_reason",
        "tests_total",
        "adversaries",
    )
    return page.Page(
        **{name: found[name] for name in names},
        source_name=source_name(source),
        source_url="" if source == OWN or source not in SOURCES else SOURCES[source].info.home_url,
        value=Template.of(found["content"]),
        shown_version=found["shown_version"],
        attack_id=found["attack_id"] or "",
        technique=found["technique_name"] or "",
        path=found["path"] or "",
        retired_at=found["retired_at"],
        removed_at=found["removed_at"],
        versions=[
            page.Version(number=one["version"], at=_moment(one["at"]), by=one["by"], note=one["note"])
            for one in found["versions"]
        ],
        tests=[
            page.Test(
                **{name: one[name] for name in ("number", "title", "state", "platform", "template_version")},
                created_at=_moment(one["at"]),
            )
            for one in found["tests"]
        ],
        may_manage=me.may(Permission.MANAGE_TEMPLATES),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
