"""The release step of `aegis up`: schema, first content, first administrator.

It runs in a forked process of its own, so that what it has to import does not stay in memory for as long as `up` runs,
and is forked early, so that it imports while the services start.
"""

import multiprocessing
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Self

from app.instance import Instance
from domain.errors import AegisError, Unavailable


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """Who was made at the very first start; the password is known only now."""

    name: str
    one_time_password: str

    def __str__(self) -> str:
        return f"First administrator: {self.name}\nOne-time password:   {self.one_time_password}"


class Release:
    """`with Release(instance) as release:` starts the process, `release.run(...)` has it do its work and waits."""

    def __init__(self, instance: Instance) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, self._theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(self._theirs, instance), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
        self._ours.close()

    def run(self, *, with_demo: bool) -> FirstAdministrator | None:
        """Needs running services. Who was made administrator on the way, if anybody; raises what stood in the way."""
        try:
            self._ours.send(with_demo)
            answer = self._ours.recv()
        except (EOFError, BrokenPipeError):
            answer = Unavailable("Preparing the database ended unexpectedly.")
        self._process.join()
        if isinstance(answer, Exception):
            raise answer
        made: FirstAdministrator | None = answer
        return made


def _work(pipe: Connection, instance: Instance) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    from app import setup
    from app.cli.console import err, progress, unexpected
    from app.processes import configure_data, die_with_parent
    from app.schema import upgrade

    parent = multiprocessing.parent_process()
    if parent and parent.pid:
        die_with_parent(parent.pid, signal.SIGTERM)
    try:
        with_demo = pipe.recv()
        configure_data(instance.settings, process="up")
        upgrade(say=lambda words: err.print(words, markup=False))
        with progress("First start") as report:
            password = setup.prepare(with_demo=with_demo, report=report)
        pipe.send(FirstAdministrator(setup.FIRST_ADMINISTRATOR, password) if password else None)
    except AegisError as error:
        pipe.send(error)
    except Exception as error:
        unexpected(error)
        pipe.send(Unavailable("The database could not be prepared."))
