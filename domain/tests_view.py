"""Which tests a person looks at, and in which order: the state of the tests page as a value.

It is read from the query of an address, so that a view can be linked, saved and exported; what an address says wrongly
is left out. Limits hold for whatever anybody writes there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.attack_ids import DOMAINS, is_technique_id, normalise
from domain.outcomes import Outcome, RemediationState, TestState
from domain.people import TEAM_MAX

WORDS_MAX = 120
_VALUES_MAX = 50
_NUMBER = re.compile(r"#?(\d{1,15})")
_WORD = re.compile(r"[^\W_]+")
_PLAIN = re.compile(r"[\w .&()/-]{1,80}")

OPEN = tuple(state for state in TestState if state.unfinished)
NO_OUTCOME = "none"  # not evaluated yet, or not applicable
OVERDUE = "overdue"
ANY_REMEDIATION = "any"
NO_VALUE = "none"  # of an actor, an evaluator, a team, a source or a template: tests that have none
ME, NOBODY = "me", "nobody"
# The names of the page's address; `view`, `columns` and `rows` say how it is shown.
FIELDS = frozenset(
    {"q", "state", "technique", "tactic", "platform", "outcome", "priority", "assignee", "by", "campaign", "template"}
    | {"remediation", "from", "to", "sort", "view", "columns", "rows", "counting", "tool", "evaluator", "data", "subs"}
    | {"actor", "source", "team"}
)
REMEDIATIONS = (*RemediationState, OVERDUE, ANY_REMEDIATION)


class Order(StrEnum):
    """What tests can be ordered by. Each order has an index that ends in the number of the test."""

    NUMBER = "number"  # that of their creation
    UPDATED = "updated"
    EXECUTED = "executed"  # never executed comes last, whichever way round
    TECHNIQUE = "technique"
    PRIORITY = "priority"

    @property
    def falls(self) -> bool:
        """Whether the greatest comes first when nobody says which way round."""
        return self not in (Order.TECHNIQUE, Order.PRIORITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsView:
    """'' , () and None ask for nothing. `technique` brings its sub-techniques, too; `executed_to` is included.

    `assignee`: on either side; with `unassigned`, unfinished tests that nobody is assigned to. `counting`: the domain
    of a map; only the latest results, in scope, that its coverage is made of. With a `tool` the outcomes are those that
    it observed itself. `data` is a data component whose techniques are asked for, by its ATT&CK id or name. `actor` is
    the threat actor that the campaign plays, `source` that of the template; NO_VALUE: tests that have none.
    `unevaluated`: nobody is named who submitted blue's side. `team`: that person's, as it is now; NO_VALUE: they have
    none, or nobody is named.
    """

    __test__ = False  # not a pytest class

    words: tuple[str, ...] = ()
    number: int | None = None
    states: tuple[TestState, ...] = ()
    technique: str = ""
    without_subs: bool = False
    tactic: str = ""
    platforms: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    assignee: UUID | None = None
    unassigned: bool = False
    created_by: UUID | None = None
    campaign: UUID | None = None
    template: UUID | None = None
    remediation: str = ""
    executed_from: date | None = None
    executed_to: date | None = None
    counting: str = ""
    tool: str = ""
    evaluator: UUID | None = None
    unevaluated: bool = False
    team: str = ""
    data: str = ""
    actor: str = ""
    source: str = ""
    order: Order = Order.NUMBER
    falling: bool = True

    @classmethod
    def of(cls, query: Mapping[str, str], me: UUID) -> "TestsView":
        """From the address of the page; `me` is who looks."""
        text = query.get("q", "").strip()[:WORDS_MAX]
        number = _NUMBER.fullmatch(text)
        technique = normalise(query.get("technique", ""))
        remediation = query.get("remediation", "")
        order, falling = _order(query.get("sort", ""))
        return cls(
            words=() if number else tuple(_WORD.findall(text.lower())),
            number=int(number[1]) if number else None,
            states=_states(query.get("state", "")),
            technique=technique if is_technique_id(technique) else "",
            without_subs=query.get("subs") == "no",
            tactic=_plain(query.get("tactic", "")),
            platforms=tuple(one for one in _listed(query.get("platform", "")) if _plain(one)),
            outcomes=tuple(one for one in _listed(query.get("outcome", "")) if one in (*Outcome, NO_OUTCOME)),
            priorities=tuple(int(one) for one in _listed(query.get("priority", "")) if one in ("1", "2", "3")),
            assignee=_person(query.get("assignee", ""), me),
            unassigned=query.get("assignee") == NOBODY,
            created_by=_person(query.get("by", ""), me),
            campaign=_key(query.get("campaign", "")),
            template=_key(query.get("template", "")),
            remediation=remediation if remediation in REMEDIATIONS else "",
            executed_from=_day(query.get("from", "")),
            executed_to=_day(query.get("to", "")),
            counting=query["counting"] if query.get("counting") in DOMAINS else "",
            tool=_plain(query.get("tool", "")),
            evaluator=_person(query.get("evaluator", ""), me),
            unevaluated=query.get("evaluator") == NO_VALUE,
            team=_team(query.get("team", "")),
            data=_plain(query.get("data", "")),
            actor=_plain(query.get("actor", "")),
            source=_plain(query.get("source", "")),
            order=order,
            falling=falling,
        )

    @property
    def sort(self) -> str:
        """The order as the address says it."""
        return self.order if self.falling == self.order.falls else f"-{self.order}"

    @property
    def order_of_many(self) -> Order:
        """The order in which more matches than can be sorted are shown.

        A span of time is walked along its time and words along the numbers: any other way would have to look at
        everything that does not match.
        """
        if self.executed_from or self.executed_to:
            return Order.EXECUTED
        return Order.NUMBER if self.words else self.order


def _order(text: str) -> tuple[Order, bool]:
    name = text.removeprefix("-")
    if name not in set(Order):
        return Order.NUMBER, True
    order = Order(name)
    return order, order.falls != text.startswith("-")


def _states(text: str) -> tuple[TestState, ...]:
    known = set(TestState)
    found = [state for one in _listed(text) for state in (OPEN if one == "open" else [one] if one in known else [])]
    return tuple(dict.fromkeys(TestState(state) for state in found))


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")[:_VALUES_MAX] if one.strip()]


def _plain(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else ""


def _team(text: str) -> str:
    """Whatever an administrator may have written."""
    return text if len(text) <= TEAM_MAX and text.isprintable() else ""


def _person(text: str, me: UUID) -> UUID | None:
    return me if text == ME else _key(text)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
