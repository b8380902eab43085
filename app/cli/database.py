"""`aegis migrate` and `aegis db url`."""

from typing import Annotated

import typer

from app.cli.console import DataDir, err, open_instance, out

db = typer.Typer(help="The database itself.", no_args_is_help=True)


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Fail when the tables then differ from the models.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version's schema."""
    instance = open_instance(data_dir)
    with instance.services():
        from app.processes import configure_data
        from app.schema import require_models, upgrade

        configure_data(instance.settings, process="migrate")
        changed = upgrade(say=lambda words: err.print(words, markup=False))
        if check:
            require_models()
    out.print("The database is migrated." if changed else "The database is at the newest schema already.")


@db.command()
def url(data_dir: DataDir = None) -> None:
    """Print the database's address for psql and other tools, password included."""
    instance = open_instance(data_dir)
    typer.echo(instance.settings.database_url)
    if instance.embedded_database and not instance.cluster.running():
        err.print("It is not running just now; it runs while ./aegis up does.")
