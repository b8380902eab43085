"""The parent of one embedded server: starts it, and stops it when the last process that uses it is gone.

Run as a script (`python -I -S keeper.py FOLDER SPEC`) with the standard library only, so that it costs a few megabytes.
Users of the service hold a shared lock on `FOLDER/in-use.lock`. The keeper waits for the exclusive one: the kernel
grants it the moment the last user has let go, however it ended, so nothing is left behind even by `kill -9`. Should the
keeper itself be killed, the server receives its stop signal from the kernel (Linux), or is found by its pid file at the
next start (elsewhere).
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Wake(BaseException):
    """Ends the wait for the lock: the server has ended, or the keeper was told to stop."""


def wake(_signal: int, _frame: FrameType | None) -> None:
    raise Wake


def become_server(spec: dict[str, Any], keeper: int) -> NoReturn:
    """In the forked child: own session, dropped rights, bound to the keeper's life, then the server's program."""
    os.setsid()
    if spec["uid"] is not None:
        os.setgroups([])
        os.setgid(spec["gid"])
        os.setuid(spec["uid"])
    if sys.platform == "linux":
        # After setuid: a change of credentials clears it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, spec["stop"][0][0], 0, 0, 0)
    if os.getppid() != keeper:
        os._exit(1)
    os.umask(0o077)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.execve(spec["command"][0], spec["command"], spec["env"])  # noqa: S606 # becoming that program is the point


def start(spec: dict[str, Any]) -> int:
    keeper = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        become_server(spec, keeper)
    except OSError as error:
        os.write(2, f"{spec['command'][0]}: {error.strerror}\n".encode())
        os._exit(127)


def ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def stop(pid: int, steps: list[list[float]]) -> None:
    """Each step is (signal, seconds to wait for it to work)."""
    for number, patience in steps:
        os.kill(pid, int(number))
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if ended(pid):
                return
            time.sleep(0.02)


def main() -> None:
    folder, spec = Path(sys.argv[1]), json.loads(sys.argv[2])
    record = folder / "service.pid"
    lock = os.open(folder / "in-use.lock", os.O_RDWR | os.O_CREAT, 0o600)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    for number in SIGNALS:
        signal.signal(number, wake)
    pid = start(spec)
    fresh = record.with_suffix(".new")
    fresh.write_text(json.dumps({"keeper": os.getpid(), "pid": pid}))
    fresh.rename(record)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except Wake:
        print("The server ended or its keeper was told to stop.", file=sys.stderr)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    if not ended(pid):
        stop(pid, spec["stop"])
    if folder.exists():
        record.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
