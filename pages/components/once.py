"""What a press makes once, however often it is pressed: it carries a key.

The key is the browser's and not the page's, so that a page can be kept and shown to many.
"""

from dash import dcc


def key(id: str) -> dcc.Store:
    """Holds a UUID, another one each time it is drawn, where `callbacks.once` is registered for it."""
    return dcc.Store(id=id)
