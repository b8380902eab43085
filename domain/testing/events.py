"""What happened to a test. One action tells of one or more of them, in the order in which they happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.testing.person import Person, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`kind` is what the timeline calls it. All values of `details`, `before` and `after` are plain JSON.

    `before` and `after` hold what this event changed, by the names of the columns: `title`, `state`, `executed_at`;
    `remediation.state`; `observation.<tool id>`, None where there was none. `details` holds what readers of the event
    need beyond that: `commented` {mentions}, `assigned` {team, assignee, previous}, `remediation_*` {owner, due_on},
    `execution_started` {before}: the numbers of tests that should have been finished first, `paused` and the
    submissions {seconds} worked, observations and submissions {taken_from}: names of files by the times they gave,
    `reopened` {to}, `retest_planned` {test}, `overridden` {verdict}.
    """

    kind: str
    test_id: UUID
    round: int
    at: datetime
    by: Person
    side: Side
    note: str | None = None
    red_assignee: UUID | None = None  # as they are after the event
    blue_assignee: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
