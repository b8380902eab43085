"""`aegis metrics`: the times of the metrics page, from the command line."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app.cli.console import DataDir, connected, out

Json = Annotated[bool, typer.Option("--json", help="Print JSON; the default is the same in lines.")]
_SHOWN = ("cases", "happened", "median", "p90", "mean", "naive_mean")


def register(app: typer.Typer) -> None:
    app.command("metrics")(metrics)


def metrics(
    measure: Annotated[str, typer.Argument(help="detect, contain or remediate.")] = "detect",
    *,
    by: Annotated[
        str, typer.Option(help="month, tactic, platform, actor, team, person, tool (detect only), source or template.")
    ] = "tactic",
    months: Annotated[str, typer.Option(help="3, 6, 12, 24 or all: the period, this month included.")] = "all",
    tactic: Annotated[str, typer.Option(help="Only this tactic (short name, e.g. lateral-movement).")] = "",
    platform: Annotated[list[str] | None, typer.Option(help="Only tests on it; may be given again.")] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Times to detect, contain and remediate, in seconds; what has not happened counts as still open."""
    from domain.durations_view import View
    from domain.errors import BadInput

    asked = {"measure": measure, "by": by, "months": months, "tactic": tactic, "platform": ",".join(platform or ())}
    view = View.of(asked)
    said = view.query() | {"measure": view.measure.removeprefix("time_to_"), "by": view.by.value}
    for name in ("measure", "by", "tactic"):  # a script wants what it asked for or nothing
        if asked[name] != said.get(name, ""):
            raise BadInput(f"{asked[name][:40]} is no {name} of these times; see aegis metrics --help.")
    if months != (said.get("months") or "6"):
        raise BadInput(f"{months[:40]} is no period; see aegis metrics --help.")
    with connected(data_dir):
        from data.queries import durations

        found = durations.metrics(view)
    if json:
        _print_json({**asked, **_plain(found)})
        return
    _print_lines(view.measure.about.name, found)


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a script needs: without what is only drawn."""
    kept = {name: value for name, value in found.items() if name not in ("curve",)}
    kept["groups"] = [{name: value for name, value in row.items() if name != "curve"} for row in found["groups"]]
    return kept


def _print_lines(name: str, found: Mapping[str, Any]) -> None:
    out.print(name, style="bold")
    for row in ({"label": "all", **found["figures"]}, *found["groups"]):
        figures = ", ".join(f"{figure.replace('_', ' ')} {_said(row[figure])}" for figure in _SHOWN)
        out.print(f"  {row['label']:<28} {figures}", markup=False)
    out.print(f"  {found['left_out']:,} left out: a time they take is missing or impossible", markup=False)


def _said(value: float | None) -> str:
    return "not reached" if value is None else f"{value:,.0f}"


def _print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
