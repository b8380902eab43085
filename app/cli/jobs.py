"""`aegis jobs list|retry|cancel`: background work, from the command line."""

from typing import Annotated

import typer

from app.cli.console import DataDir, command_actor, connected, out
from domain.roles import Role

jobs = typer.Typer(help="Background work: what waits, runs and failed.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Reference = Annotated[str, typer.Argument(help="As the list names it, such as action:... or job:...")]


def register(app: typer.Typer) -> None:
    app.add_typer(jobs, name="jobs")


@jobs.command("list")
def list_(json: Json = False, data_dir: DataDir = None) -> None:
    """Everything that failed, runs or waits, newest first, with the queues and workers."""
    with connected(data_dir, redis=True):
        from jobs import work_list

        found = work_list.look()
    if json:
        _print_json(
            {
                "work": found.work,
                "failed": found.failed,
                "waiting": found.waiting,
                "events_waiting": found.events_waiting,
                "queues": found.queues,
                "workers": found.workers,
                "away": found.away,
            }
        )
        return
    for one in found.work:
        said = f"{one.state:9} {one.at:%Y-%m-%d %H:%M:%S}  {one.what}  {one.reference}"
        out.print(f"{said}  {one.reason}" if one.reason else said, markup=False)
    for queue in found.queues:
        workers = found.workers_of(queue.name)
        out.print(f"Queue {queue.name}: {queue.waiting:,} waiting, {workers} workers", markup=False)
    summary = f"{found.failed:,} failed, {found.waiting:,} waiting, {found.events_waiting:,} events to be told."
    out.print(f"{summary} {found.away}".strip(), markup=False)


@jobs.command()
def retry(reference: Reference, json: Json = False, data_dir: DataDir = None) -> None:
    """Do failed work again."""
    with connected(data_dir, redis=True):
        from jobs import job_control

        said = job_control.retry(command_actor(), Role.ADMIN, reference)
    _say(reference, said, json=json)


@jobs.command()
def cancel(reference: Reference, json: Json = False, data_dir: DataDir = None) -> None:
    """Take back what waits, give up what failed, stop what runs."""
    with connected(data_dir, redis=True):
        from jobs import job_control

        said = job_control.cancel(command_actor(), Role.ADMIN, reference)
    _say(reference, said, json=json)


def _say(reference: str, said: str, *, json: bool) -> None:
    if json:
        _print_json({"reference": reference, "result": said})
    else:
        out.print(said, markup=False)


def _print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
