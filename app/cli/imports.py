"""`aegis import`: tests of other tools, and frameworks of one's own, from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import DataDir, command_actor, connected, err, out

if TYPE_CHECKING:
    from jobs.test_imports import Preview

imports = typer.Typer(help="What other tools have, brought in.", no_args_is_help=True)

_LISTED = 20


def register(app: typer.Typer) -> None:
    app.add_typer(imports, name="import")


@imports.command("tests")
def bring_tests(
    file: Annotated[Path, typer.Argument(help="A CSV, a zip or a JSON file.")],
    *,
    by: Annotated[str, typer.Option(metavar="USERNAME", help="Who brings them in: a lead or an administrator.")],
    kind: Annotated[
        str, typer.Option(help="csv, vectr, purpleops, navigator or caldera (default: what the file looks like).")
    ] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column says what; - for none. May be given again."),
    ] = None,
    zone: Annotated[str, typer.Option(help="The time zone of times that name none.")] = "UTC",
    platform: Annotated[str, typer.Option(help="The platform of rows that name none.")] = "",
    leave_out: Annotated[bool, typer.Option("--leave-out-wrong", help="Import the rest when rows are wrong.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in; change nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring in a file of tests, all of it or nothing. Rows that are tests already stay as they are."""
    from domain.test_imports.fields import MAX_BYTES

    content = _content(file, MAX_BYTES)
    mapping = _mapping(map_ or [])
    with connected(data_dir):
        from jobs import test_imports
        from jobs.test_imports import Said

        actor, role = test_imports.named(by)
        said = Said(kind=kind, mapping=mapping, zone=zone, platform=platform)
        if dry_run:
            _print_preview(test_imports.look_at_content(role, content, file.name, said))
            return
        done = test_imports.run_content(actor, role, content, file.name, said, leave_out=leave_out)
    for count, words in (
        (done.validated, "validated"),
        (done.with_blue, "for blue to evaluate"),
        (done.drafts, "as drafts"),
    ):
        if count or not done.added:
            out.print(f"{count:,} added {words}", markup=False)
    if done.there:
        out.print(f"{done.there:,} rows are tests already.", markup=False)
    if done.left_out:
        out.print(f"{done.left_out:,} wrong rows were left out.", markup=False)


@imports.command("framework")
def bring_framework(
    file: Annotated[Path, typer.Argument(help="A CSV: control, name, group, technique, mapping type, note.")],
    *,
    name: Annotated[str, typer.Option(help="What the framework is called; the same name again replaces it.")],
    version: Annotated[str, typer.Option(help="Which version of it this is.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in; change nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring in a framework of your own with its mapping to ATT&CK, all of it or nothing."""
    from data.sources.own_framework import MAX_BYTES

    content = _content(file, MAX_BYTES)
    with connected(data_dir):
        from domain.roles import Role
        from jobs import frameworks

        if dry_run:
            found = frameworks.look_at_content(Role.ADMIN, content, file.name)
            out.print(f"{len(found.table.controls):,} controls, {len(found.table.mappings):,} mappings", markup=False)
            for one in found.problems[:_LISTED]:
                err.print(f"  row {one.number}: {one.sentence}", markup=False)
            if found.not_placed:
                out.print(f"  not on the loaded map: {', '.join(found.not_placed[:_LISTED])}", markup=False)
            return
        done = frameworks.run_content(command_actor(), Role.ADMIN, content, file.name, name=name, version=version)
    if not done.changed:
        out.print(f"{done.name}: no change.", markup=False)
        return
    changes = ", ".join(f"{number:,} {change}" for change, number in done.controls.items())
    out.print(f"{done.name}: controls {changes or 'as before'}", markup=False)
    if done.not_placed:
        out.print(f"{done.not_placed:,} technique claims are not on the loaded map.", markup=False)


def _content(file: Path, limit: int) -> bytes:
    from domain.errors import BadInput, TooLarge

    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > limit:
        raise TooLarge(f"{file} is over the limit of {limit // 1024 // 1024} MB.")
    return content


def _mapping(given: list[str]) -> dict[str, str]:
    from domain.errors import BadInput

    wrong = next((one for one in given if "=" not in one), None)
    if wrong is not None:
        raise BadInput(f"--map takes FIELD=COLUMN, not {wrong[:60]!r}.")
    return {field.strip(): column.strip() for field, _, column in (one.partition("=") for one in given)}


def _print_preview(found: "Preview") -> None:
    from domain.errors import BadInput
    from domain.outcomes import TestState
    from domain.test_imports.fields import KINDS

    if found.lacks:
        raise BadInput(f"{found.lacks} The columns are {', '.join(found.table.columns)}.")
    out.print(f"{KINDS[found.table.kind]}, {len(found.table.rows):,} rows", markup=False)
    for count, words in (
        (found.count(TestState.VALIDATED), "would come in validated"),
        (found.count(TestState.BLUE_EVALUATING), "would come in for blue to evaluate"),
        (found.count(TestState.DRAFT), "would come in as drafts"),
        (found.there, "are tests already"),
        (len(found.problems), "are wrong"),
    ):
        out.print(f"  {count:,} {words}", markup=False)
    for one in found.problems[:_LISTED]:
        err.print(f"  row {one.number}: {one.sentence}", markup=False)
    if len(found.problems) > _LISTED:
        err.print(f"  ... and {len(found.problems) - _LISTED:,} more", markup=False)
