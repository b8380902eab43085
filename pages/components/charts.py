"""Charts: Plotly figures as plain data, in one look; their other half is `assets/chart.js`.

A colour is the name of a token ("--accent", or "--accent/15" at 15 % opacity), which the browser looks up when it draws
and again when the theme changes. The library is fetched when the first chart of a visit is drawn, never before. Behind
every chart is the table of what it shows, which is also its CSV.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from math import log10
from typing import Any

from pages.components.parts import Cell, Part

LIBRARY = f"/assets/plotly-{version('plotly')}.js"
Figure = dict[str, Any]

# Times as people say them, for a logarithmic axis: seconds and words.
TIMES: Sequence[tuple[int, str]] = (
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3_600, "1 h"),
    (8 * 3_600, "8 h"),
    (86_400, "1 d"),
    (7 * 86_400, "7 d"),
    (30 * 86_400, "30 d"),
    (180 * 86_400, "180 d"),
    (2 * 365 * 86_400, "2 y"),
)


class Chart(Part):
    """A drawn figure and the table behind it. Use `chart()`."""

    _names = ("figure", "title", "height", "columns", "rows", "noun", "file", "library")


def chart(
    figure: Figure,
    *,
    title: str,
    columns: Sequence[Mapping[str, str]],
    rows: Sequence[Sequence[Cell]],
    noun: str,
    file: str,
    height: int = 320,
    id_: str | None = None,
) -> Chart:
    """`title` says what it shows, for those who do not see it; `columns` and `rows` are the table behind it.

    A point whose `customdata` is an address leads there.
    """
    return Chart(
        id=id_,
        figure=figure,
        title=title,
        height=height,
        columns=[dict(one) for one in columns],
        rows=[list(row) for row in rows],
        noun=noun,
        file=file,
        library=LIBRARY,
    )


def figure(traces: Sequence[Mapping[str, Any]], **layout: Any) -> Figure:
    """The traces in the look of Aegis; `layout` adds to it, dictionaries within it are merged."""
    return {"data": [dict(trace) for trace in traces], "layout": _merged(_LAYOUT, layout)}


def time_axis(longest: float, *, shortest: float = 10, **more: Any) -> dict[str, Any]:
    """A logarithmic axis of seconds with the times people say, from about `shortest` to about `longest`."""
    inside = [one for one in TIMES if shortest <= one[0] <= 1.6 * longest]
    shown = [inside[0][0] if inside else shortest, max(longest, 2 * shortest)]
    return _merged(
        {
            "type": "log",
            "tickvals": [seconds for seconds, _ in inside],
            "ticktext": [text for _, text in inside],
            "range": [log10(shown[0]) - 0.05, log10(shown[1]) + 0.08],
            "minor": {"ticks": ""},
        },
        more,
    )


def line_at(value: float, *, axis: str = "x", colour: str = "--ink-2", dash: str = "dash") -> dict[str, Any]:
    """A thin line across the whole chart at a value of an axis."""
    other = "y" if axis == "x" else "x"
    return {
        "type": "line",
        f"{axis}0": value,
        f"{axis}1": value,
        f"{other}ref": "paper",
        f"{other}0": 0,
        f"{other}1": 1,
        "line": {"color": colour, "width": 1, "dash": dash},
    }


def note_at(text: str, **place: Any) -> dict[str, Any]:
    """Words in the chart, without an arrow."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": "--ink-2"}, **place}


_AXIS: dict[str, Any] = {
    "gridcolor": "--hairline",
    "linecolor": "--edge",
    "zeroline": False,
    "showline": False,
    "ticks": "",
    "ticklabelstandoff": 4,
    "tickfont": {"size": 12, "color": "--ink-2"},
    "title": {"font": {"size": 12, "color": "--ink-2"}, "standoff": 8},
    "automargin": True,
    "fixedrange": True,
}
_LAYOUT: dict[str, Any] = {
    "font": {"family": "--font", "size": 12, "color": "--ink"},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "showlegend": False,
    "hovermode": "closest",
    "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--edge", "font": {"color": "--ink", "size": 12}},
    "bargap": 0.25,
    "dragmode": False,
}


def _merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(base)
    for name, value in more.items():
        if isinstance(value, Mapping):
            under = made.get(name, _AXIS if name[:5] in ("xaxis", "yaxis") else {})
            made[name] = _merged(under if isinstance(under, Mapping) else {}, value)
        else:
            made[name] = value
    return made
