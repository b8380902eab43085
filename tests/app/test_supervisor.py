"""The supervisor: what runs, what is said about it, how it ends."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from app.processes import SUPERVISOR
from app.supervisor import Child, Stop, Supervisor, procfile_commands


class Run:
    """A supervisor over small Python programs, run until `until(what was printed)`."""

    def __init__(self, **programs: str) -> None:
        self.screen = io.StringIO()
        self.children = [Child(name, [sys.executable, "-c", program]) for name, program in programs.items()]
        self.supervisor = Supervisor(self.children, Console(file=self.screen, width=200))

    @property
    def printed(self) -> str:
        return self.screen.getvalue()

    def until(self, condition: Callable[[str], bool]) -> None:
        def look() -> float:
            if condition(self.printed):
                raise Stop
            return 0.0

        with pytest.raises(Stop):
            self.supervisor.run(look)


def test_output_carries_the_name_of_its_process() -> None:
    run = Run(web="print('hello', flush=True); import time; time.sleep(600)", worker="print('working')")
    run.until(lambda printed: "hello" in printed and "working" in printed)
    run.supervisor.stop()
    assert "web    | hello" in run.printed
    assert "worker | working" in run.printed


def test_a_crashed_process_is_started_again_and_said_so() -> None:
    run = Run(web="print('started'); raise SystemExit(3)")
    run.until(lambda printed: printed.count("started") == 2)
    run.supervisor.stop()
    assert "ended with code 3; starting it again in 0.5 seconds" in run.printed
    assert run.children[0].pause > 0.5


def test_stop_ends_what_ignores_sigterm() -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    run = Run(web=deaf)
    run.until(lambda printed: "deaf" in printed)
    run.supervisor.stop(patience=0.1)
    assert not run.children[0].running
    assert "is killed" in run.printed


def test_the_last_words_of_a_process_are_shown_without_a_line_end() -> None:
    run = Run(web="import sys; sys.stdout.write('no newline'); sys.stdout.flush(); raise SystemExit(1)")
    run.until(lambda printed: "no newline" in printed)
    run.supervisor.stop()


def test_children_know_their_supervisor() -> None:
    run = Run(web=f"import os; print('supervised by', os.environ['{SUPERVISOR}'], os.getppid())")
    run.until(lambda printed: f"supervised by {os.getpid()} {os.getpid()}" in printed)
    run.supervisor.stop()


def test_the_procfile_names_the_processes_of_the_project() -> None:
    commands = procfile_commands()
    assert list(commands) == ["release", "web", "worker", "scheduler"]
    assert commands["web"] == [sys.executable, "-P", "-m", "app.cli.main", "serve"]


def test_other_programs_in_a_procfile_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# a comment\nproxy: /usr/bin/proxy --config 'a b'\n")
    assert procfile_commands(tmp_path / "Procfile") == {"proxy": ["/usr/bin/proxy", "--config", "a b"]}
