"""The whole way: `aegis up` as a process of its own, killed, started again, stopped; and what it refuses."""

import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from rich.console import Console
from rq import Queue

from app import boot
from app.instance import Instance
from app.release import FirstAdministrator, Release
from app.settings import ROOT, Settings, load
from app.supervisor import Child
from domain.errors import Busy, Unavailable

pytestmark = pytest.mark.long

COMMAND = [sys.executable, "-P", "-m", "app.cli.main"]
PATIENCE = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "DATABASE_", "REDIS_"))}
    return kept | {"PYTHONPATH": str(ROOT), "AEGIS_LOG_FORMAT": "json"}


def aegis(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Up:
    """A running `aegis up`; `said` is what it printed until its address appeared."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [*COMMAND, "up", "--data-dir", "data", "--port", str(self.port), "--no-demo"],
            cwd=folder,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = self.until("Ctrl-C stops it")
        for words in ("starts", "starts", "starts"):  # two workers and the scheduler follow the web server
            self.until(words)

    def until(self, words: str) -> str:
        said = ""
        assert self.process.stderr
        for line in self.process.stderr:
            said += line
            if words in line:
                return said
        raise AssertionError(f"aegis up ended:\n{said}")

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def family(self) -> list[psutil.Process]:
        """Everything it started, servers and their keepers too."""
        return psutil.Process(self.process.pid).children(recursive=True)


def ended(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs([one for one in processes if not is_zombie(one)], timeout=30)
    return all(is_zombie(one) for one in alive)


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("up there")
    yield made
    Instance.open(made / "data").cluster.destroy()


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Up]:
    up = Up(folder)
    yield up
    up.process.terminate()  # in order, so that nothing of it is left in the folder that goes next
    up.process.wait(timeout=60)


class TestUp:
    """In order: each test finds what the one before left."""

    def test_serves_the_login_and_shows_a_one_time_password(self, first: Up) -> None:
        assert first.get("/healthz") == 200
        assert first.get("/login") == 200
        assert re.search(r"One-time password:\s+\S{12,}", first.said)

    def test_runs_everything_the_procfile_names(self, first: Up) -> None:
        commands = {one.cmdline()[-1] for one in first.family() if "app.cli.main" in one.cmdline()}
        assert {"serve", "worker", "scheduler"} <= commands

    def test_a_second_one_says_so(self, first: Up, folder: Path) -> None:
        second = aegis("up", "--data-dir", "data", "--port", str(free_port()), cwd=folder)
        assert second.returncode == 1
        assert f"process {first.process.pid}, http://127.0.0.1:{first.port}" in " ".join(second.stderr.split())

    def test_a_taken_port_is_named_and_nothing_started(self, first: Up, folder: Path) -> None:
        other = aegis("up", "--data-dir", "other", "--port", str(first.port), cwd=folder)
        assert other.returncode == 1
        assert re.search(rf"Port {first.port} on 127.0.0.1 is taken", other.stderr)
        assert not (folder / "other" / "postgres" / "service.pid").exists()

    def test_commands_talk_to_it_while_it_runs(self, first: Up, folder: Path) -> None:
        before = aegis("--data-dir", "data", "user", "list", "--json", cwd=folder)
        after = aegis("user", "list", "--json", "--data-dir", "data", cwd=folder)
        assert json.loads(before.stdout) == json.loads(after.stdout) != []
        assert first.get("/readyz") == 200

    def test_jobs_are_done(self, first: Up, folder: Path) -> None:
        connection = redis.Redis.from_url(str(Instance.open(folder / "data").settings.redis_url))
        for queue in ("workflow", "default"):
            job = Queue(queue, connection=connection).enqueue("os.getpid")
            result = job.latest_result(timeout=30)
            assert result
            assert result.return_value != first.process.pid

    def test_doctor_finds_everything_alive(self, first: Up, folder: Path) -> None:
        findings = json.loads(aegis("doctor", "--json", "--data-dir", "data", cwd=folder).stdout)
        state = {finding["about"]: finding["state"] for finding in findings}
        wanted = ("PostgreSQL", "Redis", "Schema", "Workers", "Scheduler", "Web server", "Packages")
        assert {name: state[name] for name in wanted} == dict.fromkeys(wanted, "ok")

    def test_killed_hard_nothing_is_left(self, first: Up) -> None:
        family = first.family()
        first.process.kill()
        first.process.wait()
        assert ended(family)

    def test_it_starts_again_with_its_data_and_ends_on_sigterm(self, folder: Path) -> None:
        again = Up(folder)
        assert "One-time password" not in again.said
        assert again.get("/login") == 200
        family = again.family()
        again.process.terminate()
        assert "Stopped." in again.until("Stopped.")
        assert again.process.wait(PATIENCE) == 0
        assert ended(family)
        assert boot.running(Instance.open(folder / "data")) is None


def test_an_address_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Unavailable, match="--host"):
        boot.require_free_port(load(host="no.such.host.invalid"))


def test_the_processes_are_those_of_the_procfile_and_the_web_server_comes_first() -> None:
    children = boot.children(Settings(), Console(file=io.StringIO()))
    assert [child.name for child in children] == ["web", "worker", "scheduler"]
    assert [child.start_at > 0 for child in children] == [False, True, True]


def test_one_at_a_time(tmp_path: Path) -> None:
    instance = Instance.open(tmp_path / "data")
    assert boot.running(instance) is None
    with boot.only_one(instance):
        running = boot.running(instance)
        assert running
        assert running["pid"] == os.getpid()
        with pytest.raises(Busy, match=f"process {os.getpid()}"), boot.only_one(instance):
            pass
    assert boot.running(instance) is None


def test_the_password_is_not_lost_when_the_web_server_never_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Release, "run", lambda _self, **_: FirstAdministrator("owner", "aaaa-bbbb"))
    monkeypatch.setattr(boot, "children", lambda *_: [Child("web", [sys.executable, "-c", "raise SystemExit(1)"])])
    monkeypatch.setattr(boot, "GIVE_UP_AFTER", 1)
    monkeypatch.setenv("AEGIS_PORT", str(free_port()))
    screen = io.StringIO()
    with pytest.raises(Unavailable, match="does not start"):
        boot.up(tmp_path / "data", demo=False, console=Console(file=screen))
    assert "aaaa-bbbb" in screen.getvalue()
    Instance.open(tmp_path / "data").cluster.destroy()
