"""What one process holds in its own memory of what it has read, the least used given up first.

Keys carry the generations of the data they are made of (`data/cache.py`), so that nothing here is ever out of date; but
they count for one database only, and with another one everything is given up.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from data import database

T = TypeVar("T")


class Held(Generic[T]):
    """At most `most` in all, and none above `most_each`, as `weight` weighs them (default: 1 each)."""

    def __init__(self, most: int, most_each: int = 1, weight: Callable[[T], int] = lambda _value: 1) -> None:
        self._most, self._most_each, self._weight = most, most_each, weight
        self._values: OrderedDict[str, T] = OrderedDict()
        self._weighs = 0
        self._of: object = None  # the engine it was read through
        self._guard = threading.Lock()

    def get(self, key: str) -> T | None:
        with self._guard:
            self._look_at_the_database()
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: str, value: T) -> None:
        weighs = self._weight(value)
        if weighs > self._most_each:
            return
        with self._guard:
            self._look_at_the_database()
            self._take(key)
            self._values[key] = value
            self._weighs += weighs
            while self._weighs > self._most:
                self._take(next(iter(self._values)))

    def clear(self) -> None:
        with self._guard:
            self._values.clear()
            self._weighs = 0

    def _take(self, key: str) -> None:
        if key in self._values:
            self._weighs -= self._weight(self._values.pop(key))

    def _look_at_the_database(self) -> None:
        engine = database.engine()
        if self._of is not engine:
            self._values.clear()
            self._weighs, self._of = 0, engine
