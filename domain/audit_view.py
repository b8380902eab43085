"""Which entries of the audit log somebody asks for, as the address of the page and of the exports says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.errors import BadInput

SYSTEM = "system"
FILTERS = ("person", "action", "entity", "id", "from", "to")  # names in the address
ACTIONS_MAX = 30
ID_MAX = 120
_ACTION = re.compile(r"[a-z_]{1,40}\.[a-z_]{0,60}")
_TYPE = re.compile(r"[a-z_]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditView:
    """What is not asked for is None or empty. `system`: what no person did.

    `actions` are whole ones (`user.added`) or, ending in a dot, all that begin so (`user.`). `ident` is an id, or for
    tests a number, for people a username, for techniques an ATT&CK id. `since` and `until` are days in UTC, both
    included. `before`: only entries with a smaller number.
    """

    person: UUID | None = None
    system: bool = False
    actions: tuple[str, ...] = ()
    entity: str = ""
    ident: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "AuditView":
        """Raises BadInput: a filter that is not understood must not show more than was asked for."""
        person = query.get("person", "")
        actions = tuple(one.strip() for one in query.get("action", "").split(",") if one.strip())
        if len(actions) > ACTIONS_MAX or not all(_ACTION.fullmatch(one) for one in actions):
            raise BadInput(f'Actions read like "user.added" or "user."; ask for at most {ACTIONS_MAX} at once.')
        entity = query.get("entity", "")
        if entity and not _TYPE.fullmatch(entity):
            raise BadInput("There is no such kind of thing in the audit log.")
        ident = query.get("id", "").strip()
        if len(ident) > ID_MAX or "\0" in ident:
            raise BadInput(f"An id has at most {ID_MAX} characters.")
        before = query.get("before", "")
        if before and not _NUMBER.fullmatch(before):
            raise BadInput("Entries are numbered; this is no number.")
        return cls(
            person=_key(person) if person not in ("", SYSTEM) else None,
            system=person == SYSTEM,
            actions=actions,
            entity=entity,
            ident=ident,
            since=_day(query.get("from", "")),
            until=_day(query.get("to", "")),
            before=int(before) if before else None,
        )

    @property
    def filtered(self) -> bool:
        asked = (self.person, self.system, self.actions, self.entity, self.ident, self.since, self.until)
        return any(asked)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput("There is no such person.") from error


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("A day reads 2026-11-24.") from error
    if not 2000 <= day.year <= 2200:
        raise BadInput("Days are between the years 2000 and 2200.")
    return day
