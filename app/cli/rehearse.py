"""`aegis rehearse ...`: what a version of ATT&CK would do, from the command line."""

from typing import Annotated, Any
from uuid import UUID

import typer

from app.cli.console import DataDir, command_actor, connected, out, progress
from app.cli.content import asked_domain, input_of, print_json
from domain.roles import Role

rehearse = typer.Typer(help="Look at a version of ATT&CK before it is adopted.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Ident = Annotated[UUID, typer.Argument(help="The id of the rehearsal, as `rehearse list` prints it.")]


def register(app: typer.Typer) -> None:
    app.add_typer(rehearse, name="rehearse")


@rehearse.command("attack")
def attack(
    *,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FILE|URL", help="Read this instead of MITRE's repository.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Its version, where the file does not say it (18.1).")] = None,
    domain: Annotated[str | None, typer.Option(help="enterprise, mobile or ics: which ATT&CK it must be.")] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Rehearse a version here and now; nothing changes. Adopt it with `rehearse adopt`."""
    wanted = asked_domain(domain)
    given = input_of(from_, wanted)
    with connected(data_dir), progress("Rehearsing ATT&CK") as report:
        from jobs import rehearsals

        made = rehearsals.rehearse_in_place(
            command_actor(), Role.ADMIN, given, version=version, domain=wanted, say=lambda words: report(0, None, words)
        )
        found = _one(made)
    if json:
        print_json({"rehearsal": str(made), **found.report})
        return
    _print(found)
    out.print(f"./aegis rehearse adopt {made}", markup=False)


@rehearse.command("list")
def list_(json: Json = False, data_dir: DataDir = None) -> None:
    """List rehearsals, newest first."""
    with connected(data_dir):
        from data.database import reading
        from data.queries import rehearsals as queries

        with reading() as session:
            found = queries.rehearsals(session)
    if json:
        kept = ("domain", "version", "from_version", "state", "stale", "origin", "by", "created_at", "error")
        print_json([{"rehearsal": str(row.id), **{name: getattr(row, name) for name in kept}} for row in found])
        return
    for row in found:
        _print(row)


@rehearse.command()
def adopt(rehearsal: Ident, data_dir: DataDir = None) -> None:
    """Make a rehearsed version the map everybody sees; refused when the map has changed since."""
    with connected(data_dir), progress("Adopting") as report:
        from jobs import rehearsals

        outcome = rehearsals.adopt_in_place(command_actor(), Role.ADMIN, rehearsal, report=report)
    out.print(f"MITRE ATT&CK {outcome.version} is loaded.")


@rehearse.command()
def discard(rehearsal: Ident, data_dir: DataDir = None) -> None:
    """Give a rehearsal up; its report stays."""
    with connected(data_dir):
        from jobs import rehearsals

        rehearsals.discard(command_actor(), Role.ADMIN, rehearsal)
    out.print("Discarded.")


def _one(rehearsal_id: UUID) -> Any:
    from data.database import reading
    from data.queries import rehearsals as queries

    with reading() as session:
        return queries.rehearsal(session, rehearsal_id)


def _print(row: Any) -> None:
    from callbacks.rehearsals import shown
    from pages.rehearsals import sentence

    one = shown(row)
    said = one.error or (sentence(one) if one.report.get("before") is not None else "")
    state = f"{one.state}, out of date" if one.stale else one.state
    out.print(f"{row.id}  {one.name}: {state}", markup=False)
    if said:
        out.print(f"  {said}", markup=False)
