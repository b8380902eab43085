"""A field of a form with the words that say what it is."""

from dash import html
from dash.development.base_component import Component


def labelled(label: str, field: Component, hint: str = "") -> html.Div:
    """A Dash input with its label and hint."""
    return html.Div(
        [html.Label(label, htmlFor=field.id), field, html.Span(hint, className="hint") if hint else None],
        className="labelled",
    )
