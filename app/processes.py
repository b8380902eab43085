"""What processes of Aegis do first: connect the data layer, take care not to outlive their supervisor, settle."""

import gc
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings

DATA_DIR_VARIABLE = "AEGIS_DATA_DIR"
# Set by the supervisor for its children: its process id.
SUPERVISOR = "AEGIS_SUPERVISOR"
_PR_SET_PDEATHSIG = 1
# Objects made until the collector looks at the young ones (Python's 700 suits small programs), and how many of these
# looks make one at the middle and at the old ones. A measured map is ten thousand objects without a cycle among them.
_COLLECT_AFTER = (20_000, 10, 20)


def configure_data(settings: "Settings", *, process: str, pool_size: int = 5) -> None:
    """Point the data layer at the services and the object store; nothing is connected before it is needed."""
    from data import database, local, messenger, objects, redis, secrets

    if settings.database_url is None or settings.redis_url is None or settings.object_store_url is None:
        raise RuntimeError("These settings have not been resolved by an instance.")
    database.configure(settings.database_url, pool_size=pool_size, application_name=f"aegis {process}")
    redis.configure(settings.redis_url)
    local.configure(settings.data_dir / "made" if settings.data_dir else None)
    objects.configure(settings.object_store_url, settings.object_store_public_url)
    secrets.configure(settings.secret_key.get_secret_value())
    messenger.configure(settings.base_url, settings.notify_private_hosts)


def settle() -> None:
    """Call when everything is imported. What there is now stays to the end: the collector never looks at it again, and
    its pages stay shared with forks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def die_with_supervisor(number: int = signal.SIGTERM) -> None:
    """When started by a supervisor, receive `number` the moment it is gone, even by `kill -9`."""
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor:
        die_with_parent(int(supervisor), number)


def die_with_parent(parent: int, number: int) -> None:
    """On Linux the kernel does it; elsewhere a thread looks once a second who the parent is."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent, number), name="lifeline", daemon=True).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _watch(parent: int, number: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), number)
