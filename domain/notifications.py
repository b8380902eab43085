"""Who is told what: what happened, as the people it concerns should read it. Pure; who they are, SQL finds out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from textwrap import shorten
from typing import Any
from uuid import UUID

from domain.roles import GRANTS, Permission, Role
from domain.testing.person import Team

TITLE_MAX = 200
BODY_MAX = 600
_NOTE_MAX = 400
_LISTED = 12


class Kind(StrEnum):
    """What people can be told of, in the order in which they choose from it."""

    ASSIGNED = "assigned"
    YOUR_TURN = "your_turn"
    AWAITING = "awaiting"
    REJECTED = "rejected"
    MENTIONED = "mentioned"
    OVERDUE = "overdue"
    SYNC_FAILED = "sync_failed"
    ATTACK_CHANGED = "attack_changed"

    @property
    def label(self) -> str:
        return _LABELS[self][0]

    @property
    def recipients(self) -> str:
        """Who is told, in words for people."""
        return _LABELS[self][1]


_LABELS = {
    Kind.ASSIGNED: ("Assigned to me", "Whoever a side of a test or a remediation is given to."),
    Kind.YOUR_TURN: ("My turn", "The assignee of the side that a test was handed to, or reopened to."),
    Kind.AWAITING: ("Awaiting my validation", "The leads of each side, except those who submitted that side."),
    Kind.REJECTED: ("Rejected", "The assignees of both sides and those who submitted them."),
    Kind.MENTIONED: ("Mentioned", "Whoever a comment names after an @."),
    Kind.OVERDUE: ("Remediation overdue", "The owner of the remediation; without one, the blue leads."),
    Kind.SYNC_FAILED: ("Sync failed", "Administrators."),
    Kind.ATTACK_CHANGED: (
        "ATT&CK changed my technique",
        "Whoever has a test of the technique, unfinished or validated, assigned or planned within a year.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Those with one of the ids, usernames (in any case) or roles, without those in `but`.

    Disabled accounts and people of the demo organisation are never among them.
    """

    ids: frozenset[UUID] = frozenset()
    usernames: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    but: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. `key` names what happened: whoever has been told of it is not told again."""

    kind: Kind
    to: Recipients
    key: str
    title: str
    body: str = ""
    link: str = ""  # a path of ours
    test_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The test that something happened to."""

    number: int
    title: str
    red_submitted_by: UUID | None = None
    blue_submitted_by: UUID | None = None

    def submitted_by(self, team: Team) -> UUID | None:
        return self.red_submitted_by if team is Team.RED else self.blue_submitted_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of a test as the outbox carries it: `domain.testing.events.Event`, as far as people are told of it."""

    id: str  # of the event: delivered again, it is the same
    kind: str
    test_id: UUID
    by: UUID
    by_name: str
    note: str = ""
    red_assignee: UUID | None = None
    blue_assignee: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "Happened":
        return cls(
            id=payload.get("id") or payload["at"],  # one that was written before events had ids
            kind=payload["kind"],
            test_id=UUID(payload["test"]),
            by=UUID(payload["by"]),
            by_name=payload["by_name"],
            note=payload.get("note") or "",
            red_assignee=_id(payload.get("red_assignee")),
            blue_assignee=_id(payload.get("blue_assignee")),
            details=payload.get("details") or {},
        )

    def assignee(self, team: Team) -> UUID | None:
        return self.red_assignee if team is Team.RED else self.blue_assignee


# Events that somebody may have to be told of; the others stay in the timeline.
TELLING = frozenset(
    {
        "assigned",
        "created",
        "remediation_opened",
        "remediation_planned",
        "red_submitted",
        "reopened",
        "blue_submitted",
        "not_applicable",
        "red_rejected",
        "blue_rejected",
        "overridden",
        "commented",
    }
)


def of_test(happened: Happened, test: Subject) -> list[Notice]:
    """What an event of a test tells whom. Nobody is told of what they did themselves."""
    return [
        Notice(
            kind=kind,
            to=to,
            key=f"{happened.kind}:{happened.test_id}:{happened.id}",
            title=shorten(f"{title}: {test.title}", TITLE_MAX, placeholder="…"),
            body=_said(body, happened.note),
            link=f"/test/{test.number}",
            test_id=happened.test_id,
        )
        for kind, to, title, body in _told(happened, test)
    ]


def _told(happened: Happened, test: Subject) -> Iterator[tuple[Kind, Recipients, str, str]]:
    name, by = f"Test {test.number}", happened.by_name
    match happened.kind:
        case "assigned":
            team = Team(happened.details["team"])
            yield Kind.ASSIGNED, _to(happened, _id(happened.details["assignee"])), _yours(name, team), f"By {by}."
        case "created":
            for team in Team:
                yield Kind.ASSIGNED, _to(happened, happened.assignee(team)), _yours(name, team), f"Planned by {by}."
        case "remediation_opened" | "remediation_planned":
            owner, due = _id(happened.details.get("owner")), happened.details.get("due_on")
            until = f"Due on {due}." if due else "It has no due date."
            yield Kind.ASSIGNED, _to(happened, owner), f"The gap of test {test.number} is yours to remediate", until
        case "red_submitted":
            title = f"{name} was executed and is yours to evaluate"
            yield Kind.YOUR_TURN, _to(happened, happened.blue_assignee), title, f"Submitted by {by}."
        case "reopened":
            team = Team(happened.details["to"])
            title = f"{name} was reopened to {team}"
            yield Kind.YOUR_TURN, _to(happened, happened.assignee(team)), title, f"By {by}."
        case "blue_submitted" | "not_applicable":
            for team in Team:
                to = Recipients(roles=GRANTS[team.approves], but=_people(happened.by, test.submitted_by(team)))
                title = f"{name} awaits your decision on {team}'s side"
                yield Kind.AWAITING, to, title, f"Blue's side was submitted by {by}."
        case "red_rejected" | "blue_rejected":
            side = happened.kind.partition("_")[0]
            yield Kind.REJECTED, _workers(happened, test), f"{name} was rejected on {side}'s side", f"By {by}."
        case "overridden" if happened.details.get("verdict") == "rejected":
            yield Kind.REJECTED, _workers(happened, test), f"{name} was rejected by an administrator", f"By {by}."
        case "commented":
            names = frozenset(name.lower() for name in happened.details.get("mentions", ()))
            to = Recipients(usernames=names, but=_people(happened.by))
            yield Kind.MENTIONED, to, f"{by} mentioned you on test {test.number}", ""


def _yours(name: str, team: Team) -> str:
    return f"{name} is yours to {'execute' if team is Team.RED else 'evaluate'}"


def _to(happened: Happened, person: UUID | None) -> Recipients:
    return Recipients(ids=_people(person), but=_people(happened.by))


def _workers(happened: Happened, test: Subject) -> Recipients:
    worked = (happened.red_assignee, happened.blue_assignee, test.red_submitted_by, test.blue_submitted_by)
    return Recipients(ids=_people(*worked), but=_people(happened.by))


def _people(*ids: UUID | None) -> frozenset[UUID]:
    return frozenset(one for one in ids if one is not None)


def _id(text: Any) -> UUID | None:
    return UUID(text) if text else None


def _said(body: str, note: str) -> str:
    """The sentence, and under it what the person wrote, as far as it fits."""
    written = shorten(note, _NOTE_MAX, placeholder=" …")
    return _capped("\n".join(part for part in (body, written) if part))


def _capped(text: str) -> str:
    return text if len(text) <= BODY_MAX else text[: BODY_MAX - 1] + "…"


# -- what else happens -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A remediation whose due date has passed. `owner_id` is None when nobody owns it who is still here."""

    test_id: UUID
    number: int
    title: str
    due_on: date
    owner_id: UUID | None


def of_overdue(late: Overdue) -> Notice:
    """Once for a remediation and its due date: another date that passes is told again."""
    owner = Recipients(ids=_people(late.owner_id))
    leads = Recipients(roles=frozenset({Role.BLUE_LEAD}))
    return Notice(
        kind=Kind.OVERDUE,
        to=owner if late.owner_id else leads,
        key=f"overdue:{late.test_id}:{late.due_on}",
        title=shorten(f"Remediation of test {late.number} is overdue: {late.title}", TITLE_MAX, placeholder="…"),
        body=f"It was due on {late.due_on}." + ("" if late.owner_id else " Nobody owns it."),
        link=f"/test/{late.number}",
        test_id=late.test_id,
    )


def of_failed_sync(run_id: str, source: str, name: str, error: str, at: datetime) -> Notice:
    """At most once a day for a source: a broken one on a short schedule is one piece of news, not a hundred."""
    return Notice(
        kind=Kind.SYNC_FAILED,
        to=Recipients(roles=GRANTS[Permission.RUN_SYNC]),
        key=f"sync_failed:{source}:{at.astimezone(UTC).date()}",
        title=f"The sync of {name} failed",
        body=_capped(error),
        link=f"/sources?run={run_id}",
    )


def of_attack_change(person: UUID, run_id: str, version: str, techniques: Sequence[str]) -> Notice:
    """`techniques`: the ids that changed and that the person has tests of."""
    count = f"{len(techniques)} techniques" if len(techniques) > 1 else techniques[0]
    listed = ", ".join(techniques[:_LISTED]) + (
        f" and {len(techniques) - _LISTED} more" if len(techniques) > _LISTED else ""
    )
    return Notice(
        kind=Kind.ATTACK_CHANGED,
        to=Recipients(ids=_people(person)),
        key=f"attack_changed:{run_id}:{person}",
        title=f"ATT&CK {version} changed {count} you have tests of",
        body=f"{listed}. See whether the tests still fit.",
        link=f"/technique/{techniques[0]}" if len(techniques) == 1 else f"/sources?run={run_id}&kind=changed",
    )
