"""Runs the processes of the Procfile as children: prefixed output, restarts with growing pauses, an orderly end."""

import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.text import Text

from app.processes import SUPERVISOR
from app.settings import ROOT

ENTRY_POINT = "./aegis"
COLOURS = ("cyan", "green", "magenta", "yellow", "blue")
# glibc keeps an arena a thread, and what threads have freed stays there: with two it is 30 MB less.
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STABLE_SECONDS = 60.0


class Stop(BaseException):
    """Ends whatever is going on because somebody asked for it."""


def on_stop_signals_raise() -> None:
    """SIGINT, SIGTERM and SIGHUP raise Stop, once; while stopping, further ones are ignored."""

    def handle(_number: int, _frame: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)


def procfile_commands(path: Path = ROOT / "Procfile") -> dict[str, list[str]]:
    """Command lines by process name; `./aegis` becomes the running interpreter, which saves a process each."""
    from honcho.environ import parse_procfile

    commands = {}
    for name, line in parse_procfile(path.read_text()).processes.items():
        words = shlex.split(line)
        if words[0] == ENTRY_POINT:
            words[:1] = [sys.executable, "-P", "-m", "app.cli.main"]
        commands[name] = words
    return commands


@dataclass(slots=True)
class Child:
    """One process: what it is, and how it has been doing."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    colour: str = "white"
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    failures: int = 0
    start_at: float = 0.0
    partial: bytes = b""

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps children running until `run` is left by Stop; `stop` must be called in any case."""

    def __init__(self, children: Iterable[Child], console: Console) -> None:
        self.children = list(children)
        for index, child in enumerate(self.children):
            child.colour = COLOURS[index % len(COLOURS)]
        self._console = console
        self._width = max(len(child.name) for child in self.children)
        self._outputs = selectors.DefaultSelector()

    def run(self, look: Callable[[], float]) -> None:
        """Start what is due and pass on what children print, for ever.

        `look` is called in between, and says after how many seconds it wants to be called again.
        """
        due = 0.0
        while True:
            now = time.monotonic()
            for child in self.children:
                self._tend(child, now)
            if now >= due:
                due = now + look()
            self._relay(0.1)

    def start(self, name: str) -> None:
        """Start one before `run` is called."""
        now = time.monotonic()
        for child in self.children:
            if child.name == name:
                self._start(child, now)

    def start_waiting(self) -> None:
        """Start those that have not been started yet at the next opportunity, whatever their `start_at`."""
        for child in self.children:
            if not child.started:
                child.start_at = 0.0

    def stop(self, patience: float = 7.0) -> None:
        """SIGTERM to all, SIGKILL to those that take longer than `patience` seconds."""
        for child in self.children:
            if child.running and child.process:
                child.process.terminate()
        deadline = time.monotonic() + patience
        while any(child.running for child in self.children) and time.monotonic() < deadline:
            self._relay(0.05)
        for child in self.children:
            if child.running and child.process:
                self.say(child, "does not end and is killed", style="yellow")
                child.process.kill()
            if child.process:
                child.process.wait()
        self._relay(0.0)
        self._outputs.close()

    def say(self, child: Child, words: str, style: str = "") -> None:
        prefix = Text(f"{child.name:<{self._width}} | ", style=child.colour)
        self._console.print(prefix.append(words, style=style or "default"), soft_wrap=True)

    def _tend(self, child: Child, now: float) -> None:
        if child.running or now < child.start_at:
            return
        if child.process is not None:
            self._note_end(child, now)
            if now < child.start_at:
                return
        self._start(child, now)

    def _note_end(self, child: Child, now: float) -> None:
        assert child.process is not None  # noqa: S101 # for the type checker
        code = child.process.returncode
        child.process = None
        if now - child.started > STABLE_SECONDS:
            child.failures, child.pause = 0, FIRST_PAUSE
        child.failures += 1
        how = f"ended with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        self.say(child, f"{how}; starting it again in {child.pause:g} seconds", style="yellow")
        child.start_at = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _start(self, child: Child, now: float) -> None:
        ours = {SUPERVISOR: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        environment = _FEW_ARENAS | os.environ | dict(child.environment) | ours
        # A session of its own: Ctrl-C reaches this process only, which then ends the others in order.
        child.process = subprocess.Popen(  # noqa: S603 # from our own Procfile
            child.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        child.started = now
        assert child.process.stdout is not None  # noqa: S101 # for the type checker
        os.set_blocking(child.process.stdout.fileno(), False)
        self._outputs.register(child.process.stdout, selectors.EVENT_READ, child)

    def _relay(self, wait: float) -> None:
        if not self._outputs.get_map():
            time.sleep(wait)
            return
        for key, _ in self._outputs.select(wait):
            stream, child = key.fileobj, key.data
            assert not isinstance(stream, int)  # noqa: S101 # for the type checker
            self._pass_on(child, stream)  # type: ignore[arg-type]

    def _pass_on(self, child: Child, stream: IO[bytes]) -> None:
        chunk = stream.read(65536)
        if chunk is None:
            return
        if not chunk:
            self._outputs.unregister(stream)
            stream.close()
        *lines, child.partial = (child.partial + chunk).split(b"\n")
        if not chunk and child.partial:
            lines, child.partial = [child.partial], b""
        for line in lines:
            self.say(child, line.decode("utf-8", "replace"))
