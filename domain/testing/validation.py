"""Two leads, each on their own side, never on their own work; the override; and opening a test again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import InvalidTransition, PermissionDenied, RuleViolated
from domain.outcomes import RemediationState, TestState
from domain.roles import Permission, Role, may
from domain.testing.actions import Approve, Override, Reject, Reopen
from domain.testing.person import Person, Side, Team
from domain.testing.repair import settle
from domain.testing.rounds import Round, RoundResult, Verdict
from domain.testing.step import Step, need
from domain.testing.telling import Doing
from domain.testing.words import state_words

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

ROUNDS_MAX = 20


def _may_approve(test: "SecurityTest", by: Person, asked: Any) -> None:
    _may_decide(test, by, asked, "approve")


def _may_reject(test: "SecurityTest", by: Person, asked: Any) -> None:
    _may_decide(test, by, asked, "decide on")


def _may_decide(test: "SecurityTest", by: Person, asked: Any, verb: str) -> None:
    team = getattr(asked, "side", None) or own_side(by)
    if team is None:
        raise PermissionDenied(f"This needs the role {_approvers()}; yours is {by.role.label}.")
    need(by, team.approves)
    _in_review(test)
    latest = test.current
    if (verdict := latest.verdict(team)) is not None:
        raise InvalidTransition(f"{team.label}'s side is {verdict} already.")
    if latest.submitted_by(team) == by.id:
        raise RuleViolated(f"You submitted this yourself; another {team} lead has to {verb} it.")
    if latest.verdict_by(team.other) == by.id:
        raise RuleViolated(f"You decided on {team.other}'s side; {team}'s side needs another person.")


def own_side(by: Person) -> Team | None:
    """The side that this person may approve."""
    return next((team for team in Team if by.may(team.approves)), None)


def _approvers() -> str:
    return " or ".join(role.label for role in Role if any(may(role, team.approves) for team in Team))


def _in_review(test: "SecurityTest") -> None:
    if test.state is not TestState.IN_REVIEW:
        raise InvalidTransition(f"This test is {state_words(test.state)}; there is nothing to decide on.")


def _approve(doing: Doing, action: Approve) -> None:
    test = doing.test
    _say(doing, action.side, Verdict.APPROVED, action.note)
    if test.current.verdict(action.side.other) is Verdict.APPROVED:
        _close(doing, Verdict.APPROVED)


def _reject(doing: Doing, action: Reject) -> None:
    _say(doing, action.side, Verdict.REJECTED, action.note)
    _close(doing, Verdict.REJECTED)


def _say(doing: Doing, team: Team, verdict: Verdict, note: str) -> None:
    doing.test.change_round(
        **{
            f"{team}_verdict": verdict,
            f"{team}_verdict_by": doing.by.id,
            f"{team}_verdict_at": doing.at,
            f"{team}_verdict_note": note or None,
        }
    )
    doing.tell(f"{team}_{verdict}", Side.LEAD, note)


def _close(doing: Doing, verdict: Verdict) -> None:
    test = doing.test
    if verdict is Verdict.REJECTED:
        test.change_round(closed_at=doing.at, result=RoundResult.REJECTED)
        test.state = TestState.REJECTED
        doing.tell("rejected", Side.LEAD)
        return
    test.change_round(closed_at=doing.at, result=RoundResult.VALIDATED)
    test.state, test.validated_at = TestState.VALIDATED, doing.at
    doing.tell("validated", Side.LEAD, outcome=test.outcome)
    settle(doing)


def _may_override(test: "SecurityTest", by: Person, asked: Any) -> None:
    need(by, Permission.OVERRIDE_VALIDATION)
    _in_review(test)
    latest = test.current
    if any(latest.submitted_by(team) == by.id for team in Team):
        raise RuleViolated("You submitted a side of this test yourself; another administrator has to decide.")
    if any(latest.verdict_by(team) == by.id for team in Team):
        raise RuleViolated("You decided on a side of this test already; another administrator has to decide.")


def _override(doing: Doing, action: Override) -> None:
    """The verdicts of the leads stay as they are: an override stands beside them and never in their name."""
    doing.tell("overridden", Side.LEAD, action.reason, verdict=action.verdict)
    _close(doing, action.verdict)


def _may_reopen(test: "SecurityTest", by: Person, asked: Any) -> None:
    latest = test.current
    if test.state is TestState.VALIDATED:
        need(by, Permission.REOPEN_TEST)
    elif test.state is not TestState.REJECTED:
        raise InvalidTransition(f"This test is {state_words(test.state)}; only a finished one can be reopened.")
    elif not by.may(Permission.REOPEN_TEST) and not _worked(test, by):
        raise PermissionDenied("Only those who worked on this test or a lead can reopen it.")
    if test.remediation is not None and test.remediation.state is RemediationState.DONE:
        raise RuleViolated("The gap this test found has been remediated; plan a retest instead.")
    if getattr(asked, "to", None) is Team.BLUE and latest.red_submitted_at is None:
        raise RuleViolated("Red's side was never submitted; reopen the test to red.")
    if latest.number >= ROUNDS_MAX:
        raise RuleViolated(f"This test has had {ROUNDS_MAX} rounds; plan a new one instead.")


def _worked(test: "SecurityTest", by: Person) -> bool:
    return any(by.may(team.works) and by.id in (test.assignee(team), test.current.submitted_by(team)) for team in Team)


def _reopen(doing: Doing, action: Reopen) -> None:
    test, before = doing.test, doing.test.current
    again = Round(number=before.number + 1, opened_at=doing.at)
    if action.to is Team.BLUE:
        again = Round(
            number=again.number,
            opened_at=again.opened_at,
            executed_at=before.executed_at,
            attack_succeeded=before.attack_succeeded,
            red_notes=before.red_notes,
            red_submitted_at=before.red_submitted_at,
            red_submitted_by=before.red_submitted_by,
            taken_from={name: file for name, file in before.taken_from.items() if name == "executed_at"},
        )
        test.state, test.timer_since = TestState.BLUE_EVALUATING, doing.at
    else:
        test.state, test.started_at, test.timer_since = TestState.RED_EXECUTING, None, None
    test.rounds = (*test.rounds, again)
    test.prevention = test.detection = None
    test.prevented_at = test.logged_at = test.detected_at = None
    test.not_applicable_reason = test.validated_at = None
    doing.tell("reopened", doing.by.side, action.reason, to=action.to)


STEPS: Mapping[str, Step] = {
    Approve.kind: Step(_may_approve, _approve),
    Reject.kind: Step(_may_reject, _reject),
    Override.kind: Step(_may_override, _override),
    Reopen.kind: Step(_may_reopen, _reopen),
}
