"""Processes forked from this one: what it has imported they share, so that another costs little."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import structlog

from app.processes import die_with_parent
from app.supervisor import Stop, on_stop_signals_raise

AGAIN_SECONDS = 1.0
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Work = Callable[[], object]


def keep(works: Sequence[Work]) -> None:
    """Do each of these in a fork, starting again what ends, until SIGTERM or SIGINT; then each is sent SIGTERM, and
    this returns when all have ended. Forks end by SIGKILL with this process. Call it with a single thread.
    """
    on_stop_signals_raise()
    log = structlog.get_logger("aegis.forks")
    running: dict[int, BaseProcess] = {}
    try:
        while True:
            for index, work in enumerate(works):
                if index not in running:
                    with _undisturbed():  # nothing may be forked and not be noted
                        running[index] = _fork(work)
            wait([one.sentinel for one in running.values()])
            for index, one in list(running.items()):
                if not one.is_alive():
                    log.warning("a process ended and is started again", pid=one.pid, code=one.exitcode)
                    del running[index]
            time.sleep(AGAIN_SECONDS)
    except Stop:
        for one in running.values():
            one.terminate()
        for one in running.values():
            one.join()


@contextmanager
def _undisturbed() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _fork(work: Work) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_do, args=(work, os.getpid()))
    process.start()
    return process


def _do(work: Work, parent: int) -> None:
    os.setpgrp()  # Ctrl-C reaches the parent only, which then ends the forks in order
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    die_with_parent(parent, signal.SIGKILL)
    work()
