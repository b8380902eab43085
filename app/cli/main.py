"""The commands of `./aegis`. Modules are imported for their signatures only; a command imports what it needs itself."""

import os
import sys
from typing import Annotated

import typer

from app.cli import (
    audit,
    content,
    database,
    demo,
    doctor,
    export,
    imports,
    jobs,
    metrics,
    people,
    rehearse,
    scope,
    snapshots,
    testing,
    up,
)
from app.cli.console import DataDir, err, unexpected
from app.processes import DATA_DIR_VARIABLE
from domain.errors import AegisError

app = typer.Typer(
    name="aegis",
    help="Detection coverage on the map of MITRE ATT&CK.",
    epilog="./aegis test runs the tests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _root(
    data_dir: DataDir = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback for unexpected errors.")] = False,
) -> None:
    # Commands read the option's variable, so that it may stand before or after their name.
    if data_dir is not None:
        os.environ[DATA_DIR_VARIABLE] = str(data_dir.expanduser().absolute())


app.command("up")(up.up)
app.command("serve")(up.serve)
app.command("worker")(up.worker)
app.command("scheduler")(up.scheduler)
app.command("migrate")(database.migrate)
app.command("doctor")(doctor.doctor)
app.add_typer(database.db, name="db")

for _module in (content, rehearse, scope, metrics, imports, export, people, demo, audit, jobs, testing, snapshots):
    _module.register(app)


def main() -> None:
    """Run a command; whatever goes wrong ends as one sentence on standard error and a code other than 0."""
    debug = "--debug" in sys.argv
    try:
        app(prog_name="./aegis")
    except AegisError as error:
        err.print("Error:", error.detail, style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone (`| head`); closing standard output must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        unexpected(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
