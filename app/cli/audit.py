"""`aegis audit verify`: walk the audit log's hash chain."""

from typing import Annotated

import typer

from app.cli.console import DataDir, connected, fail, out

audit = typer.Typer(help="The audit log.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(audit, name="audit")


@audit.command()
def verify(
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False, data_dir: DataDir = None
) -> None:
    """Recompute the hash of every entry; says where the chain breaks, if it does."""
    with connected(data_dir):
        from data.database import reading
        from data.repositories import audit as log

        with reading() as session:
            report = log.verify(session)
    if json:
        import orjson

        typer.echo(
            orjson.dumps({"entries": report.entries, "broken_at": report.broken_at, "head": report.head}).decode()
        )
    if report.broken_at is not None:
        raise fail(f"The audit log was changed from outside: entry {report.broken_at} does not fit the chain.")
    if not json:
        out.print(f"The audit log is whole: {report.entries:,} entries, head {report.head}.", markup=False)
