"""The table of tests at the server: of each filter the slowest order, and pages far down; board, queue, CSV."""

import time
from collections.abc import Callable, Iterator
from statistics import median
from uuid import UUID

import psycopg

from bench.figures import Figure, of_samples
from bench.timing import by_turns
from data import database
from data.queries import tests_board, tests_csv, tests_queue, tests_table
from domain.roles import Role
from domain.tests_view import Order, TestsView

GROUP = "Tests table"
_TARGET_MS = 100
_DOWN = 20  # blocks
_FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"platform": "Linux"},
    {"outcome": "missed"},
    {"platform": "ESXi", "outcome": "missed"},
    {"platform": "Linux", "outcome": "missed", "priority": "1"},
    {"state": "open"},
    {"state": "in_review"},
    {"state": "rejected", "priority": "1,2"},
    {"technique": "T1059"},
    {"technique": "T1059", "platform": "Linux"},
    {"tactic": "persistence"},
    {"tactic": "persistence", "outcome": "missed"},
    {"assignee": "me"},
    {"assignee": "me", "outcome": "missed"},
    {"assignee": "nobody"},
    {"by": "me", "state": "validated"},
    {"campaign": "first"},
    {"remediation": "overdue"},
    {"from": "2025-01-01", "to": "2025-12-31"},
    {"from": "2025-02-01", "to": "2025-02-07"},
    {"q": "registry"},
    {"q": "registry run", "platform": "Windows"},
)


def measure(rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """`rounds` of every order of every filter."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        me, campaign = _somebody(connection)
        for query in _FILTERS:
            asked = query | ({"campaign": str(campaign)} if query.get("campaign") else {})
            name = ", ".join(f"{key} {value}" for key, value in query.items()) or "no filter"
            say(f"tests table: {name}")
            yield from _of_filter(name, asked, me, rounds)
        yield _timed("board", lambda: tests_board.board(TestsView()), rounds)
        yield _timed("queue of a red lead", lambda: tests_queue.queue(me, Role.RED_LEAD), rounds)
        yield _timed("queue of a blue operator", lambda: tests_queue.queue(me, Role.BLUE_TECH), rounds)
        say("tests as CSV")
        yield from _csv(connection)


def _of_filter(name: str, query: dict[str, str], me: UUID, rounds: int) -> Iterator[Figure]:
    first: dict[str, list[float]] = {}
    down: dict[str, list[float]] = {}
    for sort in (f"{way}{order}" for order in Order for way in ("", "-")):
        view = TestsView.of(query | {"sort": sort}, me)
        first[sort] = by_turns({"ours": lambda view=view: _opened(view)}, rounds)["ours"]  # type: ignore[misc]
        far = _far(view)
        if far is not None:
            down[sort] = by_turns({"ours": far}, rounds)["ours"]
    for what, samples in (("first page and count", first), ("far down", down)):
        if samples:
            slowest = max(samples, key=lambda sort: median(samples[sort]))
            note = f"{what}, by {slowest}"
            yield of_samples(GROUP, name, samples[slowest], target=_TARGET_MS, note=note)


def _opened(view: TestsView) -> object:
    count = tests_table.count(view)
    return tests_table.block(view, many=count.many)


def _far(view: TestsView) -> Callable[[], object] | None:
    """The last page of what is sorted whole; of many, the block after twenty. None when there is but one page."""
    count = tests_table.count(view)
    size = tests_table.BLOCK
    if not count.many:
        last = (count.total or 0) - size
        return (lambda: tests_table.block(view, many=False, start=last)) if last > 0 else None
    after = None
    for number in range(_DOWN):
        after = tests_table.block(view, many=True, start=number * size, after=after).end
    return lambda: tests_table.block(view, many=True, start=_DOWN * size, after=after)


def _timed(name: str, ask: Callable[[], object], rounds: int) -> Figure:
    return of_samples(GROUP, name, by_turns({"ours": ask}, rounds)["ours"], target=_TARGET_MS)


def _csv(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Figure]:
    """All of them, with every column: until the first byte, and to the end beside the same COPY by psycopg alone."""
    started = time.perf_counter()
    parts = tests_csv.stream(TestsView())
    size = len(next(parts))
    first = (time.perf_counter() - started) * 1000
    size += sum(len(part) for part in parts)
    whole = time.perf_counter() - started
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(tests_csv.statement(connection, TestsView())) as copied:
        for _ in copied:
            pass
    bare = time.perf_counter() - started
    yield Figure(GROUP, "CSV of all tests, first byte", first, target=20)
    yield Figure(
        GROUP, "CSV of all tests, to the end", whole, unit="s", note=f"{size / 1024 / 1024:.0f} MB",
        baseline=bare, baseline_name="the same COPY", ratio_target=1.5,
    )  # fmt: skip


def _somebody(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[UUID, UUID]:
    """Who runs many tests, and the first campaign."""
    row = connection.execute(
        """SELECT (SELECT red_assignee FROM security_test WHERE red_assignee IS NOT NULL LIMIT 1),
                  (SELECT id FROM test_campaign ORDER BY id LIMIT 1)"""
    ).fetchone()
    if row is None or not all(isinstance(one, UUID) for one in row):
        raise SystemExit("The large data set has no assigned test or no campaign.")
    me, campaign = row
    return UUID(str(me)), UUID(str(campaign))
