"""Questions asked before their answers are needed: the database works on them while others are asked, or computed with.

An answer that is not kept is made of several statements that know nothing of each other. PostgreSQL gives each
connection one process: asked one after another they take one core, and Python waits for each.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import polars as pl

from data.queries import reader
from data.queries.reader import Parameter, Row

# Of a process, besides what its threads ask themselves; each has a connection of its own, and there are few cores.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way. What waits for a connection when it is needed is asked by who needs it."""

    _ask: Callable[[], pl.DataFrame]
    _running: Future[pl.DataFrame] | None

    def frame(self) -> pl.DataFrame:
        """As `reader.frame`, its errors included."""
        if self._running is None or self._running.cancel():
            return self._ask()
        return self._running.result()

    def rows(self) -> list[Row]:
        """As `reader.rows`."""
        return self.frame().to_dicts()


def ask(statement: str, *parameters: Parameter) -> Asked:
    """For a statement that takes longer than handing it over, which is a tenth of a millisecond. In the transaction of
    a session, which is one connection, it waits until it is needed."""
    this = partial(reader.frame, statement, *parameters)
    return Asked(this, None if reader.in_transaction() else _askers().submit(this))


def close() -> None:
    """Close the connections when all have been answered; the next question opens others."""
    _askers().shutdown()
    _askers.cache_clear()


@cache
def _askers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "aegis-reader")
