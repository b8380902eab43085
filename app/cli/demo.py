"""`aegis demo load|clear`: the demo organisation, from the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import DataDir, command_actor, connected, out, progress
from domain.roles import Role

if TYPE_CHECKING:
    pass

demo = typer.Typer(help="The demo organisation: a made-up year on real techniques.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    app.add_typer(demo, name="demo")


@demo.command()
def load(
    seed: Annotated[int | None, typer.Option(help="Another number invents another year.")] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Invent an organisation and its year of tests on the loaded map."""
    with connected(data_dir), progress("Demo organisation") as report:
        from data.demo.organisation import SEED
        from jobs import demo as job

        report(0, None, "inventing a year")
        stored = job.load(command_actor(), seed=SEED if seed is None else seed)
    if json:
        _print_json(stored)
        return
    out.print(
        f"Loaded: {stored['security_test']:,} tests, {stored['detection_rule']:,} detection rules and "
        f"{stored['user_account']} people who cannot sign in. Remove them with: aegis demo clear",
        markup=False,
    )


@demo.command()
def clear(json: Json = False, data_dir: DataDir = None) -> None:
    """Remove the demo organisation; what real people made stays."""
    with connected(data_dir):
        from jobs import demo as job

        cleared = job.clear(command_actor(), Role.ADMIN)
    if json:
        _print_json({"removed": dict(cleared.removed), "tools_kept": cleared.tools_kept})
    elif not cleared.anything:
        out.print("There was no demo organisation to remove.")
    else:
        kept = (
            f" {cleared.tools_kept} defence tools stay, because your own tests use them." if cleared.tools_kept else ""
        )
        out.print(f"Removed: {cleared.removed['security_test']:,} tests and everything with them.{kept}", markup=False)


def _print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
