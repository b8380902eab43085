"""The charts of the three times: what is not reached is drawn as not reached, what is uncertain with its band."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dash.development.base_component import Component

from domain.durations import About
from pages.components import charts, words
from pages.components.charts import chart, line_at, note_at, time_axis
from pages.components.durations import Curve, Figures, Group, Level, columns, group_row
from pages.components.parts import Cell, cell, column

_BAND = "--accent/15"


def survival_chart(about: About, figures: Figures, curve: Curve, level: Level | None) -> Component:
    """The share for whom it has not happened yet, over time."""
    longest = max([*curve.seconds, *curve.censored_at, about.horizon / 4], default=about.horizon)
    first = _first_tick(curve.seconds)
    axis = time_axis(longest, shortest=first, title={"text": f"{about.name}, logarithmic"})
    lowest = 10 ** axis["range"][0]
    x = [lowest, *(max(lowest, one) for one in curve.seconds), longest]
    y = [1.0, *curve.open, curve.open[-1] if curve.open else 1.0]
    low = [1.0, *(_or(one, share) for one, share in zip(curve.low, curve.open, strict=True))]
    high = [1.0, *(_or(one, share) for one, share in zip(curve.high, curve.open, strict=True))]
    ends = ([low[-1]], [high[-1]])
    hover = [
        f"after {words.duration(one)}: {words.percent(share)} {about.open}" for one, share in zip(x, y, strict=True)
    ]
    steps = {"mode": "lines", "line": {"shape": "hv", "width": 0}, "hoverinfo": "skip", "x": x}
    traces: list[dict[str, Any]] = [
        {**steps, "y": [*high, *ends[1]]},
        {**steps, "y": [*low, *ends[0]], "fill": "tonexty", "fillcolor": _BAND},
        {
            "x": x,
            "y": y,
            "mode": "lines",
            "line": {"shape": "hv", "width": 2, "color": "--accent", "dash": "dot" if figures.too_few else "solid"},
            "hovertext": hover,
            "hoverinfo": "text",
        },
        {
            "x": [max(lowest, one) for one in curve.censored_at],
            "y": list(curve.censored_open),
            "mode": "markers",
            "marker": {"symbol": "line-ns-open", "size": 9, "color": "--ink-2", "line": {"width": 1}},
            "hovertext": [f"watched until {words.duration(one)}" for one in curve.censored_at],
            "hoverinfo": "text",
        },
    ]
    shapes, notes = [], _at_risk(curve, axis)
    if figures.median is not None:
        shapes.append(_segment(lowest, figures.median, 0.5))
        shapes.append({**_segment(figures.median, figures.median, 0.5), "y0": 0})
        notes.append(_at(figures.median, 0.5, f"median {words.duration(figures.median)}", "left", "bottom"))
    elif figures.cases:
        notes.append(_at(longest, 0.5, "median not reached", "right", "bottom"))
        shapes.append(_segment(lowest, longest, 0.5))
    if level is not None:
        shapes.append(line_at(level.seconds, colour="--c-review-text", dash="dot"))
        notes.append(
            {
                **_at(level.seconds, 1.0, f"target {level.words}", _roomier_side(level.seconds, axis), "top"),
                "font": {"color": "--c-review-text"},
            }
        )
    drawn = charts.figure(
        traces,
        xaxis=axis,
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "title": {"text": about.open}},
        shapes=shapes,
        annotations=notes,
        margin={"b": 64},
    )
    rows = _curve_rows(curve)
    title = f"Share {about.open} over time, of {words.number(figures.cases)} {about.population}"
    names = [column("After"), column("Still open"), column("Band, low"), column("Band, high"), column("At risk", "num")]
    return chart(
        drawn, title=title, columns=names, rows=rows, noun="times", file="aegis-curve", height=360, id_="curve"
    )


def groups_chart(about: About, groups: Sequence[Group], level: Level | None, noun: str) -> Component:
    """A row a group: its median with the interval, and where nine of ten are reached, on one axis."""
    shown = [group for group in groups if group.figures.cases][:14]
    known = [
        one for group in shown for one in (group.figures.median_high, group.figures.p90, group.figures.median) if one
    ]
    longest = max([*known, about.horizon], default=about.horizon)
    labels = [group.label for group in shown][::-1]
    rows = shown[::-1]
    traces: list[dict[str, Any]] = []
    for row in rows:
        found = row.figures
        end = found.median_high if found.median_high is not None else longest * 1.3
        if found.median_low is not None:
            traces.append(
                {
                    "x": [max(1, found.median_low), max(1, end)],
                    "y": [row.label] * 2,
                    "mode": "lines",
                    "line": {"width": 7, "color": "--accent/25"},
                    "hoverinfo": "skip",
                }
            )
    traces.append(_dots(rows, "median", "circle", "--accent", "median"))
    traces.append(_dots(rows, "p90", "line-ns-open", "--ink-2", "nine of ten"))
    missing = [row for row in rows if row.figures.median is None]
    traces.append(
        {
            "x": [longest * 1.3] * len(missing),
            "y": [row.label for row in missing],
            "mode": "markers",
            "marker": {"symbol": "triangle-right-open", "size": 10, "color": "--accent"},
            "customdata": [row.href for row in missing],
            "hovertext": [f"{row.label}: median not reached, {row.figures.share.words}" for row in missing],
            "hoverinfo": "text",
        }
    )
    drawn = charts.figure(
        traces,
        xaxis=time_axis(longest * 1.3, shortest=_shortest(shown), title={"text": f"{about.name}, logarithmic"}),
        yaxis={"type": "category", "categoryorder": "array", "categoryarray": labels},
        shapes=[line_at(level.seconds, colour="--c-review-text", dash="dot")] if level else [],
    )
    return chart(
        drawn,
        title=f"{about.name} by {noun}: median with its interval, and nine of ten",
        columns=columns(about, noun, level),
        rows=[group_row(group, level) for group in shown],
        noun="groups",
        file=f"aegis-{noun}",
        height=max(180, 60 + 26 * len(shown)),
    )


def months_chart(about: About, months: Sequence[Group], level: Level | None) -> Component:
    """The median of each month with its interval; a month of fewer than three is hollow, one not reached is on top."""
    known = [one for month in months for one in (month.figures.median, month.figures.median_high) if one]
    longest = max([*known, about.horizon / 4], default=about.horizon)
    shown = [month for month in months if month.figures.cases]
    ceiling = longest * 1.4
    labels = [month.label for month in months]
    reached_ = [month for month in shown if month.figures.median is not None]
    missing = [month for month in shown if month.figures.median is None]
    traces: list[dict[str, Any]] = [
        {
            "x": [month.label] * 2,
            "y": [max(1, month.figures.median_low), max(1, month.figures.median_high or ceiling)],
            "mode": "lines",
            "line": {"width": 7, "color": "--accent/25"},
            "hoverinfo": "skip",
        }
        for month in shown
        if month.figures.median_low is not None
    ]
    traces.append(
        {
            "x": [month.label for month in reached_],
            "y": [max(1, month.figures.median or 1) for month in reached_],
            "mode": "lines+markers",
            "line": {"width": 1, "color": "--accent"},
            "marker": _marker(reached_, "circle"),
            "customdata": [month.href for month in reached_],
            "hovertext": [_said(month) for month in reached_],
            "hoverinfo": "text",
        }
    )
    traces.append(
        {
            "x": [month.label for month in missing],
            "y": [ceiling] * len(missing),
            "mode": "markers",
            "marker": {"symbol": "triangle-up-open", "size": 10, "color": "--accent"},
            "customdata": [month.href for month in missing],
            "hovertext": [_said(month) for month in missing],
            "hoverinfo": "text",
        }
    )
    drawn = charts.figure(
        traces,
        xaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": labels,
            "tickvals": labels[:: 1 + len(labels) // 8],
            "showgrid": False,
        },
        yaxis=time_axis(ceiling, shortest=_shortest(shown), title={"text": "median, logarithmic"}),
        shapes=[line_at(level.seconds, axis="y", colour="--c-review-text", dash="dot")] if level else [],
    )
    return chart(
        drawn,
        title=f"{about.name} by month of the attack: median with its interval",
        columns=columns(about, "Month", level),
        rows=[group_row(month, level) for month in months],
        noun="months",
        file="aegis-months",
        height=300,
    )


def multiples_chart(about: About, whole: Curve, groups: Sequence[Group]) -> Component | None:
    """Small curves on one scale, each over the grey curve of all."""
    shown = [group for group in groups if group.curve is not None and group.curve.seconds][:6]
    if not shown:
        return None
    longest = max([about.horizon, *(one for group in shown if group.curve for one in group.curve.seconds[-1:])])
    across = min(2, len(shown))  # legible on a phone, too
    down = -(-len(shown) // across)
    firsts = [one for group in shown if group.curve for one in group.curve.seconds[:1]]
    axis = time_axis(longest, shortest=_first_tick(firsts))
    lowest = 10 ** axis["range"][0]
    gap_across, gap_down = 0.1, 0.17  # for the names of what is below and beside
    wide, tall = (1 - gap_across * (across - 1)) / across, (1 - gap_down * (down - 1)) / down
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "margin": {"t": 40}}
    for at, group in enumerate(shown):
        number = "" if not at else str(at + 1)
        column_, row = at % across, at // across
        left, top = column_ * (wide + gap_across), 1 - row * (tall + gap_down)
        right, bottom = left + wide, top - tall
        layout[f"xaxis{number}"] = {**axis, "domain": [left, right], "anchor": f"y{number}", "tickangle": 0}
        layout[f"xaxis{number}"]["tickvals"], layout[f"xaxis{number}"]["ticktext"] = _sparse(axis)
        layout[f"yaxis{number}"] = {
            "domain": [bottom, top], "range": [0, 1.02], "tickformat": ".0%", "anchor": f"x{number}",
            "showticklabels": column_ == 0, "nticks": 3,
        }  # fmt: skip
        for curve, colour, width in ((whole, "--ink-2/45", 1), (group.curve, "--accent", 2)):
            if curve is not None:
                traces.append(_small(curve, number, (lowest, longest), colour, width))
        layout["annotations"].append(
            note_at(
                f"{group.label}<br>n = {words.number(group.figures.cases)}",
                xref="paper", yref="paper", x=left, y=top, xanchor="left", yanchor="bottom", align="left",
                font={"color": "--ink"},
            )
        )  # fmt: skip
    return chart(
        charts.figure(traces, **layout),
        title=f"Share {about.open} over time, the largest groups each against all",
        columns=[column("Group"), column("Median"), column(about.happened.capitalize(), "num"), column("n", "num")],
        rows=[
            [cell(group.label, href=group.href), group.figures.median_words, group.figures.share.n, group.figures.cases]
            for group in shown
        ],
        noun="groups",
        file="aegis-small-multiples",
        height=50 + 150 * down,
    )


def distribution_chart(about: About, edges: Sequence[int], counts: Sequence[Mapping[str, int]]) -> Component:
    """How many took how long; those still open stand beside, by how long they were watched."""
    names = _spans(edges)
    ends = [*(f"< {words.duration(edge)}" for edge in edges), f"{words.duration(edges[-1])} +"]
    used = [at for at, one in enumerate(counts) if one["happened"] or one["censored"]]
    span = range(min(used), max(used) + 1) if used else range(0)
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": [ends[at] for at in span],
            "y": [counts[at][key] for at in span],
            "marker": {"color": colour, "line": {"color": edge, "width": 1}},
            "hovertext": [f"{names[at]}: {words.number(counts[at][key])} {name}" for at in span],
            "hoverinfo": "text",
        }
        for key, name, colour, edge in (
            ("happened", about.happened, "--accent", "--accent"),
            ("censored", f"{about.open}, watched so long", "--surface-2", "--edge"),
        )
    ]
    drawn = charts.figure(
        traces,
        barmode="group",
        showlegend=True,
        legend={"orientation": "h", "y": 1.08, "x": 0, "font": {"size": 12}},
        xaxis={"type": "category", "showgrid": False},
        yaxis={"title": {"text": "tests"}, "rangemode": "tozero"},
    )
    return chart(
        drawn,
        title=f"{about.name}: how many took how long",
        columns=[column("Time"), column(about.happened.capitalize(), "num"), column("Still open after", "num")],
        rows=[[names[at], counts[at]["happened"], counts[at]["censored"]] for at in span],
        noun="spans",
        file="aegis-distribution",
        height=280,
    )


def _said(group: Group) -> str:
    found = group.figures
    thin = ", too few to say" if found.too_few else ""
    return f"{group.label}: median {found.median_words}, {found.share.words} within what was watched{thin}"


def _dots(rows: Sequence[Group], name: str, symbol: str, colour: str, said: str) -> dict[str, Any]:
    known = [(row, getattr(row.figures, name)) for row in rows if getattr(row.figures, name) is not None]
    return {
        "x": [max(1, value) for _, value in known],
        "y": [row.label for row, _ in known],
        "mode": "markers",
        "marker": {**_marker([row for row, _ in known], symbol), "color": colour, "size": 10},
        "customdata": [row.href for row, _ in known],
        "hovertext": [
            f"{row.label}: {said} {words.duration(value)}, n = {words.number(row.figures.cases)}"
            for row, value in known
        ],
        "hoverinfo": "text",
    }


def _marker(groups: Sequence[Group], symbol: str) -> dict[str, Any]:
    hollow = symbol if symbol.endswith("-open") else f"{symbol}-open"
    return {
        "symbol": [hollow if group.figures.too_few else symbol for group in groups],
        "size": 9,
        "color": "--accent",
        "line": {"width": 2, "color": "--accent"},
    }


def _small(curve: Curve, number: str, ends: tuple[float, float], colour: str, width: int) -> dict[str, Any]:
    return {
        "x": [ends[0], *(max(ends[0], one) for one in curve.seconds), ends[1]],
        "y": [1.0, *curve.open, curve.open[-1] if curve.open else 1.0],
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "mode": "lines",
        "line": {"shape": "hv", "width": width, "color": colour},
        "hoverinfo": "skip",
    }


def _sparse(axis: Mapping[str, Any]) -> tuple[list[int], list[str]]:
    pairs = list(zip(axis["tickvals"], axis["ticktext"], strict=True))[::2]
    return [value for value, _ in pairs], [text for _, text in pairs]


def _curve_rows(curve: Curve) -> list[list[Cell]]:
    """The curve at the ticks and at every tenth that it reaches: what a reader would read off it."""
    at_risk = dict(zip(curve.ticks, curve.at_risk, strict=True))
    rows: list[list[Cell]] = []
    steps = list(zip(curve.seconds, curve.open, curve.low, curve.high, strict=True))
    for tick, number in at_risk.items():
        before = [step for step in steps if step[0] <= tick]
        share, low, high = before[-1][1:] if before else (1.0, None, None)
        rows.append(
            [
                cell(words.duration(tick), order=tick),
                cell(words.percent(share), order=share),
                None if low is None else words.percent(low),
                None if high is None else words.percent(high),
                number,
            ]
        )
    return rows


def _at_risk(curve: Curve, axis: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many were still open, under the times of the axis."""
    shown = [(tick, n) for tick, n in zip(curve.ticks, curve.at_risk, strict=True) if tick in axis["tickvals"]]
    place = {"yref": "paper", "y": 0, "yshift": -58, "yanchor": "bottom"}
    notes = [note_at(words.number(n), x=charts.log10(tick), xref="x", xanchor="center", **place) for tick, n in shown]
    return [*notes, note_at("at risk", x=0, xref="paper", xanchor="right", xshift=-12, **place)]


def _first_tick(seconds: Sequence[float]) -> float:
    first = min((one for one in seconds if one > 0), default=60)
    return max((one for one, _ in charts.TIMES if one <= first), default=1)


def _shortest(groups: Sequence[Group]) -> float:
    """The tick below everything that is drawn of these groups."""
    return _first_tick([one for group in groups for one in (group.figures.median_low, group.figures.median) if one])


def _roomier_side(seconds: float, axis: Mapping[str, Any]) -> str:
    """Where words beside a line have more room."""
    return "left" if charts.log10(seconds) < sum(axis["range"]) / 2 else "right"


def _segment(x0: float, x1: float, y: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": x0,
        "x1": x1,
        "y0": y,
        "y1": y,
        "line": {"color": "--ink-2", "width": 1, "dash": "dash"},
    }


def _at(x: float, y: float, text: str, xanchor: str, yanchor: str) -> dict[str, Any]:
    shift = {"left": 6, "right": -6}.get(xanchor, 0)
    return note_at(text, x=charts.log10(max(1, x)), y=y, xanchor=xanchor, yanchor=yanchor, xshift=shift)


def _spans(edges: Sequence[int]) -> list[str]:
    between = [f"{words.duration(a)} – {words.duration(b)}" for a, b in pairwise(edges)]
    return [f"under {words.duration(edges[0])}", *between, f"over {words.duration(edges[-1])}"]


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
