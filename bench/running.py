"""The software as it really runs: `aegis up` in a process of its own, and somebody signed in to it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from app.instance import Instance
from data import database, passwords
from data.database import unit_of_work
from data.models import User

ROOT = Path(__file__).resolve().parent.parent
USER, _PASSWORD = "bench", "Bench-marks-2026"  # of an instance that is thrown away
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Running:
    """`seconds` from the command to the first answer."""

    address: str
    pid: int
    seconds: float


@contextmanager
def up(data_dir: Path, *options: str) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-P", "-m", "app.cli.main", "up", "--data-dir", str(data_dir), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = data_dir.with_name(f"{data_dir.name}.log").open("ab")
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address)
        yield Running(address, process.pid, time.perf_counter() - started)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sign_in(running: Running, instance: Instance) -> httpx.Client:
    """A client with the cookies of an administrator's session."""
    database.configure(instance.settings.database_url or "", application_name="bench")
    with unit_of_work() as session:
        if not session.query(User).filter_by(username=USER).count():
            session.add(
                User(username=USER, display_name="Bench", role="admin", password_hash=passwords.hashed(_PASSWORD))
            )
    client = httpx.Client(base_url=running.address, timeout=60)
    form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login").text)
    token = form.group(1) if form else ""
    answer = client.post("/login", data={"username": USER, "password": _PASSWORD, "csrf_token": token})
    if answer.status_code != httpx.codes.FOUND:
        raise SystemExit(f"Signing in to the benchmark's own instance failed ({answer.status_code}).")
    client.get("/", headers={"Accept": "text/html"})  # sets the cookie that callbacks send back
    return client


def memory_mb(running: Running, instance: Instance) -> tuple[float, int]:
    """Proportional set size of everything that `aegis up` runs, and how many processes that is."""
    roots = [running.pid, instance.cluster.pid, instance.redis.pid]
    found: dict[int, psutil.Process] = {}
    for pid in roots:
        if pid is not None:
            process = psutil.Process(pid)
            found |= {one.pid: one for one in (process, *process.children(recursive=True))}
    sizes = [size for size in map(_pss, found.values()) if size]
    return sum(sizes) / 1024 / 1024, len(sizes)


def _pss(process: psutil.Process) -> int:
    """Bytes; 0 of one that has ended meanwhile."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"aegis up ended with code {process.returncode}; its log lies beside the data directory.")
        if _answers(address):
            return
        time.sleep(0.02)
    raise SystemExit("aegis up did not answer in time.")


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/login", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
