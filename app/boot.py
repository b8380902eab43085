"""`aegis up`, step by step: one at a time a data directory, a free port, services, schema, first content, processes."""

import errno
import fcntl
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from app.instance import Instance
from app.preparing import Preparing
from app.release import FirstAdministrator, Release
from app.settings import LogFormat, Settings
from app.supervisor import Child, Supervisor, procfile_commands
from domain.errors import Busy, Unavailable

UP_LOCK = "up.lock"
WEB = "web"
GIVE_UP_AFTER = 3
HEAD_START_SECONDS = 10.0


@contextmanager
def only_one(instance: Instance) -> Iterator[None]:
    """Hold the data directory's `up.lock`. Raises Busy naming who holds it."""
    path = instance.directory / UP_LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = json.loads(path.read_text() or "{}")
            who = f"process {running['pid']}, {running['address']}" if running else "it is just starting"
            raise Busy(f"Aegis is running already for {instance.directory}: {who}.") from None
        settings = instance.settings
        running = {"pid": os.getpid(), "address": settings.base_url, "host": settings.local_host, "port": settings.port}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(running).encode())
        yield
    finally:
        os.close(descriptor)


def running(instance: Instance) -> dict[str, Any] | None:
    """What `aegis up` runs for this data directory: its pid, address, host and port; None when it does not."""
    path = instance.directory / UP_LOCK
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, Any] = json.loads(file.read() or "{}")
            return found
    return None


def require_free_port(settings: Settings) -> None:
    """Raises Busy or Unavailable when the web server could not listen there."""
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise Unavailable(f"The address {settings.host} is not known here; choose another with --host.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                f"Port {settings.port} on {settings.host} is taken{_holder(settings.port)}; choose another with --port."
            ) from None
        raise Unavailable(f"The web server cannot listen on {where} ({error.strerror}).") from error


def _holder(port: int) -> str:
    """ " by python3 (process 12)" when the system lets us see it."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid:
                    return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
                break
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""


def children(settings: Settings, console: Console) -> list[Child]:
    """The Procfile's processes but `release`."""
    shared = {
        "AEGIS_DATA_DIR": str(settings.data_dir),
        "AEGIS_HOST": settings.host,
        "AEGIS_PORT": str(settings.port),
    }
    if settings.log_format is LogFormat.AUTO and console.is_terminal:
        shared["AEGIS_LOG_FORMAT"] = LogFormat.TEXT.value
    # Somebody is waiting for the web server: the others follow when it answers.
    later = time.monotonic() + HEAD_START_SECONDS
    return [
        Child(name, command, shared, start_at=0.0 if name == WEB else later)
        for name, command in procfile_commands().items()
        if name != "release"
    ]


class Watch:
    """Looks after what the supervisor does not: the services, and whether the web server answers."""

    def __init__(
        self, instance: Instance, supervisor: Supervisor, console: Console, made: FirstAdministrator | None
    ) -> None:
        self.instance, self.supervisor, self.console, self.made = instance, supervisor, console, made
        self.web = next(child for child in supervisor.children if child.name == WEB)
        self.announced = False
        self._services_at = 0.0

    def __call__(self) -> float:
        """Look once; returns after how many seconds to look again."""
        if time.monotonic() >= self._services_at:
            self._services()
        if self.announced:
            return 1.0
        if answers(self.instance.settings.local_host, self.instance.settings.port):
            self.announced = True
            self.supervisor.start_waiting()
            self.console.print(box(self.instance.settings, self.made))
        elif self.web.failures >= GIVE_UP_AFTER:
            raise Unavailable("The web server does not start; what it printed is above.")
        return 0.1

    def _services(self) -> None:
        self._services_at = time.monotonic() + 1
        try:
            for name in self.instance.ensure_services():
                self.console.print(f"{name} had ended and was started again.", style="yellow")
        except Unavailable as error:
            self.console.print(error.detail, style="yellow", markup=False)
            self._services_at = time.monotonic() + 10


def answers(host: str, port: int) -> bool:
    """Whether `/healthz` says yes."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def box(settings: Settings, made: FirstAdministrator | None) -> Panel:
    """What the person who typed `up` is waiting for."""
    text = Text.assemble("Aegis runs at ", (settings.base_url, "bold"))
    if made:
        text.append(f"\n\n{made}", style="bold")
        text.append("\n\nThe password is shown only now and must be changed at the first sign-in.")
    text.append("\n\nCtrl-C stops it.", style="dim")
    return Panel(text, expand=False, padding=(1, 3))


def up(data_dir: Path | None, *, demo: bool | None, console: Console) -> None:
    """Run until Stop. Raises what a person can do something about."""
    instance = Instance.open(data_dir)
    with only_one(instance):
        require_free_port(instance.settings)
        console.print(f"Data directory: {instance.directory}", style="dim", markup=False)
        with (
            Release(instance) as release,
            instance.services(redis=True),
            Preparing(instance.directory) as preparing,
        ):
            supervisor = Supervisor(children(instance.settings, console), console)
            made = watch = None
            try:
                supervisor.start(WEB)  # it has most to import, and waits until the database is prepared
                made = release.run(with_demo=instance.embedded_database if demo is None else demo)
                preparing.done()
                watch = Watch(instance, supervisor, console, made)
                supervisor.run(watch)
            finally:
                console.print("Stopping.", style="dim")
                supervisor.stop()
                if made and not (watch and watch.announced):
                    console.print(str(made))  # never shown again
