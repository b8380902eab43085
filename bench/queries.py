"""Every dashboard query at the server.

Computed from nothing, beside the bare SQL it sends; when a test has changed, which is what changes all day long: then
the rest is held; and kept, beside a Redis GET of its size.
"""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event

from app.processes import settle
from bench.figures import Figure, of_samples
from bench.subjects import Query
from bench.timing import by_turns
from data import cache, database
from data import redis as redis_connection
from data.queries import reader

GROUP = "Queries at the server"
_SETTINGS = "-c TimeZone=UTC -c jit=off"
_A_TEST_CHANGES = "UPDATE security_test SET title = title WHERE number = 1"  # for the triggers it has
Sent = list[tuple[str, Any, bool]]  # statement, parameters, whether they are numbered ($1)


def measure(subjects: list[Query], rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    settle()  # as the web server does
    with psycopg.connect(database.url(), autocommit=True, options=_SETTINGS) as connection:
        for one in subjects:
            say(one.name)
            yield _computed(one, connection, min(rounds, one.rounds_at_most))
            if one.cached:
                yield from _after_a_test(one, connection, min(rounds, one.rounds_at_most))
                yield _kept(one, rounds)


def _computed(one: Query, connection: psycopg.Connection[Any], rounds: int) -> Figure:
    with cache.bypassed():
        sent = _sent_by(one.ask)
        samples = by_turns({"ours": one.ask, "bare": lambda: _replay(connection, sent)}, rounds)
    return of_samples(
        GROUP, f"{one.name}, computed", samples["ours"],
        baseline=median(samples["bare"]), baseline_name="bare SQL by psycopg",
        target=one.target_ms, ratio_target=one.ratio, note=f"{len(sent)} statements" if len(sent) > 1 else "",
    )  # fmt: skip


def _after_a_test(one: Query, connection: psycopg.Connection[Any], rounds: int) -> Iterator[Figure]:
    """Nothing where no test matters."""

    def change() -> None:
        connection.execute(_A_TEST_CHANGES)

    change()
    one.ask()  # now what no test moves is held
    change()
    sent = _sent_by(one.ask)
    if sent:
        subjects = {"ours": one.ask, "bare": lambda: _replay(connection, sent)}
        samples = by_turns(subjects, rounds, before=change)
        yield of_samples(
            GROUP, f"{one.name}, a test has changed", samples["ours"],
            baseline=median(samples["bare"]), baseline_name="bare SQL of what hangs on it", target=one.target_ms,
            note=f"{len(sent)} statements" if len(sent) > 1 else "",
        )  # fmt: skip


def _kept(one: Query, rounds: int) -> Figure:
    size = _answer_size(one.ask)
    client = redis_connection.client()
    client.set("bench:same-size", b"x" * size)
    samples = by_turns({"ours": one.ask, "bare": lambda: client.get("bench:same-size")}, rounds * 5)
    client.delete("bench:same-size")
    return of_samples(
        GROUP, f"{one.name}, cached", samples["ours"],
        baseline=median(samples["bare"]), baseline_name=f"Redis GET of {size / 1024:.1f} KB", target=2, ratio_target=3,
    )  # fmt: skip


def _answer_size(ask: Callable[[], object]) -> int:
    """Bytes that the cache hands out for one answer."""
    sizes: list[int] = []
    serve = cache.serve

    def weighing(*given: Any, **named: Any) -> bytes:
        answer = serve(*given, **named)
        sizes.append(len(answer))
        return answer

    cache.forget()  # what a process has read already it asks nobody for
    with patch.object(cache, "serve", weighing):
        ask()
    return sum(sizes)


def _sent_by(ask: Callable[[], object]) -> Sent:
    """The statements one answer sends, with their parameters."""
    sent: Sent = []
    engine, frame = database.engine(), reader.frame

    def through_reader(statement: str, *parameters: Any) -> Any:
        sent.append((statement, parameters, True))
        return frame(statement, *parameters)

    def through_engine(_c: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        sent.append((statement, parameters, False))

    event.listen(engine, "before_cursor_execute", through_engine)
    try:
        with patch.object(reader, "frame", through_reader):
            ask()
    finally:
        event.remove(engine, "before_cursor_execute", through_engine)
    return sent


def _replay(connection: psycopg.Connection[Any], sent: Sent) -> int:
    count = 0
    for statement, parameters, numbered in sent:
        cursor = psycopg.RawCursor(connection) if numbered else connection.cursor()
        cursor.execute(statement, parameters or None)
        count += len(cursor.fetchall())
    return count
