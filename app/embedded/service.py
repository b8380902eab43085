"""What PostgreSQL and Redis have in common when they are embedded: who uses them, who starts them, how they end.

A service lives in one folder:

    in-use.lock   users hold it shared; the keeper waits for it exclusively and then stops the server
    start.lock    held while somebody looks whether it runs, and starts it if not
    service.pid   {"keeper": pid, "pid": pid} of what runs; the truth is the process list, this says where to look
    server.log    what the server printed

Any number of processes may `acquire` and `release` at the same time; the last one out waits until the server has
stopped.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil

from app.embedded import keeper
from app.embedded.accounts import Account
from domain.errors import Unavailable

# sockaddr_un.sun_path: 108 bytes on Linux, 104 on macOS, both with a closing zero.
SOCKET_PATH_LIMIT = 103
LOG_LIMIT = 5_000_000


class Service(ABC):
    """One embedded server, addressed by its folder."""

    name: str
    start_seconds: float = 60.0

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._held: int | None = None
        self._spawned: subprocess.Popen[bytes] | None = None

    # What a server has to say about itself.

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the server needs before it can start; called under the start lock, with nothing running."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Program and arguments; the program stays in the foreground."""

    @abstractmethod
    def _stop_signals(self) -> Sequence[tuple[int, float]]:
        """(signal, seconds it may take), mildest first."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it takes connections now."""

    def _account(self) -> Account | None:
        return None

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    # Using it.

    def acquire(self) -> None:
        """Make sure it runs until `release`. Raises Unavailable with the reason when it cannot be started."""
        if self._held is None:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._open("in-use.lock")
            fcntl.flock(lock, fcntl.LOCK_SH)  # waits for a keeper that is just stopping it
            self._held = lock
        try:
            self.ensure_running()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let go; when nobody else uses it, return only after it has stopped."""
        lock, self._held = self._held, None
        if lock is None:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_UN)
            if _locked(lock, fcntl.LOCK_EX):
                self._end_keeper()
            elif not _locked(lock, fcntl.LOCK_SH):
                fcntl.flock(lock, fcntl.LOCK_SH)  # its keeper has noticed already: wait until it is done
        finally:
            os.close(lock)
            if self._spawned:
                self._spawned.poll()  # do not leave our ended keeper behind as a zombie

    start = acquire
    stop = release

    def end_for_good(self) -> None:
        """Stop it whoever started it, unless somebody uses it; returns only after it has stopped."""
        if self._held is None and self.path.exists():
            self._held = self._open("in-use.lock")
            fcntl.flock(self._held, fcntl.LOCK_SH)
        self.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def running(self) -> bool:
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs under its keeper."""
        record = self._record()
        if record is None or _process(record["keeper"], str(self.path)) is None:
            return None
        return record["pid"] if _alive(record["pid"]) else None

    def ensure_running(self) -> None:
        """Start it if it does not run and wait until it answers; the caller holds it."""
        if self.running() and self._answers():
            return
        with self._starting():
            if not self.running():
                self._end_leftovers()
                self._prepare()
                self._spawn()
            self._wait_until_it_answers()

    # Starting.

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = self._open("start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _spawn(self) -> None:
        account = self._account()
        specification = {
            "command": self._command(),
            "uid": account.uid if account else None,
            "gid": account.gid if account else None,
            "env": self._environment(),
            "stop": [[int(number), seconds] for number, seconds in self._stop_signals()],
        }
        log = self.path / "server.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            log.chmod(0o600)
            self._spawned = subprocess.Popen(  # noqa: S603 # our own keeper
                [sys.executable, "-I", "-S", keeper.__file__, str(self.path), json.dumps(specification)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self._answers():
            gone = self._spawned.poll() is not None if self._spawned else not self.running()
            if gone or time.monotonic() > deadline:
                what = "stopped while starting" if gone else f"did not answer within {self.start_seconds:.0f} seconds"
                raise Unavailable(f"The embedded {self.name} {what}. {self.last_words()}")
            time.sleep(0.02)

    def last_words(self, lines: int = 4) -> str:
        """The end of the log as part of a sentence."""
        log = self.path / "server.log"
        text = log.read_bytes()[-4000:].decode("utf-8", "replace").strip() if log.exists() else ""
        if not text:
            return f"Its log {log} is empty."
        return f"The end of its log {log}: " + " | ".join(text.splitlines()[-lines:])

    # Ending.

    def _end_keeper(self) -> None:
        """Tell the keeper to stop the server and wait for it; the caller holds the in-use lock exclusively."""
        record = self._record()
        process = record and _process(record["keeper"], str(self.path))
        if process:
            process.terminate()
            patience = sum(seconds for _, seconds in self._stop_signals()) + 5
            wait_for([process], patience)

    def _end_leftovers(self) -> None:
        """A keeper without its server, or a server without its keeper, after something was killed hard."""
        record = self._record()
        if record is None:
            return
        left = [_process(record["keeper"], str(self.path)), _process(record["pid"], self._mark())]
        self._end([process for process in left if process])
        (self.path / "service.pid").unlink(missing_ok=True)

    def _end(self, processes: list[psutil.Process]) -> None:
        """End each, at last by force; first a moment's grace, for a server without keeper is on its way out already."""
        for number, seconds in ((None, 2.0), *self._stop_signals()):
            if number is not None:
                for process in processes:
                    _signal(process, number)
            processes = wait_for(processes, seconds)
            if not processes:
                return
        pids = ", ".join(str(process.pid) for process in processes)
        raise Unavailable(f"An earlier {self.name} does not end (process {pids}); end it by hand.")

    def _mark(self) -> str:
        """What the server's command line contains and no other process has."""
        return str(self.path)

    # Details.

    def _record(self) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads((self.path / "service.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record

    def _open(self, name: str) -> int:
        return os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600)


def usable_socket_directory(wanted: Path, file_name: str) -> Path:
    """`wanted`, or a short directory of our own under /tmp when clients could not use the socket's path there.

    It may be too long for the system; and redis-py misreads the server's answers when it holds a blank or "=".
    """
    path = os.fsencode(wanted / file_name)
    if len(path) <= SOCKET_PATH_LIMIT and re.fullmatch(rb"[A-Za-z0-9_./-]+", path):
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    return Path("/tmp") / f"aegis-{digest}"  # noqa: S108 # short by design; who owns it is looked at before use


def make_socket_directory(folder: Path, owner: Account | None) -> None:
    """The folder exists, 0700, and belongs to the server's account."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), owner.uid if owner else os.geteuid()}:
        raise Unavailable(f"{folder} belongs to somebody else; remove it, or choose another --data-dir.")
    if owner:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _process(pid: int, mark: str) -> psutil.Process | None:
    """The living process `pid` whose command line contains `mark`; process ids are used again, so the mark decides."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not any(mark in part for part in process.cmdline()):
            return None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def wait_for(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until they are gone (or dead and not reaped); returns those that are not."""
    deadline = time.monotonic() + seconds
    while True:
        processes = [process for process in processes if _alive(process.pid)]
        if not processes or time.monotonic() > deadline:
            return processes
        time.sleep(0.02)
