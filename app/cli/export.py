"""`aegis export ...`: what the heatmap shows, as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import DataDir, connected, err

export = typer.Typer(help="What the heatmap shows, as a file.", no_args_is_help=True)

Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write here (default: standard output).")]
Query = Annotated[
    str, typer.Option(help="The view: the query of the heatmap's address, e.g. 'platform=Windows&colour=score'.")
]
Domain = Annotated[str, typer.Option(help="enterprise-attack, mobile-attack or ics-attack.")]
Platform = Annotated[list[str] | None, typer.Option(help="Only techniques of this platform; may be given again.")]
Tactic = Annotated[str, typer.Option(help="Only this tactic (short name, e.g. lateral-movement).")]
Actor = Annotated[
    list[str] | None, typer.Option(help="Only techniques of this threat actor (G0016); may be given again.")
]
Data = Annotated[
    list[str] | None, typer.Option(help="Only techniques seen in this data component (id); may be given again.")
]
Colour = Annotated[str, typer.Option(help="status, score, proven, claimed, gap, freshness or threat.")]
Sub = Annotated[bool, typer.Option("--sub", help="Draw sub-techniques too (layer and picture).")]


def register(app: typer.Typer) -> None:
    app.add_typer(export, name="export")


def _command(name: str, kind: str, words: str) -> None:
    @export.command(name, help=words)
    def run(
        *,
        output: Output = None,
        query: Query = "",
        domain: Domain = "",
        platform: Platform = None,
        tactic: Tactic = "",
        actor: Actor = None,
        data: Data = None,
        colour: Colour = "",
        sub: Sub = False,
        data_dir: DataDir = None,
    ) -> None:
        asked = _asked(query)
        options = {
            "domain": domain,
            "platform": ",".join(platform or ()),
            "tactic": tactic,
            "actor": ",".join(actor or ()),
            "data": ",".join(data or ()),
            "colour": colour,
            "sub": "all" if sub else "",
        }
        asked.update({key: text for key, text in options.items() if text})
        _write(kind, asked, output, data_dir)


def _asked(query: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(query.rpartition("?")[2]))


def _write(kind: str, asked: dict[str, str], output: Path | None, data_dir: Path | None) -> None:
    with connected(data_dir):
        from app.api import exports
        from data.queries import heatmap_view
        from domain.errors import BadInput

        loaded = heatmap_view.load(asked)
        if loaded.ignored:  # a script wants what it asked for or nothing
            raise BadInput(" ".join(loaded.ignored))
        content, _name = exports.export(kind, loaded)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.") from error
    err.print(f"{output}: {len(content):,} bytes", markup=False)


_command("navigator", "json", "A layer for the ATT&CK Navigator, format 4.5.")
_command("csv", "csv", "A row a technique, with every figure.")
_command("svg", "svg", "The picture, for documents and print.")
