"""Forks: there again after they were killed, ended in order, and never left alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from app.settings import ROOT

# Each says its name and process; on SIGTERM it finishes what it is at.
_PROGRAM = r"""
import os, signal, sys, time
from app import forks

def say(words):
    os.write(1, f"{words}\n".encode())  # a line is whole whoever else writes

def work(name):
    def end(*_):
        say(f"finished {name}")
        sys.exit()
    signal.signal(signal.SIGTERM, end)
    say(f"works {name} {os.getpid()}")
    while True:
        time.sleep(60)

forks.AGAIN_SECONDS = 0.01
forks.keep([lambda: work("a"), lambda: work("b")])
say("ended")
"""


class Forks:
    """The program above; `pids` of those that work now, by name."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.pids: dict[str, int] = {}
        self.read(2)

    def read(self, lines: int) -> list[str]:
        assert self.process.stdout
        said = []
        while len(said) < lines:
            line = self.process.stdout.readline()
            assert line, "it ended"
            if not line.startswith(("works", "finished", "ended")):
                continue  # of the log
            said.append(line.strip())
            if line.startswith("works"):
                _, name, pid = line.split()
                self.pids[name] = int(pid)
        return said


@pytest.fixture
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.process.kill()
    made.process.wait()
    assert made.process.stdout
    made.process.stdout.close()


def test_one_that_was_killed_is_there_again_and_the_other_goes_on(forks: Forks) -> None:
    before = dict(forks.pids)
    os.kill(before["a"], signal.SIGKILL)
    forks.read(1)
    assert forks.pids["a"] != before["a"]
    assert forks.pids["b"] == before["b"]
    assert psutil.pid_exists(before["b"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_finish_before_it_ends(forks: Forks, number: signal.Signals) -> None:
    os.killpg(forks.process.pid, number)  # as a terminal does it
    *finished, last = forks.read(3)
    assert sorted(finished) == ["finished a", "finished b"]
    assert last == "ended"
    assert forks.process.wait(timeout=10) == 0


def test_killed_hard_it_leaves_nobody(forks: Forks) -> None:
    kin = [psutil.Process(pid) for pid in forks.pids.values()]
    forks.process.kill()
    forks.process.wait()
    _, alive = psutil.wait_procs(kin, timeout=10)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
