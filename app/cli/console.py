"""What every command shares: the data directory option, the connection to an instance, progress, words for failures."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.processes import DATA_DIR_VARIABLE

if TYPE_CHECKING:
    from app.instance import Instance
    from data.database import Actor

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar=DATA_DIR_VARIABLE,
        file_okay=False,
        help="The installation this is about (default: .aegis in the checkout).",
    ),
]

# report(done, total, words): total None while it is not known
Report = Callable[[int, int | None, str | None], None]


def open_instance(data_dir: Path | None) -> "Instance":
    """The instance a command is about, with logging set up for a command."""
    from app import logs
    from app.instance import Instance

    instance = Instance.open(data_dir)
    os.environ[DATA_DIR_VARIABLE] = str(instance.directory)  # where `unexpected` writes to
    log = (instance.logs / "commands.log").open("a", encoding="utf-8")
    logs.configure("command", instance.settings, stream=log)
    return instance


@contextmanager
def connected(data_dir: Path | None, *, redis: bool = False) -> Iterator["Instance"]:
    """An instance whose services run, with `data.database` and `data.redis` configured and the schema current.

    An embedded database is brought to the newest schema on the way; for one elsewhere `aegis migrate` is asked for.
    """
    instance = open_instance(data_dir)
    with instance.services(redis=redis):
        from app.processes import configure_data
        from app.schema import require_current

        configure_data(instance.settings, process="command")
        require_current(instance)
        yield instance


def command_actor() -> "Actor":
    """Whoever can run commands on the instance acts as its administrator, under their own name."""
    import getpass

    from data.database import Actor

    return Actor(name=f"{getpass.getuser()} (command line)")


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """A bar on standard error for long work, plain lines when that is no terminal; nothing until the first report.

    Yields `report(done, total, words)`; call it as often as you like.
    """
    if not err.is_terminal:
        yield _plain_report(what)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    count = TextColumn("{task.fields[count]}")
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn(), console=err
    )

    def report(done: int, total: int | None, words: str | None) -> None:
        if not bar.tasks:
            bar.add_task(what, count="")
            bar.start()
        bar.update(
            bar.tasks[0].id,
            completed=done,
            total=total,
            count=f"{done:,} of {total:,}" if total else "",
            description=f"{what}: {words}" if words else what,
        )

    try:
        yield report
        for task in bar.tasks:
            bar.update(task.id, total=task.total or 1, completed=task.total or 1)
    finally:
        bar.stop()


def _plain_report(what: str) -> Report:
    said: set[str | None] = set()

    def report(_done: int, _total: int | None, words: str | None) -> None:
        if words not in said:
            said.add(words)
            err.print(f"{what}: {words}" if words else what, markup=False)

    return report


def fail(sentence: str) -> "typer.Exit":
    """Say what is wrong; `raise fail("…")` ends the command with code 1."""
    err.print(f"[bold red]Error:[/] {_plain(sentence)}")
    return typer.Exit(1)


def unexpected(error: BaseException) -> None:
    """One sentence for the person, the traceback to a file."""
    folder = Path(os.environ.get(DATA_DIR_VARIABLE, "")) / "logs"
    if not (os.environ.get(DATA_DIR_VARIABLE) and folder.is_dir()):
        from app.instance import default_directory

        folder = default_directory() / "logs"
    written = ""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / "errors.log"
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat()} aegis {' '.join(sys.argv[1:2])}\n")
            traceback.print_exception(error, file=log)
        written = f" The details are in {file}; --debug shows them here."
    except OSError:
        written = " Run it again with --debug before the command to see the details."
    name = type(error).__name__
    err.print(f"[bold red]Error:[/] Something went wrong that should not have ({name}).{_plain(written)}")


def _plain(words: str) -> str:
    from rich.markup import escape

    return escape(words)
