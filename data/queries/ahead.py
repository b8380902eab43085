"""Questions asked before their answers are needed: the database works on them while others are asked, or computed with.

An answer that is not kept is made of several statements that know nothing of each other. PostgreSQL gives each
connection one process: asked one after another they take one core, and Python waits for each.
"""

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import polars as pl

from data import cache
from data.queries import reader
from data.queries.reader import Parameter, Row

T = TypeVar("T")

# Of a process, besides what its threads ask themselves; each has a connection of its own, and there are few cores.
_AT_ONCE = 2


@dataclass(slots=True)
class Begun(Generic[T]):
    """Work on its way. What has not been begun when it is needed is done by who needs it."""

    _work: Callable[[], T]
    _running: Future[T] | None
    _done: tuple[T] | None = None

    def result(self) -> T:
        """Raises what the work raised."""
        if self._running is not None and not self._running.cancel():
            return self._running.result()
        if self._done is None:
            self._done = (self._work(),)
        return self._done[0]


class Asked(Begun[pl.DataFrame]):
    """A question on its way."""

    def frame(self) -> pl.DataFrame:
        """As `reader.frame`, its errors included."""
        return self.result()

    def rows(self) -> list[Row]:
        """As `reader.rows`."""
        return self.frame().to_dicts()


def ask(statement: str, *parameters: Parameter) -> Asked:
    """For a statement that takes longer than handing it over, which is a tenth of a millisecond. In the transaction of
    a session, which is one connection, it waits until it is needed."""
    work = partial(reader.frame, statement, *parameters)
    return Asked(work, _begun(work))


def begin(work: Callable[[], T]) -> Begun[T]:
    """The same for a question whose answer may be kept already: `work` finds or asks it, for the answer that this
    thread computes."""
    return Begun(work, _begun(cache.for_this_answer(work)))


def _begun(work: Callable[[], T]) -> Future[T] | None:
    return None if reader.in_transaction() else _askers().submit(work)


def close() -> None:
    """Close the connections when all have been answered; the next question opens others."""
    _askers().shutdown()
    _askers.cache_clear()


@functools.cache
def _askers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "aegis-reader")
