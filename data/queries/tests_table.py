"""Blocks of the table of tests: any order and filter of a million, without looking at a million.

What at most MANY tests match is sorted whole and counted exactly. Of more, the table walks along the index of the
order, from the row after which the last block ended (its mark); it is then told exactly how many there are where the
rollups know, else that there are more than MANY.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from data.queries import reader
from data.queries.tests_filter import EXECUTED, Conditions, conditions
from domain.errors import BadInput
from domain.outcomes import TestState
from domain.tests_view import Order, TestsView

BLOCK = 100
MANY = 10_000
_NEVER = "'-infinity'"

_KEYS: Mapping[Order, tuple[str, str]] = {
    Order.NUMBER: ("s.number", "bigint"),
    Order.UPDATED: ("s.updated_at", "timestamptz"),
    Order.EXECUTED: (EXECUTED, "timestamptz"),
    Order.TECHNIQUE: ("technique.attack_id", "text"),
    Order.PRIORITY: ("s.priority", "smallint"),
}
# What the rollup of months knows of each test.
_COUNTED = frozenset({"states", "technique", "tactic", "platforms", "order", "falling"})

ROW = """s.id::text, s.number, s.version, s.title, s.state, s.platform, s.priority, s.round, s.environment,
  technique.attack_id, technique.name AS technique_name, s.outcome, s.prevention, s.detection, s.not_applicable,
  s.executed_at, s.detected_at, s.created_at, s.updated_at, s.validated_at,
  s.remediation_state, s.remediation_due_on,
  red.display_name AS red_name, blue.display_name AS blue_name, creator.display_name AS creator_name,
  campaign.id::text AS campaign_id, campaign.name AS campaign_name"""
ROW_OF = """JOIN technique ON technique.id = s.technique_id
  LEFT JOIN user_account AS red ON red.id = s.red_assignee
  LEFT JOIN user_account AS blue ON blue.id = s.blue_assignee
  LEFT JOIN user_account AS creator ON creator.id = s.created_by
  LEFT JOIN test_campaign AS campaign ON campaign.id = s.campaign_id"""


@dataclass(frozen=True, slots=True)
class Mark:
    """The last row before a block: its key in the order, as text, and its number."""

    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests match. `total` None: more than MANY, and nobody knows how many; `many`: more than MANY."""

    total: int | None
    many: bool


@dataclass(frozen=True, slots=True)
class Block:
    """`order` is the one the rows really have; `end` is the mark of the block after this one."""

    rows: list[dict[str, Any]]
    order: Order
    end: Mark | None


def count(view: TestsView) -> Count:
    asked = conditions(view)
    limited = f"SELECT count(*) AS n FROM (SELECT FROM security_test AS s WHERE {asked.text} LIMIT {MANY + 1}) AS found"
    number = int(reader.rows(limited, *asked.parameters)[0]["n"])
    if number <= MANY:
        return Count(number, many=False)
    return Count(_counted(view), many=True)


def block(view: TestsView, *, many: bool, start: int = 0, size: int = BLOCK, after: Mark | None = None) -> Block:
    """Rows `start` to `start + size`. Of many, `after` says where the block before it ended.

    Raises BadInput for a block of many that is deep inside and has no mark.
    """
    if not many:
        return _sorted(view, start, size)
    if start > MANY and after is None:
        raise BadInput("Too far down to be found from here; narrow the filters, or turn the order round.")
    view = view if view.order is view.order_of_many else replace(view, order=view.order_of_many, falling=True)
    return _walked(view, 0 if after else start, size, after)


def _sorted(view: TestsView, start: int, size: int) -> Block:
    asked = conditions(view)
    key, _ = _KEYS[view.order]
    page = f"""WITH found AS MATERIALIZED (
  SELECT s.number, {key} AS key FROM security_test AS s {_beside(view.order)} WHERE {asked.text} LIMIT {MANY}
), page AS (
  SELECT number, key FROM found ORDER BY {_by(view, "key", "number")} LIMIT {int(size)} OFFSET {int(start)}
)"""
    return _block(view, page, asked, size)


def _walked(view: TestsView, start: int, size: int, after: Mark | None) -> Block:
    """Along the index. What was never executed stands at one end of it, and is shown last from either end."""
    if view.order is not Order.EXECUTED:
        return _walk(view, start, size, after)
    if after is not None and after.key == "-infinity":
        return _walk(view, start, size, after, f"{EXECUTED} = {_NEVER}")
    done = _walk(view, start, size, after, f"{EXECUTED} > {_NEVER}")
    if len(done.rows) == size:
        return done
    never = _walk(view, 0, size - len(done.rows), None, f"{EXECUTED} = {_NEVER}")
    return Block([*done.rows, *never.rows], done.order, never.end or done.end)


def _walk(view: TestsView, start: int, size: int, after: Mark | None, part: str = "") -> Block:
    asked = conditions(view)
    key, kind = _KEYS[view.order]
    if part:
        asked.texts.append(part)
    if after is not None:
        beyond = "<" if view.falling else ">"
        here = f"{asked.value(after.key, f'text::{kind}')}, {asked.value(after.number, 'bigint')}"
        asked.texts.append(f"({key}, s.number) {beyond} ({here})")
        if view.order is Order.TECHNIQUE:  # said once more for the index of the other table
            asked.texts.append(f"{key} {beyond}= {asked.value(after.key, kind)}")
    order = _by(view, key, "s.number") if not part else f"{key} {_way(view)}, s.number {_way(view)}"
    page = f"""WITH page AS (
  SELECT s.number, {key} AS key FROM security_test AS s {_beside(view.order)} WHERE {asked.text}
  ORDER BY {order} LIMIT {int(size)} OFFSET {int(start)}
)"""
    return _block(view, page, asked, size)


def _block(view: TestsView, page: str, asked: Conditions, size: int) -> Block:
    statement = f"""{page} SELECT page.key::text AS key, {ROW}
FROM page JOIN security_test AS s ON s.number = page.number {ROW_OF}
ORDER BY {_by(view, "page.key", "page.number")}"""
    rows = reader.rows(statement, *asked.parameters)
    marks = [Mark(row.pop("key"), row["number"]) for row in rows]
    return Block(rows, view.order, marks[-1] if len(marks) == size else None)


def ordered(view: TestsView) -> str:
    """SQL of the order of a view, where `s` and `technique` are at hand."""
    return _by(view, _KEYS[view.order][0], "s.number")


def _by(view: TestsView, key: str, number: str) -> str:
    way = _way(view)
    if view.order is Order.NUMBER:
        return f"{number} {way}"
    last = f"{key} = {_NEVER}, " if view.order is Order.EXECUTED else ""
    return f"{last}{key} {way}, {number} {way}"


def _way(view: TestsView) -> str:
    return "DESC" if view.falling else "ASC"


def _beside(order: Order) -> str:
    return "JOIN technique ON technique.id = s.technique_id" if order is Order.TECHNIQUE else ""


def _counted(view: TestsView) -> int | None:
    """From the rollup of months, where it knows all that is asked for."""
    nothing = TestsView()
    names = (name for name in TestsView.__dataclass_fields__ if name not in _COUNTED)
    if any(getattr(view, name) != getattr(nothing, name) for name in names):
        return None
    asked = conditions(replace(view, states=()))
    summed = " + ".join(view.states or TestState)  # a column a state
    rows = reader.rows(
        f"SELECT sum({summed})::bigint AS n FROM rollup_technique_month AS s WHERE {asked.text}", *asked.parameters
    )
    return int(rows[0]["n"] or 0)


def named(ids: Sequence[UUID]) -> dict[UUID, tuple[int, str]]:
    """Number and title of tests."""
    statement = f"""SELECT id::text, number, title FROM security_test
WHERE id = ANY ({reader.split("$1")}::uuid[])"""
    rows = reader.rows(statement, reader.joined(str(one) for one in ids))
    return {UUID(row["id"]): (row["number"], row["title"]) for row in rows}
