"""The glossary: everybody reads it."""

from collections.abc import Mapping

from callbacks.viewer import Viewer
from domain.roles import Permission
from pages import glossary as page


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.READ)
    return page.layout(asked.get("metric", "")), page.TITLE, page.answer()
