"""The list of frameworks."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from dash import Dash, Input, Output, set_props

from callbacks import viewer
from callbacks.viewer import Viewer
from data.queries import compliance as query
from data.queries import measured
from domain.roles import Permission
from pages import compliance as page
from pages.components.figure import Share


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _compliance(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("compliance-body", "children"), Input("compliance-filters", "value"), prevent_initial_call=True
    )
    def filter_(value: Any) -> Any:
        me = viewer.current()
        me.require(Permission.READ)
        data = _compliance(me, value if isinstance(value, dict) else {})
        set_props("answer", {"children": page.answer(data)})
        return page.render(data)


def day_asked(text: object) -> date | None:
    """A day of the address, not after today; None for today, and for what is no such day."""
    try:
        day = date.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return day if day < measured.today() else None


def share(counted: Mapping[str, Any]) -> Share:
    return Share(**counted)


def day_of(text: str | None) -> date | None:
    """A day as a kept answer has it."""
    return date.fromisoformat(text) if text else None


def _compliance(me: Viewer, asked: Mapping[str, str]) -> page.Compliance:
    day = day_asked(asked.get("as_of"))
    return page.Compliance(
        rows=[_row(found) for found in query.frameworks(day)],
        query={"as_of": day.isoformat()} if day else {},
        may_import=me.may(Permission.MANAGE_FRAMEWORKS),
        may_sync=me.may(Permission.RUN_SYNC),
    )


def _row(found: Mapping[str, Any]) -> page.Row:
    kept = ("slug", "name", "version", "kind", "origin", "attack_version", "is_demo", "total", "states")
    return page.Row(
        **{name: found[name] for name in kept},
        published_on=day_of(found["published_on"]),
        demonstrated=share(found["demonstrated"]),
        techniques=sum(found["techniques"].values()),
        not_placed=found["not_placed"],
        accepted=found["accepted"],
        expired=found["expired"],
    )
