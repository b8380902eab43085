"""What one was told: the bell in the top bar, and the list on its page. Drawn by `assets/notifications.js`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages.components.parts import Part

HREF = "/notifications"


class Bell(Part):
    """Asks every so often how many are unread, while the page is seen. Use `bell()`."""

    _names = ("href",)


class Inbox(Part):
    """A list of notifications that follows being read. Use `inbox()`."""

    _names = ("items", "until", "lost")


def bell() -> Bell:
    return Bell(id="bell", href=HREF)


def inbox(items: Sequence[Mapping[str, Any]], *, until: str, lost: str) -> Inbox:
    """`items` as the API has them: id, label, title, body, link, at, read. `until`: when they were looked up.

    `lost` is what the top bar says behind the number of unread ones.
    """
    return Inbox(items=[dict(each) for each in items], until=until, lost=lost)
