"""The designed states of a page or panel: empty, loading, failed, forbidden, stale."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from dash import html
from dash.development.base_component import Component

from domain.roles import Permission, who_may
from pages.components.parts import when


def empty(title: str, text: str, actions: Sequence[Component] = ()) -> html.Div:
    """Says what would be here, and offers the way to get it."""
    return _state("empty", title, [text], actions)


def failed(what: str, still: str = "", retry_href: str | None = None) -> html.Div:
    """`what` failed, what `still` works, and the way to try again (the same view, asked for anew)."""
    actions = [html.A("Try again", href=retry_href, className="button")] if retry_href else []
    return html.Div(_state("failed", what, [still], actions), role="alert")


def forbidden(permission: Permission) -> html.Div:
    text = f"It needs the role {who_may(permission)}. Ask an administrator of this instance if you need it."
    return _state("forbidden", "Your role does not include this page", [text])


def stale(as_of: datetime, why: str = "") -> html.Div:
    return html.Div(html.Span(["As of ", when(as_of), f". {why}" if why else "."]), className="notice is-stale")


def loading(shape: Literal["figures", "rows", "page"] = "page") -> html.Div:
    """Keeps the layout while data is on its way; the CSS shows it only after 300 ms."""
    return html.Div(className=f"skeleton is-{shape}", role="status", **{"aria-label": "Loading"})


def notice(*children: Component | str, kind: Literal["plain", "warn", "review", "stale"] = "plain") -> html.Div:
    """A line about what is below it."""
    return html.Div(list(children), className=f"notice is-{kind}")


def _state(kind: str, title: str, lines: Sequence[str], actions: Sequence[Component] = ()) -> html.Div:
    shown: list[Component] = [html.H2(title), *(html.P(line) for line in lines if line)]
    if actions:
        shown.append(html.Div(list(actions), className="actions"))
    return html.Div(shown, className=f"state is-{kind}")
