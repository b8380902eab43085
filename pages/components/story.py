"""What happened to a test, in words: its timeline, and what people said to each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from dash import html
from dash.development.base_component import Component

from pages.components import words
from pages.components.actions import Comments
from pages.components.parts import iso
from pages.components.shown_test import Done, ShownTest
from pages.components.timeline import Entry, Side, timeline

# By the kind of the event. What more is known of one comes after it.
_TOLD: Mapping[str, str] = {
    "created": "Test planned",
    "plan_edited": "Plan changed",
    "assigned": "Assigned",
    "commented": "Comment",
    "cancelled": "Cancelled",
    "execution_started": "Execution started",
    "paused": "Timer paused",
    "resumed": "Timer resumed",
    "red_submitted": "Red's side submitted",
    "observed": "Observation recorded",
    "observation_removed": "Observation removed",
    "blue_submitted": "Blue's side submitted",
    "not_applicable": "Submitted as not applicable",
    "red_approved": "Red's side approved",
    "red_rejected": "Red's side rejected",
    "blue_approved": "Blue's side approved",
    "blue_rejected": "Blue's side rejected",
    "overridden": "Validation overridden",
    "validated": "Validated",
    "rejected": "Rejected",
    "reopened": "Reopened",
    "retest_planned": "Retest planned",
    "remediation_opened": "Remediation opened",
    "remediation_planned": "Remediation planned",
    "remediation_started": "Remediation started",
    "remediation_done": "Remediation completed",
    "remediation_withdrawn": "Remediation withdrawn",
    "risk_accepted": "Risk accepted",
    "imported": "Imported",
    "evidence_added": "Evidence added",
    "evidence_deleted": "Evidence deleted",
}


def render_timeline(data: ShownTest) -> html.Section:
    note = words.plural(len(data.timeline), "entry", "entries")
    head = html.Header([html.H2("Timeline"), html.P(f"{note}, newest first")])
    return html.Section([head, timeline([_entry(data, one) for one in data.timeline])], className="section")


def render_comments(data: ShownTest) -> Component:
    if not data.comments:
        return html.P("No comments yet.", className="hint")
    known = sorted({one.username for one in data.accounts.values()})
    return Comments(entries=[[iso(one.at), one.who, one.note] for one in data.comments], known=known)


def told(kind: str) -> str:
    return _TOLD.get(kind, kind.replace("_", " ").capitalize())


def _entry(data: ShownTest, done: Done) -> Entry:
    more = _more(data, done.kind, done.details)
    more = ", ".join(part for part in (more, _files(done.details)) if part)
    title = f"{told(done.kind)}: {more}" if more else told(done.kind)
    if data.test.round > 1 and done.kind in ("red_submitted", "blue_submitted", "reopened"):
        title = f"{title} (round {done.round})"
    return Entry(at=done.at, side=cast(Side, done.side), text=title, detail=done.note, who=done.who)


def _files(details: Mapping[str, Any]) -> str:
    """The files that times were taken from, each once."""
    names = dict.fromkeys(map(str, details.get("taken_from", {}).values()))
    return f"time from {words.sentence(list(names))}" if names else ""


def _more(data: ShownTest, kind: str, details: Mapping[str, Any]) -> str:
    """The one thing about it that a reader asks next; '' where nothing more was told."""
    say = _MORE.get(kind)
    return say(data, details) if say is not None else ""


def _assigned(data: ShownTest, details: Mapping[str, Any]) -> str:
    return f"{details['team']} to {_named(data, details.get('assignee')) or 'nobody'}" if "team" in details else ""


def _tool(data: ShownTest, details: Mapping[str, Any]) -> str:
    tool = data.tools.get(UUID(details["tool"])) if "tool" in details else None
    return tool.name if tool else ""


def _early(data: ShownTest, details: Mapping[str, Any]) -> str:
    before = [str(number) for number in details.get("before", ())]
    return f"before {'test' if len(before) == 1 else 'tests'} {words.sentence(before)}" if before else ""


def _worked(data: ShownTest, details: Mapping[str, Any]) -> str:
    return f"{words.duration(details['seconds'])} of work" if details.get("seconds") else ""


def _after(word: str, name: str) -> Callable[[ShownTest, Mapping[str, Any]], str]:
    return lambda data, details: f"{word}{details[name]}" if details.get(name) else ""


_MORE: Mapping[str, Callable[[ShownTest, Mapping[str, Any]], str]] = {
    "assigned": _assigned,
    "observed": _tool,
    "observation_removed": _tool,
    "reopened": _after("to ", "to"),
    "overridden": _after("", "verdict"),
    "risk_accepted": _after("until ", "until"),
    "plan_edited": lambda data, details: words.sentence([str(name) for name in details.get("fields", ())]),
    "execution_started": _early,
    "paused": _worked,
    "red_submitted": _worked,
    "blue_submitted": _worked,
    "remediation_planned": lambda data, details: _named(data, details.get("owner")),
    "evidence_added": _after("", "name"),
    "evidence_deleted": _after("", "name"),
}


def _named(data: ShownTest, ident: object) -> str:
    return data.name(UUID(str(ident))) if ident else ""


def people(accounts: Sequence[Any]) -> list[list[str]]:
    """Whom one can speak to: [username, name]."""
    return [[one.username, one.name] for one in accounts if one.enabled]
