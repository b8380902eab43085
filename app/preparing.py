"""While `aegis up` prepares the database, the web server imports what it needs, and waits before it answers anybody."""

import fcntl
import os
import time
from pathlib import Path

_LOCK = "preparing.lock"
_POLL_SECONDS = 0.02


class Preparing:
    """`with Preparing(directory) as preparing:` makes others wait, until `preparing.done()` or the end of the block.

    A process that dies meanwhile makes nobody wait any longer: what it holds is a lock of the system.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / _LOCK

    def __enter__(self) -> "Preparing":
        self._descriptor: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def done(self) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # forks may still have it open
            os.close(self._descriptor)
            self._descriptor = None


def wait(directory: Path) -> None:
    """Return when nobody prepares. It asks again and again, so that signals are heard."""
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        while not _free(descriptor):
            time.sleep(_POLL_SECONDS)
    finally:
        os.close(descriptor)


def _free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
