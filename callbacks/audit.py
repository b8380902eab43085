"""The audit page: for those who may read it, nobody changes it."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import audit as query
from domain.audit_changes import changes
from domain.audit_view import AuditView
from domain.errors import AegisError, BadInput
from domain.roles import Permission
from jobs import audit, presence
from pages import audit as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.READ_AUDIT)
    data, names = _audit(me, asked)
    return page.layout(data, _panel(asked, names)), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(Output("audit-list", "children"), Input("audit-filters", "value"), prevent_initial_call=True)
    def filter_(value: dict[str, str] | None) -> Any:
        return _listed(value if isinstance(value, dict) else {})[0]

    @app.callback(
        Output("audit-list", "children", allow_duplicate=True),
        Output("audit-panel", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> tuple[Any, Any]:
        if path != page.PATH:
            raise PreventUpdate
        asked = query_of(search)
        shown, names = _listed(asked)
        return shown, _panel(asked, names)

    @app.callback(
        Output("audit-chain", "children"),
        Output("audit-poll", "disabled"),
        Input("audit-verify", "n_clicks"),
        prevent_initial_call=True,
    )
    def verify(clicks: int | None) -> tuple[Any, bool]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        audit.ask_verification(me.actor, me.role)
        return _chain_shown(me)

    @app.callback(
        Output("audit-chain", "children", allow_duplicate=True),
        Output("audit-poll", "disabled", allow_duplicate=True),
        Input("audit-poll", "n_intervals"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None) -> tuple[Any, bool]:
        return _chain_shown(viewer.current())


def _listed(asked: Mapping[str, str]) -> tuple[Any, Mapping[str, str]]:
    me = viewer.current()
    me.require(Permission.READ_AUDIT)
    data, names = _audit(me, {name: text for name, text in asked.items() if isinstance(text, str)})
    set_props("answer", {"children": page.answer(data)})
    return page.render_entries(data), names


def _chain_shown(me: Viewer) -> tuple[Any, bool]:
    me.require(Permission.READ_AUDIT)
    chain = _chain(me, query.around())
    return page.render_chain(chain), not page.polling(chain)


def _audit(me: Viewer, asked: Mapping[str, str]) -> tuple[page.Audit, Mapping[str, str]]:
    """The page and the names of people by id."""
    view = AuditView.of(asked)
    around = query.around()
    names = {str(ident): name for ident, name in around.people}
    rows = query.entries(view, query.PAGE + 1)
    total = query.count(view) if view.filtered else around.whole
    data = page.Audit(
        query=asked,
        entries=[_entry(row, names) for row in rows[: query.PAGE]],
        further=len(rows) > query.PAGE,
        total=min(total, query.MANY) if view.filtered else total,
        many=view.filtered and total > query.MANY,
        chain=_chain(me, around),
        people=list(names.items()),
        actions=around.actions,
        entities=around.entities,
    )
    return data, names


def _chain(me: Viewer, around: query.Around) -> page.Chain:
    running = audit.verification(me.role)
    under_way: dict[str, Any] = {}
    if running is not None:
        served = running.state != "queued" or presence.worker_for(audit.QUEUE)
        under_way = {"running": running.state, "done": running.done, "total": running.total, "served": served}
    last = around.checked
    if last is None:
        return page.Chain(whole=around.whole, **under_way)
    return page.Chain(
        whole=around.whole,
        checked_at=last.at,
        checked_by=last.by,
        entries=last.entries,
        broken_at=last.broken_at,
        head=last.head,
        **under_way,
    )


def _panel(asked: Mapping[str, str], names: Mapping[str, str]) -> Any:
    text = asked.get("entry", "")
    if not text:
        return None
    try:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise BadInput("Entries are numbered; this is no number.")
        return page.entry_panel(_entry(query.entry(int(text)), names), asked)
    except AegisError as error:
        set_props(toast.REGION, {"children": toast.toast(error.detail, "failed")})
        return None


def _entry(row: query.Row, names: Mapping[str, str]) -> page.Entry:
    return page.Entry(
        seq=row.seq,
        at=row.at,
        person=row.actor_id or "",
        person_name=row.actor_name,
        ip=row.ip or "",
        request_id=row.request_id or "",
        action=row.action,
        entity=row.entity_type or "",
        entity_id=row.entity_id or "",
        name=row.name or "",
        place=row.place or "",
        changes=changes(row.before, row.after, names),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
