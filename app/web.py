"""`aegis serve`: granian with the WSGI application. Its main process imports little, its workers the application."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import structlog
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from app import logs
from app.instance import Instance
from app.processes import DATA_DIR_VARIABLE, die_with_parent, die_with_supervisor, settle
from domain.errors import Unavailable

TARGET = "app.wsgi:app"
# Longer than any answer should take, shorter than what a supervisor or container waits before it kills.
STOP_SECONDS = 5
# Our own handler formats granian's few lines too.
_LOGGING = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": [], "propagate": True}},
}


def serve(data_dir: Path | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    die_with_supervisor()
    instance = Instance.open(data_dir)
    settings = instance.settings
    os.environ[DATA_DIR_VARIABLE] = str(instance.directory)  # what `app.wsgi` opens, in the workers
    logs.configure("web", settings)
    with instance.services(redis=True):
        server = Server(
            TARGET,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=settings.web_workers,
            blocking_threads=settings.web_threads,
            runtime_blocking_threads=1,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            log_level=LogLevels.warning,
            log_dictconfig=_LOGGING,
            log_access=False,
        )
        structlog.get_logger("aegis.web").info("web server starts", host=settings.host, port=settings.port)
        load = _Load(os.getpid())
        server.serve(target_loader=load, wrap_loader=False)
        if load.failed.is_set():
            raise Unavailable("The web application cannot be loaded; the reason is in the log.")


class _Load:
    """Makes the application inside a worker process; when that fails, the server ends instead of trying for ever."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.failed = multiprocessing.Event()

    def __call__(self) -> Any:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the server's own handler waits for answers; there are none yet
        die_with_parent(self.server, signal.SIGTERM)
        try:
            from app.wsgi import app
        except Exception:
            structlog.get_logger("aegis.web").exception("the web application cannot be loaded")
            self.failed.set()
            os.kill(self.server, signal.SIGTERM)
            os._exit(1)
        settle()
        return app
