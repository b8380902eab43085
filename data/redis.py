"""The connection to Redis. Redis carries jobs and cached answers; nothing in it is the only copy of anything."""

from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_CONNECT_SECONDS = 0.3
_ANSWER_SECONDS = 1.0


@dataclass(slots=True)
class _State:
    url: str | None = None
    client: redis.Redis | None = None


_state = _State()


def configure(redis_url: str) -> None:
    """Set the process's Redis. Nothing is connected before it is used."""
    close()
    _state.url = redis_url


def client() -> redis.Redis:
    """A client that gives up quickly: whoever waits for a page would rather have it without the cache."""
    if _state.client is None:
        if _state.url is None:
            raise RuntimeError("data.redis.configure() has not been called in this process.")
        _state.client = redis.Redis.from_url(
            _state.url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
    return _state.client


def close() -> None:
    """Until it is configured again the process has no Redis."""
    if _state.client is not None:
        _state.client.close()
    _state.client = _state.url = None
