"""The result of the person's own action, said once: `set_props(toast.REGION, {"children": toast.toast(...)})`."""

from typing import Literal
from uuid import uuid4

from dash import html

REGION = "toasts"


def toast(text: str, kind: Literal["done", "failed"] = "done") -> html.Div:
    """A good result leaves by itself, a failure stays until closed. The id is new: the same words show again."""
    close = html.Button("Close", type="button", className="button is-quiet is-small", **{"data-closes": ""})
    return html.Div(
        [html.Span(text), close],
        id=f"toast-{uuid4().hex}",
        className=f"told is-{kind}",
        role="alert" if kind == "failed" else "status",
    )


def region() -> html.Div:
    return html.Div(id=REGION, **{"aria-live": "polite"})
