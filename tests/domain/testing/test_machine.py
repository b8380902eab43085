"""Anything done by anybody in any order: what must hold of a test holds after every step.

Times are drawn around the clock, often impossible ones, and the clock itself sometimes runs backwards.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import AegisError, NeedsConfirmation, StaleVersion
from domain.outcomes import Detection, Outcome, Prevention, RemediationState, TestState
from domain.roles import Role
from domain.testing import actions as do
from domain.testing.creation import create, retest_of
from domain.testing.entity import SecurityTest
from domain.testing.events import Event
from domain.testing.person import Person, Team
from domain.testing.questions import questions
from domain.testing.rounds import Round, RoundResult, Verdict
from domain.testing.telling import snapshot
from tests.domain.testing.play import BLUE, BLUE_LEAD, EDR, EVERYBODY, RED, RED_LEAD, SIEM, START, key, minutes, planned

pytestmark = pytest.mark.long

DRAFT, EXECUTING, EVALUATING, REVIEW, VALIDATED, REJECTED, CANCELLED = TestState
LEGAL = {
    (DRAFT, EXECUTING),
    (EXECUTING, EVALUATING),
    (EVALUATING, REVIEW),
    (REVIEW, VALIDATED),
    (REVIEW, REJECTED),
    (VALIDATED, EXECUTING),
    (VALIDATED, EVALUATING),
    (REJECTED, EXECUTING),
    (REJECTED, EVALUATING),
    (DRAFT, CANCELLED),
    (EXECUTING, CANCELLED),
    (EVALUATING, CANCELLED),
    (REVIEW, CANCELLED),
}
CLOSED_AS = {
    VALIDATED: RoundResult.VALIDATED,
    REJECTED: RoundResult.REJECTED,
    CANCELLED: RoundResult.CANCELLED,
}
REPAIRS = {
    (None, RemediationState.OPEN),
    (RemediationState.OPEN, RemediationState.IN_PROGRESS),
    (RemediationState.IN_PROGRESS, RemediationState.DONE),
    (RemediationState.OPEN, RemediationState.RISK_ACCEPTED),
    (RemediationState.IN_PROGRESS, RemediationState.RISK_ACCEPTED),
    (RemediationState.OPEN, None),
    (RemediationState.IN_PROGRESS, None),
    (RemediationState.RISK_ACCEPTED, None),
}

people = st.sampled_from(EVERYBODY)
teams = st.sampled_from(Team)
tools = st.sampled_from([EDR, SIEM, key("mail")])
texts = st.sampled_from(["", "Seen.", "@Bea look"])
reasons = st.sampled_from(["Because.", "Found in the archive."])
moments = st.none() | st.integers(-30, 600).map(minutes)
definite = st.integers(-30, 600).map(minutes)
days = st.integers(-3, 900).map(lambda n: START.date() + timedelta(days=n))
yes = st.sampled_from([True, True, True, False])


def _of(made: type[do.Action], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[do.Action]:
    return st.builds(made, **parts)


anything = st.one_of(
    _of(do.EditPlan, title=st.none() | st.just("Other"), platform=st.none() | st.just("Linux")),
    _of(do.Assign, team=teams, assignee_id=st.none() | people.map(lambda one: one.id)),
    _of(do.Comment, text=st.just("@Bea look")),
    _of(do.Retest, new_id=st.just(key("again"))),
    _of(do.Start),
    _of(do.Pause),
    _of(do.Resume),
    _of(do.SubmitRed, executed_at=definite, attack_succeeded=st.booleans(), notes=texts, confirmed=yes),
    _of(
        do.Observe,
        tool_id=tools,
        prevention=st.sampled_from(Prevention),
        detection=st.sampled_from(Detection),
        prevented_at=moments,
        logged_at=moments,
        detected_at=moments,
        rule_id=st.none() | st.just(key("rule")),
        note=texts,
        confirmed=yes,
    ),
    _of(do.RemoveObservation, tool_id=tools),
    _of(
        do.SubmitBlue,
        contained_at=moments,
        watched_until=moments,
        not_applicable=st.booleans(),
        reason=texts,
        confirmed=yes,
    ),
    _of(do.Approve, side=teams, note=texts),
    _of(do.Reject, side=teams, note=reasons),
    _of(do.Override, verdict=st.sampled_from(Verdict), reason=reasons),
    _of(do.Reopen, to=teams, reason=reasons),
    _of(do.PlanRemediation, owner_id=st.none() | people.map(lambda one: one.id), due_on=st.none() | days, note=texts),
    _of(do.StartRemediation),
    _of(do.CompleteRemediation, completed_at=definite, note=reasons),
    _of(do.AcceptRisk, reason=reasons, until=days),
)


class Life(RuleBasedStateMachine):
    """One test, many people; roles are changed on the way, which is how somebody could get to both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.test, events = create(planned(), RED, START)
        self.now = START
        self.roles: dict[UUID, Role] = {one.id: one.role for one in EVERYBODY}
        self.closed: list[Round] = []
        self.told: list[Event] = list(events)
        self.span = 0.0  # seconds the timers were seen to run

    # What people do

    @initialize(steps=st.sampled_from([0, 2, 3, 3, 4, 4, 6, 6]), detection=st.sampled_from(Detection))
    def it_has_come_some_way(self, steps: int, detection: Detection) -> None:
        """From a draft to validated in six steps; the more there is behind a test, the more can go wrong with it."""
        way: list[tuple[str, Person, Team | None]] = [
            ("start", RED, None),
            ("submit_red", RED, None),
            ("observe", BLUE, None),
            ("submit_blue", BLUE, None),
            ("approve", RED_LEAD, Team.RED),
            ("approve", BLUE_LEAD, Team.BLUE),
        ]
        for kind, by, side in way[:steps]:
            assert self.act(self.filled_in(kind, side, [*Detection].index(detection) + 1), by, 10)

    @rule(action=anything, by=people, after=st.integers(-5, 90), names=people, stale=st.sampled_from([0, 0, 0, 1]))
    def anybody_does_anything(self, action: do.Action, by: Person, after: int, names: Person, stale: int) -> None:
        named = getattr(action, "assignee_id", None) or getattr(action, "owner_id", None)
        chosen = next((one for one in EVERYBODY if one.id == named), names)
        self.act(action, self.as_of_now(by), after, person=self.as_of_now(chosen), seen=self.test.version - stale)

    @rule(after=st.integers(-10, 60), choice=st.integers(0, 999))
    def somebody_does_what_leads_on(self, after: int, choice: int) -> None:
        """The one primary action of somebody, well filled in, so that the machine gets far."""
        wanted = [
            (by, offer)
            for by in map(self.as_of_now, EVERYBODY)
            for offer in self.test.actions_for(by)
            if offer.primary or offer.kind in ("approve", "reopen", "override")
        ]
        if not wanted:
            return
        by, offer = wanted[choice % len(wanted)]
        action = self.filled_in(offer.kind, offer.side, choice)
        if offer.refusal is None:
            changed = self.act(action, by, after, seen=self.test.version)
            assert changed, f"{offer.kind} was offered to {by.role.label} and then refused"

    @rule(after=st.sampled_from([-5, 0, 1, 30]))
    @precondition(lambda self: self.test.working is not None)
    def a_timer_rests_or_runs_again(self, after: int) -> None:
        by, role = (RED, Role.RED_TECH) if self.test.working is Team.RED else (BLUE, Role.BLUE_TECH)
        self.roles[by.id] = role
        self.act(do.Pause() if self.test.timer_since is not None else do.Resume(), by, after)

    @rule(by=people, role=st.sampled_from(Role))
    def somebodys_role_changes(self, by: Person, role: Role) -> None:
        self.roles[by.id] = role

    @rule(
        by=people,
        role=st.sampled_from([Role.RED_LEAD, Role.BLUE_LEAD, Role.ADMIN]),
        action=_of(do.Approve, side=teams)
        | _of(do.Reject, side=teams, note=reasons)
        | _of(do.Override, verdict=st.sampled_from(Verdict), reason=reasons),
    )
    @precondition(lambda self: self.test.state is REVIEW)
    def somebody_is_made_a_lead_and_decides(self, by: Person, role: Role, action: do.Action) -> None:
        """Also those who submitted, and those who have decided already in another role."""
        self.roles[by.id] = role
        decided = [self.test.current.verdict_by(team) for team in Team if self.test.current.verdict_by(team)]
        known = next((one for one in EVERYBODY if one.id in decided), by)
        self.roles[known.id] = role
        self.act(action, self.as_of_now(known), 1)
        if self.test.state is REVIEW:
            self.act(action, self.as_of_now(by), 1)

    @rule(
        what=st.sampled_from(["observe", "observe", "submit", "submit", "not applicable"]),
        tool=tools,
        detection=st.sampled_from(Detection),
        offsets=st.tuples(*(st.none() | st.integers(-3, 9) for _ in range(3))),
        confirmed=yes,
    )
    @precondition(lambda self: self.test.state is EVALUATING)
    def blue_types_in_times_around_the_attack(
        self, what: str, tool: UUID, detection: Detection, offsets: tuple[int | None, ...], confirmed: bool
    ) -> None:
        executed = self.test.executed_at or self.now
        first, second, third = (None if n is None else executed + timedelta(minutes=n) for n in offsets)
        not_applicable = what == "not applicable"
        action: do.Action = do.SubmitBlue(
            contained_at=None if not_applicable else first,
            watched_until=None if not_applicable else second,
            not_applicable=not_applicable,
            reason="No such host." if not_applicable else "",
            confirmed=confirmed,
        )
        if what == "observe":
            action = do.Observe(
                tool_id=tool,
                prevention=Prevention.NONE if first is None else Prevention.PARTIAL,
                detection=detection,
                prevented_at=first,
                logged_at=None if detection is Detection.MISSED else second,
                detected_at=third or executed if detection is Detection.ALERTED else None,
                confirmed=confirmed,
            )
        self.roles[BLUE.id] = Role.BLUE_TECH
        self.act(action, BLUE, 5)

    @rule(
        action=_of(do.StartRemediation)
        | _of(do.AcceptRisk, reason=reasons, until=days)
        | _of(do.PlanRemediation, due_on=st.none() | days, note=texts),
        done=st.none() | st.integers(-90, 3),
        role=st.sampled_from([Role.BLUE_TECH, Role.BLUE_LEAD]),
    )
    @precondition(lambda self: self.test.remediation is not None)
    def somebody_works_on_the_remediation(self, action: do.Action, done: int | None, role: Role) -> None:
        self.roles[BLUE.id] = role
        if done is not None:
            action = do.CompleteRemediation(completed_at=self.now + timedelta(minutes=done), note="New rule.")
        self.act(action, self.as_of_now(BLUE), 1)

    @rule(reason=reasons, by=people, rarely=st.sampled_from(range(12)))
    def somebody_cancels(self, reason: str, by: Person, rarely: int) -> None:
        if rarely == 7:
            self.act(do.Cancel(reason=reason), self.as_of_now(by), 1)

    @rule(by=people)
    @precondition(lambda self: self.test.state is VALIDATED)
    def the_retest_is_a_test_of_its_own(self, by: Person) -> None:
        again, _ = retest_of(self.test, do.Retest(new_id=key("again")), by, self.now)
        assert again.retest_of_id == self.test.id
        assert (again.state, again.version, len(again.rounds)) == (DRAFT, 1, 1)

    # What must hold

    @invariant()
    def state_and_round_agree(self) -> None:
        test, latest = self.test, self.test.current
        assert latest.closed == (not test.state.unfinished)
        assert latest.result == CLOSED_AS.get(test.state)
        assert (test.validated_at is not None) == (test.state is VALIDATED)
        if test.state in (EVALUATING, REVIEW, VALIDATED, REJECTED):
            assert test.executed_at is not None
            assert test.red_submitted_by is not None
        if test.state in (REVIEW, VALIDATED, REJECTED):
            assert test.blue_submitted_by is not None
            assert (test.outcome is None) == test.not_applicable == (not latest.observations)
        if test.state in (DRAFT, EXECUTING, EVALUATING):
            assert test.outcome is None
            assert not test.not_applicable
            assert latest.red_verdict is latest.blue_verdict is None

    @invariant()
    def no_round_is_lost_or_changed(self) -> None:
        rounds = self.test.rounds
        assert [one.number for one in rounds] == list(range(1, len(rounds) + 1))
        assert all(one.closed for one in rounds[:-1])
        assert list(rounds[: len(self.closed)]) == self.closed
        self.closed = copy.deepcopy([one for one in rounds if one.closed])

    @invariant()
    def nothing_takes_less_than_no_time(self) -> None:
        for one in self.test.rounds:
            chain = [one.opened_at, one.blue_submitted_at, one.closed_at]
            assert _rises(chain)
            assert _rises([one.executed_at, one.contained_at, one.watched_until])
            for look in one.observations:
                for moment in (look.prevented_at, look.logged_at, look.detected_at):
                    assert _rises([one.executed_at, moment])
                    if one.blue_submitted_at is not None:
                        assert _rises([moment, one.watched_until])
                assert (look.detection is Detection.ALERTED) == (look.detected_at is not None)
        test = self.test
        assert _rises([test.executed_at, test.detected_at, test.contained_at])
        held = test.remediation
        if held is not None and held.completed_at is not None:
            assert _rises([test.blue_submitted_at, held.completed_at])
        if test.timer_since is not None:
            assert test.working is not None
            assert test.timer_since <= test.updated_at

    @invariant()
    def effort_is_what_the_timers_were_seen_to_run(self) -> None:
        test = self.test
        worked = test.effort_seconds(Team.RED) + test.effort_seconds(Team.BLUE)
        told = sum(event.details.get("seconds", 0) for event in self.told)
        assert min(test.red_effort_seconds, test.blue_effort_seconds) >= 0
        if test.state is not CANCELLED:  # whose last span is told by the two times alone
            assert worked == told
        assert worked <= self.span

    @invariant()
    def nobody_approves_both_sides_or_their_own(self) -> None:
        for one in self.test.rounds:
            for team in Team:
                by = one.verdict_by(team)
                assert (by is None) == (one.verdict(team) is None)
                assert by is None or by not in (one.submitted_by(team), one.verdict_by(team.other))

    @invariant()
    def validated_takes_two_approvals_or_an_override(self) -> None:
        overridden = {event.round: event for event in self.told if event.kind == "overridden"}
        for one in self.test.rounds:
            verdicts = [one.verdict(team) for team in Team]
            if one.number in overridden:
                event = overridden[one.number]
                assert event.note
                assert event.by.id not in (one.red_submitted_by, one.blue_submitted_by)
                assert event.by.id not in (one.red_verdict_by, one.blue_verdict_by)
            elif one.result is RoundResult.VALIDATED:
                assert verdicts == [Verdict.APPROVED, Verdict.APPROVED]
            elif one.result is RoundResult.REJECTED:
                assert Verdict.REJECTED in verdicts

    @invariant()
    def a_gap_of_a_validated_test_has_a_remediation(self) -> None:
        test, held = self.test, self.test.remediation
        if test.state is VALIDATED:
            assert (held is not None) == (test.outcome in (Outcome.LOGGED, Outcome.MISSED))
        if test.state is CANCELLED:
            assert held is None
        if held is not None:
            assert (held.completed_at is not None) == (held.state is RemediationState.DONE)
            assert (held.accepted_reason is not None) == (held.state is RemediationState.RISK_ACCEPTED)

    # How it is done here

    def as_of_now(self, person: Person) -> Person:
        return replace(person, role=self.roles[person.id])

    def act(
        self, action: do.Action, by: Person, after: int, person: Person | None = None, seen: int | None = None
    ) -> bool:
        """Whether it was done; when not, nothing at all has changed."""
        test, before = self.test, copy.deepcopy(self.test)
        self.now = max(START, self.now + timedelta(minutes=after))
        refused: AegisError | None = None
        events: list[Event] = []
        try:
            events = test.act(action, by, self.now, seen_version=seen, last_changed_by="Rita", person=person)
        except AegisError as refusal:
            refused = refusal
        assert isinstance(refused, StaleVersion) == (seen not in (None, before.version) and not action.additive)
        if refused is None:
            self.check(action, by, before, events)
            self.told += events
        else:
            assert test == before
            assert refused.detail.endswith((".", "?"))
            assert not (isinstance(refused, NeedsConfirmation) and getattr(action, "confirmed", True))
        return refused is None

    def check(self, action: do.Action, by: Person, before: SecurityTest, events: list[Event]) -> None:
        test = self.test
        assert before.refusal(action.kind, by, **_known(action)) is None
        assert by.role is not Role.VIEWER
        assert getattr(action, "confirmed", True) or not questions(before, action)
        if action.kind in ("start_remediation", "plan_remediation", "complete_remediation", "accept_risk"):
            assert before.state is VALIDATED
        assert test.version == before.version + (not action.additive)
        assert before.updated_at <= test.updated_at == events[0].at
        assert test.state is before.state or (before.state, test.state) in LEGAL
        if test.round == before.round:
            for team in Team:
                assert before.current.verdict_by(team) in (None, test.current.verdict_by(team))
        held = (_repair(before), _repair(test))
        assert held[0] == held[1] or held in REPAIRS
        self.check_told(before, events)
        if before.timer_since is not None and test.timer_since != before.timer_since:
            self.span += (test.updated_at - before.timer_since).total_seconds()

    def check_told(self, before: SecurityTest, events: list[Event]) -> None:
        """What the events say, one after the other, is exactly what has changed."""
        said = snapshot(before)
        for event in events:
            for name in event.before:
                assert said.get(name) == event.before[name]
                said[name] = event.after[name]
        now = snapshot(self.test)
        assert {name: value for name, value in said.items() if value is not None} == {
            name: value for name, value in now.items() if value is not None
        }

    def filled_in(self, kind: str, side: Team | None, choice: int) -> do.Action:
        """An action that nothing but a rule could refuse."""
        now = self.test.updated_at  # the clock may run backwards, but not behind this
        executed = self.test.executed_at or now
        seen = [*Detection][(choice - 1) % 3]
        latest = max(
            (m for o in self.test.current.observations for m in (o.prevented_at, o.logged_at, o.detected_at) if m),
            default=executed,
        )
        if kind == "observe" and choice % 4 == 0:
            return do.SubmitBlue(not_applicable=True, reason="No such host.")
        filled: dict[str, Callable[[], do.Action]] = {
            "start": do.Start,
            "resume": do.Resume,
            "submit_red": lambda: do.SubmitRed(executed_at=now, attack_succeeded=True, confirmed=True),
            "observe": lambda: do.Observe(
                tool_id=EDR,
                prevention=Prevention.NONE,
                detection=seen,
                detected_at=executed if seen is Detection.ALERTED else None,
                confirmed=True,
            ),
            "submit_blue": lambda: do.SubmitBlue(watched_until=max(executed, latest), confirmed=True),
            "approve": lambda: do.Approve(side=side or Team.RED),
            "override": lambda: do.Override(verdict=[*Verdict][choice % 2], reason="Leads are away."),
            "reopen": lambda: do.Reopen(to=[*Team][choice % 2], reason="Again."),
            "start_remediation": do.StartRemediation,
            "complete_remediation": lambda: do.CompleteRemediation(completed_at=now, note="New rule."),
            "retest": lambda: do.Retest(new_id=key("again")),
        }
        return filled[kind]()


def _known(action: do.Action) -> dict[str, Any]:
    """What a page knows of an action before it is filled in."""
    return {name: getattr(action, name) for name in ("side", "to", "tool_id", "team") if hasattr(action, name)}


def _repair(test: SecurityTest) -> RemediationState | None:
    return test.remediation.state if test.remediation else None


def _rises(moments: list[datetime | None]) -> bool:
    known = [moment for moment in moments if moment is not None]
    return known == sorted(known)


Life.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLife = Life.TestCase
