"""How often one address may try to sign in: counted in Redis for all processes, in this one while Redis is away."""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis import RedisError

SIGN_INS = RateLimitItemPerMinute(5, namespace="aegis:sign-in")
_PATIENCE = {"socket_connect_timeout": 0.3, "socket_timeout": 1.0}


class Attempts:
    """Counts nothing but what it is asked about: other requests do not pay for it."""

    def __init__(self, redis_url: str | None) -> None:
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared = self._own
        if redis_url is not None:
            address = redis_url.replace("unix://", "redis+unix://", 1)  # as the library spells it
            storage = storage_from_string(address, **_PATIENCE)  # Redis takes fractions of a second
            self._shared = FixedWindowRateLimiter(storage)

    def one_more(self, address: str | None) -> bool:
        """Count an attempt; False when it is one too many."""
        who = address or "unknown"
        try:
            return self._shared.hit(SIGN_INS, who)
        except RedisError:
            return self._own.hit(SIGN_INS, who)
