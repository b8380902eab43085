"""Answers kept in their final serialised form: in Redis, by Flask-Caching's backend, and the last used in the process.

The key carries the generation of every topic an answer depends on, so nothing is ever invalidated: an answer of older
data, or one that another release has drawn, is never asked for again, and expires. One computes, the others wait.
Without Redis a process has only what it holds itself.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from uuid import uuid4

import orjson
import redis
from flask_caching.backends.rediscache import RedisCache

from data import generations
from data import redis as redis_connection
from data.held import Held

log = logging.getLogger(__name__)

T = TypeVar("T")

KEEP_SECONDS = 24 * 3600
# How long the others wait for the one who computes before they compute themselves.
_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.01
# What answers are made of is counted, answers are weighed in bytes: a map of everything is much larger than its answer.
_PARTS_MAX = 10
_NEAR_MAX, _NEAR_MAX_EACH = 8_000_000, 1_000_000
# Counted is the JSON they were read from: values of Python weigh about four times that.
_READ_MAX, _READ_MAX_EACH = 3_000_000, 700_000
# After a failure Redis is left alone for this long, so that a page does not pay the timeout for every query.
_REST_SECONDS = 2.0


class _Bytes:
    """Answers are bytes already: no pickle between us and Redis."""

    @staticmethod
    def dumps(value: bytes) -> bytes:
        return value

    @staticmethod
    def loads(value: bytes | None) -> bytes | None:
        return value


class _Read(NamedTuple):
    value: Any
    size: int


@dataclass(slots=True)
class _State:
    parts: Held[object] = field(default_factory=lambda: Held(_PARTS_MAX))
    read: Held[_Read] = field(default_factory=lambda: Held(_READ_MAX, _READ_MAX_EACH, lambda one: one.size))
    near: Held[bytes] = field(default_factory=lambda: Held(_NEAR_MAX, _NEAR_MAX_EACH, len))
    backend: RedisCache | None = None
    client: redis.Redis | None = None
    rest_until: float = 0.0
    computing: dict[str, threading.Lock] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)


_state = _State()
_local = threading.local()


@contextmanager
def _in_this_thread(name: str, value: object) -> Iterator[None]:
    before = getattr(_local, name, None)
    setattr(_local, name, value)
    try:
        yield
    finally:
        setattr(_local, name, before)


@contextmanager
def bypassed() -> Iterator[None]:
    """For the block this thread computes every answer and keeps none: what it reads may never be committed."""
    with _in_this_thread("bypassed", True):
        yield


def serve(
    name: str,
    params: Mapping[str, object],
    topics: tuple[str, ...],
    compute: Callable[[], bytes],
    *,
    numbers: Mapping[str, int] | None = None,
) -> bytes:
    """The answer `name(params)`: kept, or computed and kept.

    `params` must hold everything the answer depends on besides the data itself: filters, the viewer's scope, the day.
    `topics` are those of `data_generation`; `numbers` their generations where somebody has just read them.
    """
    if getattr(_local, "bypassed", False):
        return compute()
    numbers = numbers or generations.current()
    key = _key(name, params, topics, numbers)
    found = _get(key)
    if found is not None:
        return found
    with _alone(key) as first:
        if not first:
            found = _get(key)
            if found is not None:
                return found
        with _in_this_thread("numbers", numbers):
            answer = compute()
        _set(key, answer)
        return answer


def answer(
    name: str,
    params: Mapping[str, object],
    topics: tuple[str, ...],
    compute: Callable[[], object],
    *,
    read: Callable[[Any], Any] = lambda plain: plain,
    numbers: Mapping[str, int] | None = None,
) -> Any:
    """As `serve`, of what orjson can write; given as the plain values of its JSON, or as what `read` makes of them.

    They are read once in a process, and everybody is given the same: nobody may change them.
    """
    if getattr(_local, "bypassed", False):
        return read(orjson.loads(orjson.dumps(compute())))
    numbers = numbers or generations.current()
    key = _key(name, params, topics, numbers)
    found = _state.read.get(key)
    if found is None:
        kept = serve(name, params, topics, lambda: orjson.dumps(compute()), numbers=numbers)
        found = _Read(read(orjson.loads(kept)), len(kept))
        _state.read.put(key, found)
    return found.value


def held(name: str, params: Mapping[str, object], topics: tuple[str, ...], compute: Callable[[], T]) -> T:
    """What several answers to one change are made of, as this process has computed it: only while `serve` computes
    one, under the generations that it goes by. Nobody may change it.
    """
    numbers: Mapping[str, int] | None = getattr(_local, "numbers", None)
    if numbers is None or getattr(_local, "bypassed", False):
        return compute()
    key = _key(name, params, topics, numbers)
    found = _state.parts.get(key)
    if found is not None:
        return cast("T", found)
    made = compute()
    _state.parts.put(key, made)
    return made


def for_this_answer(work: Callable[[], T]) -> Callable[[], T]:
    """`work` to be done in another thread as part of the answer that this one computes: under the same generations."""
    bypassed, numbers = (getattr(_local, name, None) for name in ("bypassed", "numbers"))

    def there() -> T:
        with _in_this_thread("bypassed", bypassed), _in_this_thread("numbers", numbers):
            return work()

    return there


def forget() -> None:
    """Give up what this process holds; what is in Redis stays."""
    _state.parts.clear()
    _state.read.clear()
    _state.near.clear()


def _key(name: str, params: Mapping[str, object], topics: tuple[str, ...], numbers: Mapping[str, int]) -> str:
    asked = orjson.dumps(params, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(asked, digest_size=16).hexdigest()
    return ":".join((name, ".".join(str(numbers[topic]) for topic in topics), digest))


@cache
def _code() -> str:
    """A digest of the code that makes answers: what older code drew is not shown by the newer."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for layer in ("app", "callbacks", "data", "domain", "pages"):
        for path in sorted((root / layer).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _backend() -> RedisCache | None:
    if time.monotonic() < _state.rest_until:
        return None
    client = redis_connection.client()
    if _state.backend is None or _state.client is not client:
        _state.backend = RedisCache(host=client, key_prefix=f"aegis:cache:{_code()}:", default_timeout=KEEP_SECONDS)
        _state.backend.serializer = _Bytes()
        _state.client = client
    return _state.backend


def _away(error: redis.RedisError) -> None:
    if time.monotonic() >= _state.rest_until:
        log.warning("Redis does not answer; computing without the cache: %s", error)
    _state.rest_until = time.monotonic() + _REST_SECONDS


def _get(key: str) -> bytes | None:
    held = _state.near.get(key)
    if held is not None:
        return held
    backend = _backend()
    if backend is None:
        return None
    try:
        found: bytes | None = backend.get(key)
    except redis.RedisError as error:
        _away(error)
        return None
    if found is not None:
        _state.near.put(key, found)
    return found


def _set(key: str, answer: bytes) -> None:
    _state.near.put(key, answer)
    backend = _backend()
    if backend is None:
        return
    try:
        backend.set(key, answer)
    except redis.RedisError as error:
        _away(error)


@contextmanager
def _alone(key: str) -> Iterator[bool]:
    """Yield when it is our turn to look or compute; True when nobody was before us."""
    with _state.guard:
        lock = _state.computing.setdefault(key, threading.Lock())
    first = lock.acquire(blocking=False)
    if not first:
        lock.acquire()
    try:
        with _alone_among_processes(key) as nobody_elsewhere:
            yield first and nobody_elsewhere
    finally:
        lock.release()
        with _state.guard:
            _state.computing.pop(key, None)


@contextmanager
def _alone_among_processes(key: str) -> Iterator[bool]:
    backend = _backend()
    if backend is None or _state.client is None:
        yield True
        return
    name, token = f"aegis:computing:{key}", uuid4().hex
    try:
        held = bool(_state.client.set(name, token, nx=True, px=int(_WAIT_SECONDS * 1000)))
    except redis.RedisError as error:
        _away(error)
        yield True
        return
    if not held:
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline and _exists(name):
            time.sleep(_POLL_SECONDS)
        yield False
        return
    try:
        yield True
    finally:
        _release(name, token)


def _exists(name: str) -> bool:
    try:
        return _state.client is not None and bool(_state.client.exists(name))
    except redis.RedisError as error:
        _away(error)
        return False


def _release(name: str, token: str) -> None:
    try:
        if _state.client is not None and _state.client.get(name) == token.encode():
            _state.client.delete(name)
    except redis.RedisError as error:
        _away(error)
