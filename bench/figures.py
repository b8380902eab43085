"""What was measured: one figure each, beside its baseline of the same run and the target of the design."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is a median; `best` the fastest, which a busy machine disturbs least; `n` how often it was measured.

    `target` is the most it may be (with `at_least` the least), `ratio` the most it may be of its baseline. Either
    target is enough to be over; without targets the figure is only told.
    """

    group: str
    name: str
    value: float
    unit: str = "ms"
    best: float | None = None
    p95: float | None = None
    n: int = 1
    baseline: float | None = None
    baseline_name: str = ""
    target: float | None = None
    at_least: bool = False
    ratio_target: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def over(self) -> bool | None:
        """None when there is nothing to hold it to."""
        if self.target is None and self.ratio_target is None:
            return None
        missed = self.target is not None and (self.value < self.target if self.at_least else self.value > self.target)
        ratio = self.ratio
        return missed or (self.ratio_target is not None and ratio is not None and ratio > self.ratio_target)


def of_samples(group: str, name: str, samples: Sequence[float], **rest: Any) -> Figure:
    """A figure from repeated measurements, in milliseconds."""
    p95 = quantiles(samples, n=20, method="inclusive")[-1] if len(samples) > 1 else None
    return Figure(group, name, median(samples), best=min(samples), p95=p95, n=len(samples), **rest)


def show(figures: Iterable[Figure], console: Console) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("", "best", "p50", "p95", "n", "baseline", "", "ratio", "target", ""):
        table.add_column(heading, justify="left" if heading in {"", "target"} else "right", overflow="fold")
    group = ""
    for one in figures:
        if one.group != group:
            group = one.group
            table.add_row(f"[bold]{group}[/]")
        table.add_row(*_cells(one))
    console.print(table)


def to_json(figures: Iterable[Figure], about: dict[str, Any]) -> bytes:
    rows = [{**asdict(one), "ratio": one.ratio, "over": one.over} for one in figures]
    return orjson.dumps({"about": about, "figures": rows}, option=orjson.OPT_INDENT_2)


def _cells(one: Figure) -> list[str]:
    verdict = {None: "", False: "[green]ok[/]", True: "[red]over[/]"}[one.over]
    return [
        f"  {one.name}" + (f" [dim]({one.note})[/]" if one.note else ""),
        _amount(one.best, one.unit),
        _amount(one.value, one.unit),
        _amount(one.p95, one.unit),
        f"{one.n:,}",
        _amount(one.baseline, one.unit),
        f"[dim]{one.baseline_name}[/]",
        f"{one.ratio:.2f}" if one.ratio is not None else "",
        _target(one),
        verdict,
    ]


def _target(one: Figure) -> str:
    parts = []
    if one.target is not None:
        parts.append(f"{'>=' if one.at_least else '<='} {_amount(one.target, one.unit)}")
    if one.ratio_target is not None:
        parts.append(f"<= {one.ratio_target:g}x")
    return ", ".join(parts)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
