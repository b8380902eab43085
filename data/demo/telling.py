"""From a life to the rows that tell it."""

import random
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from data.demo import notes
from data.demo.chance import key
from data.demo.course import Pass
from data.demo.defence import OUTCOME, Seen
from data.demo.life import Life
from data.demo.people import Person
from data.demo.records import ObservationRow, RemediationRow, RoundRow, Story, TestRow, TimelineRow
from data.demo.steps import text_of
from data.demo.worktime import day_of, moment

_NOTES = {"alerted": notes.TOOL_ALERTED, "logged": notes.TOOL_LOGGED, "missed": notes.TOOL_MISSED}


def tell(life: Life, dice: random.Random, *, is_demo: bool, fully: bool) -> Story:
    """The test and the observations of its last round; with `fully` all rounds, their observations, the timeline."""
    story = Story(_test(life, is_demo=is_demo))
    for one in life.passes if fully else life.passes[-1:]:
        story.observations.extend(_observations(life, one, dice))
    if life.remedy is not None:
        story.remediation = _remediation(life, dice)
    if fully:
        story.rounds.extend(_round(life, one, dice) for one in life.passes)
        story.timeline.extend(
            TimelineRow(
                key(dice, event.at),
                life.id,
                event.round,
                moment(event.at),
                event.who.id,
                event.who.name,
                event.side,
                event.action,
                event.note,
            )
            for event in sorted(life.events, key=lambda event: event.at)
        )
    return story


def _test(life: Life, *, is_demo: bool) -> TestRow:
    order, last, remedy = life.order, life.last, life.remedy
    subject = order.procedure.subject
    overall = life.overall
    prevention, detection = overall if overall else (None, None)
    seen = last.seen if last.blue_submitted is not None else ()
    return TestRow(
        id=life.id,
        version=len(life.events),
        title=order.procedure.title,
        technique_id=subject.id,
        claimed_technique=subject.attack_id,
        procedure_key=order.procedure.key,
        # a million texts would only be measured as megabytes
        procedure=text_of(order.procedure, order.platform, life.environment) if is_demo else "",
        platform=order.platform,
        environment=life.environment,
        campaign_id=order.campaign_id,
        retest_of_id=order.retest_of,
        state=life.state.value,
        round=last.number,
        priority=life.priority,
        created_by=life.events[0].who.id,
        created_at=moment(life.created),
        updated_at=moment(life.updated),
        red_assignee=life.red.id,
        blue_assignee=life.blue.id if last.red_submitted is not None or last.number > 1 else None,
        started_at=_when(last.started),
        executed_at=_when(last.executed),
        attack_succeeded=last.succeeded,
        red_submitted_at=_when(last.red_submitted),
        red_submitted_by=_who(last.red_by),
        red_effort_seconds=life.red_effort,
        prevention=prevention,
        detection=detection,
        outcome=OUTCOME[overall] if overall else None,
        prevented_at=_first([one.prevented_at for one in seen if one.prevention == prevention]),
        logged_at=_first([one.logged_at for one in seen]),
        detected_at=_first([one.detected_at for one in seen]),
        contained_at=_when(last.contained),
        watched_until=_when(last.watched_until) if last.blue_submitted is not None else None,
        blue_submitted_at=_when(last.blue_submitted),
        blue_submitted_by=_who(last.blue_by),
        blue_effort_seconds=life.blue_effort,
        not_applicable=life.not_applicable_reason is not None,
        not_applicable_reason=life.not_applicable_reason,
        red_approved_by=last.red_verdict[1].id if last.red_verdict and last.red_verdict[0] else None,
        blue_approved_by=last.blue_verdict[1].id if last.blue_verdict and last.blue_verdict[0] else None,
        validated_at=_when(last.closed) if last.result == "validated" else None,
        remediation_state=remedy.state.value if remedy else None,
        remediation_due_on=day_of(remedy.due) if remedy else None,
        remediation_completed_at=_when(remedy.done) if remedy else None,
        is_demo=is_demo,
    )


def _round(life: Life, one: Pass, dice: random.Random) -> RoundRow:
    row = RoundRow(key(dice, one.opened), life.id, one.number, moment(one.opened))
    row.closed_at, row.result = _when(one.closed), one.result
    row.executed_at, row.attack_succeeded = _when(one.executed), one.succeeded
    row.red_notes, row.red_submitted_at, row.red_submitted_by = one.red_note, _when(one.red_submitted), _who(one.red_by)
    if one.blue_submitted is not None:
        row.blue_notes, row.blue_submitted_at = one.blue_note, moment(one.blue_submitted)
        row.blue_submitted_by = _who(one.blue_by)
        row.contained_at, row.watched_until = _when(one.contained), _when(one.watched_until)
    if one.red_verdict:
        approved, lead, at, row.red_verdict_note = one.red_verdict
        row.red_verdict, row.red_verdict_by, row.red_verdict_at = _verdict(approved), lead.id, moment(at)
    if one.blue_verdict:
        approved, lead, at, row.blue_verdict_note = one.blue_verdict
        row.blue_verdict, row.blue_verdict_by, row.blue_verdict_at = _verdict(approved), lead.id, moment(at)
    return row


def _observations(life: Life, one: Pass, dice: random.Random) -> list[ObservationRow]:
    if one.blue_submitted is None or one.blue_by is None:
        return []
    at, by = moment(one.blue_submitted), one.blue_by.id
    return [
        ObservationRow(
            key(dice, one.blue_submitted),
            life.id,
            one.number,
            seen.tool.id,
            seen.prevention,
            seen.detection,
            _when(seen.prevented_at),
            _when(seen.logged_at),
            _when(seen.detected_at),
            "tool" if seen.rule_id else "person",
            seen.rule_id,
            _note(seen, dice),
            by,
            at,
        )
        for seen in one.seen
    ]


def _note(seen: Seen, dice: random.Random) -> str | None:
    return dice.choice(_NOTES[seen.detection]) if dice.random() < 0.6 else None


def _remediation(life: Life, dice: random.Random) -> RemediationRow | None:
    remedy = life.remedy
    if remedy is None:
        return None
    return RemediationRow(
        id=key(dice, remedy.opened),
        test_id=life.id,
        state=remedy.state.value,
        owner_id=remedy.owner.id,
        due_on=day_of(remedy.due),
        note=remedy.note,
        opened_at=moment(remedy.opened),
        completed_at=_when(remedy.done),
        accepted_reason=remedy.reason,
        accepted_until=day_of(remedy.accepted_until) if remedy.accepted_until is not None else None,
    )


def _verdict(approved: bool) -> str:
    return "approved" if approved else "rejected"


def _when(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def _first(times: Sequence[int | None]) -> datetime | None:
    known = [one for one in times if one is not None]
    return moment(min(known)) if known else None


def _who(person: Person | None) -> UUID | None:
    return None if person is None else person.id
