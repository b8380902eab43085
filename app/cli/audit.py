"""`aegis audit`: walk the audit log's hash chain, and print the point to compare it with later."""

from typing import Annotated

import typer

from app.cli.console import DataDir, connected, fail, out
from domain.audit_point import Point

audit = typer.Typer(help="The audit log.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(audit, name="audit")


@audit.command()
def head(data_dir: DataDir = None) -> None:
    """Print COUNT:HASH of the last entry. Keep it outside of Aegis, for `verify --expect`."""
    with connected(data_dir):
        from data.database import reading
        from data.repositories import audit as log

        with reading() as session:
            typer.echo(str(log.head(session)))


@audit.command()
def verify(
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="COUNT:HASH", help="A point printed by `head`: the log must still hold it."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Recompute the hash of every entry; says where the chain breaks, or that entries at the end are gone."""
    expected = Point.read(expect) if expect is not None else None
    with connected(data_dir):
        from data.database import reading
        from data.repositories import audit as log

        with reading() as session:
            report = log.verify(session, expected=expected)
    if json:
        import orjson

        told = {"entries": report.entries, "broken_at": report.broken_at, "head": report.head, "holds": report.holds}
        typer.echo(orjson.dumps(told).decode())
    if report.broken_at is not None:
        raise fail(f"The audit log was changed from outside: entry {report.broken_at} does not fit the chain.")
    if expected is not None and not report.holds:
        if report.entries < expected.entries:
            gone = expected.entries - report.entries
            raise fail(f"The audit log was cut off: of {expected.entries:,} entries the last {gone:,} are gone.")
        raise fail(f"The audit log was replaced: its entry {expected.entries:,} is not the one that was expected.")
    if not json:
        out.print(f"The audit log is whole: {report.entries:,} entries, head {report.head}.", markup=False)
