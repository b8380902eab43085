"""`aegis doctor`: is everything there, and what to do about what is not."""

from typing import Annotated

import typer

from app.cli.console import DataDir, out

SIGNS = {"ok": "[green]ok[/]  ", "warning": "[yellow]warn[/]", "failed": "[red]FAIL[/]"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check every dependency, setting and service, and say what to do about what is wrong."""
    from rich.markup import escape

    from app.doctor import FAILED, examine

    findings = examine(data_dir)
    if json:
        import orjson

        typer.echo(orjson.dumps([finding.as_dict() for finding in findings], option=orjson.OPT_INDENT_2).decode())
    else:
        for finding in findings:
            out.print(f"{SIGNS[finding.state]} {finding.about:<18} {escape(finding.words)}")
            if finding.advice:
                out.print(f"     {'':<18} [dim]{escape(finding.advice)}[/]")
    failed = sum(finding.state == FAILED for finding in findings)
    if not json:
        out.print("Everything needed is there." if not failed else f"{failed} of {len(findings)} checks failed.")
    raise typer.Exit(1 if failed else 0)
