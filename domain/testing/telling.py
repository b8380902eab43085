"""An action at work: what it may look at, and the events it leaves with what each of them changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.testing.events import Event
from domain.testing.person import Person, Side

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

_APART = frozenset({"id", "version", "updated_at", "rounds", "remediation", "waits_for"})


@dataclass(slots=True)
class Doing:
    """One action on its way. `person` is whom the action names (the assignee, the owner), if it names somebody;
    `files` are those of the evidence that it may take times from, with their names.
    """

    test: "SecurityTest"
    by: Person
    at: datetime
    person: Person | None = None
    files: Mapping[UUID, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    _known: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._known = snapshot(self.test)

    def tell(self, kind: str, side: Side, note: str | None = None, **details: Any) -> None:
        """Leave an event; what changed since the one before it belongs to this one."""
        now = snapshot(self.test)
        changed = [name for name in self._known.keys() | now.keys() if self._known.get(name) != now.get(name)]
        self.events.append(
            Event(
                kind=kind,
                test_id=self.test.id,
                round=self.test.current.number,
                at=self.at,
                by=self.by,
                side=side,
                note=note or None,
                red_assignee=self.test.red_assignee,
                blue_assignee=self.test.blue_assignee,
                details={name: plain(value) for name, value in details.items()},
                before={name: self._known.get(name) for name in sorted(changed)},
                after={name: now.get(name) for name in sorted(changed)},
            )
        )
        self._known = now


def snapshot(test: "SecurityTest") -> dict[str, Any]:
    """All that can change about a test, flat and as plain JSON, by the names that `Event` uses."""
    now = {f.name: plain(getattr(test, f.name)) for f in fields(test) if f.name not in _APART}
    latest = test.current
    now |= {f.name: plain(getattr(latest, f.name)) for f in fields(latest) if f.name not in ("number", "observations")}
    now["round"] = latest.number
    for one in latest.observations:
        now[f"observation.{one.tool_id}"] = {f.name: plain(getattr(one, f.name)) for f in fields(one)}
    if test.remediation is not None:
        now |= {f"remediation.{f.name}": plain(getattr(test.remediation, f.name)) for f in fields(test.remediation)}
    return now


def plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | frozenset):
        listed = [plain(one) for one in value]
        return sorted(listed) if isinstance(value, frozenset) else listed
    return value
