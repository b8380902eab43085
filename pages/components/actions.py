"""The parts of a test's page that act and run on: `assets/test-actions.js`, `comments.js` and `stopwatch.js`."""

from datetime import datetime

from pages.components.parts import Part, iso


class TestActions(Part):
    """The action bar with its dialogs; `spec` is what `action_forms.spec` makes. `asked` grows when the page shall be
    read again: something was done here, or elsewhere.
    """

    __test__ = False
    _names = ("spec", "asked")


class CommentBox(Part):
    """Where one writes to the others: `spec` {test, number, people}. `asked` grows when a comment was taken."""

    _names = ("spec", "asked")


class Comments(Part):
    """What was said, `entries` [moment, who, text] newest first; mentions of `known` usernames stand out."""

    _names = ("entries", "known")


class Stopwatch(Part):
    """Time worked: `seconds` so far, and on top of that what runs since `since`. Use `stopwatch()`."""

    _names = ("seconds", "since")


def stopwatch(seconds: int, since: datetime | None) -> Stopwatch:
    return Stopwatch(seconds=seconds, since=None if since is None else iso(since))
