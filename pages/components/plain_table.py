"""A table whose cells are components, such as buttons that callbacks listen to; others are a `listing`."""

from collections.abc import Iterable, Sequence

from dash import html
from dash.development.base_component import Component


def plain_table(names: Sequence[str], rows: Iterable[Sequence[Component | str]]) -> html.Div:
    """A row's cells are as many as `names`; the name '' heads what can be done. On a phone rows stand in lines."""
    head = html.Tr([html.Th(name) for name in names])
    body = [
        html.Tr([html.Td(cell, **{"data-column": name}) for name, cell in zip(names, row, strict=True)]) for row in rows
    ]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="rows is-wide is-stacked")
    return html.Div(table, className="listing-scroll")
