"""An address that leads nowhere, or to something that is no longer here."""

from dash import html

from pages.components import states
from pages.components.status import link

TITLE = "Nothing here"


def layout(detail: str = "There is nothing at this address.") -> html.Div:
    return states.empty(
        detail,
        "It may be gone, or the address is incomplete. Search with / for techniques, tests, rules and more.",
        [link("To the overview", "/", "button"), link("To the heatmap", "/heatmap", "button is-quiet")],
    )
