"""`aegis snapshot`: keep the state of this moment, or make up for days gone by."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from app.cli.console import DataDir, command_actor, connected, out, progress
from domain.errors import BadInput
from domain.roles import Role


def register(app: typer.Typer) -> None:
    app.command("snapshot")(snapshot)


def snapshot(
    label: Annotated[str, typer.Option(help="A name for it, such as 'before the audit'.")] = "",
    domain: Annotated[
        str | None, typer.Option(help="enterprise, mobile or ics (default: all that are loaded).")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Reconstruct ends of months since this day instead.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Keep the state of this moment; with --since, reconstruct that of days gone by that have none."""
    first = _day(since) if since else None
    with connected(data_dir), progress("Snapshots") as report:
        from data.database import reading
        from data.repositories import snapshots as repository
        from jobs import snapshots

        with reading() as session:
            loaded = repository.loaded(session)
        wanted = [one for one in loaded if domain in (None, one, one.removesuffix("-attack"))]
        if not wanted:
            raise BadInput("No such domain is loaded." if loaded else "Nothing is loaded yet; sync ATT&CK first.")
        made = 0
        for place, one in enumerate(wanted):
            report(place, len(wanted), one)
            if first:
                made += snapshots.look_back(one, since=first)
            else:
                snapshots.ask(command_actor(), Role.ADMIN, one, label)
                made += 1
    out.print(f"{made} snapshots {'reconstructed' if first else 'taken'}.", markup=False)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text[:20]} is not a day; write it as 2026-01-31.") from error
    if day >= datetime.now(UTC).date():
        raise BadInput("Only days gone by can be reconstructed.")
    return day
