"""The life of one test, step by step, until it ends or the present is reached."""

import random
from collections.abc import Sequence

from data.demo import notes
from data.demo.chance import key, lognormal
from data.demo.course import Event, Order, Pass, Remedy, Team
from data.demo.defence import DETECTION_RANK, OUTCOME, PREVENTION_RANK, Defence, Seen
from data.demo.people import Person
from data.demo.worktime import DAY, HOUR, MINUTE, at_work, back_at_work
from domain.outcomes import RemediationState, TestState

_ROUNDS_AT_MOST = 3
_WATCHED_HOURS = (8, 24, 24, 24, 48, 72)
_DUE_DAYS = {1: 14, 2: 30, 3: 60}
_SLOW_TO_REPAIR = frozenset({"exfiltration", "lateral-movement"})


class Life:
    """Runs when made; afterwards its attributes say what happened up to `until`, and `retest` what follows."""

    def __init__(self, order: Order, team: Team, defence: Defence, until: int, dice: random.Random) -> None:
        self.order, self.team, self.defence, self.until, self.dice = order, team, defence, until, dice
        self.state = TestState.DRAFT
        self.priority = dice.choices((1, 2, 3), cum_weights=(0.25, 0.8, 1.0))[0]
        self.red, self.blue = dice.choice(team.red), dice.choice(team.blue)
        self.events: list[Event] = []
        self.passes: list[Pass] = []
        self.red_effort = self.blue_effort = 0
        self.not_applicable_reason: str | None = None
        self.remedy: Remedy | None = None
        self.retest: Order | None = None
        self._stalls = dice.choice(("draft", "red", "blue", "review")) if dice.random() < 0.015 else ""
        self.environment = dice.choice(notes.ENVIRONMENTS)
        self._host = dice.choice(notes.HOSTS.get(order.platform, notes.OTHER_HOSTS))
        self.created = self._created()
        self.id = key(dice, self.created)
        self._run()

    @property
    def last(self) -> Pass:
        return self.passes[-1]

    @property
    def updated(self) -> int:
        return self.events[-1].at

    @property
    def overall(self) -> tuple[str, str] | None:
        """The best prevention and detection over the tools of the last round; None before blue has said anything."""
        if self.last.blue_submitted is None or not self.last.seen:
            return None
        return _overall(self.last.seen)

    # The steps. Each returns whether the next may follow.

    def _run(self) -> None:
        self.passes.append(Pass(1, self.created))
        if self._called_off() or not self._red():
            return
        while self._blue() and self._review():
            side = self._reopened()
            if side is None or (side == "red" and not self._red()):
                break
        if self.state is TestState.VALIDATED:
            self._remedied()

    def _created(self) -> int:
        dice, order = self.dice, self.order
        at = order.ordered_at or back_at_work(order.at - int(dice.uniform(2, 16) * DAY), dice)
        if at > self.until:
            at = back_at_work(self.until - int(dice.uniform(0.3, 9) * DAY), dice)
        planner = dice.choice(self.team.red_leads) if order.campaign_id or dice.random() < 0.5 else self.red
        self._planner = planner
        words = notes.RETEST if order.retest_of else dice.choice(notes.CREATED)
        self.events.append(Event(at, planner, "lead" if planner is not self.red else "red", "created", words, 1))
        return at

    def _called_off(self) -> bool:
        if self.dice.random() >= 0.013:
            return False
        at = at_work(int(self.dice.uniform(self.created + HOUR, self.order.at)), self.dice)
        if at > self.until:
            return False
        self.state = TestState.CANCELLED
        self._close(at, "cancelled")
        self._event(at, self._planner, "lead", "cancelled", self.dice.choice(notes.CANCELLED))
        return True

    def _red(self) -> bool:
        dice, now = self.dice, self.last
        first = now.number == 1
        executed = self.order.at if first else at_work(now.opened + int(dice.uniform(4, 50) * HOUR), dice) + HOUR // 2
        started = max(now.opened + MINUTE, executed - int(dice.uniform(5, 45) * MINUTE))
        executed = max(executed, started + MINUTE)
        if started > self.until or self._stalls == "draft":
            return False
        self.state = TestState.RED_EXECUTING
        now.started = started
        self._event(started, self.red, "red", "execution_started")
        submitted = executed + int(dice.uniform(8, 100) * MINUTE)
        if dice.random() < 0.07:
            submitted = self._pause(executed, submitted)
        if submitted > self.until or self._stalls == "red":
            self.red_effort += min(HOUR, self.until - started)
            return False
        watched_until = executed + dice.choice(_WATCHED_HOURS) * HOUR
        procedure, platform = self.order.procedure, self.order.platform
        now.seen = self.defence.meet(procedure, platform, executed, watched_until, dice)
        prevention = _overall(now.seen)[0] if now.seen else "none"
        now.executed, now.watched_until, now.red_submitted, now.red_by = executed, watched_until, submitted, self.red
        now.succeeded = dice.random() < {"full": 0.0, "partial": 0.6, "none": 0.94}[prevention]
        words: Sequence[str] = notes.RED_WORKED if now.succeeded else notes.RED_FAILED
        if prevention != "none":
            words = notes.RED_STOPPED if prevention == "full" else notes.RED_HALF
        now.red_note = dice.choice(words).format(host=self._host, procedure=procedure.title)
        self.red_effort += min(submitted - started, 4 * HOUR)
        self.state = TestState.BLUE_EVALUATING
        self._event(submitted, self.red, "red", "red_submitted", now.red_note)
        return True

    def _pause(self, executed: int, submitted: int) -> int:
        """Work rests for a while after the attack; returns when red submits instead."""
        paused = executed + 4 * MINUTE
        resumed = at_work(paused + int(self.dice.uniform(1, 20) * HOUR), self.dice)
        if paused <= self.until:
            self._event(paused, self.red, "red", "paused", self.dice.choice(notes.PAUSED))
        if resumed <= self.until:
            self._event(resumed, self.red, "red", "resumed")
        return resumed + submitted - paused

    def _blue(self) -> bool:
        dice, now = self.dice, self.last
        executed, watched_until, red_submitted = now.executed, now.watched_until, now.red_submitted
        if executed is None or watched_until is None or red_submitted is None:
            return False
        ready = max(red_submitted, watched_until, now.opened)
        submitted = at_work(ready + int(lognormal(dice, 9, 0.9) * HOUR), dice)
        if submitted > self.until or self._stalls == "blue":
            return False
        now.blue_submitted, now.blue_by = submitted, self.blue
        if self.not_applicable_reason is None and now.number == 1 and dice.random() < 0.022:
            self.not_applicable_reason = dice.choice(notes.NOT_APPLICABLE)
        if self.not_applicable_reason:
            now.seen, now.succeeded, now.blue_note = (), False, self.not_applicable_reason
        else:
            self._contain(now, submitted)
            now.blue_note = self._blue_note(now.seen)
        self.blue_effort += int(min(lognormal(dice, 50, 0.6), 300) * MINUTE)
        self.state = TestState.IN_REVIEW
        action = "not_applicable" if self.not_applicable_reason else "blue_submitted"
        self._event(submitted, self.blue, "blue", action, now.blue_note)
        return True

    def _contain(self, now: Pass, submitted: int) -> None:
        detected = [one.detected_at for one in now.seen if one.detected_at is not None]
        if not detected or _overall(now.seen)[0] == "full" or self.dice.random() > 0.8:
            return
        contained = min(detected) + int(lognormal(self.dice, 75, 1.0) * MINUTE)
        if contained <= submitted:
            now.contained = contained

    def _blue_note(self, seen: Sequence[Seen]) -> str:
        prevention, detection = _overall(seen)
        telling = max(seen, key=lambda one: (PREVENTION_RANK[one.prevention], DETECTION_RANK[one.detection]))
        words: Sequence[str] = {
            "alerted": notes.BLUE_ALERTED,
            "logged": notes.BLUE_LOGGED,
            "missed": notes.BLUE_MISSED,
        }[detection]
        if prevention == "full":
            words = notes.BLUE_BLOCKED
        return self.dice.choice(words).format(tool=telling.tool.name)

    def _review(self) -> bool:
        """Both leads speak; whoever rejects ends the round at once. False while somebody has not spoken."""
        dice, now = self.dice, self.last
        if now.blue_submitted is None or self._stalls == "review":
            return False
        says_no = dice.random() < (0.085 if now.number == 1 else 0.03)
        red_says_no = says_no and dice.random() < 0.35
        red = self._verdict(not red_says_no, self.team.red_leads, notes.REJECTED_RED)
        blue = self._verdict(red_says_no or not says_no, self.team.blue_leads, notes.REJECTED_BLUE)
        for side, verdict in sorted((("red", red), ("blue", blue)), key=lambda one: one[1][2]):
            approved, lead, at, note = verdict
            if at > self.until:
                return False
            if side == "red":
                now.red_verdict = verdict
            else:
                now.blue_verdict = verdict
            self._event(at, lead, "lead", f"{side}_{'approved' if approved else 'rejected'}", note)
            if not approved:
                self._end(TestState.REJECTED, at, lead)
                return True
        self._end(TestState.VALIDATED, max(red[2], blue[2]), blue[1] if blue[2] >= red[2] else red[1])
        return True

    def _verdict(
        self, approves: bool, leads: Sequence[Person], refusals: Sequence[str]
    ) -> tuple[bool, Person, int, str | None]:
        dice = self.dice
        at = at_work((self.last.blue_submitted or 0) + int(lognormal(dice, 20, 0.9) * HOUR), dice)
        return approves, dice.choice(leads), at, dice.choice(notes.APPROVED if approves else refusals)

    def _end(self, state: TestState, at: int, lead: Person) -> None:
        self.state = state
        self._close(at, state.value)
        self._event(at, lead, "lead", state.value)

    def _reopened(self) -> str | None:
        """The side that has to work again, "red" or "blue"; None when this round was the last."""
        dice, done = self.dice, self.last
        rejected = self.state is TestState.REJECTED
        if done.number >= _ROUNDS_AT_MOST or dice.random() > (0.86 if rejected else 0.01):
            return None
        wait = lognormal(dice, 9, 0.8) * HOUR if rejected else dice.uniform(2, 20) * DAY
        at = at_work((done.closed or 0) + int(wait), dice)
        if at > self.until:
            return None
        side = "red" if done.red_verdict is not None and not done.red_verdict[0] else "blue"
        lead = dice.choice(self.team.red_leads if side == "red" else self.team.blue_leads)
        again = Pass(done.number + 1, at)
        if side == "red":
            self.not_applicable_reason = None
            self.state = TestState.RED_EXECUTING
        else:
            again.started, again.executed, again.succeeded = done.started, done.executed, done.succeeded
            again.red_by, again.red_submitted, again.red_note = done.red_by, done.red_submitted, done.red_note
            again.watched_until, again.seen = done.watched_until, self._looked_again(done)
            self.state = TestState.BLUE_EVALUATING
        self.passes.append(again)
        words = notes.REOPENED if rejected else notes.REOPENED_VALIDATED
        self._event(at, lead, "lead", "reopened", dice.choice(words))
        return side

    def _looked_again(self, done: Pass) -> list[Seen]:
        """The same observations, often with something found that had been overlooked."""
        again = [
            Seen(s.tool, s.prevention, s.detection, s.prevented_at, s.logged_at, s.detected_at, s.rule_id)
            for s in done.seen
        ]
        overlooked = [one for one in again if one.detection == "missed"]
        if overlooked and done.executed is not None and self.dice.random() < 0.6:
            found = self.dice.choice(overlooked)
            found.detection, found.logged_at = "logged", done.executed + int(self.dice.uniform(2, 600))
        return again

    def _remedied(self) -> None:
        overall = self.overall
        if overall is None or OUTCOME[overall] not in {"logged", "missed"}:
            return
        dice, opened = self.dice, self.last.closed or self.until
        owner = self.blue if dice.random() < 0.75 else dice.choice(self.team.blue_leads)
        due = opened + _DUE_DAYS[self.priority] * DAY
        self.remedy = remedy = Remedy(RemediationState.OPEN, owner, opened, due, dice.choice(notes.REMEDY))
        self._event(opened, owner, "blue", "remediation_opened", remedy.note)
        if dice.random() < 0.07:
            self._accept_risk(remedy)
            return
        slow = 1.9 if _SLOW_TO_REPAIR.intersection(self.order.procedure.subject.tactics) else 1.0
        pace = slow * {1: 0.6, 2: 1.0, 3: 1.5}[self.priority]
        begun = at_work(opened + int(lognormal(dice, 4 * pace, 0.9) * DAY), dice)
        if begun > self.until or dice.random() < 0.04 * slow:
            return
        remedy.state = RemediationState.IN_PROGRESS
        self._event(begun, owner, "blue", "remediation_started", dice.choice(notes.REMEDY_STARTED))
        done = at_work(begun + int(lognormal(dice, 13 * pace, 0.8) * DAY), dice)
        if done > self.until or dice.random() < 0.05 * slow:
            return
        remedy.state, remedy.done = RemediationState.DONE, done
        self._event(done, owner, "blue", "remediation_done", dice.choice(notes.REMEDY_DONE))
        self._after_repair(done, works=dice.random() < (0.85 if slow == 1.0 else 0.45))

    def _accept_risk(self, remedy: Remedy) -> None:
        at = at_work(remedy.opened + int(self.dice.uniform(2, 18) * DAY), self.dice)
        if at > self.until:
            return
        remedy.state, remedy.reason = RemediationState.RISK_ACCEPTED, self.dice.choice(notes.RISK_ACCEPTED)
        remedy.accepted_until = at + self.dice.choice((180, 270, 365)) * DAY
        self._event(at, self.dice.choice(self.team.blue_leads), "lead", "risk_accepted", remedy.reason)

    def _after_repair(self, done: int, *, works: bool) -> None:
        procedure, platform = self.order.procedure, self.order.platform
        if works:
            self.defence.repaired.setdefault((procedure.key, platform), done)
        if self.dice.random() < 0.8:
            ordered = at_work(done + int(self.dice.uniform(0.1, 2) * DAY), self.dice)
            at = at_work(ordered + int(self.dice.uniform(1, 9) * DAY), self.dice) + HOUR // 2
            if ordered <= self.until:
                self.retest = Order(procedure, platform, at, self.order.campaign_id, self.id, ordered)

    def _close(self, at: int, result: str) -> None:
        self.last.closed, self.last.result = at, result

    def _event(self, at: int, who: Person, side: str, action: str, note: str | None = None) -> None:
        self.events.append(Event(at, who, side, action, note, self.last.number if self.passes else 1))


def _overall(seen: Sequence[Seen]) -> tuple[str, str]:
    return (
        max((one.prevention for one in seen), key=PREVENTION_RANK.__getitem__),
        max((one.detection for one in seen), key=DETECTION_RANK.__getitem__),
    )
