"""The buttons a person sees on a test: the one to press next, what else could be done, and why something cannot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.errors import InvalidTransition, PermissionDenied
from domain.outcomes import RemediationState, TestState
from domain.testing.actions import ACTIONS
from domain.testing.person import Person, Team
from domain.testing.validation import own_side

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

# Offered in this order; what leads on comes first. `remove_observation` belongs to an observation, not to the bar.
_ORDER = (
    "start",
    "resume",
    "observe",
    "submit_red",
    "submit_blue",
    "approve",
    "reject",
    "override",
    "start_remediation",
    "plan_remediation",
    "complete_remediation",
    "accept_risk",
    "retest",
    "reopen",
    "pause",
    "edit_plan",
    "assign",
    "cancel",
    "comment",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """`refusal` is the sentence to show on a button that cannot be pressed now. `side` goes into the action."""

    kind: str
    label: str
    primary: bool
    refusal: str | None
    side: Team | None = None


def offers(test: "SecurityTest", by: Person) -> list[Offer]:
    """What does not lead anywhere from here, or is for other roles, is left out; at most one is primary."""
    wanted = _next(test)
    found: list[Offer] = []
    for kind in _ORDER:
        refusal = test.refusal(kind, by)
        if isinstance(refusal, InvalidTransition | PermissionDenied):
            continue
        found.append(
            Offer(
                kind=kind,
                label=ACTIONS[kind].label,
                primary=kind == wanted and refusal is None,
                refusal=refusal.detail if refusal else None,
                side=own_side(by) if kind in ("approve", "reject") else None,
            )
        )
    return found


def _next(test: "SecurityTest") -> str | None:
    """The kind that leads this test on."""
    if test.paused:
        return "resume"
    if test.state is TestState.RED_EXECUTING:
        return "submit_red" if test.started_at is not None else "start"
    if test.state is TestState.BLUE_EVALUATING:
        return "submit_blue" if test.current.observations else "observe"
    if test.state is TestState.VALIDATED and test.remediation is not None:
        return _NEXT_OF_REMEDIATION.get(test.remediation.state)
    return _NEXT.get(test.state)


_NEXT = {TestState.DRAFT: "start", TestState.IN_REVIEW: "approve", TestState.REJECTED: "reopen"}
_NEXT_OF_REMEDIATION = {
    RemediationState.OPEN: "start_remediation",
    RemediationState.IN_PROGRESS: "complete_remediation",
    RemediationState.DONE: "retest",
}
