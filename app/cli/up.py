"""`aegis up` and the processes it starts, which can also be run one by one: `serve`, `worker`, `scheduler`."""

import os
from typing import Annotated

import typer

from app.cli.console import DataDir, err

Host = Annotated[str | None, typer.Option(help="Address to listen on (default: 127.0.0.1).")]
Workers = Annotated[int | None, typer.Option(help="Job worker processes (default: 2).", min=1, max=64)]
Port = Annotated[int | None, typer.Option(help="Port to listen on (default: 8050).", min=1, max=65535)]


def up(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="Load the demo organisation (default: into a new embedded database)."),
    ] = None,
    workers: Workers = None,
) -> None:
    """Start everything and keep it running until Ctrl-C."""
    from app.boot import up as run
    from app.supervisor import Stop, on_stop_signals_raise

    _into_environment(host=host, port=port, workers=workers)
    on_stop_signals_raise()
    try:
        run(data_dir, demo=demo, console=err)
    except Stop:
        err.print("Stopped.", style="dim")


def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the web server alone."""
    from app.web import serve as run

    _into_environment(host=host, port=port)
    run(data_dir)


def worker(
    queues: Annotated[
        str | None, typer.Option(help="Queues to serve, separated by commas (default: all).", metavar="NAMES")
    ] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
) -> None:
    """Run the job workers alone."""
    from app.worker import run

    _into_environment(worker_queues=queues, workers=workers)
    run(data_dir)


def scheduler(data_dir: DataDir = None) -> None:
    """Run the scheduler alone; any number of them may run."""
    from app.scheduler import run

    run(data_dir)


def _into_environment(**options: object) -> None:
    """Options are settings given by hand: children and later readers see them the same way as variables."""
    os.environ.update({f"AEGIS_{name.upper()}": str(value) for name, value in options.items() if value is not None})
