"""Everything that can go wrong and that a person can understand.

Each error carries one plain sentence (`detail`) fit for the screen, and a stable `code` for programs. One place
(`app/errors.py`) turns them into a toast, a page or the API's `{detail, code, errors?}`.
"""

from collections.abc import Mapping, Sequence


class AegisError(Exception):
    """Root of every expected failure. `detail` is shown to people as it is."""

    code = "error"
    status = 400

    def __init__(self, detail: str, *, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = dict(errors or {})


class BadInput(AegisError):
    """What was sent cannot be used; nothing was changed."""

    code = "bad_input"
    status = 422


class TooLarge(BadInput):
    """What was sent is over a stated limit."""

    code = "too_large"
    status = 413


class NotFound(AegisError):
    code = "not_found"
    status = 404


class Duplicate(AegisError):
    code = "duplicate"
    status = 409


class InvalidTransition(AegisError):
    """The thing is in a state from which this action does not lead anywhere."""

    code = "invalid_transition"
    status = 409


class RuleViolated(AegisError):
    """A rule of the field forbids it (nobody approves their own work, ...)."""

    code = "rule_violated"
    status = 409


class NeedsConfirmation(RuleViolated):
    """Possible, but odd enough to ask: the same action, sent again with `confirmed`, goes through."""

    code = "needs_confirmation"

    def __init__(self, questions: Sequence[str]) -> None:
        super().__init__(" ".join(questions))
        self.questions = tuple(questions)


class StaleVersion(AegisError):
    """Somebody else changed it since it was read."""

    code = "stale_version"
    status = 409


class Busy(AegisError):
    """It is being done already; one at a time."""

    code = "busy"
    status = 409


class PermissionDenied(AegisError):
    code = "forbidden"
    status = 403


class NotSignedIn(AegisError):
    code = "not_signed_in"
    status = 401


class TooManyRequests(AegisError):
    code = "too_many_requests"
    status = 429


class Unavailable(AegisError):
    """A service Aegis needs does not answer; trying again may help."""

    code = "unavailable"
    status = 503
