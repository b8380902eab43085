"""The countermeasures page: finding among them, and what leads decide about those ticked."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import countermeasures as query
from data.queries.stats import FIRST_DOMAIN
from domain.countermeasures import TACTICS, CountermeasureState
from domain.errors import BadInput
from domain.roles import Permission
from jobs import countermeasures
from pages import countermeasures as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _countermeasures(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("countermeasures-list", "children"),
        Input("countermeasures-filters", "value"),
        prevent_initial_call=True,
    )
    def filter_(value: object) -> Any:
        me = viewer.current()
        me.require(Permission.READ)
        return page.render_list(_countermeasures(me, _said(value)))

    @app.callback(
        Output("countermeasures-list", "children", allow_duplicate=True),
        Output("countermeasures-standing", "children"),
        Input("countermeasures-decide", "n_clicks"),
        State("countermeasures-chosen", "value"),
        State("countermeasures-note", "value"),
        State("countermeasures-filters", "value"),
        prevent_initial_call=True,
    )
    def decide(clicks: int | None, chosen: object, note: object, value: object) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        if not isinstance(chosen, dict) or not chosen:
            raise BadInput("Tick the countermeasures first.")
        said = {str(key): state_of(state) for key, state in chosen.items()}
        changed = countermeasures.decide(me.actor, me.role, said, note=note if isinstance(note, str) else "")
        data = _countermeasures(me, _said(value))
        set_props(toast.REGION, {"children": toast.toast(f"Kept; {changed} changed.")})
        set_props("answer", {"children": page.answer(data)})
        return page.render_list(data), page.render_standing(data)


def state_of(given: object) -> CountermeasureState | None:
    """What the browser chose; None for "nothing said". Raises BadInput."""
    if given == page.NONE:
        return None
    try:
        return CountermeasureState(str(given))
    except ValueError as error:
        raise BadInput("Choose what stands for it here.") from error


def row(found: Mapping[str, Any], points: float | None) -> page.Row:
    names = ("name", "definition", "tactic", "state", "note", "author", "techniques")
    decided = found["decided_at"]
    return page.Row(
        id=found["d3fend_id"],
        **{name: found[name] for name in names},
        decided_at=datetime.fromisoformat(decided) if decided else None,
        points=points,
    )


def points() -> dict[str, float]:
    """What each that is not in place would add, by D3FEND's id, the most first."""
    return {one["d3fend_id"]: one["points"] for one in query.best(FIRST_DOMAIN)}


def _countermeasures(me: Viewer, asked: Mapping[str, str]) -> page.Countermeasures:
    adds = points()
    rows = {found["d3fend_id"]: row(found, adds.get(found["d3fend_id"])) for found in query.everything()}
    counted = Counter(one.state for one in rows.values())
    return page.Countermeasures(
        rows=[one for one in rows.values() if _matches(one, asked)],
        counts={state: counted[state] for state in (*CountermeasureState, "")},
        best=[rows[key] for key in list(adds)[: page.BEST]],
        query=dict(asked),
        may_decide=me.may(Permission.MANAGE_COUNTERMEASURES),
        may_sync=me.may(Permission.RUN_SYNC),
    )


def _matches(one: page.Row, asked: Mapping[str, str]) -> bool:
    text, tactic, state = asked.get("q", "").lower().strip(), asked.get("tactic", ""), asked.get("state", "")
    known = {state.value for state in CountermeasureState}
    return (
        (text in one.name.lower() or text == one.id.lower())
        and (tactic not in TACTICS or one.tactic == tactic)
        and (state not in {*known, page.NONE} or one.state == ("" if state == page.NONE else state))
    )


def _said(value: object) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}
