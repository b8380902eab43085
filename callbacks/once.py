"""Gives the keys of `pages.components.once` in the browser."""

from dash import ClientsideFunction, Dash, Input, Output


def register(app: Dash, id: str) -> None:
    app.clientside_callback(ClientsideFunction("aegis", "newKey"), Output(id, "data"), Input(id, "id"))
