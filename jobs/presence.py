"""Whether anybody is there to do what is queued."""

import threading
import time
from datetime import UTC, datetime, timedelta

import redis

from data import redis as redis_connection

KEPT_SECONDS = 2.0
SILENT = timedelta(seconds=150)  # a worker that waits for work is heard of more often

_lock = threading.Lock()
_seen: dict[str, tuple[float, bool]] = {}


def worker_for(queue: str) -> bool:
    """Whether a worker that serves this queue has been heard of lately; kept for a moment, as every page asks.

    False when Redis is away: then nobody can be told of new work before it returns.
    """
    with _lock:
        at, there = _seen.get(queue, (float("-inf"), False))
        if time.monotonic() - at >= KEPT_SECONDS:
            there = _look(queue)
            _seen[queue] = (time.monotonic(), there)
        return there


def forget() -> None:
    """Look again at the next question."""
    _seen.clear()


def _look(name: str) -> bool:
    from rq import Queue, Worker

    try:
        queue = Queue(name, connection=redis_connection.client())
        heard = [worker.last_heartbeat for worker in Worker.all(queue=queue)]
    except redis.RedisError:
        return False
    return any(at is not None and datetime.now(UTC) - at.replace(tzinfo=UTC) < SILENT for at in heard)
